//! A state diagram as SVG.

use std::fmt::Write;

use super::{Anchor, LINE, Number, Page, Pen, circle, rectangle, shortened, width};
use crate::layout::{Graph, Placed, layout};
use crate::state::{Edge, Node, StateGraph};

const RADIUS: f64 = 7.0;
/// Above the first state, for the arrow that leads to it.
const START: f64 = 24.0;

impl StateGraph {
    /// The diagram as SVG. It has no line breaks, no script and no style sheet, so it can stand in HTML and in Markdown.
    ///
    /// ```
    /// use telltale_diagram::{Page, StateGraph};
    /// use telltale_types::{Label, LocalTerm};
    ///
    /// let bob = LocalTerm::recv("Alice", Label::new("Hello"), LocalTerm::end()).close()?;
    /// let svg = StateGraph::of_local("Bob", &bob).svg(Page::File);
    /// assert!(svg.contains("<title>State diagram of Bob</title>"));
    /// assert!(svg.contains(">Alice?Hello</text>"));
    /// # Ok::<(), telltale_types::TypeError>(())
    /// ```
    pub fn svg(&self, page: Page) -> String {
        let placed = layout(&self.boxes());
        let mut pen = Pen::default();
        let mut drawing = Drawing { pen: &mut pen, graph: self, placed: &placed };
        (0..self.nodes.len()).for_each(|at| drawing.node(at));
        (0..self.edges.len()).for_each(|at| drawing.edge(at));
        let title = format!("State diagram of {}", self.title);
        let size = (placed.width, placed.height + START);
        pen.finish(page, size, &title, &self.spoken())
    }

    /// The states, and behind them the texts of the edges: a text is a box on the way of its edge, so nothing lies upon it.
    fn boxes(&self) -> Graph {
        let node = |node: &Node| match node {
            Node::State { .. } | Node::End => (2.0 * RADIUS + 4.0, 2.0 * RADIUS),
            Node::Fork | Node::Join => (60.0, 4.0),
        };
        let text = |edge: &Edge| {
            let text = shortened(&edge.text);
            if text.is_empty() { (0.0, 0.0) } else { (width(&text) + 4.0, LINE) }
        };
        let boxes = self.nodes.iter().map(node).chain(self.edges.iter().map(text)).collect();
        let lines = self.edges.iter().enumerate().flat_map(|(at, edge)| {
            let label = self.nodes.len() + at;
            [(edge.from, label), (label, edge.to)]
        });
        Graph { boxes, lines: lines.collect() }
    }
}

struct Drawing<'a> {
    pen: &'a mut Pen,
    graph: &'a StateGraph,
    placed: &'a Placed,
}

