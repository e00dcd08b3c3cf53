//! Where the statements of a protocol name roles, labels and choices.

use telltale_types::RoleId;

use super::{Mention, Mentioned};
use crate::name::Name;
use crate::resolve::{Meaning, Protocol, Step};

/// All names in the statements of a protocol that mean something.
pub(super) fn mentions(protocol: &Protocol<'_>) -> Vec<Mention> {
    let mut mentions = Vec::new();
    let mut open: Vec<&Step<'_>> = protocol.body.iter().rev().collect();
    while let Some(step) = open.pop() {
        match &step.meaning {
            Meaning::Message { ast, label, .. } => {
                mentions.extend(ast.senders.iter().filter_map(|name| role(protocol, name)));
                mentions.extend(ast.receivers.iter().filter_map(|name| role(protocol, name)));
                if !std::ptr::eq(protocol.labels[label.index()].first, *ast) {
                    mentions.push(mention(&ast.label, Mentioned::Label(*label)));
                }
            }
            Meaning::Choice { ast, .. } => {
                mentions.extend(ast.name.iter().map(|name| mention(name, Mentioned::Choice)));
                mentions.extend(role(protocol, &ast.chooser));
            }
            Meaning::Do { ast, .. } => {
                mentions.extend(ast.roles.iter().filter_map(|name| role(protocol, name)));
            }
            _ => {}
        }
        let blocks: Vec<_> = step.blocks().collect();
        open.extend(blocks.into_iter().rev().flat_map(|block| block.iter().rev()));
    }
    mentions
}

fn role(protocol: &Protocol<'_>, name: &Name) -> Option<Mention> {
    let at = protocol.roles.iter().position(|role| role.name.ident == name.ident)?;
    Some(mention(name, Mentioned::Role(RoleId::at(at))))
}

fn mention(name: &Name, meaning: Mentioned) -> Mention {
    Mention { name: name.ident.clone(), meaning }
}
