//! Types through their public face: terms, printing, equality, what is refused.

use telltale_types::{
    GlobalExit, GlobalTerm, GlobalType, Label, LabelId, LocalState, LocalTerm, LocalTypeR, Names,
    RoleId, StateId, TypeError,
};

fn label(name: &'static str) -> Label {
    Label::new(name)
}

fn send(a: &str, b: &str, name: &'static str, then: GlobalTerm) -> GlobalTerm {
    GlobalTerm::send(a, b, label(name), then)
}

fn close(term: &GlobalTerm) -> GlobalType {
    term.close().expect("a global type")
}

fn exit(sender: u8, receiver: u8, label: u16, target: u32) -> GlobalExit {
    let (sender, receiver) = (RoleId(sender), RoleId(receiver));
    GlobalExit { sender, receiver, label: LabelId(label), target: StateId(target) }
}

fn names(roles: usize, labels: &'static [&'static str]) -> Names {
    let roles = ["A", "B", "C"].into_iter().take(roles);
    Names::new(roles, labels.iter().map(|name| label(name))).expect("distinct names")
}

#[test]
fn a_loop_with_a_way_out_prints_as_a_term() {
    let term = GlobalTerm::mu(
        "t",
        GlobalTerm::choice(
            "A",
            [
                ("B", label("Go"), send("B", "C", "Work", GlobalTerm::var("t"))),
                ("C", Label::with("Stop", "u8"), GlobalTerm::end()),
            ],
        ),
    );
    assert_eq!(close(&term).to_string(), "μt0. A→{B:Go. B→C:Work. t0, C:Stop(u8). end}");
}

#[test]
fn a_shared_continuation_prints_as_an_equation_and_never_twice() {
    let shared = GlobalType::new(
        names(2, &["L", "R", "X"]),
        vec![vec![exit(0, 1, 0, 1), exit(0, 1, 1, 1)], vec![exit(1, 0, 2, 2)], vec![]],
    )
    .expect("a global type");
    assert_eq!(shared.to_string(), "A→{B:L. t0, B:R. t0} where t0 = B→A:X. end");

    let mut states: Vec<_> =
        (0..500).map(|at| vec![exit(0, 1, 0, at + 1), exit(0, 1, 1, at + 1)]).collect();
    states.push(vec![]);
    let row = GlobalType::new(names(2, &["L", "R"]), states).expect("a global type");
    assert!(row.to_string().len() < 50_000);
}

#[test]
fn a_name_used_from_an_equation_is_an_equation() {
    let term = GlobalType::new(
        names(2, &["L", "R", "X"]),
        vec![vec![exit(0, 1, 0, 1), exit(0, 1, 1, 1)], vec![exit(1, 0, 2, 0)]],
    )
    .expect("a global type");
    assert_eq!(term.to_string(), "t0 where t0 = A→{B:L. t1, B:R. t1}, t1 = B→A:X. t0");
}

#[test]
fn deep_terms_are_built_closed_printed_and_dropped_without_recursion() {
    let term = (0..200_000).fold(GlobalTerm::end(), |then, _| send("A", "B", "X", then));
    let global = close(&term);
    assert_eq!(global.len(), 200_001);
    assert_eq!(global.to_string().matches("A→B:X").count(), 200_000);
    assert_eq!(global.minimised().len(), 200_001);
}

#[test]
fn equality_ignores_the_order_of_declaration() {
    let rows = |a, b| vec![vec![exit(a, b, 0, 1)], vec![]];
    let one = GlobalType::new(Names::new(["A", "B"], [label("X")]).expect("names"), rows(0, 1));
    let two = GlobalType::new(Names::new(["B", "A"], [label("X")]).expect("names"), rows(1, 0));
    let other = GlobalType::new(Names::new(["B", "A"], [label("X")]).expect("names"), rows(0, 1));
    assert_eq!(one, two);
    assert_ne!(one, other);
}

#[test]
fn equality_sees_payload_types_and_ends() {
    let x =
        |payload| close(&GlobalTerm::send("A", "B", Label::with("X", payload), GlobalTerm::end()));
    assert_eq!(x("u8"), x("u8"));
    assert_ne!(x("u8"), x("u16"));

    let receive = || LocalTerm::recv("A", label("X"), LocalTerm::end()).close().expect("local");
    let silent = LocalTypeR::new(receive().names().clone(), {
        let exits = receive().exits(StateId::START).collect();
        vec![LocalState::Exits { exits, may_end: true }, LocalState::END]
    })
    .expect("local");
    assert_eq!(silent.to_string(), "&{A?X. end, end}");
    assert_ne!(receive(), silent);
}

