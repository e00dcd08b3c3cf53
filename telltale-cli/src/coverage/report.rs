//! What was exercised and what was not, for people.

use std::io::Write;

use telltale_types::{Counts, RoleCoverage, StateId};

use crate::choose::Chosen;
use crate::count::count;
use crate::error::Failure;
use crate::verdict::Sound;

pub(super) fn roles(chosen: &Chosen, sound: &Sound, counts: &Counts) -> Vec<RoleCoverage> {
    let Sound { projected, source } = sound;
    let line = |state: StateId, exit| Some(chosen.line(source.step(state, exit)?.message));
    let covered = |role| counts.coverage(&projected.global, role, &projected.locals[role], line);
    sound.roles().filter_map(covered).collect()
}

pub(super) fn text(
    chosen: &Chosen,
    roles: &[RoleCoverage],
    logs: usize,
    out: &mut impl Write,
) -> Result<(), Failure> {
    writeln!(out, "{}: {}", chosen.heading(), count(logs, "log"))?;
    roles.iter().try_for_each(|role| write!(out, "{role}"))?;
    Ok(())
}
