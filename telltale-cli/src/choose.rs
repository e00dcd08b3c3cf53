//! The protocols that are meant.

use std::io::Write;

use telltale_syntax::Projected;
use telltale_types::LocalTypeR;

use crate::args::Which;
use crate::blocks::{Block, blocks};
use crate::check::explain;
use crate::error::Failure;
use crate::source::{Source, sources};
use crate::verdict::{Judged, judge};

/// A protocol that is meant, with the block that it stands in.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) source: std::rc::Rc<Source>,
    pub(crate) block: Block,
    pub(crate) judged: Judged,
}

/// All protocols that are meant, at least one.
pub(crate) fn choose(which: &Which) -> Result<Vec<Chosen>, Failure> {
    let mut chosen = Vec::new();
    let mut known = Vec::new();
    for source in sources(&which.paths) {
        let source = std::rc::Rc::new(source?);
        for block in blocks(&source) {
            for judged in judge(&source, &block) {
                if !judged.name.is_empty() {
                    known.push(judged.name.clone());
                }
                if which.protocol.as_ref().is_none_or(|name| *name == judged.name) {
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
            Err(Failure::UnknownProtocol { name: name.clone(), place, known: list(&known) })
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
            let known: Vec<&str> = all.map(|one| one.judged.name.as_str()).collect();
            Err(Failure::SeveralProtocols { known: list(&known) })
        }
    }
}

/// `` `Alice`, `Bob` ``
pub(crate) fn list<N: AsRef<str>>(names: &[N]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

impl Chosen {
    /// What each role does; otherwise says why some role cannot.
    pub(crate) fn projected(&self) -> Result<Option<&Projected>, Failure> {
        if let Ok(projected) = &self.judged.result {
            return Ok(Some(projected));
        }
        let mut err = anstream::stderr();
        explain(std::slice::from_ref(&self.judged), &self.source, &mut err)?;
        err.flush()?;
        Ok(None)
    }

    /// What a role does.
    pub(crate) fn local<'p>(
        &self,
        projected: &'p Projected,
        role: &str,
    ) -> Result<&'p LocalTypeR, Failure> {
        projected.locals.get(role).ok_or_else(|| {
            let known: Vec<&str> = projected.global.names().roles().map(|(_, name)| name).collect();
            let (protocol, role, known) = (self.judged.name.clone(), role.to_owned(), list(&known));
            Failure::UnknownRole { protocol, role, known }
        })
    }

    /// A heading, where there are several protocols.
    pub(crate) fn heading(&self) -> String {
        format!("{} ({}:{})", self.judged.name, self.source.name, self.judged.place.0)
    }
}
