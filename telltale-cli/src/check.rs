//! `telltale check`: what is wrong with protocols.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use telltale_syntax::{Style, render};

use crate::Verdict;
use crate::args::Format;
use crate::blocks::blocks;
use crate::count::count;
use crate::error::Failure;
use crate::json;
use crate::source::{Source, each};
use crate::verdict::{Judged, Wrong, judge};

/// How many there are of everything.
#[derive(Default)]
struct Count {
    protocols: usize,
    files: usize,
    refused: usize,
}

pub(crate) fn run(
    paths: &[PathBuf],
    format: Format,
    out: &mut impl Write,
) -> Result<Verdict, Failure> {
    let mut counts = Count::default();
    let mut report = json::Report::default();
    let unread = each(paths, |source| {
        counts.files += 1;
        for block in blocks(source) {
            let judged = judge(source, &block);
            counts.protocols += judged.iter().filter(|one| !one.name.is_empty()).count();
            counts.refused += judged.iter().filter(|one| one.result.is_err()).count();
            match format {
                Format::Text => explain(&judged, source, out)?,
                Format::Json => report.add(&judged, source),
            }
        }
        Ok(())
    })?;
    match format {
        Format::Text => summary(&counts, out)?,
        Format::Json => report.write(out)?,
    }
    unread.map_or(Ok(Verdict::of(counts.refused == 0)), Err)
}

/// Prints what is wrong with the protocols of a block.
pub(crate) fn explain(
    judged: &[Judged],
    source: &Source,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let wrong: BTreeSet<&str> =
        judged.iter().filter(|one| one.result.is_err()).map(|one| one.name.as_str()).collect();
    for one in judged {
        let mistakes = one.own_mistakes(&wrong);
        if !mistakes.is_empty() {
            writeln!(out, "{}", render(&mistakes, &source.name, &source.text, Style::Coloured))?;
        }
        let ((line, column), file) = (one.place, &source.name);
        if let Err(Wrong::Empty(mistake)) = &one.result {
            writeln!(out, "error: {}", mistake.message())?;
            writeln!(out, " --> {file}:{line}:{column}\n")?;
        }
        if let Err(Wrong::Unchecked) = one.result {
            writeln!(
                out,
                "note: `{}` is not checked, because of mistakes in protocols that it runs or that stand beside it",
                one.name
            )?;
            writeln!(out, " --> {file}:{line}:{column}\n")?;
        }
    }
    Ok(())
}

fn summary(counts: &Count, out: &mut impl Write) -> Result<(), Failure> {
    let Count { protocols, files, refused } = counts;
    write!(out, "{} in {}", count(*protocols, "protocol"), count(*files, "file"))?;
    match refused {
        0 if *protocols == 0 => writeln!(out)?,
        0 => writeln!(out, ", all sound")?,
        refused => writeln!(out, ", {refused} refused")?,
    }
    Ok(())
}
