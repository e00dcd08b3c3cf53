//! The smallest table with the same behaviour, and its canonical numbering.
//!
//! States are split until those that are left together have the same events leading to the same
//! classes. This is the partition refinement of A. Valmari, *Fast brief practical DFA minimization*
//! (Information Processing Letters 2012): `n` states and `m` rows take `O(n + m log m)` steps, and
//! absent events need no sink state.

use std::collections::BTreeMap;

use crate::StateId;
use crate::table::{Row, State};

/// Merges the states that cannot be told apart, and numbers what remains breadth-first from the
/// start, each state's rows in the order of their events. Equal behaviour gives equal tables.
///
/// States are merged only where `lane_of` gives them the same number.
pub(crate) fn minimise(states: &[State], lane_of: impl Fn(usize) -> usize) -> Vec<State> {
    let classes = refine(states, lane_of);
    number_breadth_first(states, &classes)
}

/// The class of every state.
fn refine(states: &[State], lane_of: impl Fn(usize) -> usize) -> Vec<usize> {
    let rows: Vec<(usize, Row)> = states
        .iter()
        .enumerate()
        .flat_map(|(tail, state)| state.rows.iter().map(move |row| (tail, *row)))
        .collect();
    let into = rows_into(states.len(), &rows);

    let all: Vec<usize> = (0..states.len()).collect();
    let mut blocks = Partition::by_key(&all, |&at| (states[at].may_end, lane_of(at)));
    let mut cords = Partition::by_key(&rows, |(_, row)| (row.a, row.b, row.label));

    let (mut next_block, mut next_cord) = (1, 0);
    while next_cord < cords.len() {
        for at in cords.range(next_cord) {
            blocks.mark(rows[cords.elements[at]].0);
        }
        blocks.split();
        next_cord += 1;
        while next_block < blocks.len() {
            for at in blocks.range(next_block) {
                for &row in &into[blocks.elements[at]] {
                    cords.mark(row);
                }
            }
            cords.split();
            next_block += 1;
        }
    }
    blocks.set_of
}

fn rows_into(states: usize, rows: &[(usize, Row)]) -> Vec<Vec<usize>> {
    let mut into = vec![Vec::new(); states];
    for (at, (_, row)) in rows.iter().enumerate() {
        into[row.target.index()].push(at);
    }
    into
}

fn number_breadth_first(states: &[State], classes: &[usize]) -> Vec<State> {
    let mut number_of = BTreeMap::from([(classes[0], StateId::START)]);
    let mut queue = vec![0];
    let mut result = Vec::new();
    while let Some(&representative) = queue.get(result.len()) {
        let mut rows = states[representative].rows.clone();
        rows.sort_unstable_by_key(|row| (row.a, row.b, row.label));
        for row in &mut rows {
            let member = row.target.index();
            row.target = *number_of.entry(classes[member]).or_insert_with(|| {
                queue.push(member);
                StateId::at(queue.len() - 1)
            });
        }
        result.push(State { rows, may_end: states[representative].may_end });
    }
    result
}

/// A set of numbers divided into sets that only ever get smaller.
struct Partition {
    elements: Vec<usize>,
    place_of: Vec<usize>,
    set_of: Vec<usize>,
    first: Vec<usize>,
    past: Vec<usize>,
    marked: Vec<usize>,
    touched: Vec<usize>,
}

impl Partition {
    fn by_key<T, K: Ord>(items: &[T], key: impl Fn(&T) -> K) -> Self {
        let mut elements: Vec<usize> = (0..items.len()).collect();
        elements.sort_by_key(|&at| key(&items[at]));
        let mut bounds = vec![0];
        for at in 1..elements.len() {
            if key(&items[elements[at]]) != key(&items[elements[at - 1]]) {
                bounds.push(at);
            }
        }
        bounds.push(elements.len());
        Self::with_sets(elements, &bounds)
    }

    fn with_sets(elements: Vec<usize>, bounds: &[usize]) -> Self {
        let sets: Vec<(usize, usize)> =
            bounds.windows(2).map(|pair| (pair[0], pair[1])).filter(|(a, b)| a < b).collect();
        let mut place_of = vec![0; elements.len()];
        let mut set_of = vec![0; elements.len()];
        for (set, &(first, past)) in sets.iter().enumerate() {
            for at in first..past {
                place_of[elements[at]] = at;
                set_of[elements[at]] = set;
            }
        }
        Self {
            place_of,
            set_of,
            first: sets.iter().map(|set| set.0).collect(),
            past: sets.iter().map(|set| set.1).collect(),
            marked: vec![0; sets.len()],
            elements,
            touched: Vec::new(),
        }
    }

    fn len(&self) -> usize {
        self.first.len()
    }

    fn range(&self, set: usize) -> std::ops::Range<usize> {
        self.first[set]..self.past[set]
    }

    /// Moves an element to the marked front of its set.
    fn mark(&mut self, element: usize) {
        let set = self.set_of[element];
        let (from, to) = (self.place_of[element], self.first[set] + self.marked[set]);
        if from < to {
            return;
        }
        self.elements.swap(from, to);
        self.place_of[self.elements[from]] = from;
        self.place_of[element] = to;
        if self.marked[set] == 0 {
            self.touched.push(set);
        }
        self.marked[set] += 1;
    }

    /// Divides every touched set into its marked and its unmarked part; the smaller is new.
    fn split(&mut self) {
        while let Some(set) = self.touched.pop() {
            let middle = self.first[set] + std::mem::take(&mut self.marked[set]);
            if middle == self.past[set] {
                continue;
            }
            let new = if middle - self.first[set] <= self.past[set] - middle {
                let new = self.first[set]..middle;
                self.first[set] = middle;
                new
            } else {
                let new = middle..self.past[set];
                self.past[set] = middle;
                new
            };
            for at in new.clone() {
                self.set_of[self.elements[at]] = self.len();
            }
            self.first.push(new.start);
            self.past.push(new.end);
            self.marked.push(0);
        }
    }
}
