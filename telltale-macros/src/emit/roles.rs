//! `enum Role`, and a trait for each role.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use telltale_syntax::interface::{
    ChoiceInterface, Interface, Method, ReceiveMethod, RoleInterface, SendMethod,
};
use telltale_types::RoleId;

use super::{at, docs, local, placed};

/// All that has to do with roles.
pub(super) fn emit(interface: &Interface) -> TokenStream {
    let names = interface.roles.iter().map(|role| &role.name);
    let docs = interface.roles.iter().enumerate().map(|(id, role)| {
        let model = &interface.model(RoleId::at(id)).name;
        docs::with(&role.docs, &format!("See [trait `{model}`](trait@{model})."))
    });
    let own = interface.roles.iter().filter(|role| role.like.is_none());
    let traits = own.map(|role| role_trait(interface, role));
    quote! {
        /// The roles.
        #[::core::prelude::v1::derive(
            ::core::clone::Clone,
            ::core::marker::Copy,
            ::core::fmt::Debug,
            ::core::cmp::PartialEq,
            ::core::cmp::Eq,
            ::core::hash::Hash,
        )]
        pub enum Role { #(#docs #names,)* }
        #(#traits)*
    }
}

/// `pub trait Bob: Send + 'static { … }`
fn role_trait(interface: &Interface, role: &RoleInterface) -> TokenStream {
    let name = placed(&role.name);
    let docs = docs::with(&role.docs, &format!("What `{name}` gives, takes and decides."));
    let methods = role.order.iter().map(|method| match *method {
        Method::Send(at) => send(interface, &role.sends[at]),
        Method::Receive(at) => receive(interface, &role.receives[at]),
        Method::Choice(at) => choose(&interface.choices[at]),
    });
    let refusals = role.order.iter().map(|method| match *method {
        Method::Send(at) => refuse_to_send(interface, &role.sends[at]),
        Method::Receive(at) => refuse_to_receive(&role.receives[at]),
        Method::Choice(at) => refuse_to_choose(&interface.choices[at]),
    });
    quote_spanned! {at(name.span())=>
        #docs
        pub trait #name: __telltale::Send {
            #(#methods)*

            #[doc(hidden)]
            fn __is_by_handler(&self) -> bool { false }
        }

        impl self::#name for __telltale::ByHandler {
            #(#refusals)*

            fn __is_by_handler(&self) -> bool { true }
        }
    }
}

/// `fn quote(&mut self) -> HandlerResult<u64>;`
fn send(interface: &Interface, method: &SendMethod) -> TokenStream {
    let SendMethod { label, name, peers, to, docs } = method;
    let label = &interface.labels[label.index()];
    let text = docs::label(label);
    let more = format!("Gives `{text}` for {}.", docs::roles(interface, peers));
    let docs = docs::with(docs, &more);
    let ty = label.ty();
    let body = if label.payload.is_unit() {
        quote_spanned!(at(name.span())=> { __telltale::Ok(()) })
    } else {
        quote_spanned!(at(name.span())=> ;)
    };
    let by_peer = to.as_ref().map(|by_peer| {
        let docs =
            docs::doc(&format!("As [`{name}`](Self::{name}), for those who want to know to whom."));
        quote_spanned! {at(name.span())=>
            #docs
            fn #by_peer(&mut self, to: Role) -> __telltale::HandlerResult<#ty> {
                let _ = to;
                self.#name()
            }
        }
    });
    quote_spanned! {at(name.span())=>
        #docs
        fn #name(&mut self) -> __telltale::HandlerResult<#ty> #body
        #by_peer
    }
}

fn refuse_to_send(interface: &Interface, method: &SendMethod) -> TokenStream {
    let (name, ty) = (&method.name, interface.labels[method.label.index()].ty());
    quote_spanned! {at(name.span())=>
        fn #name(&mut self) -> __telltale::HandlerResult<#ty> { __telltale::no_object() }
    }
}

/// `fn on_quote(&mut self, quote: u64) -> HandlerResult<()>;`
fn receive(interface: &Interface, method: &ReceiveMethod) -> TokenStream {
    let ReceiveMethod { label, name, peers, from, parameters, docs } = method;
    let text = docs::label(&interface.labels[label.index()]);
    let more = format!("Takes `{text}` from {}.", docs::roles(interface, peers));
    let docs = docs::with(docs, &more);
    let names: Vec<_> = parameters.iter().map(|parameter| &parameter.name).collect();
    let types: Vec<_> = parameters.iter().map(|parameter| &parameter.ty).collect();
    // A field may be called like the parameter for the peer.
    let is_taken = names.iter().any(|name| *name == "from");
    let peer = local(if is_taken { "from_role" } else { "from" }, name.span());
    let by_peer = from.as_ref().map(|by_peer| {
        let docs = docs::doc(&format!(
            "As [`{name}`](Self::{name}), for those who want to know from whom."
        ));
        quote_spanned! {at(name.span())=>
            #docs
            fn #by_peer(
                &mut self,
                #peer: Role
                #(, #names: #types)*
            ) -> __telltale::HandlerResult<()> {
                let _ = #peer;
                self.#name(#(#names),*)
            }
        }
    });
    quote_spanned! {at(name.span())=>
        #docs
        fn #name(&mut self #(, #names: #types)*) -> __telltale::HandlerResult<()>;
        #by_peer
    }
}

fn refuse_to_receive(method: &ReceiveMethod) -> TokenStream {
    let name = &method.name;
    let types = method.parameters.iter().map(|parameter| &parameter.ty);
    quote_spanned! {at(name.span())=>
        fn #name(&mut self #(, _: #types)*) -> __telltale::HandlerResult<()> { __telltale::no_object() }
    }
}

fn refuse_to_choose(choice: &ChoiceInterface) -> TokenStream {
    let (name, method) = (&choice.name, &choice.method);
    quote_spanned! {at(method.span())=>
        fn #method(&mut self) -> __telltale::HandlerResult<#name> { __telltale::no_object() }
    }
}

/// `fn verdict(&mut self) -> HandlerResult<Verdict>;`
fn choose(choice: &ChoiceInterface) -> TokenStream {
    let ChoiceInterface { name, method, docs, variants, .. } = choice;
    let names = docs::list(variants.iter().map(|variant| &variant.name));
    let docs = docs::with(docs, &format!("Decides: {names}."));
    quote_spanned! {at(method.span())=>
        #docs
        fn #method(&mut self) -> __telltale::HandlerResult<#name>;
    }
}
