//! The arms of a `par`: no role in two of them, at most one that may never end, and then nothing
//! that would wait for it.

use std::collections::{BTreeMap, BTreeSet};

use telltale_types::RoleId;

use super::Falls;
use crate::ast::{self, Statement};
use crate::diagnostic::Diagnostic;
use crate::mistake::{ArmOrder, Mistake};
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
            check_shared(arms, roles, falls, mistakes);
            check_endless(arms, falls, mistakes);
            check_waiting(step, steps.get(at + 1), falls, mistakes);
        }
        for block in step.blocks() {
            check(block, roles, falls, mistakes);
        }
    }
}

/// Reports the roles that an arm shares with those before it, once for the arm.
fn check_shared(
    arms: &[Vec<Step<'_>>],
    roles: &[&ast::Role],
    falls: &Falls,
    mistakes: &mut Mistakes,
) {
    let mut before: BTreeMap<RoleId, (usize, Part<'_>)> = BTreeMap::new();
    for (at, arm) in arms.iter().enumerate() {
        let mut here = Parts::new();
        take_part(arm, &mut here);
        let mut shared: Vec<(RoleId, &Part<'_>)> = here
            .iter()
            .filter(|(role, _)| before.contains_key(role))
            .map(|(role, part)| (*role, part))
            .collect();
        shared.sort_by_key(|(_, part)| (part.span.start().line, part.span.start().column));
        if let Some((first_role, part)) = shared.first()
            && let Some((other, first)) = before.get(first_role)
        {
            let first = Quote::new(first.statement.span(), first.statement);
            let order = order(&arms[*other], arm, falls);
            let name = |(role, _): &(RoleId, _)| roles[role.index()].name.to_string();
            let roles = shared.iter().map(name).collect();
            let mistake = Mistake::SharedRole { roles, first, order };
            mistakes.push(Diagnostic::new(mistake, part.span));
        }
        for (role, part) in here {
            before.entry(role).or_insert((at, part));
        }
    }
}

/// Whether what happens in two arms can happen one after the other.
fn order(one: &[Step<'_>], other: &[Step<'_>], falls: &Falls) -> ArmOrder {
    if falls.catch(one).is_some() || falls.catch(other).is_some() {
        return ArmOrder::Endless;
    }
    let (one, other) = (Talk::of(one), Talk::of(other));
    if one.crosses(&other) { ArmOrder::Crossing } else { ArmOrder::Free }
}

/// Who sends to whom in an arm.
#[derive(Default)]
struct Talk {
    pairs: BTreeSet<(RoleId, RoleId)>,
    /// Those who take part in protocols that are run; there, anybody may send to anybody.
    callers: BTreeSet<RoleId>,
}

impl Talk {
    fn of(steps: &[Step<'_>]) -> Self {
        let mut talk = Self::default();
        talk.add(steps);
        talk
    }

    fn add(&mut self, steps: &[Step<'_>]) {
        for step in steps {
            match &step.meaning {
                Meaning::Message { senders, receivers, .. } => {
                    let to = |&sender| receivers.iter().map(move |&receiver| (sender, receiver));
                    self.pairs.extend(senders.iter().flat_map(to));
                }
                Meaning::Do { roles, .. } => self.callers.extend(roles),
                _ => step.blocks().for_each(|block| self.add(block)),
            }
        }
    }

    /// Whether two roles may send to each other, one here and one there.
    fn crosses(&self, other: &Self) -> bool {
        let may_send = |talk: &Self, sender: RoleId, receiver: RoleId| {
            talk.pairs.contains(&(sender, receiver))
                || (talk.callers.contains(&sender) && talk.callers.contains(&receiver))
        };
        self.pairs.iter().any(|&(from, to)| may_send(other, to, from))
            || other.pairs.iter().any(|&(from, to)| may_send(self, to, from))
            || self.callers.intersection(&other.callers).nth(1).is_some()
    }
}

/// Reports the second arm that may never end, unless they are refused for a role in common.
fn check_endless(arms: &[Vec<Step<'_>>], falls: &Falls, mistakes: &mut Mistakes) {
    let mut endless = arms.iter().filter_map(|arm| Some((arm, falls.catch(arm)?)));
    if let (Some((one, first)), Some((other, second))) = (endless.next(), endless.next())
        && !share_role(one, other)
    {
        let always = !falls.through(one) && !falls.through(other);
        let mistake = Mistake::TwoEndlessArms { always, line: first.ast.span().line() };
        mistakes.push(Diagnostic::new(mistake, second.ast.span()));
    }
}

fn share_role(one: &[Step<'_>], other: &[Step<'_>]) -> bool {
    let (mut here, mut there) = (Parts::new(), Parts::new());
    take_part(one, &mut here);
    take_part(other, &mut there);
    here.keys().any(|role| there.contains_key(role))
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
            Meaning::Message { ast, senders, receivers, .. } => {
                // A role that was left out is a mistake of its own, so this is right or moot.
                let senders = senders.iter().zip(&ast.senders);
                for (role, name) in senders.chain(receivers.iter().zip(&ast.receivers)) {
                    take(*role, name.into());
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
