//! Words of the protocol, and where what is made of them stands.
//!
//! The compiler underlines from the first token of an item to its last. An editor looks for tokens that stand exactly
//! where the cursor does, and says of each name and keyword among them what it is. So of all words only the names of
//! types stand at the whole of a word of the protocol. `fn`, `Send` and the like stand where it begins or ends, and have
//! no width; so do the names of methods, for whoever renames one must not change the word.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream};
use telltale_syntax::interface::{Interface, Method, RoleInterface};
use telltale_syntax::{Field, Payload};

/// Where something stands that is made of a word. All of it is ours: lints know that nobody wrote it.
#[derive(Clone, Copy)]
pub(super) struct Word {
    /// Where the word begins, for the first token, and all tokens that nobody asks about.
    pub(super) begin: Span,
    /// All of it, for signs and for names that are made of the word.
    all: Span,
    /// Where it ends, for a word that is the last token.
    end: Span,
}

impl Word {
    /// The word that stands there.
    pub(super) fn at(place: Span) -> Self {
        Self { begin: at(place), all: ours(place), end: ours(end(place)) }
    }

    /// The name of a method.
    pub(super) fn method(self, name: &Ident) -> Ident {
        renamed(name, self.begin)
    }

    /// A name that is made of the word.
    pub(super) fn name(self, name: &Ident) -> Ident {
        renamed(name, self.all)
    }

    /// A name as the last token.
    pub(super) fn last(self, name: &Ident) -> Ident {
        renamed(name, self.end)
    }

    /// One of our words as the last token.
    pub(super) fn last_word(self, name: &str) -> Ident {
        Ident::new(name, self.end)
    }

    /// A sign as the last token.
    pub(super) fn sign(self, sign: char) -> Punct {
        let mut sign = Punct::new(sign, Spacing::Alone);
        sign.set_span(self.all);
        sign
    }

    /// A block as the last token.
    pub(super) fn braces(self, inside: TokenStream) -> Group {
        let mut block = Group::new(Delimiter::Brace, inside);
        block.set_span(self.all);
        block
    }
}

/// The words that a module is made of.
pub(super) struct Words {
    /// The name of the protocol.
    pub(super) module: Word,
    /// The roles where they are declared.
    pub(super) roles: Vec<Word>,
    /// The labels where they are first used. Methods of a label stand there.
    pub(super) labels: Vec<Word>,
    /// The choices: their names, or the word `choice`. Their methods stand there.
    pub(super) choices: Vec<Word>,
}

impl Words {
    /// Those of a protocol.
    pub(super) fn of(interface: &Interface) -> Self {
        Self {
            module: Word::at(interface.module.span()),
            roles: interface.roles.iter().map(|role| Word::at(role.name.span())).collect(),
            labels: interface.labels.iter().map(|label| Word::at(label.name.span())).collect(),
            choices: interface.choices.iter().map(|one| Word::at(one.method.span())).collect(),
        }
    }

    /// The word that a method is made of.
    pub(super) fn of_method(&self, role: &RoleInterface, method: Method) -> Word {
        match method {
            Method::Send(at) => self.labels[role.sends[at].label.index()],
            Method::Receive(at) => self.labels[role.receives[at].label.index()],
            Method::Choice(at) => self.choices[at],
        }
    }

    /// Takes all names away from the words, for code that only uses what they stand for.
    pub(super) fn leave(&self, interface: &mut Interface) {
        for (role, word) in interface.roles.iter_mut().zip(&self.roles) {
            for method in &mut role.sends {
                let end = self.labels[method.label.index()].end;
                method.name.set_span(end);
                method.to.iter_mut().for_each(|to| to.set_span(end));
            }
            for method in &mut role.receives {
                let end = self.labels[method.label.index()].end;
                method.name.set_span(end);
                method.from.iter_mut().for_each(|from| from.set_span(end));
            }
            role.name.set_span(word.end);
            role.argument.set_span(word.end);
        }
        for (choice, word) in interface.choices.iter_mut().zip(&self.choices) {
            for variant in &mut choice.variants {
                variant.name.set_span(self.labels[variant.label.index()].end);
            }
            choice.name.set_span(word.end);
            choice.method.set_span(word.end);
        }
        for (label, word) in interface.labels.iter_mut().zip(&self.labels) {
            label.name.set_span(word.end);
            if let Payload::Record(fields) = &mut label.payload {
                fields.iter_mut().for_each(leave_field);
            }
        }
    }
}

/// The fields of a payload, for code that takes it apart.
pub(super) fn left(payload: &Payload) -> Payload {
    let mut payload = payload.clone();
    if let Payload::Record(fields) = &mut payload {
        fields.iter_mut().for_each(leave_field);
    }
    payload
}

fn leave_field(field: &mut Field) {
    field.name.set_span(at(field.name.span()));
}

/// Where a word of the user's begins, for what is made of it. So errors about what is generated point there.
pub(super) fn at(place: Span) -> Span {
    ours(beginning(place))
}

/// A name of ours that no local name of the user's can be mistaken for.
pub(super) fn local(name: &str, place: Span) -> Ident {
    Ident::new(name, Span::mixed_site().located_at(beginning(place)))
}

/// A place, for what nobody wrote.
pub(super) fn ours(place: Span) -> Span {
    Span::call_site().located_at(place)
}

fn renamed(name: &Ident, span: Span) -> Ident {
    let mut name = name.clone();
    name.set_span(span);
    name
}

/// Outside of a compiler there are no places without width.
fn beginning(place: Span) -> Span {
    if proc_macro::is_available() { place.unwrap().start().into() } else { place }
}

fn end(place: Span) -> Span {
    if proc_macro::is_available() { place.unwrap().end().into() } else { place }
}
