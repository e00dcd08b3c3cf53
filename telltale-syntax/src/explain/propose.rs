//! From messages that would repair a global type to lines that can be written.
//!
//! A message that comes after one exit is a line after one statement, mostly. But a statement can stand for
//! several exits: the first message of a loop that begins a branch, a message to several receivers, a `do`. Then
//! the line does more than was tried, and is tried again.

use std::collections::{BTreeMap, BTreeSet};

use telltale_theory::{Insertion, Options, Remedy, Step};
use telltale_types::{GlobalType, Label, RoleId, StateId};

use super::Cause;
use crate::analyse::Lowered;
use crate::cannot_know::Proposal;
use crate::source_map::{Place, StepSource};

/// What to write.
#[derive(Default)]
pub(super) struct Proposed<'v> {
    /// What would help; of a cause with several violations, perhaps that of another one.
    pub(super) remedy: Option<&'v Remedy>,
    /// Nothing if what would help cannot be written.
    pub(super) proposals: Vec<Proposal>,
    /// Who would say something.
    pub(super) senders: BTreeSet<RoleId>,
    /// Whether what is said does not depend on what was decided.
    pub(super) is_common: bool,
}

/// The fewest lines to write, of those that help.
pub(super) fn propose<'v>(cause: &Cause<'v>, lowered: &Lowered, options: &Options) -> Proposed<'v> {
    let mut remedies = cause.remedies.clone();
    remedies.retain(|remedy| !remedy.insertions.is_empty());
    remedies.sort_by_key(|remedy| remedy.insertions.len());
    let proposed = remedies.into_iter().find_map(|remedy| {
        let insertions = &remedy.insertions;
        let lines = lines(insertions, lowered)?;
        let written: Vec<Insertion> = lines.iter().flat_map(Line::written).collect();
        let own = &cause.violation.remedy.insertions;
        let is_tried = written.len() == own.len() && written.iter().all(|one| own.contains(one));
        (is_tried || cause.wrong.repaired_by(cause.violation, &written, options)).then(|| {
            let repeated = repeated(lowered);
            Proposed {
                remedy: Some(remedy),
                proposals: lines.iter().map(|line| line.proposal(lowered, &repeated)).collect(),
                senders: insertions.iter().map(|insertion| insertion.sender).collect(),
                is_common: lines.iter().any(Line::is_common),
            }
        })
    });
    proposed.unwrap_or_default()
}

/// Whether messages can be written as lines.
pub(crate) fn can_be_written(insertions: &[Insertion], lowered: &Lowered) -> bool {
    lines(insertions, lowered).is_some()
}

/// What is written after one statement.
struct Line<'a> {
    place: &'a Place,
    /// One after which it was meant to come.
    after: Step,
    messages: Vec<Insertion>,
    /// The exits that end the statement.
    ends: Vec<Step>,
}

fn lines<'a>(insertions: &[Insertion], lowered: &'a Lowered) -> Option<Vec<Line<'a>>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    let mut known: BTreeMap<Step, usize> = BTreeMap::new();
    for message in insertions {
        let after = message.after;
        if let Some(&line) = known.get(&after) {
            lines[line].messages.push(message.clone());
        } else {
            known.insert(after, lines.len());
            let place = lowered.source.step(after.state, after.exit)?.statement();
            lines.push(Line { place, after, messages: vec![message.clone()], ends: Vec::new() });
        }
    }
    let mut lines = one_per_place(lines)?;
    if lines.iter().any(|line| line.is_elsewhere(lowered)) {
        return None;
    }
    find_ends(&mut lines, lowered);
    if lines.iter().any(|line| line.is_shared(lowered)) {
        return None;
    }
    for line in lines.iter_mut().filter(|line| line.is_common()) {
        let label = common_label(line, lowered);
        line.messages[0].label = label;
    }
    Some(lines)
}

