//! The check and the projection, against the definitions.

use std::collections::BTreeSet;

use telltale_theory::oracle::{can_happen, explore, goes_wrong, is_run, may_do, violated};
use telltale_theory::{Condition, Limits, Options, ProjectionError, Violation};
use telltale_types::{GlobalType, LocalTypeR, RoleId};

use crate::{are_many, for_protocols, hard, locals, written};

fn strict() -> Options {
    let limits = Limits { explained: usize::MAX, ..Limits::default() };
    Options { find_remedies: false, limits, ..Options::default() }
}

fn refusal(global: &GlobalType) -> Option<ProjectionError> {
    telltale_theory::check_with(global, &strict()).err()
}

type Violated = BTreeSet<(RoleId, Condition)>;

/// What the check says is the matter.
fn found(refusal: Option<&ProjectionError>) -> Violated {
    let violations = refusal.into_iter().flat_map(ProjectionError::violations);
    violations.map(|violation| (violation.role, violation.condition)).collect()
}

#[test]
fn the_fast_verdict_is_the_defined_one() {
    for_protocols(3_000, |global| {
        let refusal = refusal(global);
        assert_eq!(found(refusal.as_ref()), violated(global));
        assert_eq!(refusal.is_some(), !violated(global).is_empty());
    });
}

#[test]
fn verdicts_on_what_people_need_and_on_the_smallest_refusals() {
    for global in crate::golden::all() {
        assert_eq!(found(refusal(&global).as_ref()), violated(&global), "{global}");
    }
}

#[test]
fn what_is_projected_is_what_the_subsets_say_and_never_misbehaves() {
    let lenient = Options { allow_silent_end: true, ..strict() };
    for_protocols(1_500, |global| {
        let Ok(projected) = telltale_theory::project_all_with(global, &lenient) else { return };
        let projected: Vec<LocalTypeR> = projected.into_iter().map(|(_, local)| local).collect();
        let erased = locals(global).expect("every role has a type");
        for ((_, name), (fast, slow)) in global.names().roles().zip(projected.iter().zip(&erased)) {
            assert_eq!(fast, slow, "{name}");
        }
        explore(global, &projected, 12, 40).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    });
}

#[test]
fn what_is_refused_has_a_run_that_goes_wrong() {
    for_protocols(3_000, |global| {
        let refusal = refusal(global);
        for violation in refusal.iter().flat_map(ProjectionError::violations) {
            run_goes_wrong(global, violation, &found(refusal.as_ref()));
        }
    });
}

fn run_goes_wrong(global: &GlobalType, violation: &Violation, all: &Violated) {
    let Violation { condition, role, wrong, .. } = violation;
    let text = written(global, wrong);
    if *condition == Condition::SilentEnd {
        assert!(is_run(global, wrong), "{text}");
        return;
    }
    let Some((last, before)) = wrong.split_last() else {
        // A role may have to be told that a parallel part begins, or that its arm is over, although
        // nothing goes wrong if it is not.
        let untold = [Condition::Fork, Condition::Join];
        assert!(untold.iter().any(|what| all.contains(&(*role, *what))), "{violation:?}");
        return;
    };
    assert_eq!(last.role, *role, "{text}");
    assert!(is_run(global, before), "before the last event this is no run: {text}");
    assert!(!is_run(global, wrong), "this is right: {text}");
    assert!(may_do(global, *role, wrong), "the role knows better: {text}");
    assert!(can_happen(wrong), "this cannot happen: {text}");
}

/// Where nothing is wrong but that roles are not told of forks and joins, something may go wrong or not. The docs on projection
/// say how often it is shown if it does.
#[test]
fn what_goes_wrong_without_being_told_is_shown_more_often_than_not() {
    let (mut untold, mut go_wrong, mut are_shown) = (0, 0, 0);
    for_protocols(300, |global| {
        let Some(refusal) = refusal(global) else { return };
        let is_untold = |what| matches!(what, Condition::Fork | Condition::Join);
        let violated = hard(&found(Some(&refusal)));
        if violated.is_empty() || !violated.iter().all(|(_, what)| is_untold(*what)) {
            return;
        }
        untold += 1;
        let violations = refusal.violations().iter();
        let mut violations = violations.filter(|violation| is_untold(violation.condition));
        if violations.any(|violation| !violation.wrong.is_empty()) {
            (go_wrong, are_shown) = (go_wrong + 1, are_shown + 1);
        } else if let Some(run) = goes_wrong(global, 12, 200) {
            go_wrong += 1;
            println!("not shown: {violated:?} {} in {global}", written(global, &run));
        }
    });
    println!(
        "{untold} are only not told, {go_wrong} of them go wrong, {are_shown} of these are shown"
    );
    assert!(!are_many() || are_shown * 2 >= go_wrong, "{are_shown} of {go_wrong} are shown");
}
