//! Subtyping and duality on random types.

use telltale_theory::oracle::{Rng, Shape, generate};
use telltale_theory::{DualError, dual, project, subtype};
use telltale_types::{
    Action, Direction, Label, LabelId, LocalExit, LocalState, LocalTerm, LocalTypeR, Names, RoleId,
    StateId,
};

fn is_subtype(sub: &LocalTypeR, sup: &LocalTypeR) -> bool {
    subtype(sub, sup).is_ok()
}

const A: RoleId = RoleId(0);
const B: RoleId = RoleId(1);

/// A random type of `A`, which talks to `peers` others.
fn local(rng: &mut Rng, peers: usize) -> LocalTypeR {
    let names = Names::new(["A", "B", "C"], ["l", "m", "n"].map(Label::new)).expect("distinct");
    let states = 1 + rng.below(4);
    let mut table: Vec<LocalState> = (0..states)
        .map(|_| {
            let direction = [Direction::Send, Direction::Receive][rng.below(2)];
            let mut exits: Vec<LocalExit> = Vec::new();
            for _ in 0..=rng.below(3) {
                let peer = RoleId::at(1 + rng.below(peers));
                let action = Action { direction, peer, label: LabelId::at(rng.below(3)) };
                let target = StateId::at(rng.below(states + 1));
                if !exits.iter().any(|exit| exit.action == action) {
                    exits.push(LocalExit { action, target });
                }
            }
            let may_end = peers > 1 && direction == Direction::Receive && rng.once_in(4);
            LocalState::Exits { exits, may_end }
        })
        .collect();
    table.push(LocalState::END);
    trimmed(names, &table)
}

/// The type without the states that cannot be reached.
fn trimmed(names: Names, table: &[LocalState]) -> LocalTypeR {
    let mut order = vec![0];
    let mut at = 0;
    while let Some(&state) = order.get(at) {
        for exit in table[state].clone().exits_mut() {
            if !order.contains(&exit.target.index()) {
                order.push(exit.target.index());
            }
        }
        at += 1;
    }
    let states = order.iter().map(|&state| {
        let mut state = table[state].clone();
        for exit in state.exits_mut() {
            let place = order.iter().position(|&known| known == exit.target.index());
            exit.target = StateId::at(place.expect("every target was come to"));
        }
        state
    });
    LocalTypeR::new(names, states.collect()).expect("the table is a type")
}

/// A type below the given one: with some of the branches that send left out.
fn narrowed(rng: &mut Rng, local: &LocalTypeR) -> LocalTypeR {
    let table: Vec<LocalState> = local
        .states()
        .map(|state| {
            let mut exits: Vec<LocalExit> = local.exits(state).collect();
            if local.direction(state) == Some(Direction::Send) && exits.len() > 1 {
                exits.remove(rng.below(exits.len()));
            }
            LocalState::Exits { exits, may_end: local.may_end(state) }
        })
        .collect();
    trimmed(Names::clone(local.names()), &table)
}

#[test]
fn subtyping_is_a_partial_order() {
    let (mut below, mut chains) = (0, 0);
    for seed in 0..4_000 {
        let rng = &mut Rng::new(seed);
        let s = local(rng, 2);
        assert!(is_subtype(&s, &s), "{s}");
        assert!(is_subtype(&s, &s.minimised()) && is_subtype(&s.minimised(), &s), "{s}");

        let (t, u) = (narrowed(rng, &s), local(rng, 2));
        assert!(is_subtype(&t, &s), "{t} ≤ {s}");
        assert!(is_subtype(&narrowed(rng, &t), &s), "≤ is transitive");
        for (one, other) in [(&s, &t), (&s, &u), (&t, &u)] {
            let both = is_subtype(one, other) && is_subtype(other, one);
            assert_eq!(both, one == other, "{one} and {other}");
            below += usize::from(is_subtype(one, other) && one != other);
        }
        if is_subtype(&s, &u) {
            assert!(is_subtype(&t, &u), "{t} ≤ {s} ≤ {u}");
            chains += 1;
        }
    }
    assert!(below > 10 && chains > 10, "the random types are too different: {below}, {chains}");
}

#[test]
fn duality_is_an_involution_that_reverses_subtyping() {
    let mut related = 0;
    for seed in 0..4_000 {
        let rng = &mut Rng::new(seed);
        let s = local(rng, 1);
        let t = if rng.once_in(2) { narrowed(rng, &s) } else { local(rng, 1) };
        let (dual_s, dual_t) = (dual(&s, "A").expect("binary"), dual(&t, "A").expect("binary"));
        assert_eq!(dual(&dual_s, "B").expect("binary"), s);
        assert_eq!(is_subtype(&s, &t), is_subtype(&dual_t, &dual_s), "{s} and {t}");
        assert_eq!(is_subtype(&t, &s), is_subtype(&dual_s, &dual_t), "{t} and {s}");
        related += usize::from(is_subtype(&t, &s) && s != t);
    }
    assert!(related > 100, "the random types are too different: {related}");
}

#[test]
fn the_two_projections_of_a_binary_protocol_are_dual() {
    for seed in 0..2_000 {
        let global = generate(seed, Shape { roles: 2, ..Shape::default() });
        let local = |role| project(&global, role).expect("two roles always know everything");
        assert_eq!(dual(&local(A), "A"), Ok(local(B)), "{global}");
    }
}

#[test]
fn a_type_of_three_roles_has_no_dual() {
    let end = LocalTerm::end;
    let term = LocalTerm::send("B", Label::new("m"), LocalTerm::recv("C", Label::new("m"), end()));
    let error = dual(&term.close().expect("closed"), "A").expect_err("three roles");
    assert!(matches!(error, DualError::ThirdRole { .. }), "{error}");
}

#[test]
fn more_senders_are_not_a_subtype() {
    let then = |from, label| (from, Label::new(label), LocalTerm::end());
    let close = |term: LocalTerm| term.close().expect("closed");
    let one = close(LocalTerm::branch([then("B", "l")]));
    let two = close(LocalTerm::branch([then("B", "l"), then("B", "m")]));
    let other = close(LocalTerm::branch([then("B", "l"), then("C", "m")]));
    assert!(is_subtype(&two, &one) && !is_subtype(&one, &two));
    assert!(!is_subtype(&other, &one) && !is_subtype(&one, &other));
}
