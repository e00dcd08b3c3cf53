//! Sequence diagrams as plain text, for terminals and for messages of tests.

use unicode_width::UnicodeWidthStr;

use crate::sequence::{Frame, Item, Sequence, each};

impl Sequence {
    /// The diagram as lines of text. Frames are brackets on the left.
    ///
    /// ```
    /// use telltale_diagram::{Item, Sequence};
    ///
    /// let mut ping = Sequence::new("Ping", ["Alice", "Bob"]);
    /// ping.items.push(Item::message(0, 1, "Ping(u64)"));
    /// ping.items.push(Item::message(1, 0, "Pong"));
    /// assert_eq!(ping.text(), "\
    /// Alice           Bob
    ///   ├──Ping(u64)──▶│
    ///   │◀────Pong─────┤
    /// ");
    /// ```
    pub fn text(&self) -> String {
        let columns = Columns::of(self);
        let mut lines = vec![columns.heads(self)];
        columns.items(&self.items, 0, &mut lines);
        lines.iter().fold(String::new(), |text, line| text + line.trim_end() + "\n")
    }
}

/// Where the line of each role is, counted in characters.
struct Columns {
    /// The characters that brackets of frames take.
    margin: usize,
    middles: Vec<usize>,
}

impl Columns {
    fn of(sequence: &Sequence) -> Self {
        let margin = 2 * depth(&sequence.items);
        let apart = needs(&sequence.items);
        let mut middles: Vec<usize> = Vec::new();
        let widths: Vec<usize> = sequence.roles.iter().map(|name| shown(name).width()).collect();
        for (at, width) in widths.iter().enumerate() {
            let beside = match at.checked_sub(1) {
                Some(left) => middles[left] + widths[left] / 2 + width / 2 + 2,
                None => width / 2,
            };
            let wants = apart.iter().filter(|(_, right, _)| *right == at);
            let wants = wants.filter_map(|(left, _, need)| Some(middles.get(*left)? + need));
            middles.push(wants.fold(beside, usize::max));
        }
        Self { margin, middles }
    }

    fn heads(&self, sequence: &Sequence) -> String {
        let mut line = " ".repeat(self.margin);
        for (name, middle) in sequence.roles.iter().zip(&self.middles) {
            let name = shown(name);
            pad(&mut line, self.margin + (middle - name.width() / 2));
            line.push_str(&name);
        }
        line
    }

    fn items(&self, items: &[Item], depth: usize, lines: &mut Vec<String>) {
        for item in items {
            match item {
                Item::Message { from, to, text } if from != to => {
                    lines.push(self.message(*from, *to, text, depth));
                }
                Item::Message { text, .. } | Item::Note { text, .. } | Item::Jump(text) => {
                    lines.push(self.note(text, depth));
                }
                Item::Frame(frame) => self.frame(frame, depth, lines),
            }
        }
    }

    fn margin(&self, depth: usize) -> String {
        let mut line = "│ ".repeat(depth);
        pad(&mut line, self.margin);
        line
    }

    /// `├──Ping──▶│`, with the lines of all other roles.
    fn message(&self, from: usize, to: usize, text: &str, depth: usize) -> String {
        let mut line = self.margin(depth);
        let (left, right) = (from.min(to), from.max(to));
        for (at, middle) in self.middles.iter().enumerate() {
            if left < at && at < right {
                continue;
            }
            if at == right {
                let length = middle.saturating_sub(self.middles[left] + 1);
                line.push_str(&arrow(&shown(text), length, from < to));
            }
            pad(&mut line, self.margin + middle);
            line.push(match at {
                _ if at == left && from < to => '├',
                _ if at == right && from > to => '┤',
                _ => '│',
            });
        }
        line
    }

    /// A text beside the line of the first role.
    fn note(&self, text: &str, depth: usize) -> String {
        let mut line = self.margin(depth);
        pad(&mut line, self.margin + self.middles.first().copied().unwrap_or_default());
        line + "· " + &shown(text)
    }

    fn frame(&self, frame: &Frame, depth: usize, lines: &mut Vec<String>) {
        let bracket = |sign: &str, text: &str| format!("{}{sign} {text}", "│ ".repeat(depth));
        lines.push(bracket("┌", &shown(&frame.heading())));
        for (at, section) in frame.sections.iter().enumerate() {
            if at > 0 {
                lines.push(bracket("├", frame.kind.between()));
            }
            self.items(section, depth + 1, lines);
        }
        lines.push(bracket("└", ""));
    }
}

/// The text in the middle of a line that ends in a head.
fn arrow(text: &str, length: usize, is_right: bool) -> String {
    let rest = length.saturating_sub(text.width() + 1);
    let (before, behind) = (rest / 2, rest - rest / 2);
    let (before, behind) = ("─".repeat(before), "─".repeat(behind));
    if is_right {
        format!("{before}{text}{behind}▶")
    } else {
        format!("◀{before}{text}{behind}")
    }
}

fn depth(items: &[Item]) -> usize {
    let of_item = |item: &Item| match item {
        Item::Frame(frame) => {
            1 + frame.sections.iter().map(|section| depth(section)).max().unwrap_or(0)
        }
        _ => 0,
    };
    items.iter().map(of_item).max().unwrap_or(0)
}

/// How many characters roles have to be apart for the texts between them.
fn needs(items: &[Item]) -> Vec<(usize, usize, usize)> {
    let mut apart = Vec::new();
    each(items, &mut |item| {
        if let Item::Message { from, to, text } = item {
            apart.push((*from.min(to), *from.max(to), shown(text).width() + 6));
        }
    });
    apart
}

/// On one line.
fn shown(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
}

/// Space up to a column.
fn pad(line: &mut String, column: usize) {
    let missing = column.saturating_sub(line.width());
    line.extend(std::iter::repeat_n(' ', missing));
}
