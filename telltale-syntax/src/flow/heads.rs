//! How the branches of a choice begin.

use std::collections::BTreeMap;

use telltale_types::{LabelId, RoleId};

use super::{Ahead, BranchEntry, ChoiceSlot, Flow, MessageSlot, Next, Passes, Slot};
use crate::ast::{self, Block, Statement};
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::quote::Quote;
use crate::span::SpanRange;

/// Checks the choices that the protocol makes itself; those of a protocol that it runs are
/// checked there.
pub(crate) fn check_heads(
    flow: &Flow<'_>,
    ahead: &Ahead,
    roles: &[&ast::Role],
    mistakes: &mut Mistakes,
) {
    for slot in &flow.slots {
        if let Slot::Choice(choice @ ChoiceSlot { via: None, .. }) = slot {
            Heads { flow, ahead, roles, choice }.check(mistakes);
        }
    }
}

struct Heads<'h, 'a> {
    flow: &'h Flow<'a>,
    ahead: &'h Ahead,
    roles: &'h [&'a ast::Role],
    choice: &'h ChoiceSlot<'a>,
}

impl<'h, 'a> Heads<'h, 'a> {
    fn check(&self, mistakes: &mut Mistakes) {
        let mut firsts: BTreeMap<(RoleId, LabelId), &MessageSlot<'a>> = BTreeMap::new();
        for branch in &self.choice.branches {
            let message = match self.message(branch) {
                Ok(Some(message)) => message,
                Ok(None) => continue,
                Err(mistake) => {
                    mistakes.push(mistake);
                    continue;
                }
            };
            if let Some(first) = firsts.get(&(message.receiver, message.label)) {
                let event = format!(
                    "{} -> {}: {}",
                    self.role(message.sender),
                    self.role(message.receiver),
                    message.ast.label
                );
                let first = Quote::new(first.ast.span, first.ast);
                let mistake = Mistake::BranchesAlike { event, first };
                let span = if begins_with(branch.ast, message.ast) {
                    message.ast.span
                } else {
                    first_span(branch.ast)
                };
                mistakes.push(Diagnostic::new(mistake, span));
            } else {
                firsts.insert((message.receiver, message.label), message);
            }
        }
    }

    /// The first message of a branch; nothing if it goes round a loop that is reported already.
    fn message(&self, branch: &BranchEntry<'a>) -> Result<Option<&'h MessageSlot<'a>>, Diagnostic> {
        let span = first_span(branch.ast);
        match self.ahead.next(self.flow, branch.entry) {
            Next::Nothing => Ok(None),
            Next::Exit => Err(Diagnostic::new(Mistake::BranchWithoutMessage, span)),
            _ if self.falls_off(branch) => {
                Err(Diagnostic::new(Mistake::BranchWithoutMessage, span))
            }
            Next::Choice(inner) => Err(self.begins_with_choice(branch, inner)),
            Next::Message(message) if message.sender != self.choice.chooser => {
                Err(self.foreign(branch, message))
            }
            Next::Message(message) => Ok(Some(message)),
        }
    }

    /// Whether a branch comes to its end before anything happens.
    fn falls_off(&self, branch: &BranchEntry<'a>) -> bool {
        let mut slot = branch.entry;
        while let Slot::Skip { to, .. } = &self.flow.slots[slot.index()] {
            if Some(slot) == self.choice.join {
                return true;
            }
            slot = *to;
        }
        false
    }

    fn begins_with_choice(&self, branch: &BranchEntry<'a>, inner: &ChoiceSlot<'a>) -> Diagnostic {
        if std::ptr::eq(inner, self.choice) {
            let span = self.last_loop(branch).unwrap_or_else(|| first_span(branch.ast));
            return Diagnostic::new(Mistake::UnguardedLoop, span);
        }
        let is_here = matches!(
            branch.ast.statements.first(),
            Some(Statement::Choice(first)) if std::ptr::eq(first, inner.ast)
        );
        let mistake = Mistake::NestedChoice {
            same_role: inner.chooser == self.choice.chooser,
            chooser: self.role(self.choice.chooser),
            elsewhere: (!is_here).then(|| Quote::new(inner.ast.head, inner.ast)),
        };
        Diagnostic::new(mistake, first_span(branch.ast))
    }

    /// The loop by which a branch comes back to its own choice.
    fn last_loop(&self, branch: &BranchEntry<'a>) -> Option<SpanRange> {
        let mut slot = branch.entry;
        let mut last = None;
        while let Slot::Skip { to, passes } = &self.flow.slots[slot.index()] {
            if let Passes::Loop(looping) = passes {
                last = Some(looping.head);
            }
            slot = *to;
        }
        last
    }

    fn foreign(&self, branch: &BranchEntry<'a>, message: &MessageSlot<'a>) -> Diagnostic {
        let is_here = begins_with(branch.ast, message.ast);
        let mistake = Mistake::ForeignBranch {
            chooser: self.role(self.choice.chooser),
            sender: self.role(message.sender),
            elsewhere: (!is_here).then(|| Quote::new(message.ast.span, message.ast)),
        };
        let here = SpanRange::from(&message.ast.senders[0]);
        Diagnostic::new(mistake, if is_here { here } else { first_span(branch.ast) })
    }

    fn role(&self, role: RoleId) -> String {
        self.roles[role.index()].name.to_string()
    }
}

/// The first statement of a branch, or its braces if there is none.
fn first_span(block: &Block) -> SpanRange {
    block.statements.first().map_or(block.span, Statement::span)
}

fn begins_with(block: &Block, message: &ast::Message) -> bool {
    matches!(block.statements.first(), Some(Statement::Message(first)) if std::ptr::eq(first, message))
}
