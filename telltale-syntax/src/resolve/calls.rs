//! Which protocol runs which, and that none runs itself.

use std::collections::{BTreeMap, BTreeSet};

use super::ProtocolIndex;
use crate::ast::{self, Block, Do, Statement};
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;

/// How many protocols of a circle are named.
const NAMED: usize = 8;

/// An order in which every protocol comes after those that it runs.
pub(super) struct Calls {
    pub(super) callees_first: Vec<ProtocolIndex>,
    /// The `do`s that would close a circle.
    recursive: BTreeSet<*const Do>,
}

impl Calls {
    pub(super) fn is_recursive(&self, call: &Do) -> bool {
        self.recursive.contains(&std::ptr::from_ref(call))
    }
}

/// Orders the protocols by a depth-first search that keeps its own stack.
pub(super) fn order(
    protocols: &[&ast::Protocol],
    by_name: &BTreeMap<String, ProtocolIndex>,
    mistakes: &mut Mistakes,
) -> Calls {
    let callees: Vec<Vec<(&Do, ProtocolIndex)>> =
        protocols.iter().map(|protocol| callees(&protocol.body, by_name)).collect();
    let mut calls = Calls { callees_first: Vec::new(), recursive: BTreeSet::new() };
    // How deep in the path a protocol is, or that it is done.
    let mut place: Vec<Option<usize>> = vec![None; protocols.len()];
    for start in 0..protocols.len() {
        let mut path: Vec<(ProtocolIndex, usize)> = Vec::new();
        if place[start].is_none() {
            place[start] = Some(0);
            path.push((start, 0));
        }
        while let Some((caller, next)) = path.last_mut() {
            let Some(&(call, callee)) = callees[*caller].get(*next) else {
                place[*caller] = Some(usize::MAX);
                calls.callees_first.push(*caller);
                path.pop();
                continue;
            };
            *next += 1;
            match place[callee] {
                None => {
                    place[callee] = Some(path.len());
                    path.push((callee, 0));
                }
                Some(usize::MAX) => {}
                Some(depth) => {
                    calls.recursive.insert(call);
                    let name =
                        |(index, _): &(ProtocolIndex, usize)| protocols[*index].name.to_string();
                    let rest = &path[depth + 1..];
                    let through: Vec<String> = rest.iter().take(NAMED).map(name).collect();
                    let more = rest.len() - through.len();
                    let protocol = name(&path[depth]);
                    let mistake = Mistake::Recursion { protocol, through, more };
                    mistakes.push(Diagnostic::new(mistake, call.span));
                }
            }
        }
    }
    calls
}

fn callees<'a>(
    body: &'a Block,
    by_name: &BTreeMap<String, ProtocolIndex>,
) -> Vec<(&'a Do, ProtocolIndex)> {
    let mut calls = Vec::new();
    collect(body, &mut calls);
    let known = |call: &'a Do| Some((call, *by_name.get(&call.protocol.to_string())?));
    calls.into_iter().filter_map(known).collect()
}

fn collect<'a>(block: &'a Block, calls: &mut Vec<&'a Do>) {
    for statement in &block.statements {
        if let Statement::Do(call) = statement {
            calls.push(call);
        }
        for inner in statement.blocks() {
            collect(inner, calls);
        }
    }
}
