//! The arms of a `par` one after the other have the runs that they have side by side.
//!
//! Side by side is told from the definition, on the arms as protocols of their own: a path of one
//! arm and a path of the other, their steps in any order.

use std::collections::{BTreeMap, BTreeSet};

use telltale_conformance::grammar::arms;
use telltale_conformance::word::alphabet;
use telltale_syntax::analyse_str;
use telltale_theory::Event;
use telltale_theory::oracle::{Rng, can_happen, is_run};
use telltale_types::{GlobalExit, GlobalType, LabelId, RoleId, StateId};

/// How many events a run has at most, and how many runs of one protocol are looked at.
const DEPTH: usize = 12;
const RUNS: usize = 40;

/// A lowered `par`, and its arms with the roles and labels of the whole.
struct Par {
    whole: GlobalType,
    arms: [GlobalType; 2],
}

#[test]
fn sequence_and_interleaving_have_the_same_runs() {
    let mut compared = 0;
    let mut longest = 0;
    for seed in 0..100 {
        let Some(par) = lowered(&arms(seed)) else { continue };
        compared += 1;
        longest = longest.max(compare(&par, seed));
    }
    assert!(compared >= 60, "only {compared} protocols have a meaning");
    assert!(longest >= DEPTH, "no run is longer than {longest} events");
}

#[test]
fn what_is_no_sequence_is_told_apart() {
    let text = "protocol Whole(A, B, C, D) { A -> B: X; C -> D: Y; A -> B: X; }
                protocol One(A, B) { A -> B: X; }
                protocol Other(C, D) { C -> D: Y; }";
    let par = lowered(text).expect("the text has no mistakes");
    let x = [Event::sent(RoleId(0), RoleId(1), LabelId(0))];
    assert!(is_run(&par.whole, &x) && side_by_side(&par.arms, &x));
    let twice = [x, x].concat();
    assert!(is_run(&par.whole, &twice) && !side_by_side(&par.arms, &twice));
}

/// Looks at runs of both, those that begin alike together; gives the length of the longest.
fn compare(par: &Par, seed: u64) -> usize {
    let events = alphabet(&par.whole);
    let mut known = BTreeSet::new();
    let mut open = vec![Vec::new()];
    let mut longest = 0;
    let mut rng = Rng::new(seed);
    while !open.is_empty() {
        let run = open.swap_remove(rng.below(open.len()));
        for &event in &events {
            let longer = [&run[..], &[event]].concat();
            let together = side_by_side(&par.arms, &longer);
            assert_eq!(
                is_run(&par.whole, &longer),
                together,
                "seed {seed}: {longer:?}\n{}",
                par.whole
            );
            longest = longest.max(if together { longer.len() } else { 0 });
            if together
                && longer.len() < DEPTH
                && known.len() < RUNS
                && known.insert(views(&longer))
            {
                open.push(longer);
            }
        }
    }
    longest
}

/// What every role does: runs that agree on that are one.
fn views(run: &[Event]) -> BTreeMap<u8, Vec<Event>> {
    let mut views: BTreeMap<u8, Vec<Event>> = BTreeMap::new();
    for &event in run {
        views.entry(event.role.0).or_default().push(event);
    }
    views
}

/// Whether a word is a prefix of a run of both arms side by side: every message is received in order and
/// after it was sent, and some path of steps of both arms has what every role does.
fn side_by_side(arms: &[GlobalType; 2], word: &[Event]) -> bool {
    if !can_happen(word) {
        return false;
    }
    let views = views(word);
    let none: BTreeMap<u8, usize> = views.keys().map(|&role| (role, 0)).collect();
    let mut open = vec![([StateId::START; 2], none)];
    let mut seen = BTreeSet::new();
    while let Some((states, done)) = open.pop() {
        if views.iter().all(|(role, view)| done[role] == view.len()) {
            return true;
        }
        if !seen.insert((states, done.clone())) {
            continue;
        }
        for (at, arm) in arms.iter().enumerate() {
            for exit in arm.exits(states[at]) {
                let mut states = states;
                states[at] = exit.target;
                open.extend(followed(&views, &done, exit).map(|done| (states, done)));
            }
        }
    }
    false
}

/// How far every role is after an exchange, if its view goes on so; one whose view is over may do anything.
fn followed(
    views: &BTreeMap<u8, Vec<Event>>,
    done: &BTreeMap<u8, usize>,
    exit: GlobalExit,
) -> Option<BTreeMap<u8, usize>> {
    let GlobalExit { sender, receiver, label, .. } = exit;
    let mut done = done.clone();
    for event in [Event::sent(sender, receiver, label), Event::received(sender, receiver, label)] {
        let role = event.role.0;
        let Some(next) = views.get(&role).and_then(|view| view.get(done[&role])) else { continue };
        if *next != event {
            return None;
        }
        *done.entry(role).or_default() += 1;
    }
    Some(done)
}

/// The three protocols, if they have no mistakes; a small one may have.
fn lowered(text: &str) -> Option<Par> {
    let analysis = analyse_str(text);
    let mut globals =
        analysis.protocols.iter().map(|protocol| Some(&protocol.lowered.as_ref()?.global));
    let (whole, one, other) = (globals.next()??, globals.next()??, globals.next()??);
    Some(Par { whole: whole.clone(), arms: [renamed(one, whole), renamed(other, whole)] })
}

/// An arm with the roles and labels of the whole.
fn renamed(arm: &GlobalType, whole: &GlobalType) -> GlobalType {
    let names = whole.names();
    let role = |role| names.find_role(arm.names().role(role)).expect("a role of the whole");
    let label = |label| {
        let label = arm.names().label(label);
        let found = names.labels().find(|(_, other)| *other == label);
        found.expect("a label of the whole").0
    };
    let exit = |exit: GlobalExit| GlobalExit {
        sender: role(exit.sender),
        receiver: role(exit.receiver),
        label: label(exit.label),
        target: exit.target,
    };
    let states = arm.states().map(|state| arm.exits(state).map(exit).collect::<Vec<_>>());
    GlobalType::new(names.clone(), states.collect()).expect("it was a type before")
}
