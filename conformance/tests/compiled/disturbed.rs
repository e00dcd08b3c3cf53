//! Role objects that do not answer one call, or fail there: their session does what it does undisturbed, as far
//! as it is let, and its neighbours do not notice.

use telltale_conformance::by_hand::census::panic_quietly;
use telltale_conformance::case::Case;
use telltale_conformance::play::{Opened, Played, agree, agree_as_far_as_they_go};
use telltale_conformance::script::Actors;
use telltale_vm::{
    CoroStatus, HandlerError, HandlerResult, NoHandler, Outcome, SessionError, SessionId, VM,
    VMConfig, filter_by_session,
};

use crate::protocols::cases;

/// Up to which call sessions are disturbed.
const CALLS: usize = 16;

/// For how many rounds sessions go on that do not end.
const ROUNDS: usize = 6;

/// What the interrupted call answers, and what is done then.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Disturbance {
    /// It is answered later.
    Late,
    /// It is answered later, and every role has a few single turns.
    LateAndSteps,
    /// It is never answered: the session is cancelled.
    Cancel,
    /// It is answered later, when the session is being closed.
    Close,
    /// It fails.
    Fail,
    /// It panics.
    Panic,
}

const DISTURBANCES: [Disturbance; 6] = [
    Disturbance::Late,
    Disturbance::LateAndSteps,
    Disturbance::Cancel,
    Disturbance::Close,
    Disturbance::Fail,
    Disturbance::Panic,
];

impl Disturbance {
    fn answer(self) -> fn() -> HandlerResult<()> {
        match self {
            Self::Fail => || Err(HandlerError::msg("no")),
            Self::Panic => || panic_quietly("no"),
            _ => || Err(HandlerError::pending()),
        }
    }

    /// What it comes to where nobody had to wait: in another lane, the role was called before the end of the round, and asked again.
    fn unless_nobody_waited(self, has_waited: bool) -> Self {
        match self {
            Self::Fail | Self::Panic => self,
            _ if has_waited => self,
            _ => Self::Late,
        }
    }

    fn is_harmless(self) -> bool {
        matches!(self, Self::Late | Self::LateAndSteps)
    }

    /// Whether a session that is complete otherwise ends so.
    fn ends_as(self, outcome: &Outcome) -> bool {
        match self {
            Self::Late | Self::LateAndSteps => outcome.is_ok(),
            Self::Close => matches!(outcome, Ok(()) | Err(SessionError::Closed)),
            Self::Cancel => matches!(outcome, Err(SessionError::Cancelled { .. })),
            Self::Fail | Self::Panic => matches!(outcome, Err(SessionError::Faulted(_))),
        }
    }
}

#[test]
fn at_every_call() {
    let mut count = 0;
    for (seed, case) in (1..).zip(cases().into_iter().step_by(2)) {
        let (reference, ..) = played(case, Actors::new(seed), seed, Disturbance::Late);
        let calls = reference[1].logs.iter().map(Vec::len).sum();
        for call in 0..CALLS.min(calls) {
            for what in DISTURBANCES {
                count += 1;
                let actors = Actors::new(seed).interrupted_at(call, what.answer());
                let (found, outcome, has_waited) = played(case, actors, seed, what);
                let what = what.unless_nobody_waited(has_waited);
                let name = format!("{}, seed {seed}, call {call}, {what:?}", case.from);
                agree(case.image, &reference[0], &found[0], &name);
                agree(case.image, &reference[2], &found[2], &name);
                if what.is_harmless() {
                    assert_eq!(reference[1].is_complete, found[1].is_complete, "{name}");
                    agree(case.image, &reference[1], &found[1], &name);
                } else {
                    let (reference, found) = (&reference[1].logs, &found[1].logs);
                    agree_as_far_as_they_go(case.image, reference, found, &name);
                }
                let ends = what.ends_as(&outcome) || !reference[1].is_complete;
                assert!(ends, "{name}: {outcome:?}");
            }
        }
    }
    println!("{count} disturbances");
}

/// Plays three sessions, the second with these actors. Says how the second one ended, and whether it has waited for an answer.
fn played(
    case: &Case,
    actors: Actors,
    seed: u64,
    what: Disturbance,
) -> ([Played; 3], Outcome, bool) {
    let mut vm = VM::new(VMConfig::default());
    let all = [Actors::new(seed), actors, Actors::new(seed)];
    let sessions = all.map(|actors| (case.open)(&mut vm, actors).expect("there is room"));
    let mut is_disturbed = false;
    for _ in 0..ROUNDS {
        vm.run(&NoHandler, 1).expect("role objects tell their owner");
        while let Some(role) = late_role(&vm) {
            disturb(&mut vm, sessions[1].0, &role, what, is_disturbed);
            is_disturbed = true;
        }
    }
    let [(one, _), (second, outcome), (third, _)] = sessions.map(|opened| ended(&mut vm, opened));
    assert_eq!(vm.open_sessions(), 0);
    ([one, second, third], outcome, is_disturbed)
}

/// A role whose handler has not answered.
fn late_role(vm: &VM) -> Option<String> {
    let mut late = vm.coroutines().filter(|role| role.status() == CoroStatus::AwaitsHandler);
    late.next().map(|role| role.role().to_owned())
}

fn disturb(vm: &mut VM, session: SessionId, role: &str, what: Disturbance, is_disturbed: bool) {
    if !is_disturbed && what == Disturbance::Cancel {
        return vm.cancel(session, "enough").expect("it is running");
    }
    if !is_disturbed && what == Disturbance::Close {
        // Closing waits for no handler.
        return vm.close(session).expect("it is running");
    }
    vm.wake(session, role).expect("it waits for its handler");
    if what == Disturbance::LateAndSteps {
        for _ in 0..5 {
            vm.step(&NoHandler).expect("role objects tell their owner");
        }
    }
}

/// What a session has done, and how it ended. It is cut short if it goes on.
fn ended(vm: &mut VM, (session, take): Opened) -> (Played, Outcome) {
    let trace = filter_by_session(&vm.trace(), session);
    // It may have ended.
    drop(vm.cancel(session, "enough"));
    let (outcome, logs) = take(vm).expect("it has ended");
    (Played { trace, is_complete: outcome.is_ok(), logs }, outcome)
}
