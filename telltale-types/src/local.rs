//! Local types: a protocol seen by one role.

use std::fmt;

use crate::minimise::minimise;
use crate::table::{Row, State, Table};
use crate::{LabelId, Lanes, Names, Par, RoleId, Shared, StateId, TypeError, canonical, display};

/// Whether a role sends or receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Direction {
    /// The role sends.
    Send,
    /// The role receives.
    Receive,
}

impl Direction {
    /// The papers' mark between peer and label: `!` or `?`.
    ///
    /// ```
    /// assert_eq!(telltale_types::Direction::Send.mark(), '!');
    /// ```
    pub fn mark(self) -> char {
        match self {
            Self::Send => '!',
            Self::Receive => '?',
        }
    }

    /// Sender and receiver, where a role does it with a peer.
    ///
    /// ```
    /// use telltale_types::{Direction, RoleId};
    ///
    /// let (role, peer) = (RoleId(0), RoleId(1));
    /// assert_eq!(Direction::Receive.pair(role, peer), (peer, role));
    /// ```
    pub fn pair(self, role: RoleId, peer: RoleId) -> (RoleId, RoleId) {
        match self {
            Self::Send => (role, peer),
            Self::Receive => (peer, role),
        }
    }
}

/// What one role does at once: `peer!label` or `peer?label`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Action {
    /// Whether it sends or receives.
    pub direction: Direction,
    /// To whom, or from whom.
    pub peer: RoleId,
    /// The message.
    pub label: LabelId,
}

impl Action {
    /// In the notation of the papers: `Bob!Quote(u64)` or `Bob?Quote(u64)`.
    pub fn display(self, names: &Names) -> String {
        let Self { direction, peer, label } = self;
        format!("{}{}{}", names.role(peer), direction.mark(), names.label(label))
    }
}

/// One exit of a state of a local type: an action, and where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalExit {
    /// What the role does.
    pub action: Action,
    /// The state after it.
    pub target: StateId,
}

/// One state of a local type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalState {
    /// One of some actions happens.
    Exits {
        /// What the role can do, in an order that is kept. All exits send, or all receive.
        exits: Vec<LocalExit>,
        /// Whether the role may stop here although it could still receive something.
        /// A state without exits is an end, whatever stands here.
        may_end: bool,
    },
    /// The role does several things at once.
    Par(Par),
    /// One of these things is done.
    ArmEnd,
}

impl LocalState {
    /// The role is done.
    pub const END: Self = Self::Exits { exits: Vec::new(), may_end: true };

    /// Where the state leads, to change that.
    pub fn targets_mut(&mut self) -> Vec<&mut StateId> {
        match self {
            Self::Exits { exits, .. } => exits.iter_mut().map(|exit| &mut exit.target).collect(),
            Self::Par(par) => par.arms.iter_mut().chain([&mut par.next]).collect(),
            Self::ArmEnd => Vec::new(),
        }
    }

    /// The exits, to change them.
    pub fn exits_mut(&mut self) -> &mut [LocalExit] {
        match self {
            Self::Exits { exits, .. } => exits,
            Self::Par(_) | Self::ArmEnd => &mut [],
        }
    }
}

/// The part of one role in a protocol, as a finite graph.
///
/// State 0 is the start. A state whose exits send is an *internal choice*: the role picks the
/// receiver and the label. A state whose exits receive is an *external choice*: the role takes
/// what arrives. A state without exits is the end; a state that receives may be one as well, when
/// the role cannot know whether more will come ([`LocalType::may_end`](LocalTypeR::may_end)). Where
/// the role has a part in several arms of a parallel part, it does them at once ([`Par`]).
///
/// Two local types are equal when they allow the same behaviour, whatever the order of their
/// states and names. The `R` says that types are regular trees, folded into graphs.
///
/// ```
/// use telltale_types::{Label, LocalTerm};
///
/// let bob = LocalTerm::recv("Seller", Label::with("Quote", "u64"), LocalTerm::select([
///     ("Seller", Label::new("Accept"), LocalTerm::end()),
///     ("Alice", Label::new("Ask"), LocalTerm::end()),
/// ]))
/// .close()?;
/// assert_eq!(bob.to_string(), "Seller?Quote(u64). ⊕{Seller!Accept. end, Alice!Ask. end}");
/// # Ok::<(), telltale_types::TypeError>(())
/// ```
#[derive(Clone)]
pub struct LocalTypeR {
    names: Shared<Names>,
    table: Table,
}

