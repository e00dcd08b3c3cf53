//! Who must not be spoken of inside of an arm of a `par` whose arms share no role: whoever takes part
//! in another arm. They are checked one after the other, and would not be any more.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use proc_macro2::LineColumn;

use crate::ast::{Block, Statement};

/// For the statements in arms, by where they begin, the roles of the other arms.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arms {
    elsewhere: BTreeMap<(usize, usize), Rc<BTreeSet<String>>>,
}

impl Arms {
    pub(crate) fn of(body: &Block) -> Self {
        let mut arms = Self::default();
        arms.walk(body, &Rc::default());
        arms
    }

    /// Whether a role takes part in another arm than the statement that begins here.
    pub(crate) fn is_elsewhere(&self, role: &str, start: LineColumn) -> bool {
        let roles = self.elsewhere.get(&(start.line, start.column));
        roles.is_some_and(|roles| roles.contains(role))
    }

    fn walk(&mut self, block: &Block, elsewhere: &Rc<BTreeSet<String>>) {
        for statement in &block.statements {
            if !elsewhere.is_empty() {
                let start = statement.span().start();
                self.elsewhere.insert((start.line, start.column), Rc::clone(elsewhere));
            }
            let is_par = matches!(statement, Statement::Par(_)) && !share_roles(statement.blocks());
            for (nth, inner) in statement.blocks().iter().enumerate() {
                if is_par {
                    let mut roles = BTreeSet::clone(elsewhere);
                    let others = statement.blocks().iter().enumerate();
                    for (_, other) in others.filter(|(other, _)| *other != nth) {
                        take_part(other, &mut roles);
                    }
                    self.walk(inner, &Rc::new(roles));
                } else {
                    self.walk(inner, elsewhere);
                }
            }
        }
    }
}

fn share_roles(arms: &[Block]) -> bool {
    let mut before = BTreeSet::new();
    arms.iter().any(|arm| {
        let mut here = BTreeSet::new();
        take_part(arm, &mut here);
        let shares = !before.is_disjoint(&here);
        before.append(&mut here);
        shares
    })
}

fn take_part(block: &Block, roles: &mut BTreeSet<String>) {
    for statement in &block.statements {
        match statement {
            Statement::Message(message) => {
                roles.extend(message.names().map(ToString::to_string));
            }
            Statement::Do(call) => roles.extend(call.roles.iter().map(ToString::to_string)),
            _ => {}
        }
        for inner in statement.blocks() {
            take_part(inner, roles);
        }
    }
}
