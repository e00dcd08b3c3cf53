//! The methods of a role in the order of the protocol.

use std::collections::BTreeMap;

use telltale_types::{LabelId, RoleId};

use super::{ChoiceInterface, Method, RoleInterface};
use crate::graph::Graph;
use crate::span::SpanRange;

/// Where something stands, by line and column: the statement of this protocol, and the one in the protocol that it
/// runs.
pub(super) type Position = [usize; 4];

/// Where each thing stands first.
type Firsts<K> = BTreeMap<K, Position>;

/// Puts the methods of every role in order.
pub(super) fn add(roles: &mut [RoleInterface], choices: &[ChoiceInterface], graph: &Graph<'_>) {
    let mut sent: Firsts<(RoleId, LabelId)> = Firsts::new();
    let mut received: Firsts<(RoleId, LabelId)> = Firsts::new();
    for exit in graph.states.iter().flat_map(|state| &state.exits) {
        let at = position(exit.via.map(|call| call.span), exit.message.span);
        first(&mut sent, (exit.global.sender, exit.global.label), at);
        first(&mut received, (exit.global.receiver, exit.global.label), at);
    }
    let chosen = |choice: &ChoiceInterface| {
        let states = choice.states.iter().map(|state| &graph.states[state.index()]);
        let origins = states.filter_map(|state| state.choice);
        origins.map(|origin| position(origin.via.map(|call| call.span), origin.ast.head)).min()
    };
    for (id, role) in roles.iter_mut().enumerate() {
        let id = RoleId::at(id);
        let mut order: Vec<(Option<Position>, Method)> = Vec::new();
        order.extend(
            (0..)
                .zip(&role.sends)
                .map(|(at, one)| (sent.get(&(id, one.label)).copied(), Method::Send(at))),
        );
        order.extend(
            (0..)
                .zip(&role.receives)
                .map(|(at, one)| (received.get(&(id, one.label)).copied(), Method::Receive(at))),
        );
        order.extend(role.choices.iter().map(|&at| (chosen(&choices[at]), Method::Choice(at))));
        order.sort_unstable();
        role.order = order.into_iter().map(|(_, method)| method).collect();
    }
}

fn first<K: Ord>(firsts: &mut Firsts<K>, key: K, at: Position) {
    firsts.entry(key).and_modify(|first| *first = at.min(*first)).or_insert(at);
}

pub(super) fn position(call: Option<SpanRange>, own: SpanRange) -> Position {
    let (outer, inner) = (call.unwrap_or(own).start(), own.start());
    [outer.line, outer.column, inner.line, inner.column]
}
