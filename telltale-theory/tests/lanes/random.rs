//! Random protocols with parallel parts.

use telltale_theory::oracle::{Rng, can_happen, explore, goes_wrong, is_run, may_do, violated};
use telltale_theory::{Condition, Event};
use telltale_types::GlobalType;

use crate::{are_many, events, exits, for_protocols, hard, locals, number, written};

/// How many situations of one protocol are looked at.
fn situations() -> usize {
    number("TELLTALE_SITUATIONS", 50) as usize
}

const DEPTH: usize = 12;

#[test]
fn what_is_accepted_never_misbehaves() {
    let (mut accepted, mut all) = (0, 0);
    for_protocols(1_500, |global| {
        if !hard(&violated(global)).is_empty() {
            return;
        }
        let locals = locals(global).expect("every role has a type");
        let explored = explore(global, &locals, DEPTH, situations());
        let explored = explored.unwrap_or_else(|wrong| panic!("{wrong:?}"));
        let wrong = goes_wrong(global, DEPTH, situations());
        assert_eq!(wrong.map(|run| written(global, &run)), None);
        accepted += 1;
        all += u64::from(explored.all);
    });
    println!("{accepted} accepted, {all} of them explored to the end");
    assert!(!are_many() || accepted > 500, "{accepted} accepted");
}

#[test]
fn what_is_refused_mostly_misbehaves() {
    let (mut refused, mut wrong) = (0, 0);
    for_protocols(300, |global| {
        let violated = hard(&violated(global));
        if violated.is_empty() {
            return;
        }
        refused += 1;
        if goes_wrong(global, DEPTH, 40 * situations()).is_some() {
            wrong += 1;
            return;
        }
        // Where a role is only not told that a parallel part begins, or that its arm is over, nothing
        // need go wrong. The others go wrong later.
        let untold = |what| matches!(what, Condition::Fork | Condition::Join);
        if violated.iter().all(|(_, what)| untold(*what)) {
            println!("strict {violated:?} {global}");
        } else if (0..10 * situations()).any(|seed| wanders_off(global, seed as u64)) {
            wrong += 1;
        } else {
            println!("long {violated:?} {global}");
        }
    });
    println!("{wrong} of {refused} refused go wrong");
    assert!(!are_many() || wrong * 10 >= refused * 8, "{wrong} of {refused} refused go wrong");
}

/// Whether a random run in which every role does what some run has after what it has seen ends in
/// what no run has.
fn wanders_off(global: &GlobalType, seed: u64) -> bool {
    let mut rng = Rng::new(seed);
    let events = events(global);
    let mut alphabet: Vec<Event> =
        exits(global).flat_map(|(state, exit)| events(state, exit)).collect();
    alphabet.sort_unstable();
    alphabet.dedup();
    let mut run = Vec::new();
    for _ in 0..30 {
        let first = rng.below(alphabet.len());
        let turns = (0..alphabet.len()).map(|nth| alphabet[(first + nth) % alphabet.len()]);
        let longer = turns.map(|event| [&run[..], &[event]].concat());
        let mut possible = longer.filter(|run| {
            can_happen(run) && run.last().is_some_and(|last| may_do(global, last.role, run))
        });
        let Some(next) = possible.next() else { return false };
        if !is_run(global, &next) {
            return true;
        }
        run = next;
    }
    false
}
