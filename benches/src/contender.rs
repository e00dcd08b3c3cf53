//! One way to exchange messages, ready to run; first the ways that are written by hand.

use std::hint::black_box;
use std::thread;

use crate::tally::{Counter, take_ledger};
use crate::workload::{Objects, Plain, Typed, Workload};

/// Exchanges messages. What it exchanged in all is checked when it has done so for the last time.
pub trait Contender {
    /// Exchanges about so many messages.
    fn exchange(&mut self, messages: u64);

    /// How many messages were sent so far.
    fn sent(&self) -> u64;

    /// How much slower this one is than others, so that it is given less to do.
    fn handicap(&self) -> u64 {
        1
    }

    /// Ends.
    ///
    /// # Panics
    ///
    /// When it has not exchanged what it claims.
    fn end(self: Box<Self>);
}

/// How the sessions of a contender are visited.
#[derive(Clone, Copy)]
pub struct Visits {
    /// How many sessions there are; each is visited in turn.
    pub sessions: usize,
    /// How many messages are exchanged in a visit.
    pub messages: u64,
}

impl Visits {
    pub fn one_session() -> Self {
        Self { sessions: 1, messages: 32 }
    }

    /// A hundred sessions, each of which is visited for two messages.
    pub fn short() -> Self {
        Self { sessions: 100, messages: 2 }
    }

    /// How often every session has to be visited.
    pub fn rounds_for(self, messages: u64) -> u64 {
        messages.div_ceil(self.sessions as u64 * self.messages).max(1)
    }

    /// How many rounds of a state machine written by hand make a visit.
    fn laps<W: Workload>(self) -> u64 {
        self.messages.div_ceil(W::LAP)
    }

    /// The shortest visits that are not shorter and have only whole laps.
    fn in_laps<W: Workload>(self) -> Self {
        Self { messages: self.laps::<W>() * W::LAP, ..self }
    }
}

/// State machines written by hand that keep everything themselves (D1).
pub fn plain<W: Workload>(visits: Visits) -> Box<dyn Contender> {
    let visits = visits.in_laps::<W>();
    struct Sessions<W: Workload>(Vec<W::Plain>, Visits);

    impl<W: Workload> Contender for Sessions<W> {
        fn exchange(&mut self, messages: u64) {
            for _ in 0..self.1.rounds_for(messages) {
                for session in &mut self.0 {
                    (0..self.1.laps::<W>()).for_each(|_| session.lap());
                }
            }
            black_box(&self.0);
        }

        fn sent(&self) -> u64 {
            self.0.iter().map(|session| session.audit().sent).sum()
        }

        fn end(self: Box<Self>) {
            W::settled(self.0.iter().map(Plain::audit).sum()).check("D1", 0);
        }
    }

    let sessions = (0..visits.sessions).map(|_| W::Plain::default()).collect();
    Box::new(Sessions::<W>(sessions, visits))
}

/// The same on as many threads, each of which has its share of the sessions.
pub fn plain_on_threads<W: Workload>(visits: Visits, threads: usize) -> Box<dyn Contender> {
    let visits = visits.in_laps::<W>();
    struct Shares<W: Workload>(Vec<Vec<W::Plain>>, Visits);

    impl<W: Workload> Contender for Shares<W> {
        fn exchange(&mut self, messages: u64) {
            let (rounds, laps) = (self.1.rounds_for(messages), self.1.laps::<W>());
            thread::scope(|scope| {
                for share in &mut self.0 {
                    scope.spawn(move || {
                        for _ in 0..rounds {
                            for session in &mut *share {
                                (0..laps).for_each(|_| session.lap());
                            }
                        }
                        black_box(share);
                    });
                }
            });
        }

        fn sent(&self) -> u64 {
            self.0.iter().flatten().map(|session| session.audit().sent).sum()
        }

        fn end(self: Box<Self>) {
            let audit = self.0.iter().flatten().map(Plain::audit).sum();
            W::settled(audit).check("D1 on threads", 0);
        }
    }

    let share = |_| (0..visits.sessions / threads).map(|_| W::Plain::default()).collect();
    Box::new(Shares::<W>((0..threads).map(share).collect(), visits))
}

/// State machines written by hand with a handler behind `&dyn` that may fail (D2).
pub fn typed<W: Workload>(visits: Visits) -> Box<dyn Contender> {
    let visits = visits.in_laps::<W>();
    struct Sessions<W: Workload>(Vec<W::Typed>, Visits, Counter);

    impl<W: Workload> Contender for Sessions<W> {
        fn exchange(&mut self, messages: u64) {
            // As in a program whose handler is not known where the state machine is compiled.
            let handler = black_box(W::handler(&self.2));
            let laps = self.1.laps::<W>();
            for _ in 0..self.1.rounds_for(messages) {
                for session in &mut self.0 {
                    (0..laps).try_for_each(|_| session.lap(handler)).expect("no failures");
                }
            }
        }

        fn sent(&self) -> u64 {
            self.2.sent()
        }

        fn end(self: Box<Self>) {
            let on_their_way = W::ON_THEIR_WAY * self.0.len() as u64;
            W::settled(self.2.audit()).check("D2", on_their_way);
        }
    }

    let sessions = (0..visits.sessions).map(|_| W::Typed::default()).collect();
    Box::new(Sessions::<W>(sessions, visits, Counter::default()))
}

/// State machines written by hand with one boxed object per role (D2 with objects).
pub fn objects<W: Workload>(visits: Visits) -> Box<dyn Contender> {
    let visits = visits.in_laps::<W>();
    struct Sessions<W: Workload> {
        sessions: Vec<W::Objects>,
        visits: Visits,
        sent: u64,
    }

    impl<W: Workload> Contender for Sessions<W> {
        fn exchange(&mut self, messages: u64) {
            let laps = self.visits.laps::<W>();
            let rounds = self.visits.rounds_for(messages);
            for _ in 0..rounds {
                for session in &mut self.sessions {
                    (0..laps).try_for_each(|_| session.lap()).expect("no failures");
                }
            }
            self.sent += rounds * laps * W::LAP * self.sessions.len() as u64;
        }

        fn sent(&self) -> u64 {
            self.sent
        }

        fn end(self: Box<Self>) {
            let on_their_way = W::ON_THEIR_WAY * self.sessions.len() as u64;
            take_ledger();
            drop(self.sessions);
            let audit = take_ledger();
            assert_eq!(audit.sent, self.sent, "D2 with objects did not do what it claims");
            W::settled(audit).check("D2 with objects", on_their_way);
        }
    }

    // What the compiler knows of the players must not reach the state machine.
    let sessions = (0..visits.sessions).map(|_| black_box(W::Objects::default())).collect();
    Box::new(Sessions::<W> { sessions, visits, sent: 0 })
}
