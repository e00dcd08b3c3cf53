//! The public suite finds engines that break their promises.

#![cfg(feature = "services")]

use std::collections::BTreeSet;
use std::sync::Mutex;

use pollster::block_on;
use telltale_net::SessionKey;
use telltale_net::engine::memory::{Faults, Memory, MemoryClaim};
use telltale_net::engine::{
    Claim, Done, Ending, Engine, EngineError, NewSession, PartStatus, Wanted, Work, suite,
};

/// What an engine does otherwise than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    /// A session replaces another of its name.
    StartsTwice,
    /// What was claimed once is never there again.
    ForgetsClaims,
    /// The inbox is turned round.
    TurnsRound,
    /// What was taken stays in the inbox.
    KeepsTaken,
    /// What was sent is lost.
    LosesSent,
    /// It comes with the state of nothing.
    LosesState,
    /// A part that rests is believed to be done.
    RestsForEver,
    /// An ending is never asked for.
    NeverEnds,
    /// No ticket is looked at.
    LetsAnybodySit,
    /// A part is never late.
    HasTime,
    /// Attempts are not counted.
    CountsNothing,
}

const LIES: [Lie; 11] = [
    Lie::StartsTwice,
    Lie::ForgetsClaims,
    Lie::TurnsRound,
    Lie::KeepsTaken,
    Lie::LosesSent,
    Lie::LosesState,
    Lie::RestsForEver,
    Lie::NeverEnds,
    Lie::LetsAnybodySit,
    Lie::HasTime,
    Lie::CountsNothing,
];

struct Liar {
    memory: Memory,
    lie: Lie,
    claimed: Mutex<BTreeSet<(SessionKey, u8, u64)>>,
}

struct LiarsClaim {
    claim: MemoryClaim,
    work: Work,
    lie: Lie,
}

impl Engine for Liar {
    type Claim = LiarsClaim;

    async fn start(&self, mut session: NewSession) -> Result<(), EngineError> {
        match self.lie {
            Lie::LetsAnybodySit => session.parts.iter_mut().for_each(|part| part.ticket = None),
            Lie::HasTime => (session.deadline, session.idle) = (None, None),
            _ => {}
        }
        match self.memory.start(session).await {
            Err(EngineError::SessionExists(_)) if self.lie == Lie::StartsTwice => Ok(()),
            started => started,
        }
    }

    async fn claim(&self, wanted: &Wanted) -> Result<Option<LiarsClaim>, EngineError> {
        let Some(claim) = self.memory.claim(wanted).await? else { return Ok(None) };
        let mut work = claim.work().clone();
        let which = (work.session.clone(), work.role.0, work.version);
        let is_new = self.claimed.lock().expect("nobody panics").insert(which);
        match self.lie {
            Lie::ForgetsClaims if !is_new => return Ok(None),
            Lie::TurnsRound => work.messages.reverse(),
            Lie::LosesState => work.state = None,
            Lie::CountsNothing => work.attempts = 1,
            _ => {}
        }
        Ok(Some(LiarsClaim { claim, work, lie: self.lie }))
    }

    async fn end(&self, session: &SessionKey, ending: Ending) -> Result<(), EngineError> {
        if self.lie == Lie::NeverEnds { Ok(()) } else { self.memory.end(session, ending).await }
    }

    async fn ending(&self, session: &SessionKey) -> Result<Option<Ending>, EngineError> {
        self.memory.ending(session).await
    }

    async fn changed(&self) {
        self.memory.changed().await;
    }
}

impl Claim for LiarsClaim {
    fn work(&self) -> &Work {
        &self.work
    }

    async fn commit(self, mut done: Done) -> Result<(), EngineError> {
        match self.lie {
            Lie::KeepsTaken => done.taken.clear(),
            Lie::LosesSent => done.sent.clear(),
            Lie::RestsForEver if done.status == PartStatus::Rests => done.status = PartStatus::Done,
            _ => {}
        }
        self.claim.commit(done).await
    }
}

#[test]
fn each_broken_promise_is_found() {
    for lie in LIES {
        let liar = Liar { memory: Memory::new(), lie, claimed: Mutex::default() };
        let broken = block_on(suite::check(&liar)).expect_err("it lies");
        assert!(broken.starts_with("broken: "), "{lie:?}: {broken}");
    }
}

#[test]
fn an_engine_that_gives_parts_away_twice_keeps_its_promises() {
    let faults = Faults { claimed_twice: 255, ..Faults::default() };
    assert_eq!(block_on(suite::check(&Memory::with_faults(3, faults))), Ok(()));
}
