//! Where the boxes of ordered layers stand.

use super::order::mean;
use super::{Graph, Layers};

/// Between two boxes of a layer.
const GAP: f64 = 16.0;
/// Between two layers.
const ROW_GAP: f64 = 15.0;
/// How often all layers are settled, in three phases.
const SWEEPS: usize = 48;

/// The middle of each box from left to right.
pub(super) fn columns(layers: &Layers, order: &[Vec<usize>]) -> Vec<f64> {
    let mut xs = vec![0.0; layers.layer.len()];
    for layer in order {
        settle(layers, layer, &mut xs, |_, at| at as f64);
    }
    for sweep in 0..SWEEPS {
        let wish = |xs: &[f64], at: usize| {
            let above = || layers.above[at].iter().map(|&other| xs[other]);
            let below = || layers.below[at].iter().map(|&other| xs[other]);
            let wish = match 3 * sweep / SWEEPS {
                // Downwards first, so that what follows stands below what it follows;
                0 => mean(above()),
                // then what leads to several things above the middle of them;
                1 => mean(above().chain(below())),
                // in the end, what follows one after the other straight below each other.
                _ => mean(above()).filter(|_| follows_alone(layers, at)),
            };
            wish.unwrap_or(xs[at])
        };
        for step in 0..order.len() {
            let is_down = sweep % 2 == 0 || 3 * sweep / SWEEPS == 2;
            let layer = if is_down { step } else { order.len() - 1 - step };
            settle(layers, &order[layer], &mut xs, wish);
        }
    }
    xs
}

/// Whether a box has one above it, and is the only one below that.
fn follows_alone(layers: &Layers, at: usize) -> bool {
    matches!(layers.above[at][..], [above] if layers.below[above].len() == 1)
}

/// Moves the boxes of a layer as near to where they want to be as their order and widths allow, by least squares: what
/// would overlap stands together around the mean of the wishes (pool adjacent violators).
fn settle(layers: &Layers, layer: &[usize], xs: &mut [f64], wish: impl Fn(&[f64], usize) -> f64) {
    // Without widths and gaps, the order is all that has to be kept.
    let mut offsets = Vec::with_capacity(layer.len());
    let mut offset = 0.0;
    for (place, &at) in layer.iter().enumerate() {
        if place > 0 {
            offset += layers.widths[layer[place - 1]].midpoint(layers.widths[at]) + GAP;
        }
        offsets.push(offset);
    }
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (&at, offset) in layer.iter().zip(&offsets) {
        let mut pool = (wish(xs, at) - offset, 1);
        while let Some(&(sum, count)) = pools.last()
            && sum / count as f64 > pool.0 / pool.1 as f64
        {
            pool = (pool.0 + sum, pool.1 + count);
            pools.pop();
        }
        pools.push(pool);
    }
    let settled =
        pools.iter().flat_map(|&(sum, count)| std::iter::repeat_n(sum / count as f64, count));
    for ((&at, offset), x) in layer.iter().zip(&offsets).zip(settled) {
        xs[at] = x + offset;
    }
}

/// The middle of each layer from top to bottom, and where the last one ends.
pub(super) fn rows(graph: &Graph, ranks: &[usize]) -> (Vec<f64>, f64) {
    let count = ranks.iter().max().map_or(0, |last| last + 1);
    let mut heights = vec![0.0_f64; count];
    for (rank, (_, height)) in ranks.iter().zip(&graph.boxes) {
        heights[*rank] = heights[*rank].max(*height);
    }
    let mut top = 0.0;
    let mut middles = Vec::with_capacity(count);
    for height in heights {
        middles.push(top + height / 2.0);
        top += height + ROW_GAP;
    }
    (middles, (top - ROW_GAP).max(0.0))
}
