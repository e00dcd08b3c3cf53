//! Messages that may repair a violation, the simplest first.
//!
//! - At a race, the role answers whoever comes too early, or whom it had to hear first, in one
//!   branch or in both.
//! - Somebody who takes part in the decision tells the role, directly after it, in the branches that
//!   matter, or in all; with the labels of the branches, or with new ones. Or the same at the end of
//!   the two runs.
//! - At a silent end, wherever it becomes certain that nothing more will come, somebody says so.
//! - Somebody tells the role, and the role answers.
//!
//! None of them is sure: [`repair`](crate::repair) tries them out.

use std::collections::{BTreeMap, BTreeSet};

use telltale_types::{GlobalExit, GlobalType, Label, RoleId, StateId};

use crate::error::Violation;
use crate::remedy::Insertion;
use crate::{Condition, Step};

/// What may repair a violation.
pub(crate) fn guesses<'a>(
    global: &'a GlobalType,
    violation: &'a Violation,
) -> impl Iterator<Item = Vec<Insertion>> + 'a {
    let guess = Guess { global, violation };
    let last_words = guess.last_words().into_iter();
    let plain = guess.places().into_iter().flat_map(move |places| guess.tell_at(&places));
    let answered = guess.places().into_iter().flat_map(move |places| guess.tell_at(&places));
    let told = plain.chain(last_words).chain(answered.map(move |told| guess.answer(told)));
    guess.answers().into_iter().chain(told)
}

#[derive(Clone, Copy)]
struct Guess<'a> {
    global: &'a GlobalType,
    violation: &'a Violation,
}

impl Guess<'_> {
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

    /// At a silent end: whoever makes it certain that nothing more will come says so.
    fn last_words(&self) -> Vec<Vec<Insertion>> {
        let role = self.violation.role;
        if self.violation.condition != Condition::SilentEnd {
            return Vec::new();
        }
        let busy = &self.busy();
        let last = |state: StateId| {
            let exits = self.global.exits(state).enumerate();
            exits.filter_map(move |(exit, last)| {
                let after = Step { state, exit };
                let over = busy.contains(&state) && !busy.contains(&last.target);
                (over && !self.knows(after, role)).then_some((after, last))
            })
        };
        let lasts: Vec<(Step, GlobalExit)> = self.global.states().flat_map(last).collect();
        let label = self.new_label("Done");
        let say = |by: fn(&GlobalExit) -> RoleId| {
            let say = |(after, last): &(Step, GlobalExit)| Insertion {
                after: *after,
                sender: by(last),
                receiver: role,
                label: label.clone(),
            };
            lasts.iter().map(say).collect()
        };
        vec![say(|last| last.sender), say(|last| last.receiver)]
    }

    /// The states from which the role still has something to do on some run.
    fn busy(&self) -> BTreeSet<StateId> {
        let mut into: BTreeMap<StateId, Vec<StateId>> = BTreeMap::new();
        let mut open = Vec::new();
        for state in self.global.states() {
            for exit in self.global.exits(state) {
                into.entry(exit.target).or_default().push(state);
                if [exit.sender, exit.receiver].contains(&self.violation.role) {
                    open.push(state);
                }
            }
        }
        let mut busy = BTreeSet::new();
        while let Some(state) = open.pop() {
            if busy.insert(state) {
                open.extend(into.get(&state).into_iter().flatten());
            }
        }
        busy
    }

    /// Where the role could be told.
    fn places(&self) -> Vec<Vec<Step>> {
        let Violation { condition, decision, here, there, .. } = self.violation;
        let (one, other) = (decision.here, decision.there);
        let of = |exit| Step { state: decision.state, exit };
        let all: Vec<Step> = (0..self.global.exits(decision.state).len()).map(of).collect();
        let but_here = all.iter().copied().filter(|step| *step != one).collect();
        let mut places = match condition {
            Condition::SendValidity => vec![vec![one, other]],
            Condition::NoMixedChoice => vec![vec![one], vec![one, other]],
            Condition::SilentEnd => vec![vec![other], but_here, vec![one, other]],
            Condition::ReceiveValidity => vec![vec![one, other], vec![one], vec![other]],
        };
        places.push(all);
        if let (Some(&here), Some(&there)) = (here.last(), there.last()) {
            places.extend([vec![there], vec![here, there], vec![here]]);
        }
        for steps in &mut places {
            steps.retain(|step| !self.knows(*step, self.violation.role));
        }
        places.retain(|steps| !steps.is_empty());
        places
    }

    fn knows(&self, step: Step, role: RoleId) -> bool {
        let exit = step.of(self.global);
        role == exit.sender || role == exit.receiver
    }

    /// Somebody who knows tells the role, after each of some exits.
    fn tell_at(&self, places: &[Step]) -> Vec<Vec<Insertion>> {
        let exits: Vec<GlobalExit> = places.iter().map(|step| step.of(self.global)).collect();
        let mut tellers: Vec<RoleId> =
            exits.iter().flat_map(|exit| [exit.sender, exit.receiver]).collect();
        // Who sends to the role anyway cannot be overtaken by itself.
        tellers.insert(0, self.violation.act.of(self.global).sender);
        let mut seen = BTreeSet::new();
        tellers.retain(|&teller| {
            seen.insert(teller) && places.iter().all(|step| self.knows(*step, teller))
        });
        let mut guesses = Vec::new();
        for teller in tellers {
            for new in [false, true] {
                let tell = |(&after, exit): (&Step, &GlobalExit)| Insertion {
                    after,
                    sender: teller,
                    receiver: self.violation.role,
                    label: self.told(*exit, &exits, new),
                };
                guesses.push(places.iter().zip(&exits).map(tell).collect());
            }
        }
        guesses
    }

    /// What the role is told after an exit, one of several.
    fn told(&self, exit: GlobalExit, among: &[GlobalExit], new: bool) -> Label {
        let names = self.global.names();
        if self.violation.condition == Condition::SilentEnd && among.len() == 1 {
            return self.new_label("Done");
        }
        let name = names.label(exit.label).name;
        let alike = |other: &&GlobalExit| names.label(other.label).name == name;
        let name = match among.iter().filter(alike).count() {
            1 => name.to_owned(),
            _ => format!("{name}To{}", names.role(exit.receiver)),
        };
        match names.find_label(&name).map(|known| names.label(known).to_label()) {
            Some(known) if known.payload.is_unit() && !new => known,
            Some(_) => self.new_label(&format!("{name}Chosen")),
            None => Label::new(name),
        }
    }

    /// A label that the protocol does not have yet.
    fn new_label(&self, name: &str) -> Label {
        let numbered = (2..).map(|number| format!("{name}{number}"));
        let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
        let new = candidates.find(|name| self.global.names().find_label(name).is_none());
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
