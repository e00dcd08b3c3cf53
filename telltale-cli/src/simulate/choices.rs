//! Where in the source decisions stand.

use std::collections::{BTreeMap, BTreeSet};

use telltale_types::{Direction, LabelId, Lanes, RoleId, StateId};

use crate::choose::Chosen;
use crate::count::lines;
use crate::verdict::Sound;

/// Who decides, and between which messages.
type Choice = (RoleId, BTreeSet<(RoleId, LabelId)>);

/// The lines of all choices. Those that look alike cannot be told from each other in a run.
pub(super) struct Choices(BTreeMap<Choice, BTreeSet<usize>>);

impl Choices {
    pub(super) fn of(chosen: &Chosen, sound: &Sound) -> Self {
        let Sound { projected, source } = sound;
        // A choice stands where a step begins a branch of it.
        let line = |&(state, exit): &(StateId, usize)| {
            Some(chosen.line(source.step(state, exit)?.choice?.choice))
        };
        let mut choices: BTreeMap<Choice, BTreeSet<usize>> = BTreeMap::new();
        for (role, name) in projected.global.names().roles() {
            let local = &projected.locals[name];
            let places = Lanes::places(&projected.global, role, local);
            // Where it receives, another role has decided.
            let decides = |state: &StateId| {
                local.exits(*state).len() > 1 && local.direction(*state) == Some(Direction::Send)
            };
            for state in local.states().filter(decides) {
                let actions = local.exits(state).map(|exit| exit.action);
                let steps = actions.clone().filter_map(|action| places.get(&(state, action)));
                let branches = actions.map(|action| (action.peer, action.label)).collect();
                let lines = choices.entry((role, branches)).or_default();
                lines.extend(steps.flatten().filter_map(line));
            }
        }
        Self(choices)
    }

    /// ` at line 12`, if that is known.
    pub(super) fn lines(&self, role: RoleId, branches: &[(RoleId, LabelId)]) -> String {
        let known = self.0.get(&(role, branches.iter().copied().collect()));
        let known = known.filter(|lines| !lines.is_empty());
        known.map_or_else(String::new, |at| format!(" at {}", lines(at)))
    }
}
