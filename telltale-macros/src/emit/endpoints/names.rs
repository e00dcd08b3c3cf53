//! What the states of a role are called.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use telltale_bytecode::CodeImage;
use telltale_syntax::Payload;
use telltale_syntax::interface::{Interface, inside, state_names};
use telltale_types::{Direction, LocalState, LocalTypeR, RoleId, StateId};

use crate::emit::at;

/// The longest part of a role that is shown, in states. A reader follows no longer one.
const STATES_SHOWN: usize = 40;

/// The names of the states of a role.
pub(super) struct Names {
    states: Vec<Ident>,
    taken: BTreeSet<String>,
}

impl Names {
    /// Those of a role.
    pub(super) fn of(
        interface: &Interface,
        image: &CodeImage,
        role: RoleId,
        local: &LocalTypeR,
    ) -> Self {
        let mut states = state_names(interface, &image.global_type, role, local);
        let taken = states.iter().map(ToString::to_string).collect();
        for name in &mut states {
            name.set_span(at(name.span()));
        }
        Self { states, taken }
    }

    /// What a state is called.
    pub(super) fn state(&self, state: StateId) -> &Ident {
        &self.states[state.index()]
    }

    /// The state in which the role begins.
    pub(super) fn start(&self) -> &Ident {
        &self.states[StateId::START.index()]
    }

    /// What the branches that may come in a state are called: `AnswerBranch`.
    pub(super) fn branches(&self, state: StateId) -> Ident {
        let state = self.state(state);
        let mut name = format!("{state}Branch");
        while self.taken.contains(&name) {
            name.push('_');
        }
        Ident::new(&name, state.span())
    }

    /// The type of the value that travels, in the module of the states: `()`, a type, or a tuple.
    pub(super) fn payload(&self, payload: &Payload) -> TokenStream {
        let types: Vec<_> = payload.types().map(|ty| inside(ty, &self.taken)).collect();
        match &types[..] {
            [one] => quote!(#one),
            types => quote!((#(#types),*)),
        }
    }

    /// The local type with the names of its states, a line for each.
    pub(super) fn table(&self, local: &LocalTypeR) -> String {
        if local.len() > STATES_SHOWN {
            return String::new();
        }
        let width = self.states.iter().map(|name| name.to_string().len()).max().unwrap_or(0);
        let mut table = "\n\n```text\n".to_owned();
        for state in local.states() {
            let (name, does) = (self.state(state).to_string(), self.does(local, state));
            writeln!(table, "{name:width$}  {does}").expect("a text takes all text");
        }
        table.push_str("```");
        table
    }

    /// What can be done in a state, and where that leads: `Shop!Ask(String). Price`.
    fn does(&self, local: &LocalTypeR, state: StateId) -> String {
        let target = |state| self.state(state).to_string();
        match local.state(state) {
            LocalState::Par(par) => {
                let arms: Vec<String> = par.arms.into_iter().map(target).collect();
                format!("({}). {}", arms.join(" | "), target(par.next))
            }
            LocalState::ArmEnd => "joins".to_owned(),
            LocalState::Exits { exits, may_end } => {
                let names = local.names();
                let exits = exits
                    .iter()
                    .map(|exit| format!("{}. {}", exit.action.display(names), target(exit.target)));
                let end = may_end.then(|| "end".to_owned());
                let exits: Vec<String> = exits.chain(end).collect();
                match &exits[..] {
                    [only] => only.clone(),
                    several if local.direction(state) == Some(Direction::Send) => {
                        format!("⊕{{{}}}", several.join(", "))
                    }
                    several => format!("&{{{}}}", several.join(", ")),
                }
            }
        }
    }
}
