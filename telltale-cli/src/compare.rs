//! `telltale compare`: two versions of protocols.

mod report;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use telltale_theory::{Change, Comparison, compare};

use crate::Verdict;
use crate::args::{Format, Which};
use crate::choose::{Chosen, choose, list};
use crate::error::Failure;
use crate::verdict::Sound;

use report::Report;

/// What is asked of two versions.
pub(crate) struct What {
    /// The only protocol that is compared.
    pub(crate) protocol: Option<String>,
    /// The roles that are played by programs of the old version; otherwise all.
    pub(crate) in_use: Vec<String>,
    pub(crate) format: Format,
}

/// What has become of a protocol.
enum Fate {
    New,
    Gone,
    Compared(Comparison),
}

pub(crate) fn run(
    old: &Path,
    new: &Path,
    what: &What,
    out: &mut impl Write,
) -> Result<Verdict, Failure> {
    let (old, new) = (version(old, what)?, version(new, what)?);
    let is_known = |role: &&String| old.iter().flat_map(roles).any(|known| known == *role);
    if let Some(role) = what.in_use.iter().find(|role| !is_known(role)) {
        let known: BTreeSet<&str> = old.iter().flat_map(roles).collect();
        let known = list(&known.into_iter().collect::<Vec<_>>());
        return Err(Failure::UnknownInUse { role: role.clone(), known });
    }
    let mut report = Report::default();
    let mut is_good = true;
    for (name, old, new) in pairs(&old, &new) {
        let Some(fate) = fate(old, new)? else {
            is_good = false;
            continue;
        };
        let broken = broken(&fate, what);
        is_good &= broken.is_empty() && !matches!(fate, Fate::Gone);
        match what.format {
            Format::Text => text(name, &fate, &broken, out)?,
            Format::Json => report.add(name, &fate, broken),
        }
    }
    if let Format::Json = what.format {
        report.write(out)?;
    }
    Ok(Verdict::of(is_good))
}

fn version(path: &Path, what: &What) -> Result<Vec<Chosen>, Failure> {
    let paths: Vec<PathBuf> = vec![path.to_owned()];
    choose(&Which { paths, protocol: what.protocol.clone() })
}

fn roles(chosen: &Chosen) -> impl Iterator<Item = &str> {
    chosen.judged.result.iter().flat_map(Sound::roles)
}

/// Protocols of the same name. If there is only one on each side, it may have got another one.
fn pairs<'c>(
    old: &'c [Chosen],
    new: &'c [Chosen],
) -> Vec<(&'c str, Option<&'c Chosen>, Option<&'c Chosen>)> {
    if let ([one], [other]) = (old, new) {
        return vec![(&other.judged.name, Some(one), Some(other))];
    }
    let find = |all: &'c [Chosen], name: &str| all.iter().find(|one| one.judged.name == name);
    let here = new.iter().map(|one| (&*one.judged.name, find(old, &one.judged.name), Some(one)));
    let gone = old.iter().filter(|one| find(new, &one.judged.name).is_none());
    here.chain(gone.map(|one| (&*one.judged.name, Some(one), None))).collect()
}

/// Nothing if one of the versions is refused.
fn fate(old: Option<&Chosen>, new: Option<&Chosen>) -> Result<Option<Fate>, Failure> {
    let Some(new) = new else { return Ok(Some(Fate::Gone)) };
    let Some(old) = old else { return Ok(new.sound()?.map(|_| Fate::New)) };
    let (Some(old), Some(new)) = (old.sound()?, new.sound()?) else { return Ok(None) };
    let comparison = compare(&old.projected.global, &new.projected.global);
    Ok(Some(Fate::Compared(comparison.map_err(|error| Failure::Machine(error.to_string()))?)))
}

/// The roles in use that cannot be played as they were when all others are new.
fn broken(fate: &Fate, what: &What) -> Vec<String> {
    let Fate::Compared(comparison) = fate else { return Vec::new() };
    let is_in_use = |role: &String| what.in_use.is_empty() || what.in_use.contains(role);
    let is_broken = |change: &Change| match change {
        Change::Changed { old_with_new, .. } => old_with_new.is_err(),
        Change::Removed => true,
        _ => false,
    };
    let broken = comparison.roles.iter().filter(|role| is_broken(&role.change));
    broken.map(|role| role.role.clone()).filter(is_in_use).collect()
}

fn text(name: &str, fate: &Fate, broken: &[String], out: &mut impl Write) -> Result<(), Failure> {
    match fate {
        Fate::New => writeln!(out, "{name}: new")?,
        Fate::Gone => writeln!(out, "{name}: gone")?,
        Fate::Compared(comparison) => {
            writeln!(out, "{name}: {}", if broken.is_empty() { "fine" } else { "not compatible" })?;
            for line in comparison.to_string().lines() {
                writeln!(out, "  {line}")?;
            }
            if !broken.is_empty() {
                writeln!(out, "  cannot stay as it was: {}", list(broken))?;
            }
        }
    }
    Ok(())
}
