//! Global types: a protocol seen from above.

use std::fmt;

use crate::minimise::minimise;
use crate::table::{Row, State, Table};
use crate::{LabelId, Names, RoleId, Shared, StateId, TypeError, canonical, display};

/// One exit of a state of a global type: `sender → receiver : label`, and where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GlobalExit {
    /// Who sends. All exits of a state have the same sender.
    pub sender: RoleId,
    /// Who receives.
    pub receiver: RoleId,
    /// What is sent.
    pub label: LabelId,
    /// The state after it.
    pub target: StateId,
}

/// A protocol between several roles as a finite graph, with sender-driven choice.
///
/// State 0 is the start. A state without exits is the end; there is at most one. Every other
/// state has one *sender*, which picks an exit; exits may go to different receivers. A loop is an
/// edge back, a continuation that branches share is one state.
///
/// Two global types are equal when they describe the same tree of exchanges, however it is
/// folded into states and in whatever order roles and labels were declared.
///
/// Global types were introduced by Honda, Yoshida and Carbone (*Multiparty Asynchronous Session
/// Types*, POPL 2008); graphs with sender-driven choice are those of Li, Stutz, Wies and Zufferey
/// (CAV 2023).
///
/// ```
/// use telltale_types::{GlobalTerm, Label};
///
/// let ping = |then| GlobalTerm::send("Alice", "Bob", Label::new("Ping"), then);
/// let folded = GlobalTerm::mu("t", ping(GlobalTerm::var("t"))).close()?;
/// let unfolded = GlobalTerm::mu("t", ping(ping(GlobalTerm::var("t")))).close()?;
/// assert_eq!(folded, unfolded);
/// assert_eq!(folded.to_string(), "μt0. Alice→Bob:Ping. t0");
/// # Ok::<(), telltale_types::TypeError>(())
/// ```
#[derive(Clone)]
pub struct GlobalType {
    names: Shared<Names>,
    table: Table,
}

impl GlobalType {
    /// A global type from its table: for each state its exits, in an order that is kept.
    ///
    /// # Errors
    ///
    /// When the table is not a global type: an id out of range, a message to oneself, two senders
    /// in a state, two exits that begin alike, two ends, a state that cannot be reached.
    pub fn new(
        names: impl Into<Shared<Names>>,
        states: Vec<Vec<GlobalExit>>,
    ) -> Result<Self, TypeError> {
        let names = names.into();
        let states: Vec<State> = states.into_iter().map(pack).collect();
        check(&names, &states)?;
        Ok(Self { table: Table::pack(&states), names })
    }

    /// The type that [`GlobalType::packed`] was taken from.
    #[doc(hidden)]
    pub const fn from_static(names: &'static Names, packed: &'static [u8]) -> Self {
        Self { names: Shared::Static(names), table: Table::from_static(packed) }
    }

    /// The table as a string of bytes.
    #[doc(hidden)]
    pub fn packed(&self) -> &[u8] {
        self.table.bytes()
    }

    /// The roles and labels it speaks of.
    pub fn names(&self) -> &Shared<Names> {
        &self.names
    }

    /// How many states there are.
    #[expect(clippy::len_without_is_empty, reason = "there is always a state to start in")]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// All states, in the order of their ids.
    pub fn states(&self) -> impl ExactSizeIterator<Item = StateId> + Clone + use<> {
        (0..self.len()).map(StateId::at)
    }

    /// What can happen in a state; nothing at the end.
    pub fn exits(
        &self,
        state: StateId,
    ) -> impl ExactSizeIterator<Item = GlobalExit> + DoubleEndedIterator + Clone + '_ {
        self.table.rows(state).map(exit)
    }

    /// Who decides in a state; nobody at the end.
    pub fn sender(&self, state: StateId) -> Option<RoleId> {
        self.exits(state).next().map(|exit| exit.sender)
    }

    /// The end, unless the protocol is endless.
    pub fn end(&self) -> Option<StateId> {
        self.states().find(|&state| self.exits(state).len() == 0)
    }

    /// The same protocol with as few states as possible, numbered breadth-first.
    #[must_use]
    pub fn minimised(&self) -> Self {
        let states = minimise(&self.table.unpack());
        Self { names: self.names.clone(), table: Table::pack(&states) }
    }

    /// How many bytes the type takes beside its own struct and its names.
    pub fn heap_size(&self) -> usize {
        self.table.bytes().len()
    }

    /// One text for all equal types; see [`canonical`].
    #[doc(hidden)]
    pub fn canonical(&self) -> String {
        canonical::text(&self.names, self.table.unpack(), |row| [Some(row.a), Some(row.b)])
    }
}

fn pack(exits: Vec<GlobalExit>) -> State {
    let row = |exit: GlobalExit| Row {
        a: exit.sender.0,
        b: exit.receiver.0,
        label: exit.label,
        target: exit.target,
    };
    State { may_end: exits.is_empty(), rows: exits.into_iter().map(row).collect() }
}

fn exit(row: Row) -> GlobalExit {
    GlobalExit {
        sender: RoleId(row.a),
        receiver: RoleId(row.b),
        label: row.label,
        target: row.target,
    }
}

fn check(names: &Names, states: &[State]) -> Result<(), TypeError> {
    canonical::check_ranges(names, states, |row| [Some(row.a), Some(row.b)])?;
    let mut end = None;
    for (at, state) in states.iter().enumerate() {
        let id = StateId::at(at);
        let Some(first) = state.rows.first() else {
            if let Some(first) = end.replace(id) {
                return Err(TypeError::SecondEnd { first, second: id });
            }
            continue;
        };
        for row in &state.rows {
            if row.a == row.b {
                let label = names.label(row.label).to_label();
                let role = names.role(RoleId(row.a)).to_owned();
                return Err(TypeError::SelfMessage { role, label });
            }
            if row.a != first.a {
                let sends = |row: &Row| format!("messages of `{}`", names.role(RoleId(row.a)));
                let (first, second) = (sends(first), sends(row));
                return Err(TypeError::MixedState { state: id, first, second });
            }
        }
        canonical::check_distinct(id, state, |row| display::exchange(names, exit(*row)))?;
    }
    canonical::check_reachable(states)
}

impl PartialEq for GlobalType {
    fn eq(&self, other: &Self) -> bool {
        (self.names == other.names && self.table == other.table)
            || self.canonical() == other.canonical()
    }
}

impl Eq for GlobalType {}

impl fmt::Display for GlobalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::global(self, f)
    }
}

impl fmt::Debug for GlobalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GlobalType({self})")
    }
}
