//! Large protocols: the work is counted, not timed, so that a busy machine cannot fail a test.

use telltale_theory::oracle::{LARGE, exponential, protocol, waiting};
use telltale_theory::{Limit, Limits, Options, ProjectionError, check_with, project_all_with};
use telltale_types::{GlobalTerm, GlobalType, Label, RoleId, StateId};

fn exits(global: &GlobalType) -> usize {
    global.states().map(|state| global.exits(state).len()).sum()
}

fn with(limits: Limits) -> Options {
    Options { find_remedies: false, limits, ..Options::default() }
}

/// Shapes whose machines are as large as the square of the protocol, however they are found.
const QUADRATIC: [&str; 2] =
    ["a third gets a message or not, one label", "a third gets a message or not, many labels"];

#[test]
fn work_grows_with_the_length() {
    for (name, build) in LARGE.iter().filter(|(name, _)| !QUADRATIC.contains(name)) {
        let global = build(1);
        let most = exits(&global);
        let (states, exits, overtaking) = (most + 2, 3 * most, 30 * most);
        let limits = Limits { states, exits, overtaking, ..Limits::default() };
        match check_with(&global, &with(limits)) {
            Ok(()) => {}
            Err(error) => assert!(
                name.starts_with("wrong") && !error.violations().is_empty(),
                "{name}: {error}"
            ),
        }
    }
}

#[test]
fn a_protocol_may_be_as_deep_as_it_is_long() {
    let step = |then, _| {
        GlobalTerm::comm(
            "A",
            "B",
            [(Label::new("On"), then), (Label::new("Off"), GlobalTerm::end())],
        )
    };
    let global = (0..20_000).fold(GlobalTerm::end(), step).close().expect("closed");
    let projected = project_all_with(&global, &Options::default()).expect("two roles");
    assert_eq!(projected[0].1.len(), 20_001);
}

#[test]
fn limits_are_errors_that_say_given_and_limit() {
    let (_, ring) = LARGE[1];
    let few = Limits { states: 10, ..Limits::default() };
    let error = check_with(&ring(1), &with(few)).expect_err("ten states are not enough");
    let ProjectionError::Limit(reached, _) = &error else { panic!("{error}") };
    assert_eq!((reached.what, reached.given, reached.limit), (Limit::States, 11, 10));
    assert_eq!(error.to_string(), "the machine of `R0` has 11 states or more, but the limit is 10");
    assert_eq!(project_all_with(&ring(1), &with(few)), Err(error));

    let few = Limits { exits: 3, ..Limits::default() };
    let error = check_with(&ring(1), &with(few)).expect_err("three exits are not enough");
    assert!(error.to_string().ends_with("exits or more, but the limit is 3"), "{error}");

    let race = protocol("A→{B:L. B→C:M; B:R. A→C:N. C→B:Ack. B→C:M}");
    let few = Limits { overtaking: 0, ..Limits::default() };
    let error = check_with(&race, &with(few)).expect_err("one step is needed");
    let ProjectionError::Limit(reached, _) = &error else { panic!("{error}") };
    assert_eq!((reached.what, reached.given, reached.limit), (Limit::Overtaking, 1, 0));
    assert_eq!((reached.role, reached.decision), (RoleId(2), Some(StateId::START)));
    let said = "whether messages to `C` overtake each other, once `A` has decided from whom it hears \
                first, takes 1 steps or more to find out, but the limit is 0";
    assert_eq!(error.to_string(), said);
    check_with(&race, &Options::default()).expect("the default is enough");
}

#[test]
fn what_is_wrong_is_reported_before_a_limit() {
    // `B` needs four states, but `C` comes first.
    let global = protocol("C→D:hi. A→{B:L. C→B:X; B:R. C→B:Y}");
    let few = Limits { states: 3, ..Limits::default() };
    let error = check_with(&global, &with(few)).expect_err("refused");
    assert_eq!(error.violations().len(), 1, "{error}");
}

#[test]
fn a_machine_that_is_exponential_is_stopped() {
    let projected = project_all_with(&exponential(6), &Options::default()).expect("fine");
    assert!(projected[2].1.len() > 1 << 6, "{}", projected[2].1);

    let limits = Limits { states: 1_000, ..Limits::default() };
    let error = project_all_with(&exponential(40), &with(limits)).expect_err("too large");
    let ProjectionError::Limit(reached, _) = &error else { panic!("{error}") };
    assert_eq!((reached.what, reached.given, reached.limit), (Limit::States, 1_001, 1_000));
}

#[test]
fn who_waits_and_never_sends_costs_nothing() {
    let limits = Limits { overtaking: 1_000, ..Limits::default() };
    let lenient = Options { allow_silent_end: true, ..with(limits) };
    check_with(&waiting(14), &lenient).expect("the message cannot be early");
}
