//! The arms of a `par`: no role in two of them, at most one that may never end, and then nothing
//! that would wait for it.

use std::collections::BTreeMap;

use telltale_types::RoleId;

use super::Falls;
use crate::ast::{self, Statement};
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::quote::Quote;
use crate::resolve::{Meaning, Step};
use crate::span::SpanRange;

/// Where a role first takes part in an arm.
struct Part<'a> {
    statement: &'a Statement,
    span: SpanRange,
}

type Parts<'a> = BTreeMap<RoleId, Part<'a>>;

/// Reports what the arms of each `par` share.
pub(super) fn check(
    steps: &[Step<'_>],
    roles: &[&ast::Role],
    falls: &Falls,
    mistakes: &mut Mistakes,
) {
    for (at, step) in steps.iter().enumerate() {
        if let Meaning::Par { arms } = &step.meaning {
            check_shared(arms, roles, mistakes);
            check_endless(arms, falls, mistakes);
            check_waiting(step, steps.get(at + 1), falls, mistakes);
        }
        for block in step.blocks() {
            check(block, roles, falls, mistakes);
        }
    }
}

fn check_shared(arms: &[Vec<Step<'_>>], roles: &[&ast::Role], mistakes: &mut Mistakes) {
    let mut before = Parts::new();
    for arm in arms {
        let mut here = Parts::new();
        take_part(arm, &mut here);
        for (role, part) in here {
            if let Some(first) = before.get(&role) {
                let first = Quote::new(first.statement.span(), first.statement);
                let role = roles[role.index()].name.to_string();
                let mistake = Mistake::SharedRole { role, first };
                mistakes.push(Diagnostic::new(mistake, part.span));
            } else {
                before.insert(role, part);
            }
        }
    }
}

fn check_endless(arms: &[Vec<Step<'_>>], falls: &Falls, mistakes: &mut Mistakes) {
    let mut endless = arms.iter().filter_map(|arm| Some((arm, falls.catch(arm)?)));
    if let (Some((one, first)), Some((other, second))) = (endless.next(), endless.next()) {
        let always = !falls.through(one) && !falls.through(other);
        let mistake = Mistake::TwoEndlessArms { always, line: first.ast.span().line() };
        mistakes.push(Diagnostic::new(mistake, second.ast.span()));
    }
}

/// Reports what stands behind a `par` that may never end. If it never does, that is not reached at
/// all; a jump waits for nobody.
fn check_waiting(par: &Step<'_>, next: Option<&Step<'_>>, falls: &Falls, mistakes: &mut Mistakes) {
    let Some(next) = next else { return };
    let is_jump = matches!(next.meaning, Meaning::Break(_) | Meaning::Continue(_));
    if is_jump || !falls.past(par) {
        return;
    }
    if let Some(endless) = falls.catch(std::slice::from_ref(par)) {
        let endless = Quote::new(endless.ast.span(), endless.ast);
        mistakes.push(Diagnostic::new(Mistake::WaitsForEndless { endless }, next.ast.span()));
    }
}

fn take_part<'a>(steps: &[Step<'a>], parts: &mut Parts<'a>) {
    for step in steps {
        let mut take = |role: RoleId, span: SpanRange| {
            parts.entry(role).or_insert(Part { statement: step.ast, span });
        };
        match &step.meaning {
            Meaning::Message { ast, sender, receivers, .. } => {
                take(*sender, (&ast.sender).into());
                // A receiver that was left out is a mistake of its own, so this is right or moot.
                for (receiver, name) in receivers.iter().zip(&ast.receivers) {
                    take(*receiver, name.into());
                }
            }
            Meaning::Choice { ast, chooser, .. } => take(*chooser, (&ast.chooser).into()),
            Meaning::Do { ast, roles, .. } => {
                for (role, name) in roles.iter().zip(&ast.roles) {
                    take(*role, name.into());
                }
            }
            _ => {}
        }
        for block in step.blocks() {
            take_part(block, parts);
        }
    }
}