#[test]
fn unfolding_does_not_change_a_local_type() {
    let x = |then| LocalTerm::send("B", label("X"), then);
    let once = LocalTerm::mu("t", x(LocalTerm::var("t"))).close().expect("local");
    let thrice = LocalTerm::mu("t", x(x(x(LocalTerm::var("t"))))).close().expect("local");
    assert_eq!(once, thrice);
    assert_eq!(thrice.minimised().to_string(), "μt0. B!X. t0");
}

#[test]
fn terms_that_are_not_types_say_why() {
    let refused = |term: GlobalTerm| term.close().expect_err("refused").to_string();
    assert_eq!(
        refused(send("A", "B", "X", GlobalTerm::var("t"))),
        "variable `t` is not bound by a `mu` around it"
    );
    assert_eq!(
        refused(GlobalTerm::mu("t", GlobalTerm::mu("u", GlobalTerm::var("t")))),
        "`mu t` goes round without a message"
    );
    assert_eq!(refused(GlobalTerm::choice("A", [])), "a choice of `A` has no branch");
    assert_eq!(refused(send("A", "A", "X", GlobalTerm::end())), "`A` sends `X` to itself");
    let twice = GlobalTerm::comm(
        "A",
        "B",
        [("X", GlobalTerm::end()), ("X", GlobalTerm::end())]
            .map(|(name, then)| (label(name), then)),
    );
    assert_eq!(refused(twice), "two branches of state 0 begin with `A→B:X`");
    let many = (0..256).fold(GlobalTerm::end(), |then, n| {
        GlobalTerm::send("A", &format!("R{n}"), label("X"), then)
    });
    assert_eq!(refused(many), "257 roles, but a protocol can have at most 255");
}

#[test]
fn tables_that_are_not_types_say_why() {
    let refused = |states| GlobalType::new(names(3, &["X", "Y"]), states).expect_err("refused");
    assert_eq!(refused(vec![]), TypeError::NoStates);
    assert_eq!(
        refused(vec![vec![exit(0, 3, 0, 0)]]).to_string(),
        "state 0 names role number 3, but there are only 3 roles"
    );
    assert_eq!(
        refused(vec![vec![exit(0, 1, 2, 0)]]).to_string(),
        "state 0 names label number 2, but there are only 2 labels"
    );
    assert_eq!(
        refused(vec![vec![exit(0, 1, 1, 7)]]).to_string(),
        "state 0 leads to state 7, but there are only 1 states"
    );
    assert_eq!(
        refused(vec![vec![exit(0, 1, 0, 1), exit(1, 0, 0, 1)], vec![]]).to_string(),
        "state 0 mixes messages of `A` and messages of `B`"
    );
    assert_eq!(
        refused(vec![vec![exit(0, 1, 0, 1), exit(0, 1, 1, 2)], vec![], vec![]]).to_string(),
        "states 1 and 2 both end the protocol; a global type has one end"
    );
    assert_eq!(
        refused(vec![vec![exit(0, 1, 0, 0)], vec![]]).to_string(),
        "state 1 cannot be reached"
    );
}

#[cfg(feature = "serde")]
mod serial {
    use super::*;

    #[test]
    fn types_survive_being_written_down() {
        let term = GlobalTerm::mu(
            "t",
            GlobalTerm::comm(
                "A",
                "B",
                [
                    (label("Go"), GlobalTerm::var("t")),
                    (Label::with("Stop", "{ why: String }"), GlobalTerm::end()),
                ],
            ),
        );
        let global = close(&term);
        let text = serde_json::to_string(&global).expect("json");
        assert_eq!(serde_json::from_str::<GlobalType>(&text).expect("a type"), global);
    }

    #[test]
    fn what_is_read_is_checked() {
        let text = r#"{"names":{"roles":["A","B"],"labels":[]},"states":[{"exits":[[0,1,0,0]]}]}"#;
        let error = serde_json::from_str::<GlobalType>(text).expect_err("refused").to_string();
        assert!(
            error.contains("state 0 names label number 0, but there are only 0 labels"),
            "{error}"
        );
        let text = r#"{"roles":["A","A"],"labels":[]}"#;
        assert!(serde_json::from_str::<Names>(text).is_err());
    }
}
