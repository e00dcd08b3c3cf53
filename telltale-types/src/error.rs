//! What can be wrong with a type.

use thiserror::Error;

use crate::{Label, StateId};

/// Why a table or a term is not a type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TypeError {
    /// Two roles have one name.
    #[error("role `{role}` is named twice")]
    DuplicateRole {
        /// The name.
        role: String,
    },
    /// The same label with the same payload type stands in a table twice.
    #[error("label `{label}` is listed twice")]
    DuplicateLabel {
        /// The label.
        label: Label,
    },
    /// A protocol has more roles than a [`RoleId`](crate::RoleId) can tell apart.
    #[error("{given} roles, but a protocol can have at most {limit}")]
    TooManyRoles {
        /// How many there are.
        given: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A protocol has more labels than a [`LabelId`](crate::LabelId) can tell apart.
    #[error("{given} labels, but a protocol can have at most {limit}")]
    TooManyLabels {
        /// How many there are.
        given: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The names of roles, labels and payload types are longer together than a table can hold.
    #[error("all names together have {given} bytes, but can have at most {limit}")]
    NamesTooLong {
        /// How many bytes they have.
        given: usize,
        /// How many they may have.
        limit: usize,
    },
    /// A type has more states than a [`StateId`] can tell apart.
    #[error("{given} states, but a type can have at most {limit}")]
    TooManyStates {
        /// How many there are.
        given: usize,
        /// How many there may be.
        limit: usize,
    },
    /// There is no state at all, not even one to end in.
    #[error("a type needs a state to start in")]
    NoStates,
    /// A row leads to a state that is not in the table.
    #[error("state {state} leads to state {target}, but there are only {states} states")]
    TargetOutOfRange {
        /// The state with the row.
        state: StateId,
        /// Where the row leads.
        target: StateId,
        /// How many states there are.
        states: usize,
    },
    /// A row speaks of a role that is not in the table of names.
    #[error("state {state} names role number {role}, but there are only {roles} roles")]
    RoleOutOfRange {
        /// The state with the row.
        state: StateId,
        /// The number it gives.
        role: u8,
        /// How many roles there are.
        roles: usize,
    },
    /// A row speaks of a label that is not in the table of names.
    #[error("state {state} names label number {label}, but there are only {labels} labels")]
    LabelOutOfRange {
        /// The state with the row.
        state: StateId,
        /// The number it gives.
        label: u16,
        /// How many labels there are.
        labels: usize,
    },
    /// A role sends a message to itself.
    #[error("`{role}` sends `{label}` to itself")]
    SelfMessage {
        /// The role.
        role: String,
        /// The message.
        label: Label,
    },
    /// A choice has several senders, or a local state both sends and receives.
    #[error("state {state} mixes {first} and {second}")]
    MixedState {
        /// The state.
        state: StateId,
        /// What its first row does.
        first: String,
        /// What another row does.
        second: String,
    },
    /// Two branches of a choice begin alike.
    #[error("two branches of state {state} begin with {event}")]
    DuplicateBranch {
        /// The state.
        state: StateId,
        /// How both begin.
        event: String,
    },
    /// A global type ends in two places that are not the same state.
    #[error("states {first} and {second} both end the protocol; a global type has one end")]
    SecondEnd {
        /// One of them.
        first: StateId,
        /// The other.
        second: StateId,
    },
    /// A state that sends may not end.
    #[error("state {state} may end, but it sends")]
    EndWhileSending {
        /// The state.
        state: StateId,
    },
    /// A parallel part has one arm only, or none.
    #[error("the parallel part of state {state} needs two arms, but has {arms}")]
    FewArms {
        /// The state that begins it.
        state: StateId,
        /// How many arms it has.
        arms: usize,
    },
    /// A state is come to from inside of an arm and from outside of it.
    #[error("state {state} belongs to two arms; nothing leads into or out of an arm")]
    TwoLanes {
        /// The state.
        state: StateId,
    },
    /// A state is the end of the protocol, and inside of an arm.
    #[error("state {state} ends the protocol inside of an arm; an arm ends in a state of its own")]
    EndInArm {
        /// The state.
        state: StateId,
    },
    /// A state is the end of an arm, and not inside of one.
    #[error("state {state} ends an arm, but is not inside of one")]
    ArmEndOutside {
        /// The state.
        state: StateId,
    },
    /// Something follows a parallel part of which some arm may never be over.
    #[error(
        "something follows the parallel part of state {par}, but its arm {arm} may never be over: from state {state} it cannot end"
    )]
    EndlessArm {
        /// The state that begins the part.
        par: StateId,
        /// Which of its arms.
        arm: usize,
        /// A state from which the arm cannot come to its end.
        state: StateId,
    },
    /// A type has more arms of parallel parts than there are ids for.
    #[error("{given} lanes, but a type can have at most {limit}")]
    TooManyLanes {
        /// How many there are.
        given: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A term leaves an arm by a variable that is bound outside of it.
    #[error(
        "variable `{name}` is bound outside of the arm of a parallel part that uses it; nothing leads out of an arm"
    )]
    LeavesArm {
        /// The variable.
        name: String,
    },
    /// No run comes to a state.
    #[error("state {state} cannot be reached")]
    Unreachable {
        /// The state.
        state: StateId,
    },
    /// A choice of a term has no branch.
    #[error("a choice of `{role}` has no branch")]
    EmptyChoice {
        /// Whose choice it is.
        role: String,
    },
    /// A term uses a variable that nothing around it binds.
    #[error("variable `{name}` is not bound by a `mu` around it")]
    UnboundVariable {
        /// The variable.
        name: String,
    },
    /// A term goes round a loop without a message.
    #[error("`mu {name}` goes round without a message")]
    Unguarded {
        /// The variable of the loop.
        name: String,
    },
}
