//! What there is to say about how the branches of a choice begin.

use telltale_types::RoleId;

use super::ahead::unguarded;
use super::{ChoiceSlot, Flow, MessageSlot, Slot, SlotId};
use crate::ast::{self, Block, Statement};
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::quote::Quote;
use crate::span::SpanRange;

/// A branch comes to its end.
pub(super) fn without_message(block: &Block) -> Diagnostic {
    Diagnostic::new(Mistake::BranchWithoutMessage, first_span(block))
}

/// What it takes to say the rest.
#[derive(Clone, Copy)]
pub(super) struct Heads<'h, 'a> {
    pub(super) flow: &'h Flow<'a>,
    pub(super) roles: &'h [&'a ast::Role],
}

impl Heads<'_, '_> {
    /// A branch of a choice comes to its end by a branch of a choice that it begins with.
    pub(super) fn ends(self, choice: &ChoiceSlot<'_>, block: &Block) -> Diagnostic {
        let ast = choice.origin.ast;
        let chooser = self.role(choice.chooser);
        let mistake = Mistake::BranchEnds { choice: Quote::new(ast.head, ast), chooser };
        Diagnostic::new(mistake, first_span(block))
    }

    pub(super) fn par(self, choice: &ChoiceSlot<'_>, block: &Block, par: &Statement) -> Diagnostic {
        let is_here = first(block).is_some_and(|first| std::ptr::eq(first, par));
        let mistake = Mistake::BranchBeginsWithPar {
            chooser: self.role(choice.chooser),
            elsewhere: (!is_here).then(|| Quote::new(par.span(), par)),
        };
        Diagnostic::new(mistake, first_span(block))
    }

    /// A branch begins with a choice of another role.
    pub(super) fn nested(
        self,
        choice: &ChoiceSlot<'_>,
        block: &Block,
        inner: &ChoiceSlot<'_>,
    ) -> Diagnostic {
        let ast = inner.origin.ast;
        let is_here =
            matches!(first(block), Some(Statement::Choice(first)) if std::ptr::eq(first, ast));
        let mistake = Mistake::NestedChoice {
            chooser: self.role(choice.chooser),
            decider: self.role(inner.chooser),
            elsewhere: (!is_here).then(|| Quote::new(ast.head, ast)),
        };
        Diagnostic::new(mistake, first_span(block))
    }

    /// A branch begins with a message of another role.
    pub(super) fn foreign(
        self,
        choice: &ChoiceSlot<'_>,
        block: &Block,
        message: &MessageSlot<'_>,
    ) -> Diagnostic {
        let is_here = begins_with(block, message.ast);
        let mistake = Mistake::ForeignBranch {
            chooser: self.role(choice.chooser),
            sender: self.role(message.sender),
            elsewhere: (!is_here).then(|| Quote::new(message.ast.span, message.ast)),
        };
        let here = SpanRange::from(&message.ast.senders[0]);
        Diagnostic::new(mistake, if is_here { here } else { first_span(block) })
    }

    /// Two branches begin with the same message; the second of them is, or is in, a block.
    pub(super) fn alike(
        self,
        before: &MessageSlot<'_>,
        message: &MessageSlot<'_>,
        block: &Block,
    ) -> Diagnostic {
        let (sender, receiver) = (self.role(message.sender), self.role(message.receiver));
        let event = format!("{sender} -> {receiver}: {}", message.ast.label);
        let first = match before.via {
            Some(call) => Quote::new(call.span, call),
            None => Quote::new(before.ast.span, before.ast),
        };
        let is_same = std::ptr::eq(before.ast, message.ast);
        Diagnostic::new(Mistake::BranchesAlike { event, first, is_same }, first_span(block))
    }

    /// Branches, from each of which the next one is come to, and from the last the first.
    pub(super) fn circle(self, entries: impl Iterator<Item = SlotId>) -> Option<Diagnostic> {
        let mut passed = Vec::new();
        for mut slot in entries {
            while let Slot::Skip { to, .. } = &self.flow.slots[slot.index()] {
                passed.push(slot);
                slot = *to;
            }
        }
        unguarded(self.flow, &passed)
    }

    fn role(self, role: RoleId) -> String {
        self.roles[role.index()].name.to_string()
    }
}

/// The first statement of a branch that is no loop, or the innermost loop if there is nothing in it.
fn first(block: &Block) -> Option<&Statement> {
    let mut first = block.statements.first()?;
    while let Statement::Loop(looping) = first
        && let Some(inner) = looping.body.statements.first()
    {
        first = inner;
    }
    Some(first)
}

/// The first statement of a branch, or its braces if there is none.
fn first_span(block: &Block) -> SpanRange {
    first(block).map_or(block.span, Statement::span)
}

fn begins_with(block: &Block, message: &ast::Message) -> bool {
    matches!(first(block), Some(Statement::Message(first)) if std::ptr::eq(first, message))
}
