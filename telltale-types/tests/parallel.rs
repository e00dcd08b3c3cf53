//! Parallel parts of types: how they print, when they are equal, what is refused.

use telltale_types::{
    GlobalExit, GlobalState, GlobalTerm, GlobalType, Label, LabelId, LaneId, LocalState, LocalTerm,
    Names, Par, RoleId, StateId, TypeError,
};

fn send(from: &str, to: &str, label: &'static str, then: GlobalTerm) -> GlobalTerm {
    GlobalTerm::send(from, to, Label::new(label), then)
}

fn end() -> GlobalTerm {
    GlobalTerm::end()
}

fn forever(from: &str, to: &str, label: &'static str) -> GlobalTerm {
    GlobalTerm::mu("t", send(from, to, label, GlobalTerm::var("t")))
}

fn close(term: &GlobalTerm) -> GlobalType {
    term.close().expect("a global type")
}

fn crossing() -> GlobalTerm {
    let arms = [send("A", "B", "X", end()), send("B", "A", "Y", end())];
    GlobalTerm::par(arms, send("A", "B", "Bye", end()))
}

#[test]
fn parallel_parts_print_with_their_arms_and_what_follows() {
    assert_eq!(close(&crossing()).to_string(), "(A→B:X. end | B→A:Y. end). A→B:Bye. end");

    let endless = GlobalTerm::par([forever("A", "B", "X"), forever("B", "A", "Y")], end());
    assert_eq!(close(&endless).to_string(), "(μt0. A→B:X. t0 | μt1. B→A:Y. t1). end");

    let again = GlobalTerm::par(
        [send("A", "B", "X", end()), send("B", "A", "Y", end())],
        GlobalTerm::var("t"),
    );
    let looping = close(&GlobalTerm::mu("t", again));
    assert_eq!(looping.to_string(), "μt0. (A→B:X. end | B→A:Y. end). t0");

    let local = |peer, label| LocalTerm::recv(peer, Label::new(label), LocalTerm::end());
    let nested = LocalTerm::par([local("B", "X"), local("C", "Y")], LocalTerm::end());
    let both = LocalTerm::par([nested, local("B", "Z")], LocalTerm::end()).close();
    let text = "((B?X. end | C?Y. end). end | B?Z. end). end";
    assert_eq!(both.expect("a local type").to_string(), text);
}

#[test]
fn states_know_their_lanes() {
    let global = close(&crossing());
    let lanes = global.lanes();
    let Some(Par { arms, next }) = global.par(StateId::START) else { panic!("no parallel part") };
    assert_eq!(lanes.len(), 3);
    assert_eq!(lanes.of_state(next), LaneId::OUTERMOST);
    for (index, &arm) in arms.iter().enumerate() {
        let lane = lanes.of_state(arm);
        let inside = lanes.arm(lane).expect("an arm");
        assert_eq!((inside.par, inside.index), (StateId::START, index));
        assert_eq!(inside.around, LaneId::OUTERMOST);
    }
    assert_eq!(global.end(), Some(StateId::at(global.len() - 1)));
    assert_eq!(global.sender(StateId::START), None);
}

