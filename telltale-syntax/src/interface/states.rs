//! The names of the states of a role, for protocols with `#[endpoints]`.
//!
//! A state is called after what happens next there: its message, or the choice that is made or heard of. Where several
//! states share that, all but the first have a number, in the order of the protocol. A statement can name its state instead.

mod inside;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Span};
use telltale_types::{
    Action, Direction, GlobalType, Lanes, LocalState, LocalTypeR, RoleId, StateId,
};

use super::claims::{Claims, Owner};
use super::order::{Position, position};
use super::payloads::is_in_prelude;
use super::{ChoiceInterface, Interface, joined_ident};
use crate::graph::{Graph, State, Structure};
use crate::mistakes::Mistakes;

pub use inside::inside;

/// Where the states of a protocol come from.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// By state of the global type.
    pub(crate) of_state: Vec<Origin>,
}

/// Where a state of the global type comes from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// Where its statement stands; the end stands nowhere.
    position: Option<Position>,
    /// The choice that is made there, by its place in [`Interface::choices`].
    choice: Option<usize>,
    /// The name that its statement gives to it.
    pub(crate) name: Option<Ident>,
}

/// Those of the states of a protocol.
pub(super) fn origins(graph: &Graph<'_>, choices: &[ChoiceInterface]) -> Origins {
    let mut of_state: Vec<Origin> = (graph.states.iter())
        .map(|state| Origin { position: place(state), choice: None, name: given_name(state) })
        .collect();
    for (at, choice) in choices.iter().enumerate() {
        for state in &choice.states {
            of_state[state.index()].choice = Some(at);
        }
    }
    Origins { of_state }
}

fn place(state: &State<'_>) -> Option<Position> {
    if let Some(origin) = state.choice {
        return Some(position(origin.via.map(|call| call.span), origin.ast.head));
    }
    if let Some(Structure::Par { ast, via, .. }) = &state.structure {
        return Some(position(via.map(|call| call.span), ast.span()));
    }
    let exits = state.exits.iter();
    exits.map(|exit| position(exit.via.map(|call| call.span), exit.message.span)).min()
}

fn given_name(state: &State<'_>) -> Option<Ident> {
    let name = match state.choice {
        Some(origin) => origin.ast.state.as_ref(),
        None => state.exits.first().and_then(|exit| exit.message.state.as_ref()),
    };
    name.map(|name| name.ident.clone())
}

/// The modules of the roles, and what is beside them. In the module of the protocol that is also a module.
pub(super) fn claim(interface: &Interface, types: &mut Claims, mistakes: &mut Mistakes) {
    types.reserve("Endpoints");
    types.reserve("Opened");
    // What is opened has a method for each role, named as its module, beside these.
    types.reserve("id");
    types.reserve("into_roles");
    let protocol = Owner::new("protocol", &interface.module);
    types.claim(&interface.module, format!("mod {}", interface.module), protocol, mistakes);
    for role in &interface.roles {
        let (module, owner) = (&role.argument, Owner::new("role", &role.name));
        types.claim(module, format!("mod {module}"), owner, mistakes);
    }
}

/// The names of the states of a role, in the order of their ids. No two are the same.
pub fn state_names(
    interface: &Interface,
    global: &GlobalType,
    role: RoleId,
    local: &LocalTypeR,
) -> Vec<Ident> {
    let mut wholes = vec![Vec::new(); local.len()];
    for (whole, states) in Lanes::together(global, role, local).into_iter().enumerate() {
        for state in states {
            wholes[state.index()].push(StateId::at(whole));
        }
    }
    Names { interface, global, role, local, wholes }.all()
}

struct Names<'a> {
    interface: &'a Interface,
    global: &'a GlobalType,
    role: RoleId,
    local: &'a LocalTypeR,
    /// By state of the role, where the whole may be then.
    wholes: Vec<Vec<StateId>>,
}

