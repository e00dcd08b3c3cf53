//! Diagrams in the notation of Mermaid.

use std::fmt::Write;

use crate::sequence::{Frame, FrameKind, Item, Sequence};
use crate::state::{Node, StateGraph};

impl Sequence {
    /// The diagram as a `sequenceDiagram` of [Mermaid](https://mermaid.js.org).
    ///
    /// ```
    /// use telltale_diagram::{Item, Sequence};
    ///
    /// let mut ping = Sequence::new("Ping", ["Alice", "Bob"]);
    /// ping.items.push(Item::message(0, 1, "Ping"));
    /// assert!(ping.mermaid().ends_with("    r0->>r1: Ping\n"));
    /// ```
    pub fn mermaid(&self) -> String {
        let mut text = "sequenceDiagram\n".to_owned();
        for (at, role) in self.roles.iter().enumerate() {
            line(&mut text, 1, &format!("participant r{at} as {}", escaped(role)));
        }
        let all = format!("r0,r{}", self.roles.len().saturating_sub(1));
        items(&mut text, &self.items, &all, 1);
        text
    }
}

fn items(text: &mut String, list: &[Item], all: &str, depth: usize) {
    for item in list {
        match item {
            Item::Message { from, to, text: label } => {
                line(text, depth, &format!("r{from}->>r{to}: {}", escaped(label)));
            }
            Item::Note { roles: (left, right), text: note } => {
                line(text, depth, &format!("Note over r{left},r{right}: {}", escaped(note)));
            }
            Item::Jump(jump) => line(text, depth, &format!("Note over {all}: {}", escaped(jump))),
            Item::Frame(inner) => frame(text, inner, all, depth),
        }
    }
}

fn frame(text: &mut String, frame: &Frame, all: &str, depth: usize) {
    let (first, next) = match frame.kind {
        FrameKind::Choice => ("alt", "else"),
        FrameKind::Loop => ("loop", "else"),
        FrameKind::Par => ("par", "and"),
    };
    line(text, depth, format!("{first} {}", escaped(&frame.title)).trim_end());
    for (at, section) in frame.sections.iter().enumerate() {
        if at > 0 {
            line(text, depth, next);
        }
        items(text, section, all, depth + 1);
    }
    line(text, depth, "end");
}

impl StateGraph {
    /// The diagram as a `stateDiagram-v2` of [Mermaid](https://mermaid.js.org).
    ///
    /// ```
    /// use telltale_diagram::StateGraph;
    /// use telltale_types::{Label, LocalTerm};
    ///
    /// let bob = LocalTerm::recv("Alice", Label::new("Hello"), LocalTerm::end()).close()?;
    /// assert_eq!(StateGraph::of_local("Bob", &bob).mermaid(), "\
    /// stateDiagram-v2
    ///     state \"0\" as s0
    ///     [*] --> s0
    ///     s0 --> [*] : Alice?Hello
    /// ");
    /// # Ok::<(), telltale_types::TypeError>(())
    /// ```
    pub fn mermaid(&self) -> String {
        let mut text = "stateDiagram-v2\n".to_owned();
        for (at, node) in self.nodes.iter().enumerate() {
            match node {
                Node::State { .. } => line(&mut text, 1, &format!("state \"{at}\" as s{at}")),
                Node::Fork => line(&mut text, 1, &format!("state s{at} <<fork>>")),
                Node::Join => line(&mut text, 1, &format!("state s{at} <<join>>")),
                Node::End => {}
            }
        }
        let name = |at: usize| match self.nodes[at] {
            Node::End => "[*]".to_owned(),
            _ => format!("s{at}"),
        };
        if self.nodes.first() == Some(&Node::End) {
            // An arrow from the beginning to the end would be one state for both.
            line(&mut text, 1, "[*] --> [*]");
            return text;
        }
        line(&mut text, 1, "[*] --> s0");
        for edge in &self.edges {
            let label = if edge.text.is_empty() {
                String::new()
            } else {
                format!(" : {}", escaped(&edge.text))
            };
            line(&mut text, 1, &format!("{} --> {}{label}", name(edge.from), name(edge.to)));
        }
        for at in
            (0..self.nodes.len()).filter(|&at| self.nodes[at] == Node::State { may_end: true })
        {
            line(&mut text, 1, &format!("s{at} --> [*]"));
        }
        text
    }
}

fn line(text: &mut String, depth: usize, line: &str) {
    (0..depth).for_each(|_| text.push_str("    "));
    text.push_str(line);
    text.push('\n');
}

/// Signs that mean something to Mermaid as its entities, by their number. A single word `end` would end a frame.
fn escaped(text: &str) -> String {
    let is_plain = |sign: char| sign.is_alphanumeric() || " _.,!?()→".contains(sign);
    let mut escaped = String::new();
    for (at, sign) in text.chars().enumerate() {
        if is_plain(sign) && !(at == 0 && text.eq_ignore_ascii_case("end")) {
            escaped.push(sign);
        } else {
            // Writing to a text cannot fail.
            let _ = write!(escaped, "#{};", u32::from(sign));
        }
    }
    escaped
}
