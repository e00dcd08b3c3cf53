//! A trait for each role, and `enum Role`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use telltale_bytecode::CodeImage;
use telltale_syntax::interface::{
    ChoiceInterface, Interface, LabelInterface, Method, ReceiveMethod, RoleInterface, SendMethod,
};
use telltale_types::RoleId;

use super::word::{Word, Words};
use super::{docs, local};

/// All that has to do with roles. `outside` is where `telltale_vm` is found inside of the module and around it.
pub(super) fn emit(
    interface: &Interface,
    image: Option<&CodeImage>,
    words: &Words,
    outside: &TokenStream,
) -> TokenStream {
    let names = interface.roles.iter().map(|role| &role.name);
    let docs = interface.roles.iter().enumerate().map(|(id, role)| {
        let model = &interface.model(RoleId::at(id)).name;
        docs::with(&role.docs, &format!("See [trait `{model}`](trait@{model})."))
    });
    let context =
        Context { interface, image, words, outside: outside.clone().into_iter().collect() };
    let roles = interface.roles.iter().zip(&words.roles);
    let own = roles.filter(|(role, _)| role.like.is_none());
    let traits = own.map(|(role, word)| context.role_trait(role, *word));
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

/// Inside of the module its types have the path that they have around it, `purchase::Answer`, for methods that an editor
/// copies from a trait to an `impl`.
fn module_of_itself(interface: &Interface) -> TokenStream {
    let unplaced = |name: &Ident| {
        let mut name = name.clone();
        name.set_span(Span::call_site());
        name
    };
    let module = unplaced(&interface.module);
    let choices = interface.choices.iter().filter(|choice| choice.like.is_none());
    let structs = interface.labels.iter().filter(|label| label.has_struct);
    let types = choices.map(|choice| &choice.name).chain(structs.map(|label| &label.name));
    let types = types.map(unplaced);
    quote!(mod #module { pub(super) use super::{Role #(, #types)*}; })
}

/// What all methods of all roles are made with.
struct Context<'a> {
    interface: &'a Interface,
    image: Option<&'a CodeImage>,
    words: &'a Words,
    outside: Vec<TokenTree>,
}

impl Context<'_> {
    /// `pub trait Bob: Send { … }`
    fn role_trait(&self, role: &RoleInterface, word: Word) -> TokenStream {
        let name = &role.name;
        let docs = docs::with(&role.docs, &format!("What `{name}` gives, takes and decides."));
        let states = docs::states(name, self.image);
        let methods = role.order.iter().map(|&method| {
            let word = self.words.of_method(role, method);
            match method {
                Method::Send(at) => self.send(&role.sends[at], word),
                Method::Receive(at) => self.receive(&role.receives[at], word),
                Method::Choice(at) => self.choose(&self.interface.choices[at], word),
            }
        });
        let refusals = role.order.iter().map(|&method| {
            let word = self.words.of_method(role, method);
            match method {
                Method::Send(at) => self.refuse_to_send(&role.sends[at], word),
                Method::Receive(at) => refuse_to_receive(&role.receives[at], word),
                Method::Choice(at) => refuse_to_choose(&self.interface.choices[at], word),
            }
        });
        let methods = word.braces(quote_spanned! {word.begin=>
            #(#methods)*

            #[doc(hidden)]
            #[inline]
            fn __player(&self) -> __telltale::Player { __telltale::Player::Object }
        });
        let refusals = word.braces(quote_spanned! {word.begin=>
            #(#refusals)*

            #[inline]
            fn __player(&self) -> __telltale::Player { __Who::PLAYER }
        });
        let (send, marker) = (word.last_word("Send"), word.last_word("Marker"));
        let used = word.last(name);
        // Without parameters in angle brackets the compiler proposes to write some behind the user's word.
        quote_spanned! {word.begin=>
            #docs
            #states
            pub trait #name<>: ::core::marker::#send #methods

            impl<__Who: __telltale::Plays> self::#used for __telltale::#marker<__Who> #refusals
        }
    }

    /// `fn quote(&mut self) -> HandlerResult<u64>;`
    fn send(&self, method: &SendMethod, word: Word) -> TokenStream {
        let SendMethod { label, name, peers, to, docs } = method;
        let label = &self.interface.labels[label.index()];
        let text = docs::label(label);
        let more = format!("Gives `{text}` for {}.", docs::roles(self.interface, peers));
        let docs = docs::with(docs, &more);
        let by_peer = to.as_ref().map(|by_peer| self.send_to(by_peer, name, label, word));
        let (this, name) = (word.last_word("self"), word.method(name));
        let result = self.result(word, &self.payload(label, word));
        let body = if label.payload.is_unit() {
            let body = word.braces(quote_spanned!(word.begin=> ::core::result::Result::Ok(())));
            quote!(#body)
        } else {
            let body = word.sign(';');
            quote!(#body)
        };
        quote_spanned! {word.begin=>
            #docs
            fn #name(&mut #this) -> #result #body
            #by_peer
        }
    }

    /// `fn quote_to(&mut self, to: Role) -> HandlerResult<u64> { … }`
    fn send_to(
        &self,
        by_peer: &Ident,
        name: &Ident,
        label: &LabelInterface,
        word: Word,
    ) -> TokenStream {
        let docs =
            docs::doc(&format!("As [`{name}`](Self::{name}), for those who want to know to whom."));
        let (this, name, by_peer) =
            (word.last_word("self"), word.method(name), word.method(by_peer));
        let role = self.own(word, &word.last_word("Role"));
        let result = self.result(word, &self.payload(label, word));
        let body = word.braces(quote_spanned! {word.begin=>
            let _ = to;
            self.#name()
        });
        quote_spanned! {word.begin=>
            #docs
            fn #by_peer(&mut #this, to: #role) -> #result #body
        }
    }

    fn refuse_to_send(&self, method: &SendMethod, word: Word) -> TokenStream {
        let ty = self.payload(&self.interface.labels[method.label.index()], word);
        let name = word.method(&method.name);
        quote_spanned! {word.begin=>
            fn #name(&mut self) -> __telltale::HandlerResult<#ty> { __telltale::no_object() }
        }
    }

    /// `fn on_quote(&mut self, quote: u64) -> HandlerResult<()>;`
    fn receive(&self, method: &ReceiveMethod, word: Word) -> TokenStream {
        let ReceiveMethod { label, name, peers, from, parameters, docs } = method;
        let text = docs::label(&self.interface.labels[label.index()]);
        let more = format!("Takes `{text}` from {}.", docs::roles(self.interface, peers));
        let docs = docs::with(docs, &more);
        let by_peer = from.as_ref().map(|by_peer| self.receive_from(by_peer, method, word));
        let names = parameters.iter().map(|parameter| word.method(&parameter.name));
        let types = parameters.iter().map(|parameter| &parameter.ty);
        let (this, name) = (word.last_word("self"), word.method(name));
        let result = self.result(word, &quote!(()));
        let semicolon = word.sign(';');
        quote_spanned! {word.begin=>
            #docs
            fn #name(&mut #this #(, #names: #types)*) -> #result #semicolon
            #by_peer
        }
    }

    /// `fn on_quote_from(&mut self, from: Role, quote: u64) -> HandlerResult<()> { … }`
    fn receive_from(&self, by_peer: &Ident, method: &ReceiveMethod, word: Word) -> TokenStream {
        let ReceiveMethod { name, parameters, .. } = method;
        let docs = docs::doc(&format!(
            "As [`{name}`](Self::{name}), for those who want to know from whom."
        ));
        let names: Vec<_> =
            parameters.iter().map(|parameter| word.method(&parameter.name)).collect();
        let types = parameters.iter().map(|parameter| &parameter.ty);
        // A field may be called like the parameter for the peer.
        let is_taken = names.iter().any(|name| *name == "from");
        let peer = local(if is_taken { "from_role" } else { "from" }, name.span());
        let (this, name, by_peer) =
            (word.last_word("self"), word.method(name), word.method(by_peer));
        let role = self.own(word, &word.last_word("Role"));
        let result = self.result(word, &quote!(()));
        let body = word.braces(quote_spanned! {word.begin=>
            let _ = #peer;
            self.#name(#(#names),*)
        });
        quote_spanned! {word.begin=>
            #docs
            fn #by_peer(&mut #this, #peer: #role #(, #names: #types)*) -> #result #body
        }
    }

    /// `fn verdict(&mut self) -> HandlerResult<Verdict>;`
    fn choose(&self, choice: &ChoiceInterface, word: Word) -> TokenStream {
        let ChoiceInterface { name, method, docs, variants, .. } = choice;
        let names = docs::list(variants.iter().map(|variant| &variant.name));
        let docs = docs::with(docs, &format!("Decides: {names}."));
        let (this, method) = (word.last_word("self"), word.method(method));
        let result = self.result(word, &self.own(word, name));
        let semicolon = word.sign(';');
        quote_spanned! {word.begin=>
            #docs
            fn #method(&mut #this) -> #result #semicolon
        }
    }

    /// What a method gives that is asked for a message.
    fn payload(&self, label: &LabelInterface, word: Word) -> TokenStream {
        if label.has_struct { self.own(word, &label.name) } else { label.ty() }
    }

    /// `HandlerResult<u64>`
    fn result(&self, word: Word, ty: &TokenStream) -> TokenStream {
        let (first, rest) = self.outside.split_first().expect("a path has tokens");
        let (mut first, end) = (first.clone(), word.sign('>'));
        first.set_span(word.begin);
        quote_spanned!(word.begin=> #first #(#rest)* ::HandlerResult<#ty #end)
    }

    /// `purchase::Answer`, a type of the module.
    fn own(&self, word: Word, name: &Ident) -> TokenStream {
        let (module, name) = (word.method(&self.interface.module), word.last(name));
        quote_spanned!(word.begin=> #module::#name)
    }
}

fn refuse_to_receive(method: &ReceiveMethod, word: Word) -> TokenStream {
    let name = word.method(&method.name);
    let types = method.parameters.iter().map(|parameter| &parameter.ty);
    quote_spanned! {word.begin=>
        fn #name(&mut self #(, _: #types)*) -> __telltale::HandlerResult<()> { __telltale::no_object() }
    }
}

fn refuse_to_choose(choice: &ChoiceInterface, word: Word) -> TokenStream {
    let (name, method) = (word.last(&choice.name), word.method(&choice.method));
    quote_spanned! {word.begin=>
        fn #method(&mut self) -> __telltale::HandlerResult<#name> { __telltale::no_object() }
    }
}
