//! Random statements mean what an interpreter says that walks through them, and are refused when it says so.
//!
//! The interpreter knows nothing of slots, states or flattening. It keeps a stack of places in blocks; a choice is
//! made by trying all its branches.

mod statements {
    mod generate;
    mod interpret;
    mod random;

    pub(crate) use generate::protocols;
    pub(crate) use interpret::{Event, Interpreter, Refused};
    pub(crate) use random::Random;
}

use std::collections::{BTreeMap, BTreeSet};

use statements::{Event, Interpreter, Random, Refused, protocols};
use telltale_syntax::{Lowered, Mistake, analyse_str};
use telltale_types::StateId;

const CASES: u64 = 6_000;

#[test]
fn random_statements_mean_what_they_say() {
    let (mut accepted, mut nested, mut refused) = (0, 0, BTreeMap::new());
    for seed in 0..CASES {
        let program = protocols(&mut Random(seed));
        let source = program.to_string();
        let analysis = analyse_str(&source);
        let mut mistakes = analysis.diagnostics.iter().map(telltale_syntax::Diagnostic::mistake);
        if mistakes.any(|mistake| {
            matches!(mistake, Mistake::Unreachable { .. } | Mistake::UnusedRole { .. })
        }) {
            continue;
        }
        let mut interpreter = Interpreter::new(&program);
        let verdict = interpreter.check();
        let last = analysis.protocols.last().expect("there is a protocol");
        match (&last.lowered, verdict) {
            (Some(lowered), Ok(())) => {
                assert_same(&mut interpreter, lowered, &format!("seed {seed}\n{source}"));
                accepted += 1;
                nested += usize::from(interpreter.has_flattened());
            }
            (None, Err(why)) => *refused.entry(why).or_insert(0) += 1,
            (lowered, verdict) => {
                let printed: Vec<String> =
                    analysis.diagnostics.iter().map(ToString::to_string).collect();
                let lowered = lowered.as_ref().map(|lowered| lowered.global.to_string());
                panic!("seed {seed}\n{source}\n{verdict:?} {lowered:?}\n{}", printed.join("\n"));
            }
        }
    }
    assert!(nested >= 700, "{nested} of {accepted} are nested; {refused:?}");
    for why in Refused::ALL {
        assert!(refused.get(&why) >= Some(&10), "{why:?} of {refused:?}");
    }
}

/// Follows both, to every pair of places that they come to.
fn assert_same(interpreter: &mut Interpreter<'_>, lowered: &Lowered, source: &str) {
    let global = &lowered.global;
    let mut open = vec![(StateId(0), interpreter.start())];
    let mut known: BTreeSet<_> = open.iter().cloned().collect();
    while let Some((state, place)) = open.pop() {
        let said = interpreter.next(&place).expect("it was checked");
        let mut meant: BTreeMap<Event, StateId> = BTreeMap::new();
        for exit in global.exits(state) {
            let label = global.names().label(exit.label).name.to_owned();
            let event = (exit.sender.index(), exit.receiver.index(), label);
            assert_eq!(meant.insert(event, exit.target), None, "{source}\n{global}");
        }
        assert!(said.keys().eq(meant.keys()), "{said:?} {meant:?}\n{source}\n{global}");
        for (place, state) in said.into_values().zip(meant.into_values()) {
            if known.insert((state, place.clone())) {
                open.push((state, place));
            }
        }
    }
}
