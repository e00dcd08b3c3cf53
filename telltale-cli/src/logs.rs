//! Logs, and the monitors that they are held against.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use telltale_types::{LogError, LogEvent, Monitor, json_lines};

use crate::choose::Chosen;
use crate::error::Failure;
use crate::output::stderr;
use crate::source::is_standard;
use crate::verdict::Sound;

/// What watches a protocol, or the part of one role.
pub(crate) fn monitor(
    chosen: &Chosen,
    sound: &Sound,
    role: Option<&str>,
) -> Result<Monitor, Failure> {
    let projected = &sound.projected;
    if let Some(role) = role {
        chosen.local(sound, role)?;
    }
    let parts = projected.locals.iter().map(|(role, local)| (role.as_str(), local));
    let watched = parts.filter(|(name, _)| role.is_none_or(|role| role == *name));
    Monitor::of_roles(&projected.global, watched)
        .map_err(|error| Failure::Machine(error.to_string()))
}

/// Opens logs, one after the other. The last one that cannot be read is why the command fails in the end, and those before it are named at once.
pub(crate) fn each(
    paths: &[PathBuf],
    mut see: impl FnMut(&Path, Box<dyn BufRead>) -> Result<(), Failure>,
) -> Result<Option<Failure>, Failure> {
    let mut unread = None;
    for path in paths {
        match open(path) {
            Ok(log) => see(path, log)?,
            Err(failure) => {
                if let Some(earlier) = unread.replace(failure) {
                    writeln!(stderr(), "error: {earlier}")?;
                }
            }
        }
    }
    Ok(unread)
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    let failed = |error| Failure::Read { path: path.to_owned(), error };
    if is_standard(path) {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = std::fs::File::open(path).map_err(failed)?;
    // A folder can be opened, and not be read.
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    Ok(Box::new(BufReader::new(file)))
}

/// Follows a log to its end, or to the first event that does not fit, and shows the events that do.
pub(crate) fn follow(
    monitor: &mut Monitor,
    log: impl BufRead,
    mut seen: impl FnMut(LogEvent),
) -> Result<(), LogError> {
    for event in json_lines(log) {
        let event = event?;
        monitor.observe(&event)?;
        seen(event);
    }
    Ok(())
}

/// With the lines of the file of the protocol where something else was expected.
pub(crate) fn explain(error: &LogError, chosen: &Chosen, sound: &Sound) -> String {
    match error {
        LogError::Unfit(unfit) => sound.source.explain_from(unfit, chosen.judged.lines_before),
        _ => error.to_string(),
    }
}
