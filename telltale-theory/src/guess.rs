//! Messages that may repair a violation, the simplest first.
//!
//! - At a race, the role answers whoever comes too early, or whom it had to hear first, in one
//!   branch or in both.
//! - Somebody who takes part in the decision tells the role, directly after it, in the branches that
//!   matter, or in all; with the labels of the branches, or with new ones. Or the same at the end of
//!   the two runs.
//! - At a silent end, wherever it becomes certain that nothing more will come, somebody says so.
//! - Somebody who hears of the decision later tells the role then.
//! - Somebody tells the role, and the role answers.
//!
//! None of them is sure: [`repair`](crate::repair) tries them out.

mod places;

use std::collections::{BTreeMap, BTreeSet};

use telltale_types::{GlobalExit, GlobalType, Label, LabelView, RoleId, StateId};

use crate::busy::busy;
use crate::error::Violation;
use crate::lanes::Parallel;
use crate::remedy::Insertion;
use crate::{Condition, Step};

/// What may repair a violation.
pub(crate) struct Guess<'a> {
    global: &'a GlobalType,
    violation: &'a Violation,
    labels: BTreeMap<&'a str, LabelView<'a>>,
    /// For every state, whether the role still has something to do on some run.
    busy: Vec<bool>,
}

impl<'a> Guess<'a> {
    pub(crate) fn new(global: &'a GlobalType, violation: &'a Violation) -> Self {
        let labels = global.names().labels().map(|(_, label)| (label.name, label)).collect();
        let busy = busy(global, Parallel::of(global).as_ref(), violation.role);
        Self { global, violation, labels, busy }
    }

