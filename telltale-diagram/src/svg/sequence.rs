//! A sequence diagram as SVG.

use std::collections::BTreeMap;

use super::{Anchor, LINE, Number, Page, Pen, rectangle, shortened, straight, width};
use crate::sequence::{Frame, Item, Sequence, each};

/// The height of the box with a role's name.
const HEAD: f64 = 26.0;
/// From one thing to the next.
const ROW: f64 = 32.0;
/// How far a frame reaches beyond the lines of its roles, and beyond frames inside of it.
const INSET: f64 = 10.0;
/// From the top of a frame to what is in it: its heading stands there.
const FRAME_HEAD: f64 = 20.0;

impl Sequence {
    /// The diagram as SVG. It has no line breaks, no script and no style sheet, so it can stand in HTML and in Markdown.
    ///
    /// ```
    /// use telltale_diagram::{Item, Page, Sequence};
    ///
    /// let mut ping = Sequence::new("Ping", ["Alice", "Bob"]);
    /// ping.items.push(Item::message(0, 1, "Ping"));
    /// assert!(ping.svg(Page::File).contains("<title>Sequence diagram of Ping</title><desc>Alice to Bob: Ping.</desc>"));
    /// ```
    pub fn svg(&self, page: Page) -> String {
        let columns = Columns::of(self);
        let mut drawing = Drawing { pen: Pen::default(), columns, y: HEAD + 8.0 };
        drawing.items(&self.items);
        let bottom = drawing.y + 6.0;
        let Drawing { mut pen, columns, .. } = drawing;
        for (name, &x) in self.roles.iter().zip(&columns.middles) {
            let (name, half) = (shortened(name), head_width(name) / 2.0);
            pen.line(&rectangle(x - half, 0.0, 2.0 * half, HEAD));
            pen.text(Anchor::Middle, x, HEAD - 9.0, &name);
            pen.dash(&straight((x, HEAD), (x, bottom)));
        }
        let title = format!("Sequence diagram of {}", self.title);
        pen.finish(page, (columns.width, bottom), &title, &self.spoken())
    }
}

fn head_width(name: &str) -> f64 {
    width(&shortened(name)) + 16.0
}

/// Where the line of each role is.
struct Columns {
    middles: Vec<f64>,
    width: f64,
}

impl Columns {
    /// As near to each other as their names and what stands between them allow, and as far to the left as what stands around them.
    fn of(sequence: &Sequence) -> Self {
        let halves: Vec<f64> = sequence.roles.iter().map(|name| head_width(name) / 2.0).collect();
        let apart = needs(&sequence.items);
        let mut middles: Vec<f64> = Vec::with_capacity(halves.len());
        for (at, half) in halves.iter().enumerate() {
            let beside = match at.checked_sub(1) {
                Some(left) => middles[left] + halves[left] + half + 16.0,
                None => *half,
            };
            let wants = apart.iter().filter(|((_, right), _)| *right == at);
            let x = wants.map(|((left, _), need)| middles[*left] + need).fold(beside, f64::max);
            middles.push(x.round());
        }
        let last = middles.last().zip(halves.last()).map_or(0.0, |(x, half)| x + half);
        let mut columns = Self { middles, width: last };
        let (left, right) = columns.sides(&sequence.items).unwrap_or((0.0, last));
        let left = left.min(0.0);
        columns.middles.iter_mut().for_each(|x| *x -= left);
        columns.width = last.max(right) - left;
        columns
    }

    fn middle(&self, role: usize) -> f64 {
        self.middles.get(role).copied().unwrap_or_default()
    }

    /// The sides of a box across some roles.
    fn of_note(&self, (first, last): (usize, usize), text: &str) -> (f64, f64) {
        let (left, right) = (self.middle(first), self.middle(last));
        let half = ((right - left) / 2.0 + 20.0).max(width(&shortened(text)) / 2.0 + 8.0);
        let middle = left.midpoint(right);
        (middle - half, middle + half)
    }

    /// The sides of a text beside other things.
    fn of_jump(&self, text: &str, beside: &[Item]) -> (f64, f64) {
        let left = self.middle(first(beside).unwrap_or(0)) + 6.0;
        (left, left + width(text))
    }

    /// The sides of a frame: further out than all that is in it, and far enough apart for its heading.
    fn around(&self, frame: &Frame) -> (f64, f64) {
        let inside = frame.sections.iter().filter_map(|section| self.sides(section));
        let (left, right) = inside.reduce(both).unwrap_or((self.middle(0), self.middle(0)));
        let left = left - INSET;
        (left, (right + INSET).max(left + width(&shortened(&frame.heading())) + 20.0))
    }

