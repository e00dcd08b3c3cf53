//! Random protocols with parallel parts.

use telltale_theory::Condition;
use telltale_theory::oracle::{explore, goes_wrong, violated};

use crate::{for_protocols, hard, locals, number, written};

/// How many situations of one protocol are looked at.
fn situations() -> usize {
    number("TELLTALE_SITUATIONS", 50) as usize
}

const DEPTH: usize = 12;

#[test]
fn what_is_accepted_never_misbehaves() {
    let (mut accepted, mut all) = (0, 0);
    for_protocols(3_000, |global| {
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
    assert!(number("TELLTALE_PROTOCOLS", 3_000) < 3_000 || accepted > 1_000, "{accepted} accepted");
}

#[test]
fn what_is_refused_mostly_misbehaves() {
    let (mut refused, mut wrong) = (0, 0);
    for_protocols(600, |global| {
        let violated = hard(&violated(global));
        if violated.is_empty() {
            return;
        }
        refused += 1;
        if goes_wrong(global, DEPTH, 40 * situations()).is_some() {
            wrong += 1;
        } else {
            // Where a role is only not told that a parallel part begins, or that its arm is over,
            // nothing need go wrong. The others would have to be looked at for longer.
            let untold = |what| matches!(what, Condition::Fork | Condition::Join);
            let strict = violated.iter().all(|(_, what)| untold(*what));
            println!("{} {violated:?} {global}", if strict { "strict" } else { "long" });
        }
    });
    println!("{wrong} of {refused} refused go wrong");
    assert!(wrong * 10 >= refused * 7, "{wrong} of {refused} refused go wrong");
}