impl Names<'_> {
    fn all(&self) -> Vec<Ident> {
        let mut order: Vec<StateId> = self.local.states().collect();
        order.sort_by_cached_key(|&state| (self.position(state), state));
        let first_choices = order.iter().map(|&state| self.base(state));
        let mut firsts: Vec<Option<Ident>> = first_choices.collect();
        let mut names: BTreeMap<StateId, Ident> = BTreeMap::new();
        let mut taken: BTreeSet<String> = BTreeSet::new();
        // Who has a name alone has it without a number, whatever the numbers of others make.
        for (state, base) in order.iter().zip(&mut firsts) {
            if base.as_ref().is_some_and(|base| taken.insert(base.to_string())) {
                names.extend(base.take().map(|base| (*state, base)));
            }
        }
        let mut next: BTreeMap<String, usize> = BTreeMap::new();
        for (state, base) in order.iter().zip(firsts) {
            let Some(base) = base else { continue };
            let next = next.entry(base.to_string()).or_insert(2);
            names.insert(*state, numbered(&base, next, &mut taken));
        }
        self.name_arm_ends(&mut names, &mut taken);
        names.into_values().collect()
    }

    /// The ends of the arms of `Fork` are `ForkEnd1`, `ForkEnd2` and so on.
    fn name_arm_ends(&self, names: &mut BTreeMap<StateId, Ident>, taken: &mut BTreeSet<String>) {
        let lanes = self.local.lanes();
        let ends = self.local.states().filter(|&state| self.is_arm_end(state));
        for end in ends {
            let Some(arm) = lanes.arm(lanes.of_state(end)) else { continue };
            let base = format!("{}End{}", names[&arm.par], arm.index + 1);
            let base = joined_ident(&base, names[&arm.par].span());
            let name =
                if taken.insert(base.to_string()) { base } else { numbered(&base, &mut 2, taken) };
            names.insert(end, name);
        }
    }

    fn is_arm_end(&self, state: StateId) -> bool {
        matches!(self.local.state(state), LocalState::ArmEnd)
    }

    /// Where what happens next there stands first; what stands nowhere comes last.
    fn position(&self, state: StateId) -> (bool, Option<Position>) {
        let acts = |whole: &&StateId| {
            let mut exits = self.global.exits(**whole);
            self.global.par(**whole).is_some() || exits.any(|one| one.action(self.role).is_some())
        };
        let wholes = self.wholes[state.index()].iter().filter(acts);
        let position = wholes.filter_map(|&whole| self.origin(whole).position).min();
        (position.is_none(), position)
    }

    fn origin(&self, whole: StateId) -> Origin {
        let origins = self.interface.origins.as_ref().map(|origins| &origins.of_state);
        origins.and_then(|origins| origins.get(whole.index()).cloned()).unwrap_or_default()
    }

    /// What a state is called if no other is called so; nothing for the end of an arm.
    fn base(&self, state: StateId) -> Option<Ident> {
        let plain = |name: &str| Ident::new(name, Span::call_site());
        if let Some(name) = self.given(state) {
            return Some(name);
        }
        match self.local.state(state) {
            LocalState::ArmEnd => None,
            LocalState::Par(_) => Some(plain("Fork")),
            LocalState::Exits { exits, .. } => Some(match &exits[..] {
                [] => plain("End"),
                [only] => self.label(only.action),
                _ => self.choice(state).unwrap_or_else(|| self.label(exits[0].action)),
            }),
        }
    }

    /// The name that a state gets from the first statement with which it goes on there, if that gives one.
    fn given(&self, state: StateId) -> Option<Ident> {
        let acts = |whole: &&StateId| {
            self.global.exits(**whole).any(|exit| exit.action(self.role).is_some())
        };
        let origins =
            self.wholes[state.index()].iter().filter(acts).map(|&whole| self.origin(whole));
        let named = origins.filter_map(|origin| Some((origin.position, origin.name?)));
        named.min_by_key(|(position, _)| *position).map(|(_, name)| name)
    }

    /// The name of a message; names that mean something else everywhere are left alone.
    fn label(&self, action: Action) -> Ident {
        let label = &self.interface.labels[action.label.index()].name;
        if is_in_prelude(&label.to_string()) {
            return Ident::new(&format!("{label}Next"), label.span());
        }
        label.clone()
    }

    /// The choice that is made in a state, or that the role hears of there.
    fn choice(&self, state: StateId) -> Option<Ident> {
        let wholes = &self.wholes[state.index()];
        let choices = wholes.iter().filter_map(|&whole| {
            let origin = self.origin(whole);
            Some((origin.position, &self.interface.choices[origin.choice?], whole))
        });
        let mut choices: Vec<_> = choices.collect();
        choices.sort_by_key(|(position, _, _)| *position);
        let is_own = self.local.direction(state) == Some(Direction::Send);
        // The last one that decides between all branches is the one that the role hears of.
        let found = choices.iter().rev().find(|(_, choice, whole)| {
            if is_own {
                choice.role == self.role
            } else {
                choice.role != self.role && self.decides(*whole, state)
            }
        });
        found.map(|(_, choice, _)| choice.name.clone())
    }

    /// Whether everything that may come in a state may come after a state of the whole.
    fn decides(&self, whole: StateId, state: StateId) -> bool {
        let mut wanted: BTreeSet<Action> =
            self.local.exits(state).map(|exit| exit.action).collect();
        let mut seen = BTreeSet::from([whole]);
        let mut open = vec![whole];
        while let Some(whole) = open.pop() {
            for exit in self.global.exits(whole) {
                match exit.action(self.role) {
                    Some(action) => {
                        wanted.remove(&action);
                    }
                    None if seen.insert(exit.target) => open.push(exit.target),
                    None => {}
                }
            }
            if let Some(par) = self.global.par(whole) {
                let ahead = par.arms.into_iter().chain([par.next]);
                open.extend(ahead.filter(|&ahead| seen.insert(ahead)));
            }
        }
        wanted.is_empty()
    }
}

/// The first number that makes a name which nobody has.
fn numbered(base: &Ident, next: &mut usize, taken: &mut BTreeSet<String>) -> Ident {
    loop {
        let name = joined_ident(&format!("{base}{next}"), base.span());
        *next += 1;
        if taken.insert(name.to_string()) {
            return name;
        }
    }
}

#[cfg(test)]
mod tests;
