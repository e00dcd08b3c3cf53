//! From messages that would repair a global type to lines that can be written.
//!
//! A message that comes after one exit is a line after one statement, mostly. But a statement can stand for
//! several exits: the first message of a loop that begins a branch, a message to several receivers, a `do`. Then
//! the line does more than was tried, and is tried again.

use std::collections::BTreeSet;

use telltale_theory::{Insertion, Options, Step, Violation, check_with};
use telltale_types::Names;

use super::Proposal;
use crate::analyse::Lowered;
use crate::source_map::Place;

/// The lines to write, or none if what would help cannot be written.
pub(super) fn proposals(
    violation: &Violation,
    count: usize,
    lowered: &Lowered,
    options: &Options,
) -> Vec<Proposal> {
    let Some(lines) = lines(&violation.remedy.insertions, lowered) else { return Vec::new() };
    let written: Vec<Insertion> = lines.iter().flat_map(|line| line.written(lowered)).collect();
    let tried = &violation.remedy.insertions;
    let is_tried = written.len() == tried.len() && written.iter().all(|one| tried.contains(one));
    if is_tried || helps(written, violation, count, lowered, options) {
        lines.iter().map(|line| line.proposal(lowered.global.names())).collect()
    } else {
        Vec::new()
    }
}

/// What is written after one statement.
struct Line<'a> {
    place: &'a Place,
    /// One after which it was meant to come.
    after: Step,
    messages: Vec<&'a Insertion>,
}

fn lines<'a>(insertions: &'a [Insertion], lowered: &'a Lowered) -> Option<Vec<Line<'a>>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for message in insertions {
        let after = message.after;
        match lines.iter_mut().find(|line| line.after == after) {
            Some(line) => line.messages.push(message),
            None => {
                let step = lowered.source.step(after.state, after.exit)?;
                if step.call.is_some() && !step.is_last {
                    return None;
                }
                lines.push(Line { place: step.statement(), after, messages: vec![message] });
            }
        }
    }
    one_per_place(lines)
}

/// Lines with the same messages after the same statement are one; with others, there is no such line.
fn one_per_place(lines: Vec<Line<'_>>) -> Option<Vec<Line<'_>>> {
    let mut places: Vec<Line<'_>> = Vec::new();
    for line in lines {
        match places.iter().find(|known| std::ptr::eq(known.place, line.place)) {
            None => places.push(line),
            Some(known) if known.is_alike(&line) => {}
            Some(_) => return None,
        }
    }
    Some(places)
}

impl Line<'_> {
    fn is_alike(&self, other: &Self) -> bool {
        let moved = |message: &Insertion| Insertion { after: other.after, ..message.clone() };
        self.messages.len() == other.messages.len()
            && (self.messages.iter().zip(&other.messages)).all(|(one, two)| moved(one) == **two)
    }

    /// What it means for the global type: its messages after every exit that ends the statement.
    fn written(&self, lowered: &Lowered) -> Vec<Insertion> {
        let ends = |&after: &Step| {
            let step = lowered.source.step(after.state, after.exit);
            step.is_some_and(|step| step.is_last && std::ptr::eq(step.statement(), self.place))
        };
        let steps = lowered.global.states().flat_map(|state| {
            (0..lowered.global.exits(state).len()).map(move |exit| Step { state, exit })
        });
        let all_after = |after| {
            self.messages.iter().map(move |&message| Insertion { after, ..message.clone() })
        };
        steps.filter(ends).flat_map(all_after).collect()
    }

    fn proposal(&self, names: &Names) -> Proposal {
        let statements = self.messages.iter().map(|message| message.statement(names));
        Proposal {
            text: statements.collect::<Vec<_>>().join(" "),
            after: self.place.quote.clone(),
            start: self.place.span.start(),
            end: self.place.span.end(),
        }
    }
}

/// Whether messages repair a violation and leave less to repair.
fn helps(
    insertions: Vec<Insertion>,
    violation: &Violation,
    count: usize,
    lowered: &Lowered,
    options: &Options,
) -> bool {
    let mut remedy = violation.remedy.clone();
    remedy.insertions = insertions;
    let Ok(repaired) = remedy.apply(&lowered.global) else { return false };
    let options = Options { find_remedies: false, ..*options };
    let Err(error) = check_with(&repaired, &options) else { return true };
    let fault = |of: &Violation| (of.role, of.condition, of.decision.state);
    let left: BTreeSet<_> = error.violations().iter().map(fault).collect();
    !left.is_empty() && left.len() < count && !left.contains(&fault(violation))
}
