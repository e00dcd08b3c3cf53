//! What is refused costs about as much as what is accepted. The work is counted, not timed.

use telltale_types::GlobalType;

use crate::oracle::{LARGE, REFUSED};
use crate::{ProjectionError, Violation};

use super::*;

/// What it takes to find everything that is wrong: vertices of the trees of runs, comparisons of
/// their ends, and steps of the searches for overtaking messages.
fn work(global: &GlobalType) -> usize {
    let (mut work, mut steps) = (0, 0);
    survey(global, all_roles(global), &Options::default(), |suspect, available| {
        let clashes = Clashes::of(suspect, available);
        work += clashes.runs.len() + clashes.compared;
        steps = available.steps();
    });
    work + steps
}

/// How many exchanges and events all explanations keep together.
fn kept(global: &GlobalType) -> usize {
    let options = Options { find_remedies: false, ..Options::default() };
    let error = check_with(global, &options).expect_err("the protocol is refused");
    let kept =
        |one: &Violation| one.here.len() + one.there.len() + one.wrong.len() + one.seen.len();
    error.violations().iter().map(kept).sum()
}

fn wrong() -> impl Iterator<Item = (&'static str, crate::oracle::Build)> {
    let large = LARGE.iter().filter(|(name, _)| name.starts_with("wrong"));
    large.chain(REFUSED).copied()
}

#[test]
fn finding_what_is_wrong_grows_with_the_length() {
    for (name, build) in wrong() {
        let (small, large) = (build(1), build(2));
        // Every role looks at every exit, whatever the verdict.
        let size = |global: &GlobalType| {
            let exits = global.states().map(|state| global.exits(state).len());
            global.names().role_count() * exits.sum::<usize>()
        };
        let grown = size(&large).div_ceil(size(&small));
        let (small, large) = (work(&small), work(&large));
        assert!(10 * large <= 11 * grown * small, "{name}: {small}, then {large}");
    }
}

#[test]
fn explaining_grows_with_the_length() {
    for (name, build) in wrong() {
        let (small, large) = (kept(&build(1)), kept(&build(2)));
        assert!(10 * large <= 21 * small + 1_000, "{name}: {small}, then {large}");
    }
}

#[test]
fn what_is_not_explained_is_counted() {
    let (_, untold) =
        LARGE.iter().find(|(name, _)| name.contains("nobody tells the third")).expect("is there");
    let options = Options { find_remedies: false, ..Options::default() };
    let error = check_with(&untold(1), &options).expect_err("the protocol is refused");
    let ProjectionError::Violations(violations) = &error else { panic!("{error}") };
    assert_eq!((violations.violations.len(), violations.more()), (20, 480));
    assert!(error.to_string().ends_with("\n\nand 480 more violations"), "{error}");
    let first: Vec<u32> = violations.violations.iter().map(|one| one.decision.state.0).collect();
    assert!(first.is_sorted() && first.iter().all(|&state| state < 60), "{first:?}");
}
