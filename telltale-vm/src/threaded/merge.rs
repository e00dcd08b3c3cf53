//! One of many: the traces and the reports of all workers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::{ObsEvent, VMError};

/// Traces, each in the order of ticks, as one: by ticks, and in a tick by sessions as far as each trace allows it.
pub(super) fn traces(traces: impl Iterator<Item = Vec<ObsEvent>>) -> Vec<ObsEvent> {
    let mut traces: Vec<_> = traces.map(|trace| trace.into_iter().peekable()).collect();
    let key = |event: &ObsEvent, nth| Reverse((event.tick, event.session.ordinal(), nth));
    let heads = traces.iter_mut().enumerate();
    let mut heads: BinaryHeap<_> =
        heads.filter_map(|(nth, trace)| trace.peek().map(|event| key(event, nth))).collect();
    let mut merged = Vec::new();
    while let Some(Reverse((.., nth))) = heads.pop() {
        merged.extend(traces[nth].next());
        heads.extend(traces[nth].peek().map(|event| key(event, nth)));
    }
    merged
}

/// The result of two runs: how many sessions faulted, and the one of them that was opened first.
pub(super) fn reports(one: Result<(), VMError>, other: Result<(), VMError>) -> Result<(), VMError> {
    let (mut one, mut other) = match (one, other) {
        (Err(one), Err(other)) => (one, other),
        (one, other) => return one.and(other),
    };
    if let (
        VMError::Faulted { count, session, .. },
        VMError::Faulted { count: more, session: other_session, .. },
    ) = (&mut one, &mut other)
    {
        let (sum, is_first) = (*count + *more, session.ordinal() < other_session.ordinal());
        (*count, *more) = (sum, sum);
        return Err(if is_first { one } else { other });
    }
    Err(one)
}
