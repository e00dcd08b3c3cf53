//! Runs and logs as pictures, and as logs.

use std::io::Write;
use std::path::Path;

use telltale_diagram::{Item, Page, Sequence, timeline};
use telltale_types::LogEvent;

use crate::error::Failure;
use crate::output::write;
use crate::source::is_standard;

/// What happened, and between whom.
pub(crate) struct Run<'n> {
    pub(crate) title: String,
    pub(crate) roles: Vec<&'n str>,
    pub(crate) log: Vec<LogEvent>,
    /// Why there is no more of it, if it is not over.
    pub(crate) note: Option<String>,
}

impl Run<'_> {
    /// In the language that the name of the file ends in, or as text.
    pub(crate) fn draw(self, path: &Path, out: &mut impl Write) -> Result<(), Failure> {
        let Self { title, roles, log, note } = self;
        if is_standard(path) {
            return Ok(out.write_all(sequence(title, roles, log, note).text().as_bytes())?);
        }
        let text = match path.extension().and_then(|ending| ending.to_str()) {
            Some("svg") => sequence(title, roles, log, note).svg(Page::File),
            Some("mmd" | "mermaid") => sequence(title, roles, log, note).mermaid(),
            Some("txt") => sequence(title, roles, log, note).text(),
            Some("json") => timeline(title, roles, log),
            Some("jsonl") => lines(&log)?,
            _ => {
                let endings = "`.svg`, `.mmd`, `.txt`, `.json` or `.jsonl`";
                return Err(Failure::UnknownEnding { path: path.to_owned(), endings });
            }
        };
        write(path, &text)
    }
}

/// As `telltale accepts` reads them.
fn lines(log: &[LogEvent]) -> Result<String, Failure> {
    let line = |event: &LogEvent| serde_json::to_string(event).map(|line| line + "\n");
    let lines: Result<String, serde_json::Error> = log.iter().map(line).collect();
    Ok(lines.map_err(std::io::Error::from)?)
}

fn sequence(title: String, roles: Vec<&str>, log: Vec<LogEvent>, note: Option<String>) -> Sequence {
    let mut sequence = Sequence::of_log(title, roles, log);
    sequence.items.extend(note.map(Item::Jump));
    sequence
}
