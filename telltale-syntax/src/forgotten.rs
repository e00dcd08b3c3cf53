//! Where the spans are in what is handed out: everything that lets go of its text.

use syn::Path;
use syn::parse::Parser;

use crate::analyse::{Analysed, Analysis};
use crate::ast::{
    Ast, Attributes, Block, Choice, Do, Docs, Jump, Loop, LoopLabel, Message, Par, Protocol, Role,
    Serde, Statement,
};
use crate::forget::{Forget, placeless};
use crate::interface::{
    ChoiceInterface, Interface, LabelInterface, Mention, Origin, Origins, Parameter, ReceiveMethod,
    RoleInterface, SendMethod, Variant,
};
use crate::payload::{Field, Payload};

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
    Message { docs, state, senders, receivers, label, payload, span }
    Choice { docs, state, name, chooser, branches, head }
    Loop { label, body, head }
    LoopLabel { span }
    Jump { label, span }
    Par { arms, head }
    Do { protocol, roles, span }
    Field { name, ty }
    Interface { module, roles, labels, choices, mentions, origins }
    Mention { name }
    Origins { of_state }
    Origin { name }
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
        self.serde.forget();
        forget_path(&mut self.crate_path);
    }
}

impl Forget for Serde {
    fn forget(&mut self) {
        self.span.forget();
        forget_path(&mut self.codec);
    }
}

fn forget_path(path: &mut Option<Path>) {
    let tokens = path.as_ref().map(placeless);
    *path = tokens.and_then(|tokens| Path::parse_mod_style.parse2(tokens).ok());
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
