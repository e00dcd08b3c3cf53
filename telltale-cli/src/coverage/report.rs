//! What was exercised and what was not, for people and for programs.

use std::collections::BTreeSet;
use std::io::Write;

use serde::Serialize;
use telltale_types::{Action, RoleId, StateId};

use super::count::{Counts, actions};
use crate::choose::Chosen;
use crate::count::{count, lines};
use crate::error::Failure;
use crate::places::places;
use crate::verdict::Sound;

/// What a role has done.
#[derive(Serialize)]
pub(super) struct Exercised {
    pub(super) role: String,
    /// What it can do, in the order of its part.
    actions: Vec<Taken>,
    /// How often it has come to its end; null if it has none.
    ended: Option<u64>,
}

/// Something that a role can do.
#[derive(Serialize)]
struct Taken {
    /// `Bar?Serve { drink: String }`
    action: String,
    /// How often it has done it.
    count: u64,
    /// The lines of the file at which it stands.
    lines: BTreeSet<usize>,
}

impl Exercised {
    /// Whether it has done all that it can do.
    pub(super) fn is_whole(&self) -> bool {
        self.ended != Some(0) && self.actions.iter().all(|action| action.count > 0)
    }
}

pub(super) fn roles(chosen: &Chosen, sound: &Sound, counts: &Counts) -> Vec<Exercised> {
    let Sound { projected, source } = sound;
    let line =
        |&(state, exit): &(StateId, usize)| Some(chosen.line(source.step(state, exit)?.message));
    let names = projected.global.names();
    let role = |(role, name): (RoleId, &str)| {
        let local = &projected.locals[name];
        let places = places(&projected.global, role, local);
        let action = |(state, action): (StateId, Action)| Taken {
            action: action.display(names),
            count: counts.taken(role, state, action),
            lines: places.get(&(state, action)).into_iter().flatten().filter_map(line).collect(),
        };
        Exercised {
            role: name.to_owned(),
            actions: actions(local).map(action).collect(),
            ended: counts.ended(role, local),
        }
    };
    names.roles().map(role).collect()
}

pub(super) fn text(
    chosen: &Chosen,
    roles: &[Exercised],
    logs: usize,
    out: &mut impl Write,
) -> Result<(), Failure> {
    writeln!(out, "{}: {}", chosen.heading(), count(logs, "log"))?;
    for role in roles {
        let all = role.actions.len();
        let done = role.actions.iter().filter(|action| action.count > 0).count();
        writeln!(out, "  {}: {done} of {}", role.role, count(all, "action"))?;
        for Taken { action, lines: at, .. } in
            role.actions.iter().filter(|action| action.count == 0)
        {
            writeln!(out, "    never `{action}`, {}", lines(at))?;
        }
        if role.ended == Some(0) {
            writeln!(out, "    never came to its end")?;
        }
    }
    Ok(())
}
