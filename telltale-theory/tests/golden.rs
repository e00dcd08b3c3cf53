//! The protocols that everybody who works on projection argues about: verdicts, explanations and
//! types.

use std::collections::{BTreeMap, BTreeSet};

use telltale_theory::oracle::{explore, protocol, violated};
use telltale_theory::{
    Condition, Explanation, Options, ProjectionError, Spot, check, check_with, project,
    project_all, project_all_with,
};
use telltale_types::{GlobalTerm, GlobalType, Label, LocalTypeR, RoleId};

const FINE: &[(&str, Condition)] = &[];

/// Each protocol with the roles and conditions that are violated. What is only a silent end can be
/// implemented.
const GOLDEN: &[(&str, &[(&str, Condition)])] = &[
    ("A→{B:m1; B:m2. A→C:m3}", &[("C", Condition::SilentEnd)]),
    ("A→{B:L. C→B:X; B:R}", &[("C", Condition::SendValidity)]),
    ("A→{B:L. C→B:X; B:R. C→B:Y}", &[("C", Condition::SendValidity)]),
    ("A→{B:L. B→C:M; C:R. C→B:N}", FINE),
    ("μt. A→B:Foo. C→{A:Bar. A→B:Baz. t; A:Qux. t}", FINE),
    (
        "R→{P:a; T:b. P→Q:c}",
        &[
            ("P", Condition::NoMixedChoice),
            ("Q", Condition::SilentEnd),
            ("T", Condition::SilentEnd),
        ],
    ),
    ("P→{Q:1. Q→R:v. P→R:v; Q:2. P→R:v. Q→R:v}", &[("R", Condition::ReceiveValidity)]),
    ("P→{Q:1. Q→R:v. R→P:ok. P→R:v; Q:2. P→R:v. R→Q:ok. Q→R:v}", FINE),
    ("A→{B:L. B→C:M; B:R. A→C:N. B→C:M}", &[("C", Condition::ReceiveValidity)]),
    ("μt. A→{B:x. B→C:y. t; C:stop. C→B:stop}", &[("C", Condition::ReceiveValidity)]),
    ("A→C:x. B→C:y", FINE),
];

fn named(global: &GlobalType, role: RoleId) -> &str {
    global.names().role(role)
}

#[test]
fn verdicts() {
    for (text, expected) in GOLDEN {
        let global = protocol(text);
        let expected: BTreeSet<_> = expected.iter().copied().collect();
        let error = check(&global).err();
        let violations = error.iter().flat_map(ProjectionError::violations);
        let fast = violations.map(|found| (named(&global, found.role), found.condition));
        assert_eq!(fast.collect::<BTreeSet<_>>(), expected, "{text}");
        let slow = violated(&global);
        let slow = slow.iter().map(|(role, condition)| (named(&global, *role), *condition));
        assert_eq!(slow.collect::<BTreeSet<_>>(), expected, "{text}");
    }
}

#[test]
fn what_is_fine_behaves() {
    let lenient = Options { allow_silent_end: true, ..Options::default() };
    for (text, _) in GOLDEN {
        let global = protocol(text);
        let Ok(projected) = project_all_with(&global, &lenient) else { continue };
        let locals: Vec<LocalTypeR> = projected.into_iter().map(|(_, local)| local).collect();
        explore(&global, &locals, 20, 500).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
    }
}

#[test]
fn remedies_repair_them_all() {
    for (text, _) in GOLDEN {
        let mut global = protocol(text);
        while let Err(error) = check(&global) {
            let remedy = &error.violations()[0].remedy;
            assert!(!remedy.insertions.is_empty(), "{text} has become {global}\n{error}");
            global = remedy.apply(&global).expect("a remedy gives a protocol");
        }
    }
}

fn explained(text: &str) -> String {
    let global = protocol(text);
    let error = check(&global).expect_err("the protocol is refused");
    let mut text = error.to_string();
    for violation in error.violations() {
        for insertion in &violation.remedy.insertions {
            let exit = insertion.after.of(&global);
            let after = format!(
                "{}→{}:{}",
                named(&global, exit.sender),
                named(&global, exit.receiver),
                global.names().label(exit.label)
            );
            let statement = insertion.statement(global.names());
            text = format!("{text}\n+ {statement} after {after}");
        }
    }
    text
}