impl Drawing<'_> {
    fn place(&self, at: usize) -> (f64, f64) {
        let (x, y) = self.placed.boxes[at];
        (x, y + START)
    }

    fn node(&mut self, at: usize) {
        let (x, y) = self.place(at);
        let node = self.graph.nodes[at];
        match node {
            Node::Fork | Node::Join => {
                self.pen.fill(&rectangle(x - 30.0, y - 2.0, 60.0, 4.0));
            }
            Node::State { .. } | Node::End => self.pen.line(&circle((x, y), RADIUS)),
        }
        if let Node::State { may_end: true } | Node::End = node {
            self.pen.fill(&circle((x, y), RADIUS - 3.0));
        }
        if at == 0 {
            let top = y - self.half_height(at);
            self.pen.fill(&circle((x, 4.0), 3.5));
            self.pen.line(&format!("M{} {}V{}", Number(x), Number(4.0), Number(top)));
            self.pen.head((x, top), (x, 0.0));
        }
    }

    fn half_height(&self, node: usize) -> f64 {
        match self.graph.nodes[node] {
            Node::State { .. } | Node::End => RADIUS,
            Node::Fork | Node::Join => 2.0,
        }
    }

    fn edge(&mut self, at: usize) {
        let Edge { from, to, text, is_faint } = &self.graph.edges[at];
        let label = self.graph.nodes.len() + at;
        let (x, y) = self.place(label);
        if !text.is_empty() {
            self.pen.text(Anchor::Middle, x, y + 4.5, &shortened(text));
        }
        let half = if text.is_empty() { 0.0 } else { LINE / 2.0 };
        let bends = |line: usize| {
            self.placed.bends[line].iter().map(|(x, y)| (*x, y + START)).collect::<Vec<_>>()
        };
        let (before, after) = (bends(2 * at), bends(2 * at + 1));
        let (source, target) = (self.place(*from), self.place(*to));
        // Both ends may lie on one side of the text: then one line comes from the left of it, the other leads to the right.
        let side = |other: (f64, f64)| if other.1 < y { -half } else { half };
        let is_round = side(source) * side(target) > 0.0 && half > 0.0;
        let first_x =
            |bends: &[(f64, f64)], node: (f64, f64)| bends.first().map_or(node.0, |bend| bend.0);
        let leans = if first_x(&after, target) < before.last().map_or(source.0, |bend| bend.0) {
            -14.0
        } else {
            14.0
        };
        let lean = if is_round { leans } else { 0.0 };

        let entry = (x - lean, y + side(source));
        let mut first = vec![self.border(*from, before.first().copied().unwrap_or(entry), -lean)];
        first.extend(before);
        first.push(entry);
        self.curve(&first, *is_faint);

        let exit = (x + lean, y + side(target));
        let last = after.last().copied().unwrap_or(exit);
        let mut second = vec![exit];
        second.extend(after);
        second.push(self.border(*to, last, lean));
        self.curve(&second, *is_faint);
        let tip = second[second.len() - 1];
        self.pen.head(tip, (tip.0 + (last.0 - tip.0) * 0.3, last.1));
    }

    /// Where a line from or to a place meets a node; towards one side of it where two lines go the same way.
    fn border(&self, node: usize, other: (f64, f64), lean: f64) -> (f64, f64) {
        let (x, y) = self.place(node);
        let sign = if other.1 > y { 1.0 } else { -1.0 };
        match self.graph.nodes[node] {
            Node::Fork | Node::Join => (other.0.clamp(x - 27.0, x + 27.0), y + sign * 2.0),
            Node::State { .. } | Node::End => {
                // Towards the other end, but rather from below or above than from the side.
                let (dx, dy) = ((other.0 - x) * 0.4 + lean * 0.5, other.1 - y);
                let length = dx.hypot(dy).max(0.001);
                (x + RADIUS * dx / length, y + RADIUS * dy / length)
            }
        }
    }

    /// A smooth line, vertical at its ends, so that lines that meet somewhere can be told from each other.
    fn curve(&mut self, points: &[(f64, f64)], is_faint: bool) {
        let mut path = "M".to_owned();
        push(&mut path, points[0]);
        let last = points.len() - 1;
        let steep = |at: usize| {
            let ((x, y), (to_x, to_y)) = (points[at], points[at + 1]);
            (to_x - x) / (to_y - y)
        };
        // Between those before and behind, and nothing where the line turns: so it goes no further to the side than
        // its places do (Fritsch and Butland, 1984).
        let slope = |at: usize| {
            if at == 0 || at == last {
                return 0.0;
            }
            let (before, behind) = (steep(at - 1), steep(at));
            if before * behind <= 0.0 { 0.0 } else { 2.0 * before * behind / (before + behind) }
        };
        for (at, pair) in points.windows(2).enumerate() {
            let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
            let reach = (to_y - y) / 2.5;
            let (first, second) = (slope(at), slope(at + 1));
            if (x - to_x).abs() < 0.5 && first.abs() + second.abs() < 0.02 {
                path.push('L');
            } else {
                let near = (x + first * reach, y + reach);
                let far = (to_x - second * reach, to_y - reach);
                path.push('C');
                push(&mut path, near);
                path.push(' ');
                push(&mut path, far);
                path.push(' ');
            }
            push(&mut path, (to_x, to_y));
        }
        if is_faint { self.pen.dash(&path) } else { self.pen.line(&path) }
    }
}

/// Adds a place to a path.
fn push(path: &mut String, (x, y): (f64, f64)) {
    // Writing to a text cannot fail.
    let _ = write!(path, "{} {}", Number(x), Number(y));
}
