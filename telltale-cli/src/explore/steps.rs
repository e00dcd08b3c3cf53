//! What was found, in the words of the source.

use std::fmt::Write;

use telltale_syntax::{Place, Projected, analyse_str, project};
use telltale_theory::{Flood, Starved, Step, floods};

use crate::choose::Chosen;
use crate::lines::Lines;
use crate::verdict::Sound;

/// A step as it is written: ``line 6, `A -> B: Item(u64)` ``.
fn step(step: Step, chosen: &Chosen, sound: &Sound) -> String {
    match sound.source.step(step.state, step.exit) {
        Some(step) => {
            let place = step.statement();
            format!("line {}, `{}`", chosen.line(place), place.quote.text)
        }
        None => "a step".to_owned(),
    }
}

/// A queue that can be flooded, by which loop, and what would bound it.
pub(super) fn flood(flood: &Flood, chosen: &Chosen, sound: &Sound) -> String {
    let names = sound.projected.global.names();
    let (from, to) = (names.role(flood.from), names.role(flood.to));
    let mut text = format!(
        "  `{from}` can flood `{to}`: nothing that `{to}` says in this loop gets to `{from}`\n"
    );
    let mut lines: Vec<String> = flood.round.iter().map(|it| step(*it, chosen, sound)).collect();
    lines.dedup();
    for line in lines {
        // Writing to a text cannot fail, here and below.
        let _ = writeln!(text, "    {line}");
    }
    let first = flood.round[0];
    if let Some(source) = sound.source.step(first.state, first.exit)
        && let Some(written) = acknowledgement(flood, source.statement(), chosen, &sound.projected)
    {
        let _ = writeln!(text, "    help: insert `{written}` after {}", step(first, chosen, sound));
    }
    text
}

/// The message that bounds a queue, if the protocol with it is sound and the queue is bounded then.
fn acknowledgement(
    flood: &Flood,
    statement: &Place,
    chosen: &Chosen,
    projected: &Projected,
) -> Option<String> {
    let names = projected.global.names();
    let (from, to) = (names.role(flood.from), names.role(flood.to));
    let label = ["Ack", "Acknowledge", "Next", "GoOn"]
        .into_iter()
        .find(|label| names.find_label(label).is_none())?;
    let written = format!("{to} -> {from}: {label};");
    let text = chosen.block.text(&chosen.source);
    let mut end = statement.span.end();
    // The block may stand further down in the file than its text says.
    end.line = end.line.checked_sub(chosen.block.lines_before - chosen.judged.lines_before)?;
    let end = Lines::of(text).offset(end);
    let semicolon = end + text[end..].find(';')? + 1;
    let changed = format!("{} {written}{}", &text[..semicolon], &text[semicolon..]);
    let analysis = analyse_str(&changed);
    let protocol =
        analysis.protocols.iter().find(|protocol| *protocol.name == chosen.judged.name)?;
    let global = project(protocol).ok()?.global;
    let pair = (global.names().find_role(from)?, global.names().find_role(to)?);
    (!floods(&global).has(pair)).then_some(written)
}

/// A role that may starve, and a loop in which it does.
pub(super) fn starved(starved: &Starved, chosen: &Chosen, sound: &Sound) -> String {
    let name = sound.projected.global.names().role(starved.role);
    let step = step(starved.step, chosen, sound);
    format!("  `{name}` may wait for ever: it has no part in the loop with {step}\n")
}
