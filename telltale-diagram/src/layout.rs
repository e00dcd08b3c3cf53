//! Where the boxes of a graph are drawn, in layers from top to bottom.
//!
//! The method of Sugiyama, Tagawa and Toda (1981): turn edges round that would close a cycle, put every box below
//! those that lead to it, order each layer so that few lines cross, then move boxes towards what they are connected with. A line that
//! passes a layer has a box without size there, so lines bend round boxes.

mod order;
mod place;
mod rank;

/// A graph whose boxes are to be placed.
#[derive(Debug)]
pub(crate) struct Graph {
    /// Width and height of each box. Box 0 stands at the top.
    pub(crate) boxes: Vec<(f64, f64)>,
    /// What is connected, from one box to another.
    pub(crate) lines: Vec<(usize, usize)>,
}

/// Where everything is.
#[derive(Debug)]
pub(crate) struct Placed {
    /// The middle of each box.
    pub(crate) boxes: Vec<(f64, f64)>,
    /// For each line the places that it goes through, from the one box to the other, without these two.
    pub(crate) bends: Vec<Vec<(f64, f64)>>,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// The graph with boxes without size where lines pass a layer, and all lines from one layer to the next.
struct Layers {
    /// The width of each box.
    widths: Vec<f64>,
    /// The layer of each box.
    layer: Vec<usize>,
    /// For each box, those below it that it is connected with, and those above.
    below: Vec<Vec<usize>>,
    above: Vec<Vec<usize>>,
    /// For each line, the boxes without size on its way downwards.
    chains: Vec<Vec<usize>>,
}

pub(crate) fn layout(graph: &Graph) -> Placed {
    let ranks = rank::ranks(graph.boxes.len(), &graph.lines);
    let layers = Layers::new(graph, &ranks);
    let order = order::order(&layers);
    let xs = place::columns(&layers, &order);
    let (ys, height) = place::rows(graph, &ranks);
    let left = (0..xs.len()).map(|at| xs[at] - layers.widths[at] / 2.0).fold(0.0, f64::min);
    let right = (0..xs.len()).map(|at| xs[at] + layers.widths[at] / 2.0).fold(0.0, f64::max);
    let place = |at: usize| (xs[at] - left, ys[layers.layer[at]]);
    let bends = graph.lines.iter().zip(&layers.chains).map(|(&(from, to), chain)| {
        let mut bends: Vec<_> = chain.iter().map(|&at| place(at)).collect();
        if ranks[from] > ranks[to] {
            bends.reverse();
        }
        bends
    });
    let bends = bends.collect();
    Placed {
        boxes: (0..graph.boxes.len()).map(place).collect(),
        bends,
        width: right - left,
        height,
    }
}

impl Layers {
    fn new(graph: &Graph, ranks: &[usize]) -> Self {
        let mut layers = Self {
            widths: graph.boxes.iter().map(|(width, _)| *width).collect(),
            layer: ranks.to_vec(),
            below: vec![Vec::new(); graph.boxes.len()],
            above: vec![Vec::new(); graph.boxes.len()],
            chains: Vec::new(),
        };
        for &(from, to) in &graph.lines {
            let (top, bottom) = if ranks[from] <= ranks[to] { (from, to) } else { (to, from) };
            let mut chain = Vec::new();
            let mut last = top;
            for layer in ranks[top] + 1..ranks[bottom] {
                let bend = layers.add_bend(layer);
                layers.connect(last, bend);
                chain.push(bend);
                last = bend;
            }
            layers.connect(last, bottom);
            layers.chains.push(chain);
        }
        layers
    }

    fn add_bend(&mut self, layer: usize) -> usize {
        self.widths.push(0.0);
        self.layer.push(layer);
        self.below.push(Vec::new());
        self.above.push(Vec::new());
        self.layer.len() - 1
    }

    fn connect(&mut self, top: usize, bottom: usize) {
        self.below[top].push(bottom);
        self.above[bottom].push(top);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn graphs() -> impl Strategy<Value = Graph> {
        (2..12_usize).prop_flat_map(|count| {
            let boxes = prop::collection::vec((5.0..80.0_f64, 5.0..20.0_f64), count);
            // From each box something leads to a later one, so that all are connected, and some lines lead back.
            let tree = (1..count).map(|at| (0..at, Just(at))).collect::<Vec<_>>();
            let back = prop::collection::vec((0..count, 0..count), 0..6);
            (boxes, tree, back).prop_map(|(boxes, mut lines, back)| {
                lines.extend(back.into_iter().filter(|(from, to)| from != to));
                Graph { boxes, lines }
            })
        })
    }

    proptest! {
        #[test]
        fn boxes_lie_apart_and_inside(graph in graphs()) {
            let placed = layout(&graph);
            for (at, (one, size)) in placed.boxes.iter().zip(&graph.boxes).enumerate() {
                prop_assert!(one.0 - size.0 / 2.0 > -0.01 && one.0 + size.0 / 2.0 < placed.width + 0.01);
                prop_assert!(one.1 - size.1 / 2.0 > -0.01 && one.1 + size.1 / 2.0 < placed.height + 0.01);
                for (other, other_size) in placed.boxes.iter().zip(&graph.boxes).skip(at + 1) {
                    let apart_x = (one.0 - other.0).abs() - size.0.midpoint(other_size.0);
                    let apart_y = (one.1 - other.1).abs() - size.1.midpoint(other_size.1);
                    prop_assert!(apart_x > -0.01 || apart_y > -0.01, "{one:?} {other:?}");
                }
            }
        }

        #[test]
        fn lines_keep_their_direction(graph in graphs()) {
            let placed = layout(&graph);
            for (&(from, to), bends) in graph.lines.iter().zip(&placed.bends) {
                let mut ys = vec![placed.boxes[from].1];
                ys.extend(bends.iter().map(|bend| bend.1));
                ys.push(placed.boxes[to].1);
                let is_down = ys.windows(2).all(|pair| pair[0] < pair[1]);
                let is_up = ys.windows(2).all(|pair| pair[0] > pair[1]);
                prop_assert!(is_down || is_up, "{ys:?}");
            }
        }
    }
}