/// Lines with the same messages after the same statement are one; with others, there is no such line.
fn one_per_place(lines: Vec<Line<'_>>) -> Option<Vec<Line<'_>>> {
    let mut places: Vec<Line<'_>> = Vec::new();
    let mut known: BTreeMap<*const Place, usize> = BTreeMap::new();
    for line in lines {
        let place = *known.entry(line.place).or_insert(places.len());
        match places.get(place) {
            None => places.push(line),
            Some(known) if known.messages_after(line.after).eq(line.messages.iter().cloned()) => {}
            Some(_) => return None,
        }
    }
    Some(places)
}

fn find_ends(lines: &mut [Line<'_>], lowered: &Lowered) {
    let mut by_place: BTreeMap<*const Place, &mut Vec<Step>> = BTreeMap::new();
    for line in lines {
        by_place.insert(line.place, &mut line.ends);
    }
    for (step, source) in steps(lowered).filter(|(_, source)| source.is_last) {
        if let Some(ends) = by_place.get_mut(&std::ptr::from_ref(source.statement())) {
            ends.push(step);
        }
    }
}

/// The statements that stand on their line more than once.
fn repeated(lowered: &Lowered) -> BTreeSet<*const Place> {
    let mut first: BTreeMap<(usize, &str), *const Place> = BTreeMap::new();
    let mut repeated = BTreeSet::new();
    for (_, source) in steps(lowered) {
        let place: &Place = source.statement();
        let first = *first.entry((place.quote.line, &place.quote.text)).or_insert(place);
        if !std::ptr::eq(first, place) {
            repeated.extend([first, std::ptr::from_ref(place)]);
        }
    }
    repeated
}

/// A new label that speaks of no branch.
fn common_label(line: &Line<'_>, lowered: &Lowered) -> Label {
    let names = lowered.global.names();
    let role = line.messages[0].receiver;
    let is_last = |after: Step| !may_act(role, after.of(&lowered.global).target, &lowered.global);
    let name = if line.ends.iter().copied().all(is_last) { "Done" } else { "Next" };
    let numbered = (2..).map(|number| format!("{name}{number}"));
    let mut labels = std::iter::once(name.to_owned()).chain(numbered);
    let new = labels.find(|label| names.find_label(label).is_none());
    Label::new(new.unwrap_or_default())
}

/// Whether a role may send or receive something from a state on.
fn may_act(role: RoleId, from: StateId, global: &GlobalType) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::from([from]));
    while let Some(state) = open.pop() {
        for exit in global.exits(state) {
            if [exit.sender, exit.receiver].contains(&role) {
                return true;
            }
            if seen.insert(exit.target) {
                open.push(exit.target);
            }
        }
    }
    false
}

fn steps(lowered: &Lowered) -> impl Iterator<Item = (Step, StepSource<'_>)> {
    let steps = lowered.global.states().flat_map(|state| {
        (0..lowered.global.exits(state).len()).map(move |exit| Step { state, exit })
    });
    steps.filter_map(|step| Some((step, lowered.source.step(step.state, step.exit)?)))
}

impl Line<'_> {
    /// What it means for the global type: its messages after every exit that ends the statement.
    fn written(&self) -> impl Iterator<Item = Insertion> {
        self.ends.iter().flat_map(|&after| self.messages_after(after))
    }

    fn messages_after(&self, after: Step) -> impl Iterator<Item = Insertion> {
        self.messages.iter().map(move |message| Insertion { after, ..message.clone() })
    }

    /// Whether it is for somebody who takes part in another arm of a `par`.
    fn is_elsewhere(&self, lowered: &Lowered) -> bool {
        let start = self.place.span.start();
        let roles = self.messages.iter().flat_map(|message| [message.sender, message.receiver]);
        let mut names = roles.map(|role| lowered.global.names().role(role));
        names.any(|role| lowered.arms.is_elsewhere(role, start))
    }

    /// Whether it comes after a step that is another statement as well: then both would have to go on in the
    /// same way, and one line makes them different.
    fn is_shared(&self, lowered: &Lowered) -> bool {
        let mut steps = self.ends.iter().chain([&self.after]);
        steps.any(|step| {
            lowered.source.step(step.state, step.exit).is_some_and(|source| source.is_shared)
        })
    }

    /// Whether it comes after several branches of a protocol that is run.
    fn is_common(&self) -> bool {
        self.place.runs.is_some() && self.ends.len() > 1
    }

    fn proposal(&self, lowered: &Lowered, repeated: &BTreeSet<*const Place>) -> Proposal {
        let names = lowered.global.names();
        let statements = self.messages.iter().map(|message| message.statement(names));
        Proposal {
            text: statements.collect::<Vec<_>>().join(" "),
            after: self.place.quote.clone(),
            start: self.place.span.start(),
            end: self.place.span.end(),
            is_repeated: repeated.contains(&std::ptr::from_ref(self.place)),
        }
    }
}
