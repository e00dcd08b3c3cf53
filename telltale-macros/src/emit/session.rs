//! `Roles`: one object for each role, and what can be done with them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use telltale_syntax::interface::{Interface, RoleInterface};
use telltale_types::RoleId;

use super::word::{Word, Words, at};
use super::{docs, local};

/// `struct Roles`, with `play` and `open`.
pub(super) fn emit(interface: &Interface, words: &Words, is_serde: bool) -> TokenStream {
    let generics = generics(interface);
    let bounds = bounds(interface);
    let roles = interface.roles.iter().zip(&words.roles);
    let arguments = roles.map(|(role, word)| word.method(&role.argument));
    let objects = models(interface).map(|role| {
        docs::doc(&format!(
            "Plays `{0}`: something that implements [trait `{0}`](trait@{0}).",
            role.name
        ))
    });
    let place = interface.module.span();
    let [vm, handler, session] = ["vm", "handler", "session"].map(|name| local(name, place));
    let roles = quote_spanned! {at(place)=>
        /// One object for each role.
        ///
        /// [`Roles::play`] runs one session to its end; [`Roles::open`] opens one among others in a VM.
        #[::core::prelude::v1::derive(::core::clone::Clone, ::core::fmt::Debug)]
        pub struct Roles<#(#generics),*> {
            #(#objects pub #arguments: #generics,)*
        }
    };
    let roles = if is_serde { quote!(__telltale::written_roles! { #roles }) } else { roles };
    // Errors about calls of these functions point to the name of the protocol.
    quote_spanned! {at(place)=>
        #roles

        impl<#(#generics),*> Roles<#(#generics),*> {
            /// Runs one session from its beginning to its end, and gives the objects back.
            ///
            /// # Errors
            ///
            /// When it did not come to its end: because a role gave up or panicked, or waits for something that
            /// nobody can bring. The error says why and has the objects.
            pub fn play(self) -> __telltale::Result<Self, __telltale::PlayError<Self>>
            where
                #(#bounds,)*
            {
                __telltale::play(&IMAGE, self)
            }

            /// As `play`, with a handler that plays the roles which are `ByHandler`.
            ///
            /// # Errors
            ///
            /// As `play`.
            pub fn play_with(
                self,
                #handler: &dyn __telltale::EffectHandler,
            ) -> __telltale::Result<Self, __telltale::PlayError<Self>>
            where
                #(#bounds,)*
            {
                __telltale::play_with(&IMAGE, self, #handler)
            }

            /// Opens a session in a VM, which runs it beside its others. When it has ended, `into_roles` of what this
            /// gives hands the objects back.
            ///
            /// # Errors
            ///
            /// At a limit of the VM.
            pub fn open(
                self,
                #vm: &mut impl __telltale::SessionHost,
            ) -> __telltale::Result<__telltale::Session<Self>, __telltale::VMError>
            where
                #(#bounds,)*
            {
                __telltale::open(#vm, &IMAGE, self)
            }

            /// Opens a session whose objects nobody wants back: they are dropped when it ends, and if it faults,
            /// the run says so.
            ///
            /// # Errors
            ///
            /// At a limit of the VM.
            pub fn open_detached(
                self,
                #vm: &mut impl __telltale::SessionHost,
            ) -> __telltale::Result<__telltale::SessionId, __telltale::VMError>
            where
                #(#bounds,)*
            {
                __telltale::open_detached(#vm, &IMAGE, self)
            }

            __telltale::if_serde! {
                /// Gives a session that was resumed from a snapshot its objects: it continues with the next run.
                ///
                /// # Errors
                ///
                /// When the session is one of another protocol, or does not wait for objects.
                pub fn attach(
                    self,
                    #vm: &mut __telltale::VM,
                    #session: __telltale::SessionId,
                ) -> __telltale::Result<__telltale::Session<Self>, __telltale::VMError>
                where
                    #(#bounds,)*
                {
                    __telltale::attach(#vm, &IMAGE, #session, self)
                }
            }
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

/// The roles whose traits the objects implement.
fn models(interface: &Interface) -> impl Iterator<Item = &RoleInterface> {
    (0..interface.roles.len()).map(|role| interface.model(RoleId::at(role)))
}

/// `Bob: self::Bob + 'static`; the first is the type of an object, the second the trait.
pub(super) fn bounds(interface: &Interface) -> Vec<TokenStream> {
    let bound = |(generic, role): (&Ident, &RoleInterface)| {
        let word = Word::at(role.name.span());
        let name = word.last(&role.name);
        quote_spanned!(word.begin=> #generic: self::#name + 'static)
    };
    generics(interface).iter().zip(models(interface)).map(bound).collect()
}
