//! `telltale explore`: all states that a protocol can be in, queues that grow, roles that may starve.

mod part;
mod space;
mod steps;

use std::io::Write;

use telltale_syntax::Projected;
use telltale_theory::{Floods, floods, starved};

use crate::Verdict;
use crate::args::Which;
use crate::choose::{Chosen, choose};
use crate::count::count;
use crate::error::Failure;
use crate::verdict::Sound;

use space::Space;

/// How far to go.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// How many states.
    pub(crate) states: usize,
    /// How many messages in a queue that nothing bounds.
    pub(crate) queue: usize,
}

pub(crate) fn run(which: &Which, limits: Limits, out: &mut impl Write) -> Result<Verdict, Failure> {
    let mut is_good = true;
    for (at, chosen) in choose(which)?.iter().enumerate() {
        let Some(sound) = chosen.sound()? else {
            is_good = false;
            continue;
        };
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", chosen.heading())?;
        one(chosen, sound, limits, out)?;
    }
    Ok(Verdict::of(is_good))
}

fn one(
    chosen: &Chosen,
    sound: &Sound,
    limits: Limits,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let projected = &sound.projected;
    let floods = floods(&projected.global);
    let space = space::explore(projected, &floods, limits);
    let states = count(space.states, "state");
    if space.is_complete {
        let among = if floods.list.is_empty() {
            ""
        } else {
            ", with no more messages in a queue than it says below"
        };
        writeln!(out, "  {states}, all that there are{among}")?;
    } else {
        writeln!(out, "  {states}, then given up: there are more, which `--states` allows")?;
    }
    queues(&space, &floods, limits, projected, out)?;
    for flood in &floods.list {
        write!(out, "{}", steps::flood(flood, chosen, sound))?;
    }
    if floods.is_undecided {
        writeln!(out, "  Which queues can be flooded is not known: there are too many roles.")?;
    }
    if floods.has_par_in_loop {
        writeln!(out, "  Loops that contain a `par` were not looked at for queues that grow.")?;
    }
    for starved in starved(&projected.global) {
        write!(out, "{}", steps::starved(&starved, chosen, sound))?;
    }
    Ok(())
}

fn queues(
    space: &Space,
    floods: &Floods,
    limits: Limits,
    projected: &Projected,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let names = projected.global.names();
    let name = |(from, to): &(_, _)| format!("{} → {}", names.role(*from), names.role(*to));
    let width =
        space.longest.keys().map(|channel| name(channel).chars().count()).max().unwrap_or(0);
    for (channel, longest) in &space.longest {
        let name = name(channel);
        if floods.has(*channel) {
            let limit = limits.queue;
            writeln!(out, "  {name:width$}  any number of messages; looked at up to {limit}")?;
        } else {
            let bound = if space.is_complete { "at most" } else { "at least" };
            writeln!(out, "  {name:width$}  {bound} {}", count(*longest, "message"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
