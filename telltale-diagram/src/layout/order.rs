//! In which order the boxes of a layer stand.

use super::Layers;

/// How often all layers are ordered anew. Seldom anything becomes better after that.
const SWEEPS: usize = 8;

/// For each layer its boxes from left to right, with few crossings.
pub(super) fn order(layers: &Layers) -> Vec<Vec<usize>> {
    let mut order = as_walked(layers);
    let mut best = (crossings(layers, &order), order.clone());
    for sweep in 0..SWEEPS {
        let is_down = sweep % 2 == 0;
        let neighbours = if is_down { &layers.above } else { &layers.below };
        let mut position = positions(layers, &order);
        let count = order.len();
        for step in 0..count {
            let layer = if is_down { step } else { count - 1 - step };
            let middle = |at: usize| mean(neighbours[at].iter().map(|&other| position[other]));
            let mut keyed: Vec<(f64, usize)> =
                (order[layer].iter()).map(|&at| (middle(at).unwrap_or(position[at]), at)).collect();
            keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
            for (place, (_, at)) in keyed.iter().enumerate() {
                order[layer][place] = *at;
                position[*at] = place as f64;
            }
        }
        let crossed = crossings(layers, &order);
        if crossed < best.0 {
            best = (crossed, order.clone());
        }
    }
    best.1
}

/// The mean of some numbers, if there are any.
pub(super) fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = numbers.fold((0.0, 0.0), |(sum, count), next| (sum + next, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// The order in which a walk from the top comes to the boxes: branches stand as they are written.
fn as_walked(layers: &Layers) -> Vec<Vec<usize>> {
    let count = layers.layer.iter().max().map_or(0, |last| last + 1);
    let mut order = vec![Vec::new(); count];
    let mut seen = vec![false; layers.layer.len()];
    let tops = (0..layers.layer.len()).filter(|&at| layers.above[at].is_empty());
    let mut stack: Vec<usize> = tops.collect();
    stack.reverse();
    while let Some(at) = stack.pop() {
        if !std::mem::replace(&mut seen[at], true) {
            order[layers.layer[at]].push(at);
            stack.extend(layers.below[at].iter().rev());
        }
    }
    order
}

fn positions(layers: &Layers, order: &[Vec<usize>]) -> Vec<f64> {
    let mut positions = vec![0.0; layers.layer.len()];
    for (place, &at) in order.iter().flat_map(|layer| layer.iter().enumerate()) {
        positions[at] = place as f64;
    }
    positions
}

/// How many pairs of lines cross.
fn crossings(layers: &Layers, order: &[Vec<usize>]) -> usize {
    let position = positions(layers, order);
    let lines_of = |layer: &Vec<usize>| -> Vec<(f64, f64)> {
        let lines = layer
            .iter()
            .flat_map(|&top| layers.below[top].iter().map(move |&bottom| (top, bottom)));
        lines.map(|(top, bottom)| (position[top], position[bottom])).collect()
    };
    let crossed = |lines: Vec<(f64, f64)>| {
        let pairs = lines
            .iter()
            .enumerate()
            .flat_map(|(at, one)| lines[at + 1..].iter().map(move |other| (one, other)));
        pairs.filter(|(one, other)| (one.0 - other.0) * (one.1 - other.1) < 0.0).count()
    };
    order.iter().map(|layer| crossed(lines_of(layer))).sum()
}
