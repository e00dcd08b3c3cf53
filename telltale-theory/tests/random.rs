//! Random protocols: the fast verdict is the defined one, what is accepted never misbehaves, and
//! what is refused really has a run that goes wrong.
//!
//! `TELLTALE_PROTOCOLS=100000` looks at so many, `TELLTALE_SEED` says where to begin.

use std::collections::BTreeSet;

use telltale_theory::oracle::{
    self, Misbehaviour, Shape, explore, generate, is_run, may_do, violated,
};
use telltale_theory::{
    Advice, Condition, Limits, Options, ProjectionError, Remedy, Step, Violation,
};
use telltale_types::{GlobalType, LocalTypeR, RoleId, StateId};

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Mostly small protocols, in which much happens, and some larger ones.
fn shape(seed: u64) -> Shape {
    match seed % 4 {
        0 => Shape { states: 16, exits: 4, ..Shape::default() },
        1 => Shape { roles: 3, labels: 2, ..Shape::default() },
        _ => Shape::default(),
    }
}

/// Calls a function with many protocols, and says which one it failed on.
fn for_protocols(count: u64, test: impl Fn(&GlobalType)) {
    let first = number("TELLTALE_SEED", 0);
    for seed in first..first + number("TELLTALE_PROTOCOLS", count) {
        let global = generate(seed, shape(seed));
        let context = Context(seed, &global);
        test(&global);
        std::mem::forget(context);
    }
}

/// Printed when a test panics.
struct Context<'a>(u64, &'a GlobalType);

impl Drop for Context<'_> {
    fn drop(&mut self) {
        eprintln!("TELLTALE_SEED={} is {}", self.0, self.1);
    }
}

fn strict() -> Options {
    let limits = Limits { explained: usize::MAX, ..Limits::default() };
    Options { find_remedies: false, limits, ..Options::default() }
}

fn lenient() -> Options {
    Options { allow_silent_end: true, ..strict() }
}

fn refusal(global: &GlobalType, options: &Options) -> Option<ProjectionError> {
    telltale_theory::check_with(global, options).err()
}

#[test]
fn the_fast_verdict_is_the_defined_one() {
    for_protocols(6_000, |global| {
        let refusal = refusal(global, &strict());
        let fast: BTreeSet<_> = refusal
            .iter()
            .flat_map(ProjectionError::violations)
            .map(|violation| (violation.role, violation.condition))
            .collect();
        assert_eq!(fast, violated(global));
        assert_eq!(refusal.is_some(), !fast.is_empty());
    });
}

#[test]
fn what_is_accepted_never_misbehaves() {
    for_protocols(1_500, |global| {
        let Ok(projected) = telltale_theory::project_all_with(global, &lenient()) else { return };
        let locals: Vec<LocalTypeR> = projected.into_iter().map(|(_, local)| local).collect();
        explore(global, &locals, 12, 60).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    });
}

#[test]
fn what_is_refused_has_a_run_that_goes_wrong() {
    for_protocols(3_000, |global| {
        let refusal = refusal(global, &strict());
        for violation in refusal.iter().flat_map(ProjectionError::violations) {
            runs_are_runs(global, violation);
            run_goes_wrong(global, violation);
        }
    });
}

/// The two runs are paths, part where it is said, and look the same.
fn runs_are_runs(global: &GlobalType, violation: &Violation) {
    let view = |run: &[Step]| {
        let exits = run.iter().map(|step| step.of(global));
        let events = exits.flat_map(|exit| {
            let (sender, receiver, label) = (exit.sender, exit.receiver, exit.label);
            [
                telltale_theory::Event::sent(sender, receiver, label),
                telltale_theory::Event::received(sender, receiver, label),
            ]
        });
        events.filter(|event| event.role == violation.role).collect::<Vec<_>>()
    };
    assert_eq!(view(&violation.here), violation.seen);
    assert_eq!(view(&violation.there), violation.seen);

    let here: Vec<Step> = violation.here.iter().copied().chain([violation.act]).collect();
    let next = violation.instead.filter(|_| violation.condition != Condition::SendValidity);
    let there: Vec<Step> = violation.there.iter().copied().chain(next).collect();
    for run in [&here, &there] {
        let mut at = StateId::START;
        for step in run {
            assert_eq!(step.state, at);
            at = step.of(global).target;
        }
    }
    let parted = here.iter().zip(&there).find(|(one, other)| one != other);
    let decision = violation.decision;
    assert_eq!(parted, Some((&decision.here, &decision.there)));
    assert_eq!(Some(decision.decider), global.sender(decision.state));
}

