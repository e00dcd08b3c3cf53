//! `open`, and what it gives.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use telltale_syntax::interface::{Interface, RoleInterface};

use super::{at, docs, local};

/// `open`, `open_detached`, `Session`, `Ended`.
pub(super) fn emit(interface: &Interface) -> TokenStream {
    let generics = generics(interface);
    let bounds = bounds(interface);
    let arguments: Vec<_> = interface.roles.iter().map(|role| &role.argument).collect();
    let objects = interface
        .roles
        .iter()
        .map(|role| docs::doc(&format!("The object that played `{}`.", role.name)));
    let host = local("host", Span::call_site());
    let [open, open_detached] =
        ["open", "open_detached"].map(|name| Ident::new(name, at(interface.module.span())));
    quote! {
        /// Opens a session with one object for each role.
        ///
        /// When it has ended, `take` of what this gives hands the objects back.
        ///
        /// # Errors
        ///
        /// When there are too many sessions.
        pub fn #open<#(#bounds),*>(
            #host: &mut impl __telltale::SessionHost,
            #(#arguments: #generics),*
        ) -> __telltale::Result<Session<#(#generics),*>, __telltale::VMError> {
            __telltale::Session::open(#host, &IMAGE, __Objects { #(#arguments),* })
        }

        /// Opens a session with one object for each role, which are dropped when it ends.
        ///
        /// # Errors
        ///
        /// When there are too many sessions.
        pub fn #open_detached<#(#bounds),*>(
            #host: &mut impl __telltale::SessionHost,
            #(#arguments: #generics),*
        ) -> __telltale::Result<__telltale::SessionId, __telltale::VMError> {
            __telltale::open_detached(#host, &IMAGE, __Objects { #(#arguments),* })
        }

        /// A session, by the types of its role objects.
        pub type Session<#(#generics),*> = __telltale::Session<__Objects<#(#generics),*>>;

        /// A session that has ended: how, and its role objects.
        #[::core::prelude::v1::derive(::core::fmt::Debug)]
        pub struct Ended<#(#generics),*> {
            /// How it ended.
            pub outcome: __telltale::Outcome,
            #(#objects pub #arguments: #generics,)*
        }
    }
}

/// The types of the role objects, called like their roles.
pub(super) fn generics(interface: &Interface) -> Vec<Ident> {
    let generic = |name: &Ident| {
        let mut name = name.clone();
        name.set_span(Span::call_site());
        name
    };
    interface.roles.iter().map(|role| generic(&role.name)).collect()
}

/// `Bob: self::Bob`; the first is the type of an object, the second the trait.
pub(super) fn bounds(interface: &Interface) -> Vec<TokenStream> {
    let bound = |(generic, role): (&Ident, &RoleInterface)| {
        let name = &role.name;
        quote_spanned!(at(name.span())=> #generic: self::#name)
    };
    generics(interface).iter().zip(&interface.roles).map(bound).collect()
}
