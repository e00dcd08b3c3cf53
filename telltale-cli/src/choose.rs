//! The protocols that are meant.

use std::collections::BTreeSet;
use std::io::Write;

use telltale_syntax::Place;
use telltale_types::LocalTypeR;

use crate::args::Which;
use crate::blocks::{Block, blocks};
use crate::check::explain;
use crate::error::Failure;
use crate::output::stderr;
use crate::source::{Source, sources};
use crate::verdict::{Judged, Sound, judge};

/// A protocol that is meant, with the block that it stands in.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) source: std::rc::Rc<Source>,
    pub(crate) block: Block,
    pub(crate) judged: Judged,
}

/// How many names an error lists.
const SHOWN: usize = 20;

/// All protocols that are meant, at least one.
pub(crate) fn choose(which: &Which) -> Result<Vec<Chosen>, Failure> {
    let mut chosen = Vec::new();
    let mut known = Vec::new();
    for source in sources(&which.paths) {
        let source = std::rc::Rc::new(source?);
        for block in blocks(&source) {
            for judged in judge(&source, &block) {
                if !judged.name.is_empty() {
                    known.push(Known::of(&judged, &source));
                }
                if which.protocol.as_ref().is_none_or(|name| is_called(&judged, name)) {
                    chosen.push(Chosen { source: source.clone(), block: block.clone(), judged });
                }
            }
        }
    }
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    let place = which.paths.iter().map(|path| format!("`{}`", path.display()));
    let place = place.collect::<Vec<_>>().join(", ");
    match &which.protocol {
        Some(name) if !known.is_empty() => {
            Err(Failure::UnknownProtocol { name: name.clone(), place, known: named(&known) })
        }
        _ => Err(Failure::NoProtocol(place)),
    }
}

/// The protocol that is meant, where there can be only one.
pub(crate) fn choose_one(which: &Which) -> Result<Chosen, Failure> {
    let mut chosen = choose(which)?;
    match chosen.pop() {
        Some(one) if chosen.is_empty() => Ok(one),
        last => {
            let all = chosen.iter().chain(&last);
            Err(several(all))
        }
    }
}

/// Whether a protocol has a name, which may be followed by its line: `Ping` or `Ping:12`.
fn is_called(judged: &Judged, name: &str) -> bool {
    match name.split_once(':') {
        Some((name, line)) => name == judged.name && line == judged.place.0.to_string(),
        None => name == judged.name,
    }
}

/// There are several, where there can be only one.
pub(crate) fn several<'c>(chosen: impl Iterator<Item = &'c Chosen>) -> Failure {
    let known: Vec<_> = chosen.map(|one| Known::of(&one.judged, &one.source)).collect();
    let have_places = known.iter().map(|one| (&one.name, one.line)).collect::<BTreeSet<_>>();
    if have_places.len() == known.len() {
        Failure::SeveralProtocols { known: named(&known) }
    } else {
        Failure::SeveralFiles { known: named(&known) }
    }
}

/// A protocol as an error names it.
struct Known {
    name: String,
    line: usize,
    file: String,
}

impl Known {
    fn of(judged: &Judged, source: &Source) -> Self {
        Self { name: judged.name.clone(), line: judged.place.0, file: source.name.clone() }
    }
}

/// Protocols by their names; where some have the same name, by their lines as well, and where those are the same, by their files.
fn named(protocols: &[Known]) -> String {
    let are_clear = |key: fn(&Known) -> (&str, usize)| {
        protocols.iter().map(key).collect::<BTreeSet<_>>().len() == protocols.len()
    };
    let name: fn(&Known) -> String = if are_clear(|one| (&one.name, 0)) {
        |one| format!("`{}`", one.name)
    } else if are_clear(|one| (&one.name, one.line)) {
        |one| format!("`{}:{}`", one.name, one.line)
    } else {
        |one| format!("`{}:{}` in `{}`", one.name, one.line, one.file)
    };
    let shown = protocols.iter().take(SHOWN).map(name).collect::<Vec<_>>().join(", ");
    match protocols.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `` `Alice`, `Bob` ``
pub(crate) fn list<N: AsRef<str>>(names: &[N]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

impl Chosen {
    /// What it means; if it cannot be played, says why.
    pub(crate) fn sound(&self) -> Result<Option<&Sound>, Failure> {
        if let Ok(sound) = &self.judged.result {
            return Ok(Some(sound));
        }
        let mut err = stderr();
        explain(std::slice::from_ref(&self.judged), &self.source, &mut err)?;
        err.flush()?;
        Ok(None)
    }

    /// What a role does.
    pub(crate) fn local<'s>(
        &self,
        sound: &'s Sound,
        role: &str,
    ) -> Result<&'s LocalTypeR, Failure> {
        sound.projected.locals.get(role).ok_or_else(|| {
            let known: Vec<&str> = sound.roles().collect();
            let (protocol, role, known) = (self.judged.name.clone(), role.to_owned(), list(&known));
            Failure::UnknownRole { protocol, role, known }
        })
    }

    /// The line of the file that something of the protocol is at.
    pub(crate) fn line(&self, place: &Place) -> usize {
        place.quote.line + self.judged.lines_before
    }

    /// A heading, where there are several protocols.
    pub(crate) fn heading(&self) -> String {
        format!("{} ({}:{})", self.judged.name, self.source.name, self.judged.place.0)
    }
}
