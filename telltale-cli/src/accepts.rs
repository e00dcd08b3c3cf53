//! `telltale accepts`: logs held against a protocol.

mod report;

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use telltale_syntax::{Projected, SourceMap};
use telltale_types::{Accepted, LogError, LogEvent, Monitor, json_lines};

use crate::Verdict;
use crate::args::{Format, Which};
use crate::choose::{Chosen, choose_one};
use crate::draw::Run;
use crate::error::Failure;

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
    which: &Which,
    logs: &[PathBuf],
    what: &What,
    out: &mut impl Write,
) -> Result<Verdict, Failure> {
    let chosen = choose_one(which)?;
    let Some(sound) = chosen.sound()? else { return Ok(Verdict::Bad) };
    let projected = &sound.projected;
    if what.draw.is_some() && logs.len() > 1 {
        return Err(Failure::SeveralLogs);
    }
    let mut report = Report::default();
    let mut is_good = true;
    for path in logs {
        let mut monitor = monitor(&chosen, projected, what.role.as_deref())?;
        let mut log = Vec::new();
        let result = follow(&mut monitor, open(path)?, what.draw.as_ref().map(|_| &mut log));
        let is_accepted =
            result.as_ref().is_ok_and(|accepted| accepted.is_complete() || !what.is_complete);
        is_good &= is_accepted;
        match what.format {
            Format::Text => text(path, &result, &chosen, &sound.source, out)?,
            Format::Json => report.add(name(path), &chosen.judged.name, is_accepted, &result),
        }
        if let Some(file) = &what.draw {
            let title = format!("{}, as in {}", chosen.judged.name, name(path));
            let roles = projected.global.names().roles().map(|(_, name)| name).collect();
            let note = result.as_ref().err().map(|error| format!("… {error}"));
            Run { title, roles, log, note }.draw(file, out)?;
        }
    }
    if let Format::Json = what.format {
        report.write(out)?;
    }
    Ok(Verdict::of(is_good))
}

pub(crate) fn monitor(
    chosen: &Chosen,
    projected: &Projected,
    role: Option<&str>,
) -> Result<Monitor, Failure> {
    if let Some(role) = role {
        chosen.local(projected, role)?;
    }
    let parts = projected.locals.iter().map(|(role, local)| (role.as_str(), local));
    let watched = parts.filter(|(name, _)| role.is_none_or(|role| role == *name));
    Monitor::of_roles(&projected.global, watched)
        .map_err(|error| Failure::Machine(error.to_string()))
}

/// Follows a log to its end, or to the first event that does not fit, and keeps its events if somebody wants them.
fn follow(
    monitor: &mut Monitor,
    log: impl BufRead,
    mut kept: Option<&mut Vec<LogEvent>>,
) -> Result<Accepted, LogError> {
    for event in json_lines(log) {
        let event = event?;
        monitor.observe(&event)?;
        if let Some(kept) = &mut kept {
            kept.push(event);
        }
    }
    Ok(monitor.accepted())
}

pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let failed = |error| Failure::Read { path: path.to_owned(), error };
    let file = std::fs::File::open(path).map_err(failed)?;
    // A folder can be opened, and not be read.
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    Ok(Box::new(BufReader::new(file)))
}

/// With the lines of the file of the protocol where something else was expected.
pub(crate) fn explain(error: &LogError, chosen: &Chosen, source: &SourceMap) -> String {
    match error {
        LogError::Unfit(unfit) => source.explain_from(unfit, chosen.judged.lines_before),
        _ => error.to_string(),
    }
}

fn text(
    path: &Path,
    result: &Result<Accepted, LogError>,
    chosen: &Chosen,
    source: &SourceMap,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let text = match result {
        Ok(accepted) => accepted.to_string(),
        Err(error) => explain(error, chosen, source),
    };
    Ok(writeln!(out, "{}: {text}", name(path))?)
}

pub(crate) fn name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}
