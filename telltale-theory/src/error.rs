//! Why a protocol has no projection.
//!
//! Everything here speaks of states and exits of the global type, never of a source text; the
//! sentences made of it stand in [`message`](crate::message).

use std::collections::BTreeSet;
use std::fmt;

use telltale_types::{Action, Direction, GlobalExit, GlobalType, LabelId, Names, RoleId, StateId};
use thiserror::Error;

use crate::repair::{self, Fault};
use crate::{Explanation, Insertion, Options, Remedy, message};

/// Why a protocol has no projection.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// Some role cannot play its part.
    #[error(transparent)]
    Violations(#[from] Violations),
    /// Some role cannot play its part, and no two runs were found that show it.
    #[error("`{}` cannot play its part, but no two runs were found that show it", .1.names().role(*.0))]
    Unexplained(RoleId, GlobalType),
    /// The protocol could not be decided, or not be projected, within the limits.
    #[error("{}", message::limit(.0, .1))]
    Limit(LimitReached, GlobalType),
}

impl ProjectionError {
    /// What is wrong with the protocol; nothing when a limit was reached.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Violations(violations) => &violations.violations,
            Self::Unexplained(..) | Self::Limit(..) => &[],
        }
    }
}

/// Everything that is wrong with one protocol.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Violations {
    /// The protocol.
    pub global: GlobalType,
    /// One for each role, condition and decision, with the shortest runs; at least one, and no more
    /// than [`Limits::explained`](crate::Limits::explained).
    ///
    /// Of the runs that lead to one state and look the same to the role, the shortest stands for
    /// all. So a decision that only longer ones come by shows once those before it are put right.
    pub violations: Vec<Violation>,
    /// What is violated in all.
    pub(crate) faults: BTreeSet<Fault>,
}

impl Violations {
    /// How many violations there are that are not explained.
    pub fn more(&self) -> usize {
        self.faults.len() - self.violations.len()
    }

    /// Looks for messages that repair what is wrong, by trying some. Only what is accepted is
    /// proposed: not everything that can be inserted can also be written.
    pub fn find_remedies(
        &mut self,
        options: &Options,
        accepts: impl Fn(&Violation, &[Insertion]) -> bool,
    ) {
        repair::find_insertions(self, options, &accepts);
    }

    /// Whether messages, inserted together, repair a violation and leave fewer violations in all.
    pub fn repaired_by(
        &self,
        violation: &Violation,
        insertions: &[Insertion],
        options: &Options,
    ) -> bool {
        repair::repairs(self, violation, insertions, options)
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, violation) in self.violations.iter().enumerate() {
            if nth > 0 {
                f.write_str("\n\n")?;
            }
            Explanation::of(violation, &self.global, |_| None).fmt(f)?;
        }
        match self.more() {
            0 => Ok(()),
            more => write!(f, "\n\n{}", message::more(more)),
        }
    }
}

/// What every role of an implementable protocol satisfies.
///
/// The first three are the conditions of Li, Stutz, Wies and Zufferey (CAV 2023); a protocol without
/// parallel parts can be implemented exactly when they hold for every role. The others are ours. A
/// role with parts in several arms of a parallel part *forks* where it begins and *joins* when it
/// has done its part of every arm; it has to know of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// What a role may send in one run, it may send in every run that looks the same to it.
    SendValidity,
    /// No message can overtake the one a role has to receive first.
    ReceiveValidity,
    /// A role never has to send in one run and to receive in another that looks the same to it.
    NoMixedChoice,
    /// A role that may still receive something cannot be finished without being told.
    SilentEnd,
    /// A role that forks at a parallel part in one run comes to it in every run that looks the same to
    /// it, before anything else.
    Fork,
    /// A role that still has something to do after a parallel part knows when each of its arms is
    /// over.
    Join,
}

impl Condition {
    /// A word for it, for programs that read what others report.
    ///
    /// ```
    /// use telltale_theory::Condition;
    ///
    /// assert_eq!(Condition::NoMixedChoice.word(), "mixed");
    /// ```
    pub fn word(self) -> &'static str {
        match self {
            Self::SendValidity => "send",
            Self::ReceiveValidity => "receive",
            Self::NoMixedChoice => "mixed",
            Self::SilentEnd => "silent",
            Self::Fork => "fork",
            Self::Join => "join",
        }
    }
}