#[test]
fn what_happens_in_two_arms_happens_in_each_on_its_own() {
    let twice = [send("A", "B", "X", end()), send("A", "B", "Y", send("B", "A", "Z", end()))];
    let global = close(&GlobalTerm::par(twice, send("A", "B", "X", end())));
    let lanes = global.lanes();
    let exits = global.states().flat_map(|state| global.exits(state).map(move |e| (state, e)));
    let split = global.channels();
    let apart = exits.map(|(state, e)| {
        let lane = lanes.of_state(state);
        (split.of(lane, &(e.sender, e.receiver)), lane)
    });
    // X and Y are in lanes of their own; Z is in one arm only, and the last X outside.
    let (own, shared): (Vec<_>, Vec<_>) = apart.partition(|(apart, _)| apart.number > 0);
    assert!(own.iter().all(|(apart, lane)| apart.own == *lane));
    let mut numbers: Vec<u16> = own.iter().map(|(apart, _)| apart.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(shared.len(), 2);
    assert!(shared.iter().all(|(apart, _)| apart.own == LaneId::OUTERMOST));
}

#[test]
fn equality_sees_arms_in_order_and_what_follows() {
    let par = |arms, then| close(&GlobalTerm::par(arms, then));
    let (x, y) = (|| send("A", "B", "X", end()), || send("B", "A", "Y", end()));
    assert_eq!(par([x(), y()], end()), par([x(), y()], end()));
    assert_ne!(par([x(), y()], end()), par([y(), x()], end()));
    assert_ne!(par([x(), y()], end()), par([x(), y()], x()));
    assert_ne!(par([x(), y()], end()), close(&send("A", "B", "X", y())));

    let once = |then| GlobalTerm::par([x(), y()], then);
    let folded = close(&GlobalTerm::mu("t", once(GlobalTerm::var("t"))));
    let unfolded = close(&GlobalTerm::mu("t", once(once(GlobalTerm::var("t")))));
    assert_eq!(folded, unfolded);
}

#[test]
fn equal_arms_stay_apart_when_states_are_merged() {
    let both = [forever("A", "B", "X"), forever("A", "B", "X")];
    let global = close(&GlobalTerm::par(both, end()));
    assert_eq!(global.minimised().len(), global.len());
    assert_eq!(global.minimised(), global);
}

#[test]
fn nothing_leads_out_of_an_arm() {
    let leaves = GlobalTerm::par([GlobalTerm::var("t"), send("A", "B", "X", end())], end());
    let error = GlobalTerm::mu("t", send("A", "B", "Y", leaves)).close().expect_err("refused");
    assert_eq!(error, TypeError::LeavesArm { name: "t".to_owned() });
}

#[test]
fn something_can_only_follow_arms_that_end() {
    let arms = || [forever("A", "B", "X"), send("B", "A", "Y", end())];
    assert!(GlobalTerm::par(arms(), end()).close().is_ok());
    let error = GlobalTerm::par(arms(), send("A", "B", "Z", end())).close().expect_err("refused");
    assert!(matches!(error, TypeError::EndlessArm { arm: 0, .. }), "{error}");

    // An endless arm of a part within an arm is an endless arm of the part around it.
    let inner = GlobalTerm::par(arms(), end());
    let outer = GlobalTerm::par([inner, send("C", "A", "W", end())], send("A", "B", "Z", end()));
    assert!(matches!(outer.close(), Err(TypeError::EndlessArm { .. })));

    // A loop that can be left is not endless.
    let left = GlobalTerm::mu(
        "t",
        GlobalTerm::comm(
            "A",
            "B",
            [(Label::new("More"), GlobalTerm::var("t")), (Label::new("Done"), end())],
        ),
    );
    let fine = GlobalTerm::par([left, send("B", "A", "Y", end())], send("A", "B", "Z", end()));
    assert!(fine.close().is_ok());
}

fn table(states: Vec<GlobalState>) -> Result<GlobalType, TypeError> {
    let names = Names::new(["A", "B"], [Label::new("X")]).expect("distinct names");
    GlobalType::new(names, states)
}

fn exits(target: u32) -> GlobalState {
    let (sender, receiver, label) = (RoleId(0), RoleId(1), LabelId(0));
    vec![GlobalExit { sender, receiver, label, target: StateId(target) }].into()
}

fn par(arms: &[u32], next: u32) -> GlobalState {
    GlobalState::Par(Par { arms: arms.iter().copied().map(StateId).collect(), next: StateId(next) })
}

#[test]
fn tables_that_are_no_parallel_parts_are_refused() {
    let end = || GlobalState::Exits(Vec::new());
    let arm_end = || GlobalState::ArmEnd;
    let error = |states| table(states).expect_err("refused").to_string();

    let fine = vec![par(&[1, 2], 3), arm_end(), arm_end(), end()];
    assert!(table(fine).is_ok());
    says(&error(vec![par(&[1], 2), arm_end(), end()]), "needs two arms, but has 1");
    says(&error(vec![par(&[1, 1], 2), arm_end(), end()]), "state 1 belongs to two arms");
    says(&error(vec![par(&[1, 2], 3), exits(3), arm_end(), end()]), "state 3 belongs to two arms");
    says(&error(vec![par(&[1, 1], 1), end()]), "state 1 belongs to two arms");
    says(&error(vec![par(&[2, 3], 1), end(), end(), arm_end()]), "both end the protocol");
    says(&error(vec![par(&[2, 3], 0), end(), exits(1), arm_end()]), "state 1 ends the protocol");
    says(&error(vec![arm_end()]), "state 0 ends an arm, but is not inside of one");
    says(&error(vec![par(&[1, 7], 2), arm_end(), end()]), "there are only 3 states");
}

fn says(text: &str, part: &str) {
    assert!(text.contains(part), "{text}");
}

#[test]
fn a_local_state_is_given_back_as_it_was_taken() {
    let names = Names::new(["A", "B"], [Label::new("X")]).expect("distinct names");
    let states = vec![
        LocalState::Par(Par { arms: vec![StateId(1), StateId(2)], next: StateId(3) }),
        LocalState::ArmEnd,
        LocalState::ArmEnd,
        LocalState::END,
    ];
    let local = telltale_types::LocalTypeR::new(names, states.clone()).expect("a local type");
    let back: Vec<LocalState> = local.states().map(|state| local.state(state)).collect();
    assert_eq!(back, states);
}

#[cfg(feature = "serde")]
#[test]
fn parallel_parts_are_written_down_and_read_back() {
    let global = close(&crossing());
    let text = serde_json::to_string(&global).expect("written");
    assert_eq!(serde_json::from_str::<GlobalType>(&text).expect("read"), global);
    let lost = text.replace("\"arm_end\"", "{\"exits\":[]}");
    assert!(serde_json::from_str::<GlobalType>(&lost).is_err());
}
/// In a table, a parallel part is rows whose sender has the number of no role.
#[test]
fn no_exchange_is_taken_for_a_parallel_part() {
    let names = Names::new(["A", "B"], [Label::new("X")]).expect("distinct names");
    let exit = |receiver, target| {
        let (sender, label) = (RoleId(u8::MAX), LabelId(0));
        GlobalExit { sender, receiver: RoleId(receiver), label, target: StateId(target) }
    };
    for exits in [vec![exit(0, 1)], vec![exit(0, 1), exit(0, 2), exit(1, 3)]] {
        let states: Vec<GlobalState> = vec![
            GlobalState::Exits(exits),
            GlobalState::ArmEnd,
            GlobalState::ArmEnd,
            GlobalState::Exits(Vec::new()),
        ];
        let error = GlobalType::new(names.clone(), states).expect_err("there is no such role");
        let state = StateId::START;
        assert_eq!(error, TypeError::RoleOutOfRange { state, role: u8::MAX, roles: 2 });
    }
}
