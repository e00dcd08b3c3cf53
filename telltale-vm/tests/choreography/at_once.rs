//! Role objects exchange whole messages while nothing disturbs a session, and values otherwise. Nobody can
//! tell which, whatever they answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use telltale_vm::{
    HandlerError, HandlerResult, NoHandler, Progress, Recording, VM, VMConfig, choreography,
};

choreography! {
    pub protocol Talk(Ann, Ben) {
        loop {
            Ann -> Ben: Here(Duration);
            Ben -> Ann: Seen { time: Duration, text: String };
            choice Next at Ann {
                Ann -> Ben: Both(u8, Duration);
            } or {
                Ann -> Ben: Signal;
            } or {
                Ann -> Ben: Stop { why: Vec<u16>, code: u8 };
                break;
            }
        }
        Ben -> Ann: Bye;
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Whim {
    Fails,
    Panics,
    Waits,
}

/// What a role has been asked and told, and what it does instead of answering, once.
struct Journal {
    lines: Vec<String>,
    calls: usize,
    whim: Option<(usize, Whim)>,
}

#[derive(Clone)]
struct Talker(Arc<Mutex<Journal>>);

impl Talker {
    fn called(&self, what: impl std::fmt::Debug) -> HandlerResult<usize> {
        let mut journal = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        journal.lines.push(format!("{what:?}"));
        journal.calls += 1;
        let call = journal.calls;
        match journal.whim.filter(|(at, _)| *at == call) {
            None => Ok(call),
            Some((_, Whim::Fails)) => Err(HandlerError::msg("no")),
            Some((_, Whim::Waits)) => Err(HandlerError::pending()),
            Some((_, Whim::Panics)) => {
                drop(journal);
                panic!("no")
            }
        }
    }

    fn told(&self, what: impl std::fmt::Debug) -> HandlerResult<()> {
        self.called(what).map(drop)
    }
}

impl talk::Ann for Talker {
    fn here(&mut self) -> HandlerResult<Duration> {
        let call = self.called("here?")? as u64;
        Ok(Duration::from_secs(call))
    }

    fn on_seen(&mut self, time: Duration, text: String) -> HandlerResult<()> {
        self.told((time, text))
    }

    fn next(&mut self) -> HandlerResult<talk::Next> {
        let call = self.called("next?")?;
        Ok(match call {
            0..4 => talk::Next::Both(7, Duration::from_secs(2)),
            4..7 => talk::Next::Signal,
            _ => talk::Next::Stop { why: vec![1, 2], code: 3 },
        })
    }

    fn on_bye(&mut self) -> HandlerResult<()> {
        self.told("bye")
    }
}

impl talk::Ben for Talker {
    fn seen(&mut self) -> HandlerResult<talk::Seen> {
        let text = self.called("seen?")?.to_string();
        Ok(talk::Seen { time: Duration::from_secs(5), text })
    }

    fn bye(&mut self) -> HandlerResult<()> {
        self.told("bye?")
    }

    fn on_here(&mut self, here: Duration) -> HandlerResult<()> {
        self.told(here)
    }

    fn on_both(&mut self, both: (u8, Duration)) -> HandlerResult<()> {
        self.told(both)
    }

    fn on_signal(&mut self) -> HandlerResult<()> {
        self.told("signal")
    }

    fn on_stop(&mut self, why: Vec<u16>, code: u8) -> HandlerResult<()> {
        self.told((why, code))
    }
}

/// Which role does what instead of which answer.
type Doing = Option<(usize, usize, Whim)>;

/// What can be seen of a session from outside: its role objects' journals, its trace, its end.
fn seen(config: VMConfig, doing: Doing) -> ([Vec<String>; 2], Vec<String>, String) {
    let talker = |role| {
        let whim = doing.filter(|(who, ..)| *who == role).map(|(_, at, whim)| (at, whim));
        Talker(Arc::new(Mutex::new(Journal { lines: Vec::new(), calls: 0, whim })))
    };
    let mut vm = VM::new(config);
    let session = talk::Roles { ann: talker(0), ben: talker(1) }.open(&mut vm).expect("room");
    for _ in 0..3 {
        vm.run(&NoHandler, 1_000).expect("whoever opened the session is told");
        if vm.progress() == Progress::Waiting {
            let woken = ["Ann", "Ben"].map(|role| vm.wake(session.id(), role).is_ok());
            assert!(woken[0] ^ woken[1], "one of them waits");
        }
    }
    let trace = vm.trace().iter().map(ToString::to_string).collect();
    let (outcome, ended) = match session.into_roles(&mut vm) {
        Ok(roles) => ("completed".to_owned(), Some(roles)),
        Err(error) => (error.to_string(), error.into_roles()),
    };
    let ended = ended.expect("it has ended");
    let journals = [ended.ann, ended.ben]
        .map(|talker| talker.0.lock().unwrap_or_else(PoisonError::into_inner).lines.clone());
    (journals, trace, outcome)
}

/// Events without an order: that of independent ones depends on how sessions are driven.
fn sorted(mut events: Vec<String>) -> Vec<String> {
    events.sort_unstable();
    events
}

#[test]
fn a_message_at_once_is_a_message() {
    let recording = Recording::Full;
    let together = VMConfig { recording, ..VMConfig::default() };
    let apart = VMConfig { recording, quantum: 1, ..VMConfig::default() };
    let (lines, trace, outcome) = seen(together.clone(), None);
    let calls = [lines[0].len(), lines[1].len()];
    assert_eq!((calls, &*outcome), ([10, 10], "completed"));
    assert_eq!((lines, sorted(trace), outcome), {
        let (lines, trace, outcome) = seen(apart.clone(), None);
        (lines, sorted(trace), outcome)
    });
    for whim in [Whim::Fails, Whim::Panics, Whim::Waits] {
        for (role, calls) in calls.into_iter().enumerate() {
            for at in 1..=calls {
                let one = seen(together.clone(), Some((role, at, whim)));
                let other = seen(apart.clone(), Some((role, at, whim)));
                let what = format!("{whim:?}, role {role}, call {at}");
                assert_eq!((&one.0[role], &one.2), (&other.0[role], &other.2), "{what}");
                if whim == Whim::Waits {
                    assert_eq!((one.0, sorted(one.1)), (other.0, sorted(other.1)), "{what}");
                }
            }
        }
    }
}
