//! `telltale accepts`: logs held against a protocol.

mod report;

use std::io::Write;
use std::path::{Path, PathBuf};

use telltale_types::{Accepted, LogError};

use crate::Verdict;
use crate::args::{Format, WhichLogs};
use crate::choose::{Chosen, choose_one};
use crate::draw::Run;
use crate::error::Failure;
use crate::logs::{each, explain, follow, monitor};
use crate::source::name;
use crate::verdict::Sound;

use report::Report;

/// What is asked of logs.
pub(crate) struct What {
    /// Whose part they are held against; otherwise the whole protocol.
    pub(crate) role: Option<String>,
    /// Whether they have to come to the end.
    pub(crate) is_complete: bool,
    /// Where to draw the log.
    pub(crate) draw: Option<PathBuf>,
    pub(crate) format: Format,
}

pub(crate) fn run(
    which: &WhichLogs,
    what: &What,
    out: &mut impl Write,
) -> Result<Verdict, Failure> {
    let chosen = choose_one(&which.protocol())?;
    let Some(sound) = chosen.sound()? else { return Ok(Verdict::Bad) };
    if what.draw.is_some() && which.logs.len() > 1 {
        return Err(Failure::SeveralLogs);
    }
    let mut report = Report::default();
    let mut is_good = true;
    let unread = each(&which.logs, |path, lines| {
        let mut monitor = monitor(&chosen, sound, what.role.as_deref())?;
        let mut log = Vec::new();
        let keep = |event| {
            if what.draw.is_some() {
                log.push(event);
            }
        };
        let result = follow(&mut monitor, lines, keep).map(|()| monitor.accepted());
        let is_accepted =
            result.as_ref().is_ok_and(|accepted| accepted.is_complete() || !what.is_complete);
        is_good &= is_accepted;
        match what.format {
            Format::Text => text(path, &result, &chosen, sound, out)?,
            Format::Json => report.add(name(path), &chosen.judged.name, is_accepted, &result),
        }
        if let Some(file) = &what.draw {
            let title = format!("{}, as in {}", chosen.judged.name, name(path));
            let roles = sound.roles().collect();
            let note = result.as_ref().err().map(|error| format!("… {error}"));
            Run { title, roles, log, note }.draw(file, out)?;
        }
        Ok(())
    })?;
    if let Format::Json = what.format {
        report.write(out)?;
    }
    unread.map_or(Ok(Verdict::of(is_good)), Err)
}

fn text(
    path: &Path,
    result: &Result<Accepted, LogError>,
    chosen: &Chosen,
    sound: &Sound,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let text = match result {
        Ok(accepted) => accepted.to_string(),
        Err(error) => explain(error, chosen, sound),
    };
    Ok(writeln!(out, "{}: {text}", name(path))?)
}
