//! How much of their parts roles have done.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Monitor;
use crate::{Action, GlobalType, LaneId, Lanes, LocalTypeR, RoleId, StateId};

/// How often the roles of a protocol have done what, in any number of logs.
///
/// ```
/// use telltale_types::{Action, Counts, Direction, GlobalTerm, Label, LocalExit, LocalState, LocalTypeR};
/// use telltale_types::{LogEvent, Monitor, RoleId, StateId};
///
/// let serve = (Label::new("Serve"), GlobalTerm::end());
/// let global = GlobalTerm::comm("Bar", "Guest", [serve, (Label::new("SoldOut"), GlobalTerm::end())]).close()?;
/// let receive = |(label, _)| Action { direction: Direction::Receive, peer: RoleId(0), label };
/// let exit = |label| LocalExit { action: receive(label), target: StateId::at(1) };
/// let exits = global.names().labels().map(exit).collect();
/// let states = vec![LocalState::Exits { exits, may_end: false }, LocalState::END];
/// let guest = LocalTypeR::new(global.names().clone(), states)?;
///
/// let mut monitor = Monitor::of_roles(&global, [("Guest", &guest)])?.counting();
/// monitor.observe(&LogEvent::exchange("Bar", "Guest", "SoldOut"))?;
/// let mut counts = Counts::default();
/// counts.add(&monitor);
/// counts.add_ends(monitor.ended());
///
/// let guest = counts.coverage(&global, "Guest", &guest, |_, _| None).expect("the guest is a role");
/// assert!(!guest.is_whole());
/// assert_eq!(guest.to_string(), "  Guest: 1 of 2 actions\n    never `Bar?Serve`\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    taken: BTreeMap<(RoleId, StateId, Action), u64>,
    ended: BTreeMap<RoleId, u64>,
}

impl Counts {
    /// Adds what a monitor has counted ([`Monitor::counting`]).
    pub fn add(&mut self, monitor: &Monitor) {
        for (role, state, action, count) in monitor.counts() {
            *self.taken.entry((role, state, action)).or_default() += count;
        }
    }

    /// Each of these roles has come to its end once more ([`Monitor::ended`]).
    pub fn add_ends(&mut self, roles: impl IntoIterator<Item = RoleId>) {
        for role in roles {
            *self.ended.entry(role).or_default() += 1;
        }
    }

    /// How often a role has done something in a state of its part.
    pub fn taken(&self, role: RoleId, state: StateId, action: Action) -> u64 {
        self.taken.get(&(role, state, action)).copied().unwrap_or(0)
    }

    /// What of its part a role has done; nothing if the protocol has no such role.
    ///
    /// `line` says at which line of a source an exit of a state of the protocol stands, if that is known.
    pub fn coverage(
        &self,
        global: &GlobalType,
        role: &str,
        local: &LocalTypeR,
        line: impl Fn(StateId, usize) -> Option<usize>,
    ) -> Option<RoleCoverage> {
        let names = global.names();
        let id = names.find_role(role)?;
        let places = Lanes::places(global, id, local);
        let covered = |(state, action): (StateId, Action)| Covered {
            action: action.display(names),
            count: self.taken(id, state, action),
            lines: places
                .get(&(state, action))
                .into_iter()
                .flatten()
                .filter_map(|&(state, exit)| line(state, exit))
                .collect(),
        };
        let actions = local.actions().map(covered).collect();
        Some(RoleCoverage { role: role.to_owned(), actions, ended: self.ended(id, local) })
    }

    /// How often a role has come to the end of its part; nothing if that has none.
    fn ended(&self, role: RoleId, local: &LocalTypeR) -> Option<u64> {
        let lanes = local.lanes();
        let is_end = |state| local.may_end(state) && lanes.of_state(state) == LaneId::OUTERMOST;
        let has_end = local.states().any(is_end);
        has_end.then(|| self.ended.get(&role).copied().unwrap_or(0))
    }
}

/// What of its part a role has done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RoleCoverage {
    /// Its name.
    pub role: String,
    /// All that it can do, in the order of its part.
    pub actions: Vec<Covered>,
    /// How often it has come to its end; nothing if it has none.
    pub ended: Option<u64>,
}

/// Something that a role can do in a state of its part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Covered {
    /// What it is, as in local types: `Bar?Serve { drink: String }`.
    pub action: String,
    /// How often the role has done it.
    pub count: u64,
    /// The lines of the source at which it stands, if they are known.
    pub lines: BTreeSet<usize>,
}

impl RoleCoverage {
    /// Whether the role has done all that it can do, and has come to its end.
    pub fn is_whole(&self) -> bool {
        self.ended != Some(0) && self.actions.iter().all(|action| action.count > 0)
    }
}

/// ```text
///   Guest: 2 of 3 actions
///     never `Bar?SoldOut`, line 8
///     never came to its end
/// ```
impl fmt::Display for RoleCoverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (never, done): (Vec<_>, Vec<_>) =
            self.actions.iter().partition(|action| action.count == 0);
        let all = self.actions.len();
        let plural = if all == 1 { "" } else { "s" };
        writeln!(f, "  {}: {} of {all} action{plural}", self.role, done.len())?;
        for Covered { action, lines, .. } in never {
            writeln!(f, "    never `{action}`{}", At(lines))?;
        }
        match self.ended {
            Some(0) => writeln!(f, "    never came to its end"),
            _ => Ok(()),
        }
    }
}

/// `, line 6`, `, lines 6, 8`; nothing where no line is known.
struct At<'l>(&'l BTreeSet<usize>);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, line) in self.0.iter().enumerate() {
            match nth {
                0 if self.0.len() == 1 => write!(f, ", line {line}")?,
                0 => write!(f, ", lines {line}")?,
                _ => write!(f, ", {line}")?,
            }
        }
        Ok(())
    }
}
