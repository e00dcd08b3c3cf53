//! `telltale show`: global and local types.

use std::io::Write;

use crate::Verdict;
use crate::args::Which;
use crate::choose::choose;
use crate::error::Failure;
use crate::verdict::Sound;

pub(crate) fn run(
    which: &Which,
    role: Option<&str>,
    out: &mut impl Write,
) -> Result<Verdict, Failure> {
    let mut is_good = true;
    for (at, chosen) in choose(which)?.iter().enumerate() {
        let Some(sound) = chosen.sound()? else {
            is_good = false;
            continue;
        };
        if let Some(role) = role {
            chosen.local(sound, role)?;
        }
        let Sound { projected, .. } = sound;
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", chosen.heading())?;
        let width = sound.roles().map(|name| name.chars().count()).max().unwrap_or(0).max(6);
        if role.is_none() {
            writeln!(out, "  {:width$}  {}", "global", projected.global)?;
        }
        for name in sound.roles().filter(|name| role.is_none_or(|role| role == *name)) {
            writeln!(out, "  {name:width$}  {}", projected.locals[name])?;
        }
    }
    Ok(Verdict::of(is_good))
}
