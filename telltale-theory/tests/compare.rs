//! What the reports of two versions say, and where two types part.

use telltale_theory::oracle::protocol;
use telltale_theory::{Change, CompareError, Reason, compare, subtype};
use telltale_types::{GlobalTerm, GlobalType, Label, LocalTerm, LocalTypeR};

fn report(old: &str, new: &str) -> String {
    let comparison = compare(&protocol(old), &protocol(new)).expect("both have projections");
    format!("{old}\n{new}\n\n{comparison}\n")
}

#[test]
fn reports() {
    let pairs = [
        ("A→B:x", "A→B:x"),
        ("A→{B:x; B:y}", "A→{B:y; B:x}"),
        ("A→B:x. B→A:y", "A→B:x. B→{A:y; A:z}"),
        ("A→B:x. B→{A:y; A:z}", "A→B:x. B→A:y"),
        ("A→B:x. B→A:y", "B→A:y. A→B:x"),
        ("A→B:x. B→C:y", "A→C:x. C→B:y"),
        ("A→B:x. B→A:y", "A→B:x. B→A:y. A→C:z"),
        ("μt. A→{B:x. t; B:stop}", "μt. A→B:x. B→A:ok. A→{B:more. t; B:stop}"),
        ("A→B:x. A→C:x. B→C:y", "A→B:x. A→C:x. B→C:y. B→C:y"),
    ];
    let reports: Vec<String> = pairs.iter().map(|(old, new)| report(old, new)).collect();
    insta::assert_snapshot!(reports.join("\n"));
}

fn send(from: &str, to: &str, label: Label, then: GlobalTerm) -> GlobalTerm {
    GlobalTerm::send(from, to, label, then)
}

fn at_once(labels: [&'static str; 2]) -> GlobalTerm {
    let arm = |label| send("A", "B", Label::new(label), GlobalTerm::end());
    GlobalTerm::par(labels.map(arm), GlobalTerm::end())
}

fn close(term: &GlobalTerm) -> GlobalType {
    term.close().expect("a global type")
}

#[test]
fn arms_are_compared_in_the_order_of_the_source() {
    let old = close(&at_once(["x", "y"]));
    assert!(compare(&old, &old).expect("it has a projection").is_same());
    let turned = close(&at_once(["y", "x"]));
    let comparison = compare(&old, &turned).expect("both have projections");
    insta::assert_snapshot!(comparison);
}

/// Each lane in which a pair talks has a channel of its own. When an earlier one goes, the numbers of those that stay
/// are others, and on the wire a message has nothing but the number.
#[test]
fn a_channel_may_be_all_that_is_different() {
    let branch = |label: &'static str, arms| {
        (Label::new(label), send("C", "B", Label::new(label), at_once(arms)))
    };
    let first = branch("one", ["p", "q"]);
    let second = || branch("two", ["x", "y"]);
    let old = close(&GlobalTerm::comm("C", "A", [second(), first]));
    let new = close(&GlobalTerm::comm("C", "A", [second()]));
    let comparison = compare(&old, &new).expect("both have projections");
    assert_eq!(comparison.old_with_new("A"), Some(false));
    insta::assert_snapshot!(comparison);
}

#[test]
fn payloads_are_part_of_messages() {
    let ask = |payload| close(&send("A", "B", Label::with("Ask", payload), GlobalTerm::end()));
    let comparison = compare(&ask("u32"), &ask("u64")).expect("both have projections");
    insta::assert_snapshot!(comparison, @r"
    role `A` has changed
      the old one with the new others: at the start, it has `B!Ask(u32)`; expected `B!Ask(u64)`
      the new one with the old others: at the start, it has `B!Ask(u64)`; expected `B!Ask(u32)`
    role `B` has changed
      the old one with the new others: at the start, it has `A?Ask(u32)`; expected `A?Ask(u64)`
      the new one with the old others: at the start, it has `A?Ask(u64)`; expected `A?Ask(u32)`
    message `A→B:Ask(u32)` is now `A→B:Ask(u64)`
    ");
    let [role, _] = &comparison.roles[..] else { panic!("two roles") };
    let Change::Changed { old_with_new: Err(difference), .. } = &role.change else {
        panic!("it has changed")
    };
    assert!(matches!(&difference.reason, Reason::Payload { expected, .. } if expected.peer == "B"));
}

#[test]
fn what_is_no_protocol_is_said_to_be_none() {
    let wrong = protocol("A→{B:L. C→B:X; B:R. C→B:Y}");
    let right = protocol("A→B:x");
    assert!(matches!(compare(&wrong, &right), Err(CompareError::Old(_))));
    let error = compare(&right, &wrong).expect_err("somebody cannot know");
    assert!(error.to_string().starts_with("the new version is no protocol: "), "{error}");
}

fn close_local(term: &LocalTerm) -> LocalTypeR {
    term.close().expect("a local type")
}

#[test]
fn where_types_part() {
    let label = Label::new;
    let send = |label: &'static str, then| LocalTerm::send("B", Label::new(label), then);
    let end = LocalTerm::end;
    let two = || LocalTerm::par([send("p", end()), LocalTerm::recv("B", label("q"), end())], end());
    let from = |peer: &'static str, name: &'static str| (peer, Label::new(name), end());
    let long = (0..12).fold(end(), |then, _| send("on", then));
    let longer = (0..12).fold(send("over", end()), |then, _| send("on", then));
    let pairs = [
        (send("x", end()), end()),
        (end(), send("x", end())),
        (send("x", end()), LocalTerm::recv("B", label("x"), end())),
        (two(), send("p", end())),
        (LocalTerm::branch([from("B", "x")]), LocalTerm::branch([from("B", "x"), from("C", "y")])),
        (LocalTerm::branch([from("B", "x"), from("C", "y")]), LocalTerm::branch([from("B", "x")])),
        (longer, long),
    ];
    let said = pairs.map(|(sub, sup)| {
        let (sub, sup) = (close_local(&sub), close_local(&sup));
        let error = subtype(&sub, &sup).expect_err("they are not related");
        format!("{sub} for {sup}\n  {error}")
    });
    insta::assert_snapshot!(said.join("\n"));
}

/// The path is the shortest, whichever way a search comes first.
#[test]
fn the_shortest_way_is_told() {
    let part = |wrong: &'static str| {
        let slow = LocalTerm::send(
            "B",
            Label::new("x"),
            LocalTerm::send("B", Label::new(wrong), LocalTerm::end()),
        );
        let far = LocalTerm::send("B", Label::new("a"), slow);
        let near = LocalTerm::send("B", Label::new(wrong), LocalTerm::end());
        close_local(&LocalTerm::select([("B", Label::new("a"), far), ("B", Label::new("b"), near)]))
    };
    let difference = subtype(&part("y"), &part("z")).expect_err("they are not related");
    assert_eq!(difference.path.len(), 1, "{difference}");
}