fn run_goes_wrong(global: &GlobalType, violation: &Violation) {
    let wrong = &violation.wrong;
    if violation.condition == Condition::SilentEnd {
        assert!(is_run(global, wrong));
        return;
    }
    let (last, before) = wrong.split_last().expect("a run that goes wrong has a last event");
    assert_eq!(last.role, violation.role);
    assert!(is_run(global, before), "{wrong:?}");
    assert!(!is_run(global, wrong), "{wrong:?}");
    assert!(may_do(global, violation.role, wrong), "{wrong:?}");
    assert!(oracle::can_happen(wrong), "{wrong:?}");
}

/// Whether a role may still send or receive something from a state.
fn may_act(global: &GlobalType, role: RoleId, from: StateId) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(state) = open.pop() {
        for exit in global.exits(state).filter(|_| !seen.contains(&state)) {
            if [exit.sender, exit.receiver].contains(&role) {
                return true;
            }
            open.push(exit.target);
        }
        seen.insert(state);
    }
    false
}

#[test]
fn nothing_more_comes_after_what_says_so() {
    for_protocols(400, |global| {
        let refusal = refusal(global, &Options::default());
        for violation in refusal.iter().flat_map(ProjectionError::violations) {
            let Remedy { advice, insertions, .. } = &violation.remedy;
            let to_role = insertions.iter().filter(|message| message.receiver == violation.role);
            for message in to_role {
                let over = matches!(advice, Advice::Finish { .. });
                if over || message.label.name.starts_with("Done") {
                    let next = message.after.of(global).target;
                    assert!(!may_act(global, violation.role, next), "{global}\n{violation:?}");
                }
            }
        }
    });
}

/// Applies remedies, one after the other, until nothing is wrong.
fn repaired(global: &GlobalType) -> Result<usize, String> {
    let mut global = global.clone();
    let mut steps = 0;
    while let Err(error) = telltale_theory::check(&global) {
        let violations = error.violations();
        let offered = violations.iter().find(|violation| !violation.remedy.insertions.is_empty());
        let Some(violation) = offered else { return Err(format!("{global}\n{error}")) };
        let next = violation.remedy.apply(&global).expect("a remedy gives a protocol");
        let after = telltale_theory::check(&next).err();
        let left = after.iter().flat_map(ProjectionError::violations).count();
        assert!(left <= violations.len(), "{global}\n{violation:?}");
        (global, steps) = (next, steps + 1);
    }
    Ok(steps)
}

#[test]
fn remedies_repair() {
    let (mut repaired_ones, mut others) = (0, Vec::new());
    let first = number("TELLTALE_SEED", 0);
    for seed in first..first + number("TELLTALE_PROTOCOLS", 250) {
        match repaired(&generate(seed, shape(seed))) {
            Ok(0) => {}
            Ok(_) => repaired_ones += 1,
            Err(error) => others.push(format!("TELLTALE_SEED={seed} is {error}")),
        }
    }
    // Not every violation has a remedy of the kind that is looked for, but nearly all have.
    let enough = others.len() * 30 <= repaired_ones;
    assert!(enough, "{repaired_ones} repaired, but not these:\n\n{}", others.join("\n\n"));
}

/// What tells the oracles from functions that always agree: they see through wrong implementations.
#[test]
fn the_oracles_can_disagree() {
    let (mut wrong, mut stuck, mut missing) = (0, 0, 0);
    for seed in 0..400 {
        let locals = |global: &GlobalType| -> Option<Vec<LocalTypeR>> {
            let projected = telltale_theory::project_all_with(global, &lenient()).ok()?;
            Some(projected.into_iter().map(|(_, local)| local).collect())
        };
        let (one, other) = (generate(seed, shape(1)), generate(seed + 1_000, shape(1)));
        let (Some(mut mixed), Some(others)) = (locals(&one), locals(&other)) else { continue };
        if mixed.len() != others.len() || one == other {
            continue;
        }
        mixed[0].clone_from(&others[0]);
        match explore(&one, &mixed, 8, 60) {
            Ok(_) => {}
            Err(Misbehaviour::Wrong(_)) => wrong += 1,
            Err(Misbehaviour::Stuck(_)) => stuck += 1,
            Err(Misbehaviour::Missing(_)) => missing += 1,
        }
    }
    assert!(wrong > 5 && missing > 5 && wrong + stuck + missing > 30, "{wrong} {stuck} {missing}");
}
