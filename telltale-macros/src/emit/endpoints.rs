//! Endpoints: a module for each role, with a type for each state of its local type, and how one comes by them.

mod branches;
mod names;
mod seats;
mod state;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use telltale_bytecode::CodeImage;
use telltale_syntax::interface::{Interface, RoleInterface};
use telltale_types::{LocalTypeR, RoleId};

use super::{at, docs};
use names::Names;

/// All that has to do with endpoints, if the protocol wants them. Without an image no states are known.
pub(super) fn emit(interface: &Interface, image: Option<&CodeImage>) -> Option<TokenStream> {
    let image = image.filter(|_| interface.origins.is_some())?;
    let mut modules = Vec::new();
    let mut starts = Vec::new();
    for (id, role) in interface.roles.iter().enumerate() {
        let local = image.local_types.get(&role.name.to_string())?;
        let part = Part {
            interface,
            role,
            local,
            names: Names::of(interface, image, RoleId::at(id), local),
        };
        modules.push(part.module());
        starts.push(part.names.start().clone());
    }
    let seats = seats::emit(interface, &starts);
    Some(quote!(#(#modules)* #seats))
}

/// The part of one role.
struct Part<'a> {
    interface: &'a Interface,
    role: &'a RoleInterface,
    local: &'a LocalTypeR,
    names: Names,
}

impl Part<'_> {
    /// `pub mod customer { … }`
    fn module(&self) -> TokenStream {
        let RoleInterface { name, argument, .. } = self.role;
        let states = self.local.states().map(|state| self.state(state));
        let start = self.names.start();
        let text = format!(
            "The states of `{name}`, for code that plays it step by step. It begins with [`{start}`].{}",
            self.names.table(self.local),
        );
        let docs = docs::with(&self.role.docs, &text);
        let join = seats::join(self.interface, self.role, start);
        quote_spanned! {at(name.span())=>
            #docs
            pub mod #argument {
                use super::*;
                use super::__telltale;

                #join
                #(#states)*
            }
        }
    }
}
