//! What was made of a text lets go of the text.
//!
//! A span is a number that means something as long as the thread keeps the text. When it no longer
//! does, to ask such a span for its line can only give a wrong answer, so every one that is handed
//! out is exchanged for one of no place. Lines and columns are known without it.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, Parser};
use syn::{Path, Type, Visibility};

use crate::analyse::{Analysed, Analysis};
use crate::ast::{
    Ast, Attributes, Block, Choice, Do, Docs, Jump, Loop, LoopLabel, Message, Par, Protocol, Role,
    Statement,
};
use crate::interface::{
    ChoiceInterface, Interface, LabelInterface, Parameter, ReceiveMethod, RoleInterface,
    SendMethod, Variant,
};
use crate::name::Name;
use crate::payload::{Field, Payload};
use crate::span::SpanRange;

/// Something with spans in it.
pub(crate) trait Forget {
    /// Exchanges all of them for spans of no place.
    fn forget(&mut self);
}

impl<T: Forget> Forget for Vec<T> {
    fn forget(&mut self) {
        self.iter_mut().for_each(T::forget);
    }
}

impl<T: Forget> Forget for Option<T> {
    fn forget(&mut self) {
        self.iter_mut().for_each(T::forget);
    }
}

impl Forget for SpanRange {
    fn forget(&mut self) {
        *self = Self::in_text(self.start(), self.end());
    }
}

impl Forget for Ident {
    fn forget(&mut self) {
        self.set_span(Span::call_site());
    }
}

impl Forget for TokenStream {
    fn forget(&mut self) {
        let tokens = std::mem::take(self).into_iter().map(|mut tree| {
            if let TokenTree::Group(group) = &mut tree {
                let mut inside = group.stream();
                inside.forget();
                *group = Group::new(group.delimiter(), inside);
            }
            tree.set_span(Span::call_site());
            tree
        });
        *self = tokens.collect();
    }
}

/// The tokens of something without their places. They were parsed before, so they can be again.
fn placeless(written: &impl ToTokens) -> TokenStream {
    let mut tokens = written.to_token_stream();
    tokens.forget();
    tokens
}

impl Forget for Type {
    fn forget(&mut self) {
        let tokens = placeless(self);
        *self = match self {
            Self::Verbatim(_) => Self::Verbatim(tokens),
            _ => Self::parse.parse2(tokens.clone()).unwrap_or(Self::Verbatim(tokens)),
        };
    }
}

impl Forget for Visibility {
    fn forget(&mut self) {
        *self = Self::parse.parse2(placeless(self)).unwrap_or(Self::Inherited);
    }
}

impl Forget for Name {
    fn forget(&mut self) {
        self.ident.forget();
        self.place.forget();
    }
}

/// Goes through the fields of something.
macro_rules! forget {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl Forget for $name {
            fn forget(&mut self) {
                $(self.$field.forget();)*
            }
        }
    )*};
}

forget! {
    Analysis { ast, protocols, diagnostics }
    Analysed { name, visibility, attributes, interface, lowered }
    Ast { protocols }
    Protocol { attributes, visibility, name, roles, body }
    Docs { tokens }
    Role { docs, name }
    Block { docs, statements, span }
    Message { docs, sender, receivers, label, payload, span }
    Choice { docs, name, chooser, branches, head }
    Loop { label, body, head }
    LoopLabel { span }
    Jump { label, span }
    Par { arms, head }
    Do { protocol, roles, span }
    Field { name, ty }
    Interface { module, roles, labels, choices }
    RoleInterface { name, argument, docs, sends, receives }
    SendMethod { name, docs }
    ReceiveMethod { name, parameters, docs }
    Parameter { name, ty }
    LabelInterface { name, payload, docs }
    ChoiceInterface { name, method, docs, variants }
    Variant { name, docs }
}

impl Forget for Attributes {
    fn forget(&mut self) {
        self.docs.forget();
        let path = self.crate_path.as_ref().map(placeless);
        self.crate_path = path.and_then(|path| Path::parse_mod_style.parse2(path).ok());
    }
}

impl Forget for Statement {
    fn forget(&mut self) {
        match self {
            Self::Message(message) => message.forget(),
            Self::Choice(choice) => choice.forget(),
            Self::Loop(looping) => looping.forget(),
            Self::Break(jump) | Self::Continue(jump) => jump.forget(),
            Self::Par(par) => par.forget(),
            Self::Do(call) => call.forget(),
        }
    }
}

impl Forget for Payload {
    fn forget(&mut self) {
        match self {
            Self::Unit => {}
            Self::Tuple(types) => types.forget(),
            Self::Record(fields) => fields.forget(),
        }
    }
}
