//! `telltale diagram`: pictures.

use std::io::Write;
use std::path::Path;

use telltale_diagram::{Page, Sequence, StateGraph};

use crate::Verdict;
use crate::args::{Kind, Picture, Which};
use crate::choose::{Chosen, choose_one};
use crate::error::Failure;
use crate::output::write;

/// What to draw.
pub(crate) struct What {
    pub(crate) kind: Option<Kind>,
    pub(crate) role: Option<String>,
    pub(crate) format: Option<Picture>,
}

pub(crate) fn run(
    which: &Which,
    what: &What,
    output: Option<&Path>,
    out: &mut impl Write,
) -> Result<Verdict, Failure> {
    let format = match (what.format, output) {
        (Some(format), _) => format,
        (None, Some(path)) => by_ending(path)?,
        (None, None) => Picture::Svg,
    };
    let chosen = &choose_one(which)?;
    let picture = match (what.kind, &what.role) {
        (None | Some(Kind::Sequence), None) => sequence(chosen, format)?,
        (_, role) => states(chosen, role.as_deref(), format)?,
    };
    let Some(mut picture) = picture else { return Ok(Verdict::Bad) };
    if !picture.ends_with('\n') {
        picture.push('\n');
    }
    match output {
        Some(path) => write(path, &picture)?,
        None => out.write_all(picture.as_bytes())?,
    }
    Ok(Verdict::Good)
}

fn by_ending(path: &Path) -> Result<Picture, Failure> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("svg") => Ok(Picture::Svg),
        Some("mmd" | "mermaid") => Ok(Picture::Mermaid),
        Some("dot" | "gv") => Ok(Picture::Dot),
        _ => {
            let endings = "`.svg`, `.mmd` or `.dot`, or there should be a `--format`";
            Err(Failure::UnknownEnding { path: path.to_owned(), endings })
        }
    }
}

/// A protocol that some role cannot play is drawn all the same: the picture may show why.
fn sequence(chosen: &Chosen, format: Picture) -> Result<Option<String>, Failure> {
    let Some(ast) = &chosen.judged.ast else {
        chosen.sound()?;
        return Ok(None);
    };
    let sequence = Sequence::of_protocol(ast);
    match format {
        Picture::Svg => Ok(Some(sequence.svg(Page::File))),
        Picture::Mermaid => Ok(Some(sequence.mermaid())),
        Picture::Dot => Err(Failure::NoSequenceInDot),
    }
}

fn states(chosen: &Chosen, role: Option<&str>, format: Picture) -> Result<Option<String>, Failure> {
    let Some(sound) = chosen.sound()? else { return Ok(None) };
    let name = &chosen.judged.name;
    let graph = match role {
        None => StateGraph::of_global(name, &sound.projected.global),
        Some(role) => {
            let local = chosen.local(sound, role)?;
            StateGraph::of_local(&format!("{role} in {name}"), local)
        }
    };
    Ok(Some(match format {
        Picture::Svg => graph.svg(Page::File),
        Picture::Mermaid => graph.mermaid(),
        Picture::Dot => graph.dot(),
    }))
}