    /// All guesses, the simplest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = Vec<Insertion>> + '_ {
        let soon = || self.places().into_iter().flat_map(|places| self.tell_at(&places));
        let later = || self.later().into_iter().flat_map(|(by, places)| self.tell_by(by, &places));
        // What answers, last words and the rest need is found out only when it comes to them.
        let answers = std::iter::once_with(|| self.answers()).flatten();
        let last_words = std::iter::once_with(|| self.last_words()).flatten();
        let soon_or_later = std::iter::once_with(soon).flatten();
        let answered = std::iter::once_with(move || soon().chain(later())).flatten();
        let last_word = std::iter::once_with(|| self.last_word()).flatten();
        answers
            .chain(last_word)
            .chain(soon_or_later)
            .chain(last_words)
            .chain(std::iter::once_with(later).flatten())
            .chain(answered.map(|told| self.answer(told)))
    }

    /// Whether nothing more comes for the role after an exit.
    pub(crate) fn is_last(&self, step: Step) -> bool {
        !self.is_busy(step.of(self.global).target)
    }

    fn is_busy(&self, state: StateId) -> bool {
        self.busy[state.index()]
    }

    /// At a race: the role answers whoever comes too early.
    fn answers(&self) -> Vec<Vec<Insertion>> {
        let Violation { role, condition, act, instead, .. } = *self.violation;
        let Some(instead) = instead.filter(|_| condition == Condition::ReceiveValidity) else {
            return Vec::new();
        };
        let answer = |after: Step, receiver| Insertion {
            after,
            sender: role,
            receiver,
            label: self.new_label("Ack"),
        };
        let (early, late) = (act.of(self.global).sender, instead.of(self.global).sender);
        vec![
            vec![answer(instead, early)],
            vec![answer(act, late), answer(instead, early)],
            vec![answer(instead, late)],
            vec![answer(act, early), answer(instead, late)],
        ]
    }

    /// At a silent end that comes with a message which the role receives in the other run as well:
    /// who sends it says that it was the last.
    fn last_word(&self) -> Option<Vec<Insertion>> {
        let Violation { role, condition, .. } = *self.violation;
        let after = *self.violation.there.last()?;
        let known = condition == Condition::SilentEnd && self.knows(after, role);
        known.then(|| vec![self.done(after, |last| last.sender)])
    }

    fn done(&self, after: Step, by: impl Fn(&GlobalExit) -> RoleId) -> Insertion {
        let (last, role) = (after.of(self.global), self.violation.role);
        let sender = if by(&last) == role { other(last, role) } else { by(&last) };
        Insertion { after, sender, receiver: role, label: self.new_label("Done") }
    }

    /// At a silent end: whoever makes it certain that nothing more will come says so.
    fn last_words(&self) -> Vec<Vec<Insertion>> {
        if self.violation.condition != Condition::SilentEnd {
            return Vec::new();
        }
        let say = |lasts: &[Step], by: fn(&GlobalExit) -> RoleId| -> Vec<Insertion> {
            lasts.iter().map(|&after| self.done(after, by)).collect()
        };
        let lasts = self.lasts();
        let role = self.violation.role;
        let untold: Vec<Step> =
            lasts.iter().copied().filter(|&step| !self.knows(step, role)).collect();
        let mut words = vec![
            say(&untold, |last| last.sender),
            say(&untold, |last| last.receiver),
            say(&lasts, |last| last.sender),
        ];
        words.retain(|words| !words.is_empty());
        words.dedup();
        words
    }

    fn knows(&self, step: Step, role: RoleId) -> bool {
        let exit = step.of(self.global);
        role == exit.sender || role == exit.receiver
    }

    /// Somebody who knows tells the role, after each of some exits.
    fn tell_at(&self, places: &[Step]) -> Vec<Vec<Insertion>> {
        let exits = places.iter().map(|step| step.of(self.global));
        let mut tellers: Vec<RoleId> =
            exits.flat_map(|exit| [exit.sender, exit.receiver]).collect();
        // Who sends to the role anyway cannot be overtaken by itself.
        tellers.insert(0, self.violation.act.of(self.global).sender);
        let mut seen = BTreeSet::from([self.violation.role]);
        tellers.retain(|&teller| {
            seen.insert(teller) && places.iter().all(|step| self.knows(*step, teller))
        });
        tellers.into_iter().flat_map(|teller| self.tell_by(teller, places)).collect()
    }

    /// A role tells the other, after each of some exits.
    fn tell_by(&self, teller: RoleId, places: &[Step]) -> Vec<Vec<Insertion>> {
        let exits: Vec<GlobalExit> = places.iter().map(|step| step.of(self.global)).collect();
        let names = self.global.names();
        let mut alike: BTreeMap<&str, usize> = BTreeMap::new();
        for exit in &exits {
            *alike.entry(names.label(exit.label).name).or_default() += 1;
        }
        let told = |new| {
            let tell = |(&after, exit): (&Step, &GlobalExit)| {
                let name = names.label(exit.label).name;
                let label = match places {
                    [only]
                        if self.violation.condition == Condition::SilentEnd
                            && self.is_last(*only) =>
                    {
                        self.new_label("Done")
                    }
                    _ if alike[name] == 1 => self.told(name, new),
                    _ => self.told(&format!("{name}To{}", names.role(exit.receiver)), new),
                };
                Insertion { after, sender: teller, receiver: self.violation.role, label }
            };
            places.iter().zip(&exits).map(tell).collect()
        };
        let mut guesses: Vec<Vec<Insertion>> = [false, true].map(told).into();
        guesses.dedup();
        guesses
    }

    /// A label that says what a label has said; it carries nothing.
    fn told(&self, name: &str, new: bool) -> Label {
        match self.labels.get(name).map(|known| known.to_label()) {
            Some(known) if known.payload.is_unit() && !new => known,
            Some(_) => self.new_label(&format!("{name}Chosen")),
            None => Label::new(name.to_owned()),
        }
    }

    /// A label that the protocol does not have yet.
    fn new_label(&self, name: &str) -> Label {
        let numbered = (2..).map(|number| format!("{name}{number}"));
        let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
        let new = candidates.find(|name| !self.labels.contains_key(name.as_str()));
        Label::new(new.unwrap_or_default())
    }

    /// After each message, its receiver answers.
    fn answer(&self, told: Vec<Insertion>) -> Vec<Insertion> {
        let answered = |told: Insertion| {
            let answer = Insertion {
                after: told.after,
                sender: told.receiver,
                receiver: told.sender,
                label: self.new_label("Ack"),
            };
            [told, answer]
        };
        told.into_iter().flat_map(answered).collect()
    }
}

/// The one of the two roles of an exit that is not the given one.
fn other(exit: GlobalExit, role: RoleId) -> RoleId {
    if exit.sender == role { exit.receiver } else { exit.sender }
}
