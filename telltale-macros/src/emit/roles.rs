//! A trait for each role, and `enum Role`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use telltale_syntax::interface::{
    ChoiceInterface, Interface, LabelInterface, Method, ReceiveMethod, RoleInterface, SendMethod,
};

use super::span::{across, at, hidden, local, unnamed};
use super::{docs, span};

/// All that has to do with roles. Editors copy the methods of a trait to an `impl`, wherever that is: so paths mean the
/// same in the generated module and around it. `outside` is where `telltale_vm` is found in both.
pub(super) fn emit(interface: &Interface, outside: &TokenStream) -> TokenStream {
    let names = interface.roles.iter().map(|role| &role.name);
    let docs = interface.roles.iter().map(|role| {
        let more = format!("See [trait `{0}`](trait@{0}).", role.name);
        docs::with(role.name.span(), &role.docs, &more)
    });
    let context = Context { interface, outside };
    let traits = interface.roles.iter().map(|role| context.role_trait(role));
    let module_of_itself = module_of_itself(interface);
    quote! {
        #module_of_itself
        #(#traits)*
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
    }
}

/// Inside of the module its types have the path that they have around it: `purchase::Answer`.
fn module_of_itself(interface: &Interface) -> TokenStream {
    let module = hidden(&interface.module);
    let choices = interface.choices.iter().map(|choice| &choice.name);
    let structs = interface.labels.iter().filter(|label| label.has_struct);
    let types = choices.chain(structs.map(|label| &label.name)).map(hidden);
    quote!(mod #module { pub(super) use super::{Role #(, #types)*}; })
}

/// What all methods of all roles are made with.
struct Context<'a> {
    interface: &'a Interface,
    outside: &'a TokenStream,
}