/// One way in which a role cannot play its part.
///
/// Two runs look the same to [`role`](Self::role), yet it would have to act differently: in
/// [`here`](Self::here) it takes the exit [`act`](Self::act), in [`there`](Self::there) it takes
/// [`instead`](Self::instead), or nothing.
///
/// | condition | `here` leads to `act`, where the role | `there` leads to where it |
/// |---|---|---|
/// | send validity | sends | must not send that (`instead`: what it does next, if anything) |
/// | receive validity | receives | receives from somebody else first (`instead`) |
/// | no mixed choice | sends | receives (`instead`) |
/// | silent end | receives | has nothing more to do (no `instead`) |
/// | fork | acts first in the parallel part | does not come to it (`instead`: what it does next, if anything) |
/// | join | acts first after the parallel part | is not at the end of the arm (`instead`, likewise) |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Who cannot know what to do.
    pub role: RoleId,
    /// What is violated.
    pub condition: Condition,
    /// Where the two runs part.
    pub decision: Decision,
    /// The exit at which the role acts in one run.
    pub act: Step,
    /// The exit at which it acts in the other, if there is one.
    pub instead: Option<Step>,
    /// What the role has seen so far, the same in both runs.
    pub seen: Vec<Event>,
    /// The run that leads to `act`, without it.
    pub here: Vec<Step>,
    /// The run that leads to where `act` is wrong (without `instead`).
    pub there: Vec<Step>,
    /// A run that goes wrong. Every event but the last is right; the last is what the role would
    /// do, and no run of the protocol has it. At a silent end every event is right, and the role
    /// waits for a message that never comes. Empty where a role is only not told that it forks
    /// or joins, and nothing need go wrong.
    pub wrong: Vec<Event>,
    /// What would help.
    pub remedy: Remedy,
}

impl Violation {
    /// What follows in the two runs after they have parted.
    pub(crate) fn after_decision(&self) -> [&[Step]; 2] {
        let both = self.here.iter().zip(&self.there);
        let parted = both.take_while(|(one, other)| one == other).count();
        [&self.here, &self.there].map(|run| run.get(parted + 1..).unwrap_or_default())
    }
}

/// Where somebody decides which of two runs is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decision {
    /// Who decides.
    pub decider: RoleId,
    /// Where.
    pub state: StateId,
    /// The exit that leads to where the role acts.
    pub here: Step,
    /// The exit that leads to where the act is wrong.
    pub there: Step,
}

/// One exit of a global type: a state, and the place of the exit among the exits of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    /// The state.
    pub state: StateId,
    /// The place, from 0.
    pub exit: usize,
}

impl Step {
    /// The exit in its global type.
    ///
    /// # Panics
    ///
    /// When the step is of another protocol and the state has no such exit.
    pub fn of(self, global: &GlobalType) -> GlobalExit {
        let mut exits = global.exits(self.state);
        let count = exits.len();
        exits
            .nth(self.exit)
            .unwrap_or_else(|| panic!("exit {} of a state with {count} exits", self.exit))
    }
}

/// Something that one role does: `Alice!Bob:Left` or `Bob?Alice:Left`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Event {
    /// Who does it.
    pub role: RoleId,
    /// What it does.
    pub action: Action,
    /// Which of the channels between the two it uses: 0 unless they talk to each other in several
    /// arms of a parallel part ([`Apart::number`](telltale_types::Apart::number)).
    pub lane: u16,
}

impl Event {
    /// `sender!receiver:label`.
    pub fn sent(sender: RoleId, receiver: RoleId, label: LabelId) -> Self {
        let action = Action { direction: Direction::Send, peer: receiver, label };
        Self { role: sender, action, lane: 0 }
    }

    /// `receiver?sender:label`.
    pub fn received(sender: RoleId, receiver: RoleId, label: LabelId) -> Self {
        let action = Action { direction: Direction::Receive, peer: sender, label };
        Self { role: receiver, action, lane: 0 }
    }

    /// The same on the channel of a lane.
    #[must_use]
    pub fn in_lane(self, lane: u16) -> Self {
        Self { lane, ..self }
    }

    /// The event in the papers' notation.
    pub fn display(self, names: &Names) -> String {
        let mark = self.action.direction.mark();
        let (role, peer) = (names.role(self.role), names.role(self.action.peer));
        format!("{role}{mark}{peer}:{}", names.label(self.action.label).name)
    }
}

/// Which bound was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::states`](crate::Limits::states).
    States,
    /// [`Limits::exits`](crate::Limits::exits).
    Exits,
    /// [`Limits::overtaking`](crate::Limits::overtaking).
    Overtaking,
}

/// A bound that was reached while a role was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitReached {
    /// Which bound.
    pub what: Limit,
    /// Whose part was looked at.
    pub role: RoleId,
    /// The choice that the role would have to know of, if the limit was reached because of one.
    pub decision: Option<StateId>,
    /// How much was needed when the search stopped.
    pub given: usize,
    /// How much was allowed.
    pub limit: usize,
}
