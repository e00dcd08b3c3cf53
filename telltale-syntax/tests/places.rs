//! Where in the source stands what a role does.

use std::collections::BTreeSet;

use telltale_syntax::{analyse_str, project};
use telltale_types::{Lanes, StateId};

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
    let analysis = analyse_str(text);
    let protocol = &analysis.protocols[0];
    let job = project(protocol).expect("it is sound");
    let source = &protocol.lowered.as_ref().expect("there are no mistakes").source;
    let names = job.global.names();
    let boss = names.find_role("Boss").expect("it is there");
    let places = Lanes::places(&job.global, boss, &job.locals["Boss"]);
    let lines = |steps: &BTreeSet<(StateId, usize)>| -> Vec<usize> {
        let steps = steps.iter().filter_map(|&(state, exit)| source.step(state, exit));
        let mut lines: Vec<usize> = steps.map(|step| step.message.quote.line).collect();
        lines.sort_unstable();
        lines
    };
    let lines: Vec<Vec<usize>> = places.values().map(lines).collect();
    assert_eq!(lines, [vec![2], vec![5, 8], vec![10], vec![11]]);
}
