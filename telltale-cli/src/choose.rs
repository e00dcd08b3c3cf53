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
                    known.push((judged.name.clone(), judged.place.0));
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
    let known: Vec<_> = chosen.map(|one| (one.judged.name.clone(), one.judged.place.0)).collect();
    Failure::SeveralProtocols { known: named(&known) }
}

/// Protocols by their names; where some have the same name, by their lines as well.
fn named(protocols: &[(String, usize)]) -> String {
    let names: BTreeSet<&str> = protocols.iter().map(|(name, _)| &**name).collect();
    let is_clear = names.len() == protocols.len();
    let name = |(name, line): &(String, usize)| {
        if is_clear { name.clone() } else { format!("{name}:{line}") }
    };
    let shown: Vec<String> = protocols.iter().take(SHOWN).map(name).collect();
    match protocols.len() - shown.len() {
        0 => list(&shown),
        more => format!("{} and {more} more", list(&shown)),
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
