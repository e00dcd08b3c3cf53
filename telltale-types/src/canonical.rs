//! What both kinds of type have in common: the checks on a table, and one text for equal types.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::minimise::minimise;
use crate::table::{Row, State};
use crate::{LabelId, LaneId, Lanes, Names, RoleId, StateId, TypeError};

/// Which of the two small numbers of a row are roles.
pub(crate) type RolesOf = fn(&Row) -> [Option<u8>; 2];

/// A text that is the same for two types exactly when they are equal.
///
/// Roles and labels that occur are numbered in the order of their names, the table is minimised,
/// and names and rows are written down.
pub(crate) fn text(names: &Names, mut states: Vec<State>, roles_of: RolesOf) -> String {
    let rows = || exchanges(&states);
    let roles = rank(
        rows()
            .flat_map(|row| roles_of(row).into_iter().flatten())
            .map(|role| (names.role(RoleId(role)), role)),
    );
    let labels = rank(rows().map(|row| (names.label(row.label), row.label)));

    let rows = states.iter_mut().flat_map(|state| &mut state.rows);
    for row in rows.filter(|row| !row.is_structure()) {
        let [a, b] = roles_of(row);
        row.a = a.map_or(row.a, |role| RoleId::at(roles[&role]).0);
        row.b = b.map_or(row.b, |role| RoleId::at(roles[&role]).0);
        row.label = LabelId::at(labels[&row.label]);
    }

    let mut text = String::new();
    for role in in_order(&roles) {
        put(&mut text, names.role(RoleId(role)));
    }
    text.push('/');
    for label in in_order(&labels) {
        put(&mut text, names.label(label).name);
        put(&mut text, names.label(label).payload);
    }
    for state in minimise(&states, |_| 0) {
        text.push_str(if state.may_end { ";." } else { ";" });
        for row in &state.rows {
            // Writing to a string cannot fail.
            let _ = write!(text, "{},{},{},{} ", row.a, row.b, row.label, row.target);
        }
    }
    text
}

fn exchanges(states: &[State]) -> impl Iterator<Item = &Row> {
    states.iter().flat_map(|state| &state.rows).filter(|row| !row.is_structure())
}

/// A name with its length first, so that no name can look like two.
fn put(text: &mut String, name: &str) {
    let _ = write!(text, "{}:{name}", name.len());
}

/// Each id with the place of its name among all names.
fn rank<N: Ord, I: Ord + Copy>(named: impl Iterator<Item = (N, I)>) -> BTreeMap<I, usize> {
    let by_name: BTreeMap<N, I> = named.collect();
    by_name.into_values().enumerate().map(|(rank, id)| (id, rank)).collect()
}

fn in_order<I: Copy>(ranks: &BTreeMap<I, usize>) -> Vec<I> {
    let mut ids: Vec<(usize, I)> = ranks.iter().map(|(&id, &rank)| (rank, id)).collect();
    ids.sort_unstable_by_key(|(rank, _)| *rank);
    ids.into_iter().map(|(_, id)| id).collect()
}

pub(crate) fn check_ranges(
    names: &Names,
    states: &[State],
    roles_of: RolesOf,
) -> Result<(), TypeError> {
    if states.is_empty() {
        return Err(TypeError::NoStates);
    }
    if states.len() > StateId::LIMIT {
        return Err(TypeError::TooManyStates { given: states.len(), limit: StateId::LIMIT });
    }
    let (roles, labels) = (names.role_count(), names.label_count());
    for (at, state) in states.iter().enumerate() {
        let id = StateId::at(at);
        for row in &state.rows {
            let speaks_of = if row.is_structure() { [None, None] } else { roles_of(row) };
            if let Some(role) = speaks_of.into_iter().flatten().find(|&r| usize::from(r) >= roles) {
                return Err(TypeError::RoleOutOfRange { state: id, role, roles });
            }
            if row.label.index() >= labels && !row.is_structure() {
                return Err(TypeError::LabelOutOfRange { state: id, label: row.label.0, labels });
            }
            if row.target.index() >= states.len() {
                let (target, states) = (row.target, states.len());
                return Err(TypeError::TargetOutOfRange { state: id, target, states });
            }
        }
    }
    Ok(())
}

pub(crate) fn check_distinct(
    id: StateId,
    state: &State,
    show: impl Fn(&Row) -> String,
) -> Result<(), TypeError> {
    let mut seen = std::collections::BTreeSet::new();
    match state.rows.iter().find(|row| !seen.insert((row.a, row.b, row.label))) {
        Some(row) => {
            Err(TypeError::DuplicateBranch { state: id, event: format!("`{}`", show(row)) })
        }
        None => Ok(()),
    }
}

pub(crate) fn check_reachable(states: &[State]) -> Result<(), TypeError> {
    let mut reached = vec![false; states.len()];
    reached[0] = true;
    let mut queue = vec![0];
    while let Some(at) = queue.pop() {
        for row in &states[at].rows {
            if !std::mem::replace(&mut reached[row.target.index()], true) {
                queue.push(row.target.index());
            }
        }
    }
    match reached.iter().position(|reached| !reached) {
        Some(at) => Err(TypeError::Unreachable { state: StateId::at(at) }),
        None => Ok(()),
    }
}

/// The lanes of a table in which every state can be reached, if ends are where they belong.
pub(crate) fn check_lanes(states: &[State]) -> Result<Lanes, TypeError> {
    let lanes = Lanes::of(states)?;
    for (at, state) in states.iter().enumerate() {
        let id = StateId::at(at);
        let inside = lanes.of_state(id) != LaneId::OUTERMOST;
        match state.rows.first() {
            None if state.may_end && inside => return Err(TypeError::EndInArm { state: id }),
            None if !state.may_end && !inside => {
                return Err(TypeError::ArmEndOutside { state: id });
            }
            Some(first) if first.is_structure() && state.rows.len() < 3 => {
                return Err(TypeError::FewArms { state: id, arms: state.rows.len() - 1 });
            }
            _ => {}
        }
    }
    Ok(lanes)
}
