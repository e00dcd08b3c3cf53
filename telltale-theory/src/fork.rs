//! Where runs part from one run.

use std::collections::HashMap;

use crate::graph::EdgeId;
use crate::runs::{Runs, VertexId};

/// One run, prepared to be compared with many.
#[derive(Debug)]
pub(crate) struct Fork {
    /// For every vertex on the run, the exit by which the run goes on.
    onward: HashMap<VertexId, Option<EdgeId>>,
    /// For vertices off the run: where their own run leaves it, and by which exit.
    left_at: HashMap<VertexId, (VertexId, EdgeId)>,
}

impl Fork {
    /// The run to a vertex and on by an exit, if one is given.
    pub(crate) fn new(runs: &Runs, end: VertexId, exit: Option<EdgeId>) -> Self {
        let mut onward: HashMap<_, _> =
            runs.back_from(end).map(|(vertex, exit)| (vertex, Some(exit))).collect();
        onward.insert(end, exit);
        Self { onward, left_at: HashMap::new() }
    }

    /// The two exits at which the run parts from another; nothing when one is part of the other.
    pub(crate) fn part(
        &mut self,
        runs: &Runs,
        end: VertexId,
        exit: Option<EdgeId>,
    ) -> Option<(EdgeId, EdgeId)> {
        let (vertex, there) =
            if self.onward.contains_key(&end) { (end, exit?) } else { self.leaves_at(runs, end)? };
        let here = self.onward[&vertex]?;
        (here != there).then_some((here, there))
    }

    fn leaves_at(&mut self, runs: &Runs, end: VertexId) -> Option<(VertexId, EdgeId)> {
        let mut passed = vec![end];
        let mut found = self.left_at.get(&end).copied();
        for (vertex, exit) in runs.back_from(end) {
            found = found.or_else(|| self.onward.contains_key(&vertex).then_some((vertex, exit)));
            found = found.or_else(|| self.left_at.get(&vertex).copied());
            if found.is_some() {
                break;
            }
            passed.push(vertex);
        }
        let found = found?;
        self.left_at.extend(passed.into_iter().map(|vertex| (vertex, found)));
        Some(found)
    }
}
