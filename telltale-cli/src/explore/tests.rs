//! Which queues grow, compared with what happens in all states of random protocols.

use std::collections::BTreeMap;

use telltale_syntax::Projected;
use telltale_theory::oracle::{Shape, generate, generate_parallel};
use telltale_theory::{Floods, Options, floods, project_all_with};
use telltale_types::{GlobalType, LocalTypeR};

use super::Limits;
use super::space::{Space, explore};

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
        let floods = floods(&projected.global);
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
        let floods = floods(&projected.global);
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
