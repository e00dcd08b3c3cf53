//! From names to numbers.
//!
//! From here on every name is a [`RoleId`], a [`LabelId`], a loop or a protocol. A statement with
//! a name that means nothing is left out, so that the rest can go on.

mod calls;
mod labels;
mod roles;
mod statements;

use std::collections::BTreeMap;
use std::rc::Rc;

use telltale_types::{LabelId, RoleId};

use crate::ast::{self, Ast, Block, Statement};
use crate::camel::check_camel_case;
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;

pub(crate) use labels::LabelEntry;

/// A place in the list of protocols.
pub(crate) type ProtocolIndex = usize;

/// The protocols of a block, in the order of the source.
pub(crate) struct Resolved<'a> {
    pub(crate) protocols: Vec<Protocol<'a>>,
    /// The same, those that are run by others first.
    pub(crate) callees_first: Vec<ProtocolIndex>,
}

/// A protocol whose names mean something.
pub(crate) struct Protocol<'a> {
    pub(crate) ast: &'a ast::Protocol,
    /// By [`RoleId`].
    pub(crate) roles: Vec<&'a ast::Role>,
    /// By [`LabelId`], in the order in which they are first used.
    pub(crate) labels: Vec<LabelEntry<'a>>,
    pub(crate) body: Vec<Step<'a>>,
}

/// A statement and what it means.
pub(crate) struct Step<'a> {
    pub(crate) ast: &'a Statement,
    pub(crate) meaning: Meaning<'a>,
}

/// A loop, counted through its protocol.
pub(crate) type LoopIndex = usize;

pub(crate) enum Meaning<'a> {
    /// From every sender to every receiver, the first sender first.
    Message {
        ast: &'a ast::Message,
        senders: Vec<RoleId>,
        receivers: Vec<RoleId>,
        label: LabelId,
    },
    Choice {
        ast: &'a ast::Choice,
        chooser: RoleId,
        branches: Vec<Branch<'a>>,
    },
    Loop {
        ast: &'a ast::Loop,
        index: LoopIndex,
        body: Vec<Step<'a>>,
    },
    Break(LoopIndex),
    Continue(LoopIndex),
    Par {
        arms: Vec<Vec<Step<'a>>>,
    },
    Do {
        ast: &'a ast::Do,
        callee: ProtocolIndex,
        roles: Vec<RoleId>,
        labels: Rc<[LabelId]>,
    },
}

impl<'a> Step<'a> {
    /// The blocks inside of it.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &Vec<Step<'a>>> {
        let (branches, bodies): (&[Branch<'a>], &[Vec<Step<'a>>]) = match &self.meaning {
            Meaning::Choice { branches, .. } => (branches, &[]),
            Meaning::Loop { body, .. } => (&[], std::slice::from_ref(body)),
            Meaning::Par { arms } => (&[], arms),
            _ => (&[], &[]),
        };
        branches.iter().map(|branch| &branch.body).chain(bodies)
    }

    /// The blocks inside of it, to be changed.
    pub(crate) fn blocks_mut(&mut self) -> impl Iterator<Item = &mut Vec<Step<'a>>> {
        let (branches, bodies): (&mut [Branch<'a>], &mut [Vec<Step<'a>>]) = match &mut self.meaning
        {
            Meaning::Choice { branches, .. } => (branches, &mut []),
            Meaning::Loop { body, .. } => (&mut [], std::slice::from_mut(body)),
            Meaning::Par { arms } => (&mut [], arms),
            _ => (&mut [], &mut []),
        };
        branches.iter_mut().map(|branch| &mut branch.body).chain(bodies)
    }
}

pub(crate) struct Branch<'a> {
    pub(crate) ast: &'a Block,
    pub(crate) body: Vec<Step<'a>>,
}

/// Gives every name its meaning.
pub(crate) fn resolve<'a>(ast: &'a Ast, mistakes: &mut Mistakes) -> Resolved<'a> {
    let (protocols, by_name) = distinct(ast, mistakes);
    let calls = calls::order(&protocols, &by_name, mistakes);
    let mut resolved: Vec<Option<Protocol<'a>>> = protocols.iter().map(|_| None).collect();
    for &index in &calls.callees_first {
        let roles = roles::declared(protocols[index], mistakes);
        let known = statements::Known { by_name: &by_name, resolved: &resolved, calls: &calls };
        let protocol = statements::protocol(protocols[index], roles, &known, mistakes);
        resolved[index] = Some(protocol);
    }
    Resolved {
        protocols: resolved.into_iter().flatten().collect(),
        callees_first: calls.callees_first,
    }
}

/// The protocols without those whose name is taken, and where each name is found.
fn distinct<'a>(
    ast: &'a Ast,
    mistakes: &mut Mistakes,
) -> (Vec<&'a ast::Protocol>, BTreeMap<String, ProtocolIndex>) {
    let mut protocols: Vec<&ast::Protocol> = Vec::new();
    let mut by_name = BTreeMap::new();
    for protocol in &ast.protocols {
        let name = protocol.name.to_string();
        if let Some(&first) = by_name.get(&name) {
            let first: &ast::Protocol = protocols[first];
            let line = first.name.span().start().line;
            let mistake = Mistake::DuplicateProtocol { name, line };
            mistakes.push(Diagnostic::new(mistake, &protocol.name));
        } else {
            check_camel_case("protocol", &protocol.name, mistakes);
            by_name.insert(name, protocols.len());
            protocols.push(protocol);
        }
    }
    (protocols, by_name)
}