#[test]
fn send_validity() {
    insta::assert_snapshot!(explained("Alice→{Bob:Left. Carol→Bob:X; Bob:Right. Carol→Bob:Y}"), @r"
    `Carol` cannot know whether to send `X` or `Y` to `Bob`
      `Alice` decides, and `Carol` is not told:
        if `Alice -> Bob: Left`,   then `Carol -> Bob: X`
        if `Alice -> Bob: Right`,  then `Carol -> Bob: Y`
      `Carol` has seen nothing so far in both.
      a run that goes wrong:  Alice!Bob:Right  Bob?Alice:Right  Carol!Bob:X
      help: let `Alice` or `Bob` tell `Carol` first, with a different message in each branch
    + Alice -> Carol: Left; after Alice→Bob:Left
    + Alice -> Carol: Right; after Alice→Bob:Right
    ");
    insta::assert_snapshot!(explained("Alice→{Bob:Left. Carol→Dave:X; Bob:Right. Carol→Bob:Y. Alice→Dave:Z}"), @r"
    `Carol` cannot know whether to send `X` to `Dave` or `Y` to `Bob`
      `Alice` decides, and `Carol` is not told:
        if `Alice -> Bob: Left`,   then `Carol -> Dave: X`
        if `Alice -> Bob: Right`,  then `Carol -> Bob: Y`
      `Carol` has seen nothing so far in both.
      a run that goes wrong:  Alice!Bob:Right  Bob?Alice:Right  Carol!Dave:X
      help: let `Alice` or `Bob` tell `Carol` first, with a different message in each branch
    + Alice -> Carol: Left; after Alice→Bob:Left
    + Alice -> Carol: Right; after Alice→Bob:Right
    ");
    insta::assert_snapshot!(explained("Alice→{Bob:Left. Carol→Bob:X; Bob:Right}"), @r"
    `Carol` cannot know whether to send `X` to `Bob` or nothing
      `Alice` decides, and `Carol` is not told:
        if `Alice -> Bob: Left`,   then `Carol -> Bob: X`
        if `Alice -> Bob: Right`,  then nothing more for `Carol`
      `Carol` has seen nothing so far in both.
      a run that goes wrong:  Alice!Bob:Right  Bob?Alice:Right  Carol!Bob:X
      help: let `Alice` or `Bob` tell `Carol` first, with a different message in each branch
    + Alice -> Carol: Left; after Alice→Bob:Left
    + Alice -> Carol: Right; after Alice→Bob:Right
    ");
}

#[test]
fn no_mixed_choice() {
    insta::assert_snapshot!(explained("R→P:hi. R→{P:a; T:b. P→R:c}"), @r"
    `P` cannot know whether to send `c` to `R` or to wait for `a` from `R`
      `R` decides, and `P` is not told:
        if `R -> T: b`,  then `P -> R: c`
        if `R -> P: a`,  then `P` has to take it
      `P` has seen the same so far in both:  P?R:hi
      a run that goes wrong:  R!P:hi  P?R:hi  R!P:a  P!R:c
      help: let either `R` or `P` decide, and tell the other; or let both happen at once, each in an arm of a `par`

    `T` cannot know whether to wait for `b` from `R` or to stop
      `R` decides, and `T` is not told:
        if `R -> T: b`,  then `T` has to take it
        if `R -> P: a`,  then nothing more for `T`
      `T` has seen nothing so far in both.
      a run after which `T` waits for ever:  R!P:hi  P?R:hi  R!P:a  P?R:a
      help: let `R` or `P` tell `T` that nothing more will come
    + R -> P: b; after R→T:b
    + R -> T: Done; after R→P:a
    ");
}

#[test]
fn receive_validity() {
    insta::assert_snapshot!(explained("A→{B:L. B→C:M; B:R. A→C:N. B→C:M}"), @r"
    `C` cannot know whether to take `M` from `B` or `N` from `A` first
      `A` decides, and `C` is not told in time:
        if `A -> B: L`,  then `B -> C: M`
        if `A -> B: R`,  then `A -> C: N`
      `C` has seen nothing so far in both.
      a run that goes wrong:  A!B:R  B?A:R  A!C:N  B!C:M  C?B:M
      help: let `B` wait for an answer of `C` before it sends `M`
    + C -> B: Ack; after A→C:N
    ");
    insta::assert_snapshot!(explained("μt. A→{B:x. B→C:y. t; C:stop. C→B:stop}"), @r"
    `C` cannot know whether to take `stop` from `A` or `y` from `B` first
      `A` decides, and `C` is not told in time:
        if `A -> C: stop`,  then `C` has to take it
        if `A -> B: x`,     then `B -> C: y`
      `C` has seen nothing so far in both.
      a run that goes wrong:  A!B:x  B?A:x  B!C:y  A!C:stop  C?A:stop
      help: let `A` wait for an answer of `C` before it sends `stop`
    + C -> A: Ack; after B→C:y
    ");
}

#[test]
fn silent_end() {
    insta::assert_snapshot!(explained("A→{B:m1; B:m2. A→C:m3}"), @r"
    `C` cannot know whether to wait for `m3` from `A` or to stop
      `A` decides, and `C` is not told:
        if `A -> B: m2`,  then `A -> C: m3`
        if `A -> B: m1`,  then nothing more for `C`
      `C` has seen nothing so far in both.
      a run after which `C` waits for ever:  A!B:m1  B?A:m1
      help: let `A` or `B` tell `C` that nothing more will come
    + A -> C: Done; after A→B:m1
    ");
}

#[test]
fn what_both_runs_have_in_common_is_no_end() {
    insta::assert_snapshot!(explained("A→{B:X. A→C:X. A→C:X; C:X. A→B:Y}"), @r"
    `C` cannot know whether to wait for `X` from `A` or to stop
      `A` decides, and `C` is not told:
        if `A -> B: X`,  then `A -> C: X`
        if `A -> C: X`,  then nothing more for `C`
      `C` has seen the same so far in both:  C?A:X
      a run after which `C` waits for ever:  A!C:X  C?A:X
      help: let `A` tell `C` that nothing more will come
    + A -> C: Done; after A→C:X
    ");
    insta::assert_snapshot!(explained("A→{B:L. B→C:X. B→C:Z; B:R. B→C:X}"), @r"
    `C` cannot know whether to wait for `Z` from `B` or to stop
      `A` decides, and `C` is not told:
        if `A -> B: L`,  then `B -> C: Z`
        if `A -> B: R`,  then, after `B -> C: X`, nothing more for `C`
      `C` has seen the same so far in both:  C?B:X
      a run after which `C` waits for ever:  A!B:R  B?A:R  B!C:X  C?B:X
      help: let `A` or `B` tell `C` that nothing more will come
    + B -> C: Done; after B→C:X
    ");
}

#[test]
fn who_hears_later_tells_later() {
    let text = "μt. A→{C:Y. A→B:Y. B→{D:Y. B→C:Y. t; C:Z. t}; C:Z. A→B:Z}";
    insta::assert_snapshot!(explained(text), @r"
    `D` cannot know whether to wait for `Y` from `B` or to stop
      `A` decides, and `D` is not told:
        if `A -> C: Y`,  then `B -> D: Y`
        if `A -> C: Z`,  then nothing more for `D`
      `D` has seen nothing so far in both.
      a run after which `D` waits for ever:  A!C:Z  C?A:Z
      help: let `B` tell `D` that nothing more will come
    + B -> D: Done; after A→B:Z
    ");
}

#[test]
fn nobody_is_named_who_is_not_known_to_help() {
    let options = Options { find_remedies: false, ..Options::default() };
    let help = |text| {
        let global = protocol(text);
        let error = check_with(&global, &options).expect_err("the protocol is refused");
        Explanation::of(&error.violations()[0], &global, |_| None).help
    };
    assert_eq!(
        help("A→{B:L. C→B:X; B:R. C→B:Y}"),
        "`C` has to be told first, with a different message in each branch"
    );
    assert_eq!(help("A→{B:m1; B:m2. A→C:m3}"), "`C` has to be told that nothing more will come");
    assert_eq!(
        help("A→{B:L. B→C:M; B:R. A→C:N. B→C:M}"),
        "`M` from `B` must not arrive before `N` from `A` does"
    );
}

#[test]
fn what_is_inserted_carries_nothing() {
    let then = |label| GlobalTerm::send("Carol", "Bob", Label::new(label), GlobalTerm::end());
    let global = GlobalTerm::comm(
        "Alice",
        "Bob",
        [(Label::with("Left", "u64"), then("X")), (Label::new("Right"), then("Y"))],
    );
    let global = global.close().expect("closed");
    let error = check(&global).expect_err("the protocol is refused");
    let remedy = &error.violations()[0].remedy;
    let text: Vec<_> =
        remedy.insertions.iter().map(|message| message.statement(global.names())).collect();
    assert_eq!(text, ["Alice -> Carol: LeftChosen;", "Alice -> Carol: Right;"]);
    let repaired = remedy.apply(&global).expect("a remedy gives a protocol");
    check(&repaired).expect("the remedy repairs");
    assert_eq!(
        repaired.to_string(),
        "Alice→{Bob:Left(u64). Alice→Carol:LeftChosen. Carol→Bob:X. end, \
         Bob:Right. Alice→Carol:Right. Carol→Bob:Y. end}",
    );
}

#[test]
fn explanations_name_lines() {
    let global = protocol("Alice→{Bob:Left. Carol→Bob:X; Bob:Right. Carol→Bob:Y}");
    let error = check(&global).expect_err("the protocol is refused");
    let line = |spot| match spot {
        Spot::Decision(state) => Some(format!("line {}", 11 + state.0)),
        Spot::Exchange(step) => Some(format!("line {}", 12 + step.state.0 + step.exit as u32)),
    };
    insta::assert_snapshot!(Explanation::of(&error.violations()[0], &global, line), @r"
    `Carol` cannot know whether to send `X` or `Y` to `Bob`
      `Alice` decides at line 11, and `Carol` is not told:
        line 13, if `Alice -> Bob: Left`,   then `Carol -> Bob: X`
        line 15, if `Alice -> Bob: Right`,  then `Carol -> Bob: Y`
      `Carol` has seen nothing so far in both.
      a run that goes wrong:  Alice!Bob:Right  Bob?Alice:Right  Carol!Bob:X
      help: let `Alice` or `Bob` tell `Carol` first, with a different message in each branch
    ");
}

#[test]
fn local_types() {
    let global = protocol("μt. A→{B:more. B→C:item. t; B:stop. B→C:done}");
    let projected = project_all(&global).expect("everybody is told");
    let local_types: BTreeMap<String, LocalTypeR> = projected.into_iter().collect();
    let text = |role: &str| local_types[role].to_string();
    assert_eq!(text("A"), "μt0. ⊕{B!more. t0, B!stop. end}");
    assert_eq!(text("B"), "μt0. &{A?more. C!item. t0, A?stop. C!done. end}");
    assert_eq!(text("C"), "μt0. &{B?item. t0, B?done. end}");
}

#[test]
fn a_silent_end_that_is_accepted_may_end() {
    let global = protocol("A→{B:m1; B:m2. A→C:m3}");
    let lenient = Options { allow_silent_end: true, ..Options::default() };
    check_with(&global, &lenient).expect("silent ends are accepted");
    let projected = project_all_with(&global, &lenient).expect("silent ends are accepted");
    assert_eq!(projected[2].1.to_string(), "&{A?m3. end, end}");
}

#[test]
fn who_is_not_needed_any_more_ends() {
    let global = protocol("C→A:go. μt. A→B:x. t");
    let projected = project_all(&global).expect("nobody decides anything");
    let text: Vec<String> =
        projected.iter().map(|(role, local)| format!("{role}: {local}")).collect();
    assert_eq!(text, ["C: A!go. end", "A: C?go. μt0. B!x. t0", "B: μt0. A?x. t0"]);
    assert_eq!(project(&global, RoleId(9)).expect("as good as any").to_string(), "end");
}
