//! The pipeline: see the protocol as each role does, check, and give each role its local type.

use std::collections::BTreeSet;

use telltale_types::{GlobalType, LocalExit, LocalState, LocalTypeR, Par, RoleId, StateId};

use crate::available::Available;
use crate::clash::{self, Clashes, Suspect};
use crate::error::{LimitReached, ProjectionError, Violations};
use crate::graph::Graph;
use crate::lanes::Parallel;
use crate::machine::{Acts, Machine, Set};
use crate::repair::Fault;
use crate::report::Report;
use crate::view::View;

use crate::{Options, conditions, repair};

/// Decides whether every role can play its part.
///
/// # Errors
///
/// Everything that is wrong, with a run that goes wrong for each; or the limit that was reached.
///
/// ```
/// use telltale_types::{GlobalTerm, Label};
///
/// // Carol cannot know whether Bob got `Left`.
/// let global = GlobalTerm::comm("Alice", "Bob", [
///     (Label::new("Left"), GlobalTerm::send("Carol", "Bob", Label::new("X"), GlobalTerm::end())),
///     (Label::new("Right"), GlobalTerm::send("Carol", "Bob", Label::new("Y"), GlobalTerm::end())),
/// ])
/// .close()?;
/// let error = telltale_theory::check(&global).unwrap_err();
/// assert_eq!(error.violations().len(), 1);
/// # Ok::<(), telltale_types::TypeError>(())
/// ```
pub fn check(global: &GlobalType) -> Result<(), ProjectionError> {
    check_with(global, &Options::default())
}

/// [`check`] with options.
///
/// # Errors
///
/// As [`check`].
pub fn check_with(global: &GlobalType, options: &Options) -> Result<(), ProjectionError> {
    machines(global, options).map(drop)
}

/// The local type of one role. A role that takes no part has the type `end`.
///
/// # Errors
///
/// As [`check`]: also when another role is the one that cannot play its part.
pub fn project(global: &GlobalType, role: RoleId) -> Result<LocalTypeR, ProjectionError> {
    project_with(global, role, &Options::default())
}

/// [`project`] with options.
///
/// # Errors
///
/// As [`project`].
pub fn project_with(
    global: &GlobalType,
    role: RoleId,
    options: &Options,
) -> Result<LocalTypeR, ProjectionError> {
    let machines = machines(global, options)?;
    let machine = machines.into_iter().nth(role.index());
    Ok(machine.map_or_else(|| no_part(global), |machine| local_type(global, machine)))
}

/// The local type of every role, by name, in the order of the roles.
///
/// # Errors
///
/// As [`check`].
pub fn project_all(global: &GlobalType) -> Result<Vec<(String, LocalTypeR)>, ProjectionError> {
    project_all_with(global, &Options::default())
}

/// [`project_all`] with options.
///
/// # Errors
///
/// As [`check`].
pub fn project_all_with(
    global: &GlobalType,
    options: &Options,
) -> Result<Vec<(String, LocalTypeR)>, ProjectionError> {
    let machines = machines(global, options)?;
    let named = global.names().roles().zip(machines);
    Ok(named.map(|((_, name), machine)| (name.to_owned(), local_type(global, machine))).collect())
}

/// The machine of every role, if they implement the protocol.
fn machines(global: &GlobalType, options: &Options) -> Result<Vec<Machine>, ProjectionError> {
    let mut report = Report::default();
    let most = options.limits.explained.max(1);
    let (machines, limit) = survey(global, all_roles(global), options, |suspect, available| {
        report.add(suspect, available, most);
    });
    let Report { faults, role, mut violations } = report;
    if !violations.is_empty() {
        violations.sort_by_key(repair::fault);
        let mut wrong = Violations { global: global.clone(), violations, faults };
        if options.find_remedies {
            wrong.find_remedies(options, |_, _| true);
        }
        return Err(wrong.into());
    }
    match (limit, role) {
        (Some(limit), _) => Err(ProjectionError::Limit(limit, global.clone())),
        (None, Some(role)) => Err(ProjectionError::Unexplained(role, global.clone())),
        (None, None) => Ok(machines),
    }
}

/// What is wrong for one role; nothing when a limit was reached.
pub(crate) fn faults_of(
    global: &GlobalType,
    role: RoleId,
    options: &Options,
) -> Option<BTreeSet<Fault>> {
    faults_for(global, std::iter::once(role), options)
}

/// What is wrong with a protocol; nothing when a limit was reached.
pub(crate) fn faults(global: &GlobalType, options: &Options) -> Option<BTreeSet<Fault>> {
    faults_for(global, all_roles(global), options)
}

fn faults_for(
    global: &GlobalType,
    roles: impl Iterator<Item = RoleId>,
    options: &Options,
) -> Option<BTreeSet<Fault>> {
    let mut faults = BTreeSet::new();
    let (_, limit) = survey(global, roles, options, |suspect, available| {
        faults.extend(Clashes::of(suspect, available).faults());
    });
    limit.is_none().then_some(faults)
}

