//! Where in the protocol stands what a role does in a state of its part.

use std::collections::{BTreeMap, BTreeSet};

use telltale_types::{Direction, GlobalExit, GlobalType, LocalExit, LocalTypeR, RoleId, StateId};

/// For each exit of each state of a part, the steps of the protocol that it can be.
///
/// The role and the protocol are followed side by side: what does not concern the role may happen at any time. Parallel parts are
/// followed into all of their arms and behind them, so where roles do several things at once there may be some steps too many.
pub(crate) fn places(
    global: &GlobalType,
    role: RoleId,
    local: &LocalTypeR,
) -> BTreeMap<(StateId, usize), BTreeSet<(StateId, usize)>> {
    let mut places: BTreeMap<(StateId, usize), BTreeSet<(StateId, usize)>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![(StateId::START, StateId::START)];
    while let Some((own, at)) = open.pop() {
        if !seen.insert((own, at)) {
            continue;
        }
        for (nth, exit) in global.exits(at).enumerate() {
            if exit.sender != role && exit.receiver != role {
                open.push((own, exit.target));
                continue;
            }
            for (own_nth, own_exit) in local.exits(own).enumerate() {
                if is_same(role, own_exit, exit) {
                    places.entry((own, own_nth)).or_default().insert((at, nth));
                    open.push((own_exit.target, exit.target));
                }
            }
        }
        if let Some(par) = global.par(at) {
            open.extend(par.arms.iter().chain([&par.next]).map(|&next| (own, next)));
        }
        if let Some(par) = local.par(own) {
            open.extend(par.arms.iter().chain([&par.next]).map(|&next| (next, at)));
        }
    }
    places
}

fn is_same(role: RoleId, own: LocalExit, exit: GlobalExit) -> bool {
    let (direction, peer) = if exit.sender == role {
        (Direction::Send, exit.receiver)
    } else {
        (Direction::Receive, exit.sender)
    };
    (own.action.direction, own.action.peer, own.action.label) == (direction, peer, exit.label)
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
