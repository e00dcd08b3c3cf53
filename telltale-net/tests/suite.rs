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
    /// Who wants one part gets two.
    GivesMore,
    /// Nobody comes alone.
    PutsAllTogether,
    /// It says of the last step what has become of the first.
    AnswersInAnotherOrder,
    /// It counts sessions to four.
    CountsSessionsAnew,
    /// Of several tickets it looks at the first.
    KnowsOneTicket,
    /// Whoever has something to say has to wait until he is asked.
    AsksFirst,
    /// Whoever is gone is waited for.
    WaitsForEver,
}

const LIES: [Lie; 18] = [
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
    Lie::GivesMore,
    Lie::PutsAllTogether,
    Lie::AnswersInAnotherOrder,
    Lie::CountsSessionsAnew,
    Lie::KnowsOneTicket,
    Lie::AsksFirst,
    Lie::WaitsForEver,
];

struct Liar {
    memory: Memory,
    lie: Lie,
    claimed: Mutex<BTreeSet<(SessionKey, u8, u64)>>,
}

struct LiarsClaim {
    claim: MemoryClaim,
    work: Work,
}

impl Liar {
    fn lie_about(&self, claim: MemoryClaim) -> Option<LiarsClaim> {
        let mut work = claim.work().clone();
        let which = (work.session.clone(), work.role.0, work.version);
        let is_new = self.claimed.lock().expect("nobody panics").insert(which);
        match self.lie {
            Lie::ForgetsClaims if !is_new => return None,
            Lie::TurnsRound => work.messages.reverse(),
            Lie::LosesState => work.state = None,
            Lie::CountsNothing => work.attempts = 1,
            Lie::CountsSessionsAnew => work.incarnation %= 4,
            _ => {}
        }
        Some(LiarsClaim { claim, work })
    }

    fn wanted(&self, wanted: &Wanted) -> Option<Wanted> {
        let Wanted::Seats(seats) = wanted else { return None };
        let mut seats = seats.to_vec();
        match self.lie {
            Lie::KnowsOneTicket => seats.truncate(1),
            Lie::AsksFirst => seats.iter_mut().for_each(|seat| seat.anyway = false),
            _ => return None,
        }
        Some(Wanted::Seats(seats.into()))
    }

    fn lie_in(&self, mut done: Done) -> Done {
        match self.lie {
            Lie::KeepsTaken => done.taken.clear(),
            Lie::LosesSent => done.sent.clear(),
            Lie::WaitsForEver if matches!(done.status, PartStatus::Held { .. }) => {
                done.status = PartStatus::Waits;
            }
            Lie::RestsForEver if done.status == PartStatus::Rests => done.status = PartStatus::Done,
            _ => {}
        }
        done
    }
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

    async fn claim(&self, wanted: &Wanted, at_most: usize) -> Result<Vec<LiarsClaim>, EngineError> {
        let mut claims = Vec::new();
        let changed = self.wanted(wanted);
        let wanted = changed.as_ref().unwrap_or(wanted);
        match self.lie {
            Lie::GivesMore => claims.extend(self.memory.claim(wanted, at_most + 1).await?),
            Lie::PutsAllTogether => {
                for _ in 0..at_most {
                    claims.extend(self.memory.claim(wanted, 1).await?);
                }
            }
            _ => claims.extend(self.memory.claim(wanted, at_most).await?),
        }
        Ok(claims.into_iter().filter_map(|claim| self.lie_about(claim)).collect())
    }

    async fn commit(&self, steps: Vec<(LiarsClaim, Done)>) -> Vec<Result<(), EngineError>> {
        let steps = steps.into_iter().map(|(claim, done)| (claim.claim, self.lie_in(done)));
        let mut committed = self.memory.commit(steps.collect()).await;
        if self.lie == Lie::AnswersInAnotherOrder {
            committed.reverse();
        }
        committed
    }

    async fn cancel(&self, session: &SessionKey, reason: &str) -> Result<(), EngineError> {
        if self.lie == Lie::NeverEnds { Ok(()) } else { self.memory.cancel(session, reason).await }
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