fn all_roles(global: &GlobalType) -> impl Iterator<Item = RoleId> {
    (0..global.names().role_count()).map(RoleId::at)
}

/// Looks at the protocol as some roles do, and shows those for which something is wrong.
fn survey(
    global: &GlobalType,
    roles: impl Iterator<Item = RoleId>,
    options: &Options,
    mut show: impl FnMut(Suspect<'_>, &mut Available<'_>),
) -> (Vec<Machine>, Option<LimitReached>) {
    let parallel = Parallel::of(global);
    let parallel = parallel.as_ref();
    let whole = parallel
        .map_or_else(|| Graph::new(global), |parallel| Graph::in_sequence(global, parallel));
    // The verdict is never short of steps because of an explanation.
    let available = || Available::new(&whole, parallel);
    let (mut deciding, mut explaining) = (available(), available());
    let (mut machines, mut exits, mut limit) = (Vec::new(), 0, None);
    for role in roles {
        let seen = parallel.map(|parallel| Graph::seen_by(global, parallel, role));
        let graph = seen.as_ref().unwrap_or(&whole);
        let view = View::new(graph, role);
        let machine = Machine::new(graph, &view, &options.limits, &mut exits);
        let steps = options.limits.overtaking;
        let findings = conditions::findings(graph, &view, &machine, &mut deciding, steps);
        let mut broken = findings.broken;
        broken.retain(|broken| !options.allows(broken.condition));
        let suspect =
            Suspect { graph, parallel, view: &view, machine: &machine, broken: &broken, steps };
        if !broken.is_empty() {
            show(suspect, &mut explaining);
        }
        limit = findings.limit;
        if let (Some(limit), Some(set)) = (&mut limit, findings.undecided) {
            limit.decision = clash::decision(suspect, set);
        }
        machines.push(machine);
        if limit.is_some() {
            break;
        }
    }
    (machines, limit)
}

fn local_type(global: &GlobalType, machine: Machine) -> LocalTypeR {
    let inside = machine.inside();
    let states = machine.sets.into_iter().zip(inside).map(|(set, inside)| local_state(set, inside));
    local(global, one_for_each_part(states.collect()))
}

/// A role may come to a parallel part from where it may be at different places besides. Its part there is the
/// same, and each lane begins in one state.
fn one_for_each_part(states: Vec<LocalState>) -> Vec<LocalState> {
    let mut first: Vec<(Par, StateId)> = Vec::new();
    let mut instead: Vec<StateId> = (0..states.len()).map(StateId::at).collect();
    for (at, state) in states.iter().enumerate() {
        if let LocalState::Par(par) = state {
            match first.iter().find(|(known, _)| known == par) {
                Some((_, known)) => instead[at] = *known,
                None => first.push((par.clone(), StateId::at(at))),
            }
        }
    }
    let moved = instead.iter().enumerate().any(|(at, to)| at != to.index());
    if moved { renumbered(&states, |state| instead[state.index()]) } else { states }
}

/// The states that can be reached when each is taken for another, in the order in which they are.
fn renumbered(states: &[LocalState], taken_for: impl Fn(StateId) -> StateId) -> Vec<LocalState> {
    let mut number = vec![None; states.len()];
    let mut order = Vec::new();
    let mut number_of = |state: StateId, order: &mut Vec<StateId>| {
        let state = taken_for(state);
        *number[state.index()].get_or_insert_with(|| {
            order.push(state);
            StateId::at(order.len() - 1)
        })
    };
    number_of(StateId::START, &mut order);
    let mut result: Vec<LocalState> = Vec::new();
    while let Some(&state) = order.get(result.len()) {
        let mut state = states[state.index()].clone();
        for target in state.targets_mut() {
            *target = number_of(*target, &mut order);
        }
        result.push(state);
    }
    result
}

fn local_state(set: Set, inside: bool) -> LocalState {
    match set.acts() {
        Acts::Forks => {
            let mut targets: Vec<StateId> =
                set.moves.iter().map(|(_, target)| StateId(*target)).collect();
            // What is sent to come past the part is the last in order.
            let next = targets.pop().unwrap_or(StateId::START);
            LocalState::Par(Par { arms: targets, next })
        }
        Acts::Joins => LocalState::ArmEnd,
        Acts::Nothing if inside => LocalState::ArmEnd,
        Acts::Nothing | Acts::Exchanges => {
            let exit = |(action, target)| LocalExit { action, target: StateId(target) };
            let exits = set.moves.into_iter().map(exit).collect();
            LocalState::Exits { exits, may_end: set.may_end }
        }
    }
}

fn no_part(global: &GlobalType) -> LocalTypeR {
    local(global, vec![LocalState::END])
}

fn local(global: &GlobalType, states: Vec<LocalState>) -> LocalTypeR {
    LocalTypeR::new(global.names().clone(), states)
        .expect("a machine without violations is a local type")
        .minimised()
}

#[cfg(test)]
mod tests;
