//! How one comes by endpoints: for all roles of a session, for those that have no role object, or for the one of a ticket.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use telltale_syntax::interface::{Interface, RoleInterface};

use crate::emit::{at, docs, local, session};

/// `Endpoints`, `endpoints`, `Roles::open_on` and what that gives.
pub(super) fn emit(interface: &Interface, starts: &[Ident]) -> TokenStream {
    let place = at(interface.module.span());
    let roles: Vec<&Ident> = interface.roles.iter().map(|role| &role.argument).collect();
    let ids: Vec<Literal> = (0..=u8::MAX).take(roles.len()).map(Literal::u8_unsuffixed).collect();
    let docs = interface.roles.iter().map(|role| docs::doc(&format!("Plays `{}`.", role.name)));
    let (generics, bounds) = (session::generics(interface), session::bounds(interface));
    let host = local("host", interface.module.span());
    let driven = driven(interface, starts);
    quote_spanned! {place=>
        /// One endpoint for each role of a session.
        #[::core::prelude::v1::derive(::core::fmt::Debug)]
        pub struct Endpoints { #(#docs pub #roles: #roles::#starts,)* }

        /// Opens a session on a host; all of its roles are played through endpoints.
        ///
        /// # Errors
        ///
        /// At a limit of the host.
        pub fn endpoints(
            #host: &impl __telltale::Host,
        ) -> __telltale::Result<Endpoints, __telltale::VMError> {
            let roles = Roles { #(#roles: __telltale::Driven,)* };
            let mut opened = __telltale::Host::open(#host, &IMAGE, roles, false)?;
            __telltale::Ok(Endpoints { #(#roles: opened.seat(#ids),)* })
        }

        impl<#(#generics),*> Roles<#(#generics),*> {
            /// Opens a session on a host. Roles that are `Driven` are played through endpoints, the others by these objects.
            ///
            /// # Errors
            ///
            /// At a limit of the host.
            pub fn open_on(
                self,
                #host: &impl __telltale::Host,
            ) -> __telltale::Result<Opened<Self>, __telltale::VMError>
            where
                #(#bounds,)*
            {
                __telltale::Host::open(#host, &IMAGE, self, true).map(Opened)
            }
        }

        /// A session on a host, with the endpoints that nobody has taken yet.
        #[must_use = "endpoints that nobody takes cancel their session"]
        pub struct Opened<Roles>(__telltale::Opened<Roles>);

        impl<Roles> ::core::fmt::Debug for Opened<Roles> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, f)
            }
        }

        impl<Roles: __telltale::NamedRoles> Opened<Roles> {
            /// The session's name, for its host.
            pub fn id(&self) -> __telltale::SessionId { self.0.id() }

            /// Waits until the session has ended, and gives its role objects back.
            pub fn into_roles(self) -> __telltale::IntoRoles<Roles> { self.0.into_roles() }
        }

        #driven
    }
}

/// `pub async fn join(client, ticket) -> Result<Ask, _>`, in the module of the role.
pub(super) fn join(interface: &Interface, role: &RoleInterface, start: &Ident) -> TokenStream {
    let span = interface.module.span();
    let (client, ticket, any) = (local("client", span), local("ticket", span), local("C", span));
    let at_role = interface.roles.iter().position(|other| other.name == role.name);
    let number = Literal::u8_unsuffixed(at_role.expect("a role of its protocol") as u8);
    let roles = interface.roles.iter().map(|other| {
        let argument = &other.argument;
        let player = if other.name == role.name { quote!(Driven) } else { quote!(Elsewhere) };
        quote!(#argument: __telltale::#player)
    });
    let text = format!(
        "Plays `{}` in a session that somebody has started; its other roles are played elsewhere.",
        role.name
    );
    let docs = docs::doc(&text);
    quote_spanned! {at(span)=>
        #docs
        ///
        /// # Errors
        ///
        /// When the ticket is for another seat, or somebody sits there, or the session is over.
        pub async fn join<#any: __telltale::Join>(
            #client: &#any,
            #ticket: &#any::Ticket,
        ) -> __telltale::Result<#start, #any::Error> {
            let roles = super::Roles { #(#roles,)* };
            __telltale::join_session(#client, &super::IMAGE, roles, #number, #ticket).await
        }
    }
}

/// `fn customer(&mut self) -> Option<customer::Ask>`, where the customer is driven.
fn driven(interface: &Interface, starts: &[Ident]) -> TokenStream {
    let generics = session::generics(interface);
    let takes = interface.roles.iter().zip(starts).enumerate().map(|(id, (role, start))| {
        let others: Vec<&Ident> =
            generics.iter().enumerate().filter(|(at, _)| *at != id).map(|(_, one)| one).collect();
        let all = generics
            .iter()
            .enumerate()
            .map(|(at, one)| if at == id { quote!(__telltale::Driven) } else { quote!(#one) });
        let (module, number) = (&role.argument, Literal::u8_unsuffixed(id as u8));
        let docs = docs::doc(&format!("The endpoint of `{}`, once.", role.name));
        quote_spanned! {Span::call_site()=>
            impl<#(#others),*> Opened<Roles<#(#all),*>> {
                #docs
                pub fn #module(&mut self) -> __telltale::Option<#module::#start> {
                    self.0.take(#number)
                }
            }
        }
    });
    quote!(#(#takes)*)
}
