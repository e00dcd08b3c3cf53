//! Where in the protocol stands what a role does in a state of its part.

use std::collections::{BTreeMap, BTreeSet};

use telltale_types::{Action, GlobalType, Lanes, LocalTypeR, RoleId, StateId};

/// For what a role does in a state of its part, the steps of the protocol that it can be: states and which of their exits.
pub(crate) type Places = BTreeMap<(StateId, Action), BTreeSet<(StateId, usize)>>;

pub(crate) fn places(global: &GlobalType, role: RoleId, local: &LocalTypeR) -> Places {
    let mut places = Places::new();
    for (at, together) in global.states().zip(Lanes::together(global, role, local)) {
        for (nth, exit) in global.exits(at).enumerate() {
            let Some(action) = exit.action(role) else { continue };
            for &own in &together {
                places.entry((own, action)).or_default().insert((at, nth));
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same message in two states is in two places, each with its own lines; what the role cannot tell apart has several.
    #[test]
    fn states_have_places_of_their_own() {
        let text = "protocol Job(Boss, Worker, Log) {
            Boss -> Worker: Work;
            choice First at Worker {
                Worker -> Log: Good;
                Worker -> Boss: Done;
            } or {
                Worker -> Log: Bad;
                Worker -> Boss: Done;
            }
            Boss -> Worker: Work;
            Worker -> Boss: Done;
        }";
        let analysis = telltale_syntax::analyse_str(text);
        let protocol = &analysis.protocols[0];
        let job = telltale_syntax::project(protocol).expect("it is sound");
        let source = &protocol.lowered.as_ref().expect("there are no mistakes").source;
        let names = job.global.names();
        let boss = names.find_role("Boss").expect("it is there");
        let places = places(&job.global, boss, &job.locals["Boss"]);
        let lines = |steps: &BTreeSet<(StateId, usize)>| -> Vec<usize> {
            let steps = steps.iter().filter_map(|&(state, exit)| source.step(state, exit));
            let mut lines: Vec<usize> = steps.map(|step| step.message.quote.line).collect();
            lines.sort_unstable();
            lines
        };
        let lines: Vec<Vec<usize>> = places.values().map(lines).collect();
        assert_eq!(lines, [vec![2], vec![5, 8], vec![10], vec![11]]);
    }
}
