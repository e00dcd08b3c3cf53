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
