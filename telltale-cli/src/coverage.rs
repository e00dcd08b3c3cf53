//! `telltale coverage`: what of a protocol some logs have exercised, role by role.

mod report;

use std::io::Write;
use std::path::{Path, PathBuf};

use telltale_diagram::{Page, StateGraph};
use telltale_types::{Counts, RoleCoverage};

use crate::Verdict;
use crate::args::{Format, WhichLogs};
use crate::choose::choose_one;
use crate::error::Failure;
use crate::logs::{each, explain, follow, monitor};
use crate::output::{stderr, write};
use crate::source::name;

/// What is asked of the logs.
pub(crate) struct What {
    /// The only role that is of interest.
    pub(crate) role: Option<String>,
    /// Whether everything has to be exercised.
    pub(crate) all: bool,
    /// Where to draw the part of the role.
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
    let part = match &what.role {
        Some(role) => Some((role, chosen.local(sound, role)?)),
        None => None,
    };
    let mut counts = Counts::default();
    let mut is_good = true;
    let mut read = 0;
    let unread = each(&which.logs, |path, log| {
        read += 1;
        let mut monitor = monitor(&chosen, sound, None)?.counting();
        let result = follow(&mut monitor, log, drop);
        counts.add(&monitor);
        // A role that may stop or continue has come to its end only if all are done.
        counts.add_ends(monitor.ended());
        if let Err(error) = result {
            is_good = false;
            let error = explain(&error, &chosen, sound);
            writeln!(stderr(), "{}: {error}", name(path))?;
        }
        Ok(())
    })?;
    let wanted = |role: &RoleCoverage| what.role.as_ref().is_none_or(|wanted| *wanted == role.role);
    let roles: Vec<RoleCoverage> =
        report::roles(&chosen, sound, &counts).into_iter().filter(wanted).collect();
    match what.format {
        Format::Text => report::text(&chosen, &roles, read, out)?,
        Format::Json => crate::json::write(&roles, out)?,
    }
    if let (Some(file), Some((role, local))) = (&what.draw, part) {
        let mut graph = StateGraph::of_local(&format!("{role} in {}", chosen.judged.name), local);
        if let Some(id) = local.names().find_role(role) {
            graph.fade(local, |state, action| counts.taken(id, state, action) == 0);
        }
        draw(&graph, file)?;
    }
    is_good &= !what.all || roles.iter().all(RoleCoverage::is_whole);
    unread.map_or(Ok(Verdict::of(is_good)), Err)
}

fn draw(graph: &StateGraph, path: &Path) -> Result<(), Failure> {
    let text = match path.extension().and_then(|ending| ending.to_str()) {
        Some("svg") => graph.svg(Page::File),
        Some("dot" | "gv") => graph.dot(),
        _ => {
            let endings = "`.svg` or `.dot`";
            return Err(Failure::UnknownEnding { path: path.to_owned(), endings });
        }
    };
    write(path, &text)
}