impl Context<'_> {
    /// `pub trait Bob: Send { … }`
    fn role_trait(&self, role: &RoleInterface) -> TokenStream {
        let (name, place) = (&role.name, role.name.span());
        let docs =
            docs::with(place, &role.docs, &format!("What `{name}` gives, takes and decides."));
        let methods = role.order.iter().map(|method| match *method {
            Method::Send(at) => self.send(&role.sends[at]),
            Method::Receive(at) => self.receive(&role.receives[at]),
            Method::Choice(at) => self.choose(&self.interface.choices[at]),
        });
        let refusals = role.order.iter().map(|method| match *method {
            Method::Send(at) => self.refuse_to_send(&role.sends[at]),
            Method::Receive(at) => refuse_to_receive(&role.receives[at]),
            Method::Choice(at) => refuse_to_choose(&self.interface.choices[at]),
        });
        let send = across(place, quote_spanned!(at(place)=> ::core::marker::Send));
        let hidden = hidden(name);
        let nobody = across(place, quote_spanned!(at(place)=> __telltale::ByHandler));
        let definition = quote_spanned! {at(place)=>
            pub trait #name<>: #send {
                #(#methods)*

                #[doc(hidden)]
                fn __is_by_handler(&self) -> bool { false }
            }
        };
        let by_handler = quote_spanned! {at(place)=>
            impl self::#hidden for #nobody {
                #(#refusals)*

                fn __is_by_handler(&self) -> bool { true }
            }
        };
        let (definition, by_handler) = (across(place, definition), across(place, by_handler));
        quote!(#docs #definition #by_handler)
    }

    /// `fn quote(&mut self) -> HandlerResult<u64>;`
    fn send(&self, method: &SendMethod) -> TokenStream {
        let SendMethod { label, name, peers, to, docs } = method;
        let label = &self.interface.labels[label.index()];
        let text = docs::label(label);
        let more = format!("Gives `{text}` for {}.", docs::roles(self.interface, peers));
        let (place, name) = (name.span(), unnamed(name));
        let this = this(place);
        let docs = docs::with(place, docs, &more);
        let result = self.result(&name, &self.payload(label));
        let item = if label.payload.is_unit() {
            quote_spanned!(at(place)=> fn #name(#this) -> #result { ::core::result::Result::Ok(()) })
        } else {
            quote_spanned!(at(place)=> fn #name(#this) -> #result;)
        };
        let method = documented(place, &docs, item);
        let by_peer = to.as_ref().map(|by_peer| {
            let docs = docs::of(
                place,
                &format!("As [`{name}`](Self::{name}), for those who want to know to whom."),
            );
            let (name, role) = (hidden(&name), self.own(place, &format_ident!("Role")));
            let by_peer = unnamed(by_peer);
            let item = quote_spanned! {at(place)=>
                fn #by_peer(#this, to: #role) -> #result {
                    let _ = to;
                    self.#name()
                }
            };
            documented(place, &docs, item)
        });
        quote!(#method #by_peer)
    }

    fn refuse_to_send(&self, method: &SendMethod) -> TokenStream {
        let ty = self.payload(&self.interface.labels[method.label.index()]);
        let name = hidden(&method.name);
        quote_spanned! {at(method.name.span())=>
            fn #name(&mut self) -> __telltale::HandlerResult<#ty> { __telltale::no_object() }
        }
    }

    /// `fn on_quote(&mut self, quote: u64) -> HandlerResult<()>;`
    fn receive(&self, method: &ReceiveMethod) -> TokenStream {
        let ReceiveMethod { label, name, peers, from, parameters, docs } = method;
        let text = docs::label(&self.interface.labels[label.index()]);
        let more = format!("Takes `{text}` from {}.", docs::roles(self.interface, peers));
        let (place, name) = (name.span(), unnamed(name));
        let this = this(place);
        let docs = docs::with(place, docs, &more);
        let names: Vec<_> = parameters.iter().map(|parameter| hidden(&parameter.name)).collect();
        let types: Vec<_> = parameters.iter().map(|parameter| &parameter.ty).collect();
        // A field may be called like the parameter for the peer.
        let is_taken = names.iter().any(|name| *name == "from");
        let peer = local(if is_taken { "from_role" } else { "from" }, place);
        let result = self.result(&name, &quote!(()));
        let by_peer = from.as_ref().map(|by_peer| {
            let docs = docs::of(
                place,
                &format!("As [`{name}`](Self::{name}), for those who want to know from whom."),
            );
            let (name, role) = (hidden(&name), self.own(place, &format_ident!("Role")));
            let by_peer = unnamed(by_peer);
            let item = quote_spanned! {at(place)=>
                fn #by_peer(
                    #this,
                    #peer: #role
                    #(, #names: #types)*
                ) -> #result {
                    let _ = #peer;
                    self.#name(#(#names),*)
                }
            };
            documented(place, &docs, item)
        });
        let item = quote_spanned!(at(place)=> fn #name(#this #(, #names: #types)*) -> #result;);
        let method = documented(place, &docs, item);
        quote!(#method #by_peer)
    }

    /// `fn verdict(&mut self) -> HandlerResult<Verdict>;`
    fn choose(&self, choice: &ChoiceInterface) -> TokenStream {
        let ChoiceInterface { name, method, docs, variants, .. } = choice;
        let names = docs::list(variants.iter().map(|variant| &variant.name));
        let place = method.span();
        let docs = docs::with(place, docs, &format!("Decides: {names}."));
        let (method, this) = (unnamed(method), this(place));
        let result = self.result(&method, &self.own(place, name));
        let item = quote_spanned!(at(place)=> fn #method(#this) -> #result;);
        documented(place, &docs, item)
    }

    /// `HandlerResult<u64>`
    fn result(&self, method: &Ident, ty: &TokenStream) -> TokenStream {
        let place = method.span();
        let outside = span::moved(place, self.outside.clone());
        across(place, quote_spanned!(at(place)=> #outside::HandlerResult<#ty>))
    }

    /// What a method gives that is asked for a message.
    fn payload(&self, label: &LabelInterface) -> TokenStream {
        if !label.has_struct {
            return label.ty();
        }
        self.own(label.name.span(), &label.name)
    }

    /// `purchase::Answer`, a type of the module.
    fn own(&self, word: Span, name: &Ident) -> TokenStream {
        let module = &self.interface.module;
        span::moved(word, quote!(#module::#name))
    }
}

/// `&mut self`
fn this(word: Span) -> TokenStream {
    across(word, quote_spanned!(at(word)=> &mut self))
}

fn documented(word: Span, docs: &TokenStream, item: TokenStream) -> TokenStream {
    let item = across(word, item);
    quote!(#docs #item)
}

fn refuse_to_receive(method: &ReceiveMethod) -> TokenStream {
    let name = hidden(&method.name);
    let types = method.parameters.iter().map(|parameter| &parameter.ty);
    quote_spanned! {at(method.name.span())=>
        fn #name(&mut self #(, _: #types)*) -> __telltale::HandlerResult<()> { __telltale::no_object() }
    }
}

fn refuse_to_choose(choice: &ChoiceInterface) -> TokenStream {
    let (name, method) = (hidden(&choice.name), hidden(&choice.method));
    quote_spanned! {at(choice.method.span())=>
        fn #method(&mut self) -> __telltale::HandlerResult<#name> { __telltale::no_object() }
    }
}
