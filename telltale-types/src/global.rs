//! Global types: a protocol seen from above.

use std::fmt;

use crate::minimise::minimise;
use crate::table::{Row, State, Table};
use crate::{
    Action, Arm, Direction, LabelId, Lanes, Names, Par, RoleId, Shared, StateId, TypeError,
    canonical, display,
};

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

impl GlobalExit {
    /// What it is to a role; nothing when the role takes no part.
    pub fn action(self, role: RoleId) -> Option<Action> {
        let of = |direction, peer| Some(Action { direction, peer, label: self.label });
        if role == self.sender {
            of(Direction::Send, self.receiver)
        } else if role == self.receiver {
            of(Direction::Receive, self.sender)
        } else {
            None
        }
    }

    /// In the notation of the papers: `Alice→Bob:Quote(u64)`.
    ///
    /// ```
    /// use telltale_types::{GlobalTerm, Label, StateId};
    ///
    /// let ping = GlobalTerm::send("Alice", "Bob", Label::new("Ping"), GlobalTerm::end()).close()?;
    /// let exits = ping.exits(StateId::START).map(|exit| exit.display(ping.names()));
    /// assert!(exits.eq(["Alice→Bob:Ping"]));
    /// # Ok::<(), telltale_types::TypeError>(())
    /// ```
    pub fn display(self, names: &Names) -> String {
        let Self { sender, receiver, label, .. } = self;
        format!("{}→{}:{}", names.role(sender), names.role(receiver), names.label(label))
    }
}

/// One state of a global type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GlobalState {
    /// One of some exchanges happens, in an order that is kept; without exits, the protocol is over.
    Exits(Vec<GlobalExit>),
    /// Several things happen at once.
    Par(Par),
    /// An arm of a parallel part is over.
    ArmEnd,
}

impl From<Vec<GlobalExit>> for GlobalState {
    fn from(exits: Vec<GlobalExit>) -> Self {
        Self::Exits(exits)
    }
}