    /// The sides of what stands below each other, if it is something.
    fn sides(&self, items: &[Item]) -> Option<(f64, f64)> {
        let sides = items.iter().map(|item| match item {
            Item::Message { from, to, text } if from == to => self.of_note((*from, *to), text),
            Item::Message { from, to, .. } => {
                let (one, other) = (self.middle(*from), self.middle(*to));
                (one.min(other), one.max(other))
            }
            Item::Note { roles, text } => self.of_note(*roles, text),
            Item::Jump(text) => self.of_jump(text, items),
            Item::Frame(inner) => self.around(inner),
        });
        sides.reduce(both)
    }
}

fn both(one: (f64, f64), other: (f64, f64)) -> (f64, f64) {
    (one.0.min(other.0), one.1.max(other.1))
}

/// How far apart roles have to be for the texts between them.
fn needs(items: &[Item]) -> BTreeMap<(usize, usize), f64> {
    let mut apart = BTreeMap::new();
    each(items, &mut |item| {
        let (pair, need) = match item {
            Item::Message { from, to, text } if from != to => {
                ((*from.min(to), *from.max(to)), width(&shortened(text)) + 26.0)
            }
            Item::Note { roles, text } if roles.0 < roles.1 => {
                (*roles, width(&shortened(text)) - 20.0)
            }
            _ => return,
        };
        let known = apart.entry(pair).or_insert(need);
        *known = need.max(*known);
    });
    apart
}

struct Drawing {
    pen: Pen,
    columns: Columns,
    /// Where the next thing begins.
    y: f64,
}

impl Drawing {
    fn items(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Message { from, to, text } => self.message(*from, *to, text),
                Item::Note { roles, text } => self.note(*roles, text),
                Item::Jump(text) => self.jump(text, items),
                Item::Frame(frame) => self.frame(frame),
            }
        }
    }

    fn message(&mut self, from: usize, to: usize, text: &str) {
        if from == to {
            return self.note((from, to), text);
        }
        self.y += ROW;
        let (x, y, to_x) = (self.columns.middle(from), self.y, self.columns.middle(to));
        self.pen.line(&format!("M{} {}H{}", Number(x), Number(y), Number(to_x)));
        self.pen.head((to_x, y), (x, y));
        self.pen.text(Anchor::Middle, x.midpoint(to_x), y - 6.0, &shortened(text));
    }

    fn note(&mut self, roles: (usize, usize), text: &str) {
        self.y += 12.0;
        let (left, right) = self.columns.of_note(roles, text);
        self.pen.line(&rectangle(left, self.y, right - left, HEAD));
        self.pen.text(Anchor::Middle, left.midpoint(right), self.y + HEAD - 9.0, &shortened(text));
        self.y += HEAD;
    }

    /// At the side of what stands before it.
    fn jump(&mut self, text: &str, beside: &[Item]) {
        self.y += 12.0 + LINE / 2.0;
        let (left, _) = self.columns.of_jump(text, beside);
        self.pen.text(Anchor::Start, left, self.y, text);
    }

    fn frame(&mut self, frame: &Frame) {
        let heading = shortened(&frame.heading());
        let (left, right) = self.columns.around(frame);

        self.y += 14.0;
        let top = self.y;
        self.pen.text(Anchor::Start, left + 6.0, top + 14.0, &heading);
        let corner = Number(width(&heading) + 12.0);
        let (x, y, top_y) = (Number(left), Number(top + FRAME_HEAD), Number(top));
        self.pen.line(&format!("M{x} {y}h{corner}l6 -6V{top_y}"));
        self.y += FRAME_HEAD - 8.0;
        for (at, section) in frame.sections.iter().enumerate() {
            if at > 0 {
                self.y += 14.0;
                let y = self.y;
                self.pen.dash(&straight((left, y), (right, y)));
                self.pen.text(Anchor::Start, left + 6.0, y + 14.0, frame.kind.between());
                self.y += 6.0;
            }
            self.items(section);
        }
        self.y += 12.0;
        self.pen.line(&rectangle(left, top, right - left, self.y - top));
    }
}

/// The first role that has a part in these things.
fn first(items: &[Item]) -> Option<usize> {
    let mut first = None;
    each(items, &mut |item| {
        let left = match item {
            Item::Message { from, to, .. } => *from.min(to),
            Item::Note { roles, .. } => roles.0,
            Item::Jump(_) | Item::Frame(_) => return,
        };
        first = Some(first.map_or(left, |first: usize| first.min(left)));
    });
    first
}