impl LocalTypeR {
    /// A local type from its table.
    ///
    /// # Errors
    ///
    /// When the table is not a local type: an id out of range, a state that both sends and
    /// receives, two exits that begin alike, a state that cannot be reached, an arm of a parallel
    /// part that something else leads into or out of.
    pub fn new(
        names: impl Into<Shared<Names>>,
        states: Vec<LocalState>,
    ) -> Result<Self, TypeError> {
        let names = names.into();
        let states: Vec<State> = states.into_iter().map(pack).collect();
        check(&names, &states)?;
        Ok(Self { table: Table::pack(&states), names })
    }

    /// The type that [`LocalTypeR::packed`] was taken from.
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

    /// What the role can do in a state; nothing at an end, and nothing where a parallel part begins
    /// or an arm of one ends.
    pub fn exits(
        &self,
        state: StateId,
    ) -> impl ExactSizeIterator<Item = LocalExit> + DoubleEndedIterator + Clone + '_ {
        self.table.exchanges(state).map(exit)
    }

    /// All that the role can do, and in which states, in the order of the states.
    pub fn actions(&self) -> impl Iterator<Item = (StateId, Action)> + '_ {
        self.states().flat_map(|state| self.exits(state).map(move |exit| (state, exit.action)))
    }

    /// The parallel part that begins in a state.
    pub fn par(&self, state: StateId) -> Option<Par> {
        Par::unpack(self.table.rows(state))
    }

    /// Which states belong to which arm of which parallel part.
    ///
    /// # Panics
    ///
    /// Never: the lanes were checked when the type was made.
    pub fn lanes(&self) -> Lanes {
        Lanes::of(&self.table.unpack()).expect("every state is in one lane")
    }

    /// The state as it was given to [`LocalTypeR::new`].
    pub fn state(&self, state: StateId) -> LocalState {
        match self.par(state) {
            Some(par) => LocalState::Par(par),
            None if self.exits(state).len() == 0 && !self.may_end(state) => LocalState::ArmEnd,
            None => LocalState::Exits {
                exits: self.exits(state).collect(),
                may_end: self.may_end(state),
            },
        }
    }

    /// Whether the role sends or receives in a state; neither where it does nothing.
    pub fn direction(&self, state: StateId) -> Option<Direction> {
        self.exits(state).next().map(|exit| exit.action.direction)
    }

    /// Whether the role may stop in a state, or its arm of a parallel part may be over.
    pub fn may_end(&self, state: StateId) -> bool {
        self.table.may_end(state)
    }

    /// The same behaviour with as few states as possible, numbered breadth-first.
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
        canonical::text(&self.names, self.table.unpack(), |row| [None, Some(row.b)])
    }
}

fn pack(state: LocalState) -> State {
    let (exits, may_end) = match state {
        LocalState::Exits { exits, may_end } => (exits, may_end),
        LocalState::Par(par) => return par.pack(),
        LocalState::ArmEnd => return State::default(),
    };
    let row = |exit: LocalExit| Row {
        a: exit.action.direction as u8,
        b: exit.action.peer.0,
        label: exit.action.label,
        target: exit.target,
    };
    State { may_end: may_end || exits.is_empty(), rows: exits.into_iter().map(row).collect() }
}

fn exit(row: Row) -> LocalExit {
    let direction =
        if row.a == Direction::Send as u8 { Direction::Send } else { Direction::Receive };
    let action = Action { direction, peer: RoleId(row.b), label: row.label };
    LocalExit { action, target: row.target }
}

fn check(names: &Names, states: &[State]) -> Result<(), TypeError> {
    canonical::check_ranges(names, states, |row| [None, Some(row.b)])?;
    for (at, state) in states.iter().enumerate() {
        let id = StateId::at(at);
        let Some(first) = state.rows.first().filter(|row| !row.is_structure()) else { continue };
        let show = |row: &Row| exit(*row).action.display(names);
        if let Some(second) = state.rows.iter().find(|row| row.a != first.a) {
            let quote = |row| format!("`{}`", show(row));
            let (first, second) = (quote(first), quote(second));
            return Err(TypeError::MixedState { state: id, first, second });
        }
        if state.may_end && first.a == Direction::Send as u8 {
            return Err(TypeError::EndWhileSending { state: id });
        }
        canonical::check_distinct(id, state, show)?;
    }
    canonical::check_reachable(states)?;
    canonical::check_lanes(states).map(drop)
}

impl PartialEq for LocalTypeR {
    fn eq(&self, other: &Self) -> bool {
        (self.names == other.names && self.table == other.table)
            || self.canonical() == other.canonical()
    }
}

impl Eq for LocalTypeR {}

impl fmt::Display for LocalTypeR {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::local(self, f)
    }
}

impl fmt::Debug for LocalTypeR {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalTypeR({self})")
    }
}