/// A protocol between several roles as a finite graph, with sender-driven choice.
///
/// State 0 is the start. A state without exits is the end; there is at most one. Every other
/// state has one *sender*, which picks an exit; exits may go to different receivers. A loop is an
/// edge back, a continuation that branches share is one state. A state may also begin a parallel
/// part ([`Par`]), whose arms happen at once and may share roles.
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
    /// in a state, two exits that begin alike, two ends, a state that cannot be reached, an arm of a
    /// parallel part that something else leads into or out of, or that may never be over although
    /// something follows.
    pub fn new(
        names: impl Into<Shared<Names>>,
        states: Vec<impl Into<GlobalState>>,
    ) -> Result<Self, TypeError> {
        let names = names.into();
        let states: Vec<GlobalState> = states.into_iter().map(Into::into).collect();
        check_senders(&names, &states)?;
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

    /// The exchanges that can happen in a state; none at the end, and none where a parallel part
    /// begins or an arm of one ends.
    pub fn exits(
        &self,
        state: StateId,
    ) -> impl ExactSizeIterator<Item = GlobalExit> + DoubleEndedIterator + Clone + '_ {
        self.table.exchanges(state).map(exit)
    }

    /// The parallel part that begins in a state.
    pub fn par(&self, state: StateId) -> Option<Par> {
        Par::unpack(self.table.rows(state))
    }

    /// Whether it has parallel parts.
    ///
    /// ```
    /// use telltale_types::{GlobalTerm, Label};
    ///
    /// let open = |from, to| GlobalTerm::send(from, to, Label::new("Open"), GlobalTerm::end());
    /// assert!(!open("A", "B").close()?.is_parallel());
    /// let both = GlobalTerm::par([open("A", "B"), open("B", "A")], GlobalTerm::end());
    /// assert!(both.close()?.is_parallel());
    /// # Ok::<(), telltale_types::TypeError>(())
    /// ```
    pub fn is_parallel(&self) -> bool {
        self.states().any(|state| self.par(state).is_some())
    }

    /// Which states belong to which arm of which parallel part.
    ///
    /// # Panics
    ///
    /// Never: the lanes were checked when the type was made.
    pub fn lanes(&self) -> Lanes {
        Lanes::of(&self.table.unpack()).expect("every state is in one lane")
    }

    /// The state as it was given to [`GlobalType::new`].
    pub fn state(&self, state: StateId) -> GlobalState {
        match self.par(state) {
            Some(par) => GlobalState::Par(par),
            None if self.exits(state).len() == 0 && !self.table.may_end(state) => {
                GlobalState::ArmEnd
            }
            None => GlobalState::Exits(self.exits(state).collect()),
        }
    }

    /// Who decides in a state; nobody where there is nothing to decide.
    pub fn sender(&self, state: StateId) -> Option<RoleId> {
        self.exits(state).next().map(|exit| exit.sender)
    }

    /// The end, unless the protocol is endless.
    pub fn end(&self) -> Option<StateId> {
        self.states().find(|&state| self.table.may_end(state))
    }

    /// The same protocol with as few states as possible, numbered breadth-first.
    #[must_use]
    pub fn minimised(&self) -> Self {
        let (states, lanes) = (self.table.unpack(), self.lanes());
        let states = minimise(&states, |state| lanes.of_state(StateId::at(state)).index());
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

fn pack(state: GlobalState) -> State {
    let exits = match state {
        GlobalState::Exits(exits) => exits,
        GlobalState::Par(par) => return par.pack(),
        GlobalState::ArmEnd => return State::default(),
    };
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

/// In a table, a number that is no sender's says that a row is no exchange, so senders are checked before.
fn check_senders(names: &Names, states: &[GlobalState]) -> Result<(), TypeError> {
    let roles = names.role_count();
    for (at, state) in states.iter().enumerate() {
        let GlobalState::Exits(exits) = state else { continue };
        if let Some(exit) = exits.iter().find(|exit| exit.sender.index() >= roles) {
            let (state, role) = (StateId::at(at), exit.sender.0);
            return Err(TypeError::RoleOutOfRange { state, role, roles });
        }
    }
    Ok(())
}

fn check(names: &Names, states: &[State]) -> Result<(), TypeError> {
    canonical::check_ranges(names, states, |row| [Some(row.a), Some(row.b)])?;
    let mut end = None;
    for (at, state) in states.iter().enumerate() {
        let id = StateId::at(at);
        let Some(first) = state.rows.first() else {
            if state.may_end
                && let Some(first) = end.replace(id)
            {
                return Err(TypeError::SecondEnd { first, second: id });
            }
            continue;
        };
        for row in state.rows.iter().filter(|row| !row.is_structure()) {
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
        canonical::check_distinct(id, state, |row| exit(*row).display(names))?;
    }
    canonical::check_reachable(states)?;
    check_endless(states, &canonical::check_lanes(states)?)
}

/// Nothing may follow a parallel part with an arm that may never be over.
fn check_endless(states: &[State], lanes: &Lanes) -> Result<(), TypeError> {
    if lanes.len() == 1 {
        return Ok(());
    }
    let follows = |arm: &Arm| {
        let rows = states[arm.par.index()].rows.iter().copied();
        Par::unpack(rows).is_some_and(|par| !states[par.next.index()].rows.is_empty())
    };
    let ends = can_end(states);
    let caught = (0..states.len()).map(StateId::at).filter(|state| !ends[state.index()]);
    for state in caught {
        let mut around = lanes.path(lanes.of_state(state)).map(|(_, arm)| arm);
        if let Some(arm) = around.find(follows) {
            return Err(TypeError::EndlessArm { par: arm.par, arm: arm.index, state });
        }
    }
    Ok(())
}

/// For each state, whether its lane can still come to its end, if what it begins does.
fn can_end(states: &[State]) -> Vec<bool> {
    let mut before = vec![Vec::new(); states.len()];
    for (at, state) in states.iter().enumerate() {
        for row in state.rows.iter().filter(|row| !row.enters_arm()) {
            before[row.target.index()].push(at);
        }
    }
    let mut ends = vec![false; states.len()];
    let mut open: Vec<usize> = (0..states.len()).filter(|&at| states[at].rows.is_empty()).collect();
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut ends[at], true) {
            open.extend(&before[at]);
        }
    }
    ends
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
