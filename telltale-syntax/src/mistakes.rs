//! The mistakes that a stage has met: the first of them, and how many there are.

use std::collections::HashSet;
use std::mem::{Discriminant, discriminant};

use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;

/// How many mistakes are explained. Of what comes after them in the source, only the number is told.
pub const MISTAKE_LIMIT: usize = 100;

/// All mistakes of a stage, each kind once at each place: two labels that collide in one trait
/// collide in others, and what is wrong with a protocol is wrong again where it is run.
#[derive(Default)]
pub(crate) struct Mistakes {
    /// Those that come first in the source, and perhaps as many again.
    kept: Vec<Diagnostic>,
    known: HashSet<((usize, usize), Discriminant<Mistake>)>,
}

impl Mistakes {
    pub(crate) fn push(&mut self, mistake: Diagnostic) {
        if !self.known.insert((place(&mistake), discriminant(mistake.mistake()))) {
            return;
        }
        self.kept.push(mistake);
        if self.kept.len() > 2 * MISTAKE_LIMIT {
            self.keep_first();
        }
    }

    pub(crate) fn extend(&mut self, mistakes: impl IntoIterator<Item = Diagnostic>) {
        mistakes.into_iter().for_each(|mistake| self.push(mistake));
    }

    /// Whether what is met from now on need not be explained at length.
    pub(crate) fn is_full(&self) -> bool {
        self.known.len() >= MISTAKE_LIMIT
    }

    /// The first mistakes in the order of the source, and at the end how many more there are.
    pub(crate) fn in_order(mut self) -> Vec<Diagnostic> {
        self.keep_first();
        if let Some(next) = self.kept.get(MISTAKE_LIMIT) {
            let more = Mistake::More { count: self.known.len() - MISTAKE_LIMIT };
            self.kept[MISTAKE_LIMIT] = Diagnostic::new(more, next.span());
        }
        self.kept
    }

    /// Keeps one more than is shown, for that is where those begin that are not.
    fn keep_first(&mut self) {
        self.kept.sort_by_key(place);
        self.kept.truncate(MISTAKE_LIMIT + 1);
    }
}

fn place(mistake: &Diagnostic) -> (usize, usize) {
    (mistake.start().line, mistake.start().column)
}
