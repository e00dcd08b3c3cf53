//! Who generates which name, in one place where names must differ.

use std::collections::BTreeMap;
use std::fmt;

use proc_macro2::{Ident, Span};

use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;

/// What the user wrote that a name is generated for: ``role `Alice` ``.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) noun: &'static str,
    name: String,
    pub(super) span: Span,
}

impl Owner {
    pub(super) fn new(noun: &'static str, name: &Ident) -> Self {
        Self { noun, name: name.to_string(), span: name.span() }
    }

    pub(super) fn at(self, span: Span) -> Self {
        Self { span, ..self }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.noun, self.name)
    }
}

/// The names that are taken.
#[derive(Default)]
pub(super) struct Claims {
    taken: BTreeMap<String, Claim>,
}

/// Who has a name.
pub(super) enum Claim {
    By(Owner),
    /// By what is generated in any case.
    Reserved,
}

impl Claims {
    /// Takes a name that is generated in any case.
    pub(super) fn reserve(&mut self, name: &str) {
        self.taken.insert(name.to_owned(), Claim::Reserved);
    }

    /// Takes a name, or reports who has it.
    pub(super) fn claim(
        &mut self,
        name: &Ident,
        generated: String,
        owner: Owner,
        mistakes: &mut Mistakes,
    ) {
        let this = owner.to_string();
        let mistake = match self.taken.get(&name.to_string()) {
            Some(Claim::By(other)) => {
                Mistake::Collision { this, other: other.to_string(), generated }
            }
            Some(Claim::Reserved) => Mistake::Reserved { this, generated },
            None => {
                self.taken.insert(name.to_string(), Claim::By(owner));
                return;
            }
        };
        mistakes.push(Diagnostic::new(mistake, owner.span));
    }

    /// Who has a name, if anybody.
    pub(super) fn find(&self, name: &str) -> Option<&Claim> {
        self.taken.get(name)
    }
}
