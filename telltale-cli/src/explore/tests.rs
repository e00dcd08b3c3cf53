//! Which queues grow, compared with what happens in all states of random protocols.

use std::collections::BTreeMap;

use telltale_syntax::Projected;
use telltale_theory::oracle::{Shape, generate, generate_parallel};
use telltale_theory::{Options, project_all_with};
use telltale_types::{GlobalType, LocalTypeR};

use super::Limits;
use super::flood::{self, Floods};
use super::space::{Space, explore};
use super::starve;

const SHAPE: Shape = Shape { roles: 3, states: 5, exits: 2, labels: 3 };
const PROTOCOLS: u64 = 200;
/// No queue of these protocols that is bounded has more messages.
const LONG: usize = 6;

fn projected(global: GlobalType) -> Option<Projected> {
    let options = Options { allow_silent_end: true, find_remedies: false, ..Options::default() };
    let locals: BTreeMap<String, LocalTypeR> =
        project_all_with(&global, &options).ok()?.into_iter().collect();
    Some(Projected { global, locals })
}

/// Sound protocols, one after the other plain ones and some with parallel parts.
fn protocols() -> impl Iterator<Item = (u64, Projected)> {
    (0..PROTOCOLS).flat_map(|seed| {
        let plain = projected(generate(seed, SHAPE));
        let parallel = projected(generate_parallel(seed, SHAPE));
        plain.into_iter().chain(parallel).map(move |projected| (seed, projected))
    })
}

/// All states in which no queue has more messages than a limit, whatever was found out about them.
fn all(projected: &Projected, queue: usize) -> Space {
    let floods = Floods { list: Vec::new(), is_undecided: true, has_par_in_loop: false };
    explore(projected, &floods, Limits { states: 2_000, queue })
}

#[test]
fn queues_grow_where_it_is_said() {
    let (mut bounded, mut growing) = (0, 0);
    for (seed, projected) in protocols() {
        let floods = flood::find(&projected.global);
        let space = all(&projected, LONG + 1);
        if !space.is_complete || floods.has_par_in_loop {
            continue;
        }
        for (channel, longest) in &space.longest {
            let grows = *longest > LONG;
            assert_eq!(
                floods.has(*channel),
                grows,
                "seed {seed}: {channel:?} {}",
                projected.global
            );
            if grows {
                growing += 1;
            } else {
                bounded += 1;
            }
        }
    }
    assert!(bounded > 50 && growing > 40, "{bounded} bounded, {growing} growing");
}

/// With what was found, there are finitely many states, and the same queues in them.
#[test]
fn states_are_finite_once_growing_queues_are_limited() {
    let mut complete = 0;
    for (seed, projected) in protocols().take(100) {
        let floods = flood::find(&projected.global);
        let space = explore(&projected, &floods, Limits { states: 2_000, queue: 2 });
        if floods.has_par_in_loop {
            continue;
        }
        complete += usize::from(space.is_complete);
        for (channel, longest) in &space.longest {
            let limit = if floods.has(*channel) { 2 } else { LONG };
            assert!(*longest <= limit, "seed {seed}: {channel:?} {}", projected.global);
        }
    }
    assert!(complete > 50, "{complete}");
}

/// The roles that may wait for ever.
fn starved(body: &str) -> Vec<String> {
    let has_part =
        |role: &&str| body.contains(&format!("{role} ->")) || body.contains(&format!("-> {role}:"));
    let roles: Vec<&str> = ["A", "B", "C", "D"].into_iter().filter(has_part).collect();
    let text = format!("#[allow(silent_end)] protocol P({}) {{ {body} }}", roles.join(", "));
    let analysis = telltale_syntax::analyse_str(&text);
    let projected = telltale_syntax::project(&analysis.protocols[0]).expect("it is sound");
    let names = projected.global.names();
    let starved = starve::find(&projected.global);
    starved.iter().map(|starved| names.role(starved.role).to_owned()).collect()
}

#[test]
fn who_waits_for_those_who_go_round_starves() {
    let rounds = |behind: &str| {
        starved(&format!(
            "loop {{ choice Next at A {{ A -> B: Go; }} or {{ A -> B: Stop; break; }} }} {behind}"
        ))
    };
    assert_eq!(rounds(""), [""; 0]);
    assert_eq!(rounds("A -> C: Bye;"), ["C"]);
    // Who waits for somebody who starves does so as well.
    assert_eq!(rounds("A -> C: Bye; C -> D: Bye;"), ["C", "D"]);
    // `C` need not wait for anybody, so `D` hears of it.
    assert_eq!(rounds("C -> D: Hi;"), [""; 0]);
    assert_eq!(rounds("C -> D: Hi; A -> D: Bye; A -> C: Bye;"), [""; 0]);
}

#[test]
fn who_has_a_part_in_each_round_does_not_starve() {
    let all = "loop { A -> B: Go; B -> C: Go; C -> D: Go; }";
    assert_eq!(starved(all), [""; 0]);
    let some = "loop { choice Which at A { A -> B: Go; } or { A -> C: Go; } }";
    assert_eq!(starved(some), ["B", "C"]);
}
