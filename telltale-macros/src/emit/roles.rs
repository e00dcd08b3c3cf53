//! `enum Role`, and a trait for each role.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use telltale_syntax::interface::{
    ChoiceInterface, Interface, ReceiveMethod, RoleInterface, SendMethod,
};

use super::{at, docs, placed};

/// All that has to do with roles.
pub(super) fn emit(interface: &Interface) -> TokenStream {
    let names = interface.roles.iter().map(|role| &role.name);
    let docs = interface
        .roles
        .iter()
        .map(|role| docs::with(&role.docs, &format!("See [trait `{0}`](trait@{0}).", role.name)));
    let traits = interface.roles.iter().map(|role| role_trait(interface, role));
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
    let sends = role.sends.iter().map(|method| send(interface, method));
    let receives = role.receives.iter().map(|method| receive(interface, method));
    let choices = role.choices.iter().map(|&choice| choose(&interface.choices[choice]));
    quote_spanned! {at(name.span())=>
        #docs
        pub trait #name: __telltale::Send + 'static {
            #(#sends)* #(#receives)* #(#choices)*
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
    let to = to.then(|| quote!(, to: Role));
    let ty = label.ty();
    let body = if label.payload.is_unit() {
        let unused = to.is_some().then(|| quote!(let _ = to;));
        quote_spanned!(at(name.span())=> { #unused __telltale::Ok(()) })
    } else {
        quote_spanned!(at(name.span())=> ;)
    };
    quote_spanned! {at(name.span())=>
        #docs
        fn #name(&mut self #to) -> __telltale::HandlerResult<#ty> #body
    }
}

/// `fn on_quote(&mut self, quote: u64) -> HandlerResult<()>;`
fn receive(interface: &Interface, method: &ReceiveMethod) -> TokenStream {
    let ReceiveMethod { label, name, peers, from, parameters, docs } = method;
    let text = docs::label(&interface.labels[label.index()]);
    let more = format!("Takes `{text}` from {}.", docs::roles(interface, peers));
    let docs = docs::with(docs, &more);
    let from = from.then(|| quote!(, from: Role));
    let names = parameters.iter().map(|parameter| &parameter.name);
    let types = parameters.iter().map(|parameter| &parameter.ty);
    quote_spanned! {at(name.span())=>
        #docs
        fn #name(&mut self #from #(, #names: #types)*) -> __telltale::HandlerResult<()>;
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
