//! Whether it helps to write the lines that are proposed.

use std::fs;

use proptest::prelude::*;
use telltale_syntax::{analyse_str, project_all};

/// Writes what is proposed, one mistake after the other, as long as something is. What is still said then is
/// returned.
fn repaired(source: &str) -> Vec<String> {
    let mut text = source.to_owned();
    for _ in 0..20 {
        let left = said(&text);
        let Some(proposed) = left.iter().find(|said| said.contains("insert `")) else {
            return left;
        };
        text = written(&text, proposed);
    }
    panic!("there is no end to it:\n{source}\n\n{text}");
}

/// What is said of a choreography that can be analysed.
fn said(source: &str) -> Vec<String> {
    let analysis = analyse_str(source);
    let mistakes: Vec<String> = analysis.diagnostics.iter().map(ToString::to_string).collect();
    assert!(mistakes.is_empty(), "{}\n\n{source}", mistakes.join("\n\n"));
    let wrong = project_all(&analysis).into_iter().filter_map(Result::err).flatten();
    wrong.map(|diagnostic| diagnostic.text()).collect()
}

/// The text with each line where the help says.
fn written(text: &str, said: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut insertions = Vec::new();
    for help in said.lines().filter_map(|line| line.trim().strip_prefix("insert `")) {
        let (new, rest) = help.split_once('`').expect("the line stands in backticks");
        let place = rest.trim_start().strip_prefix("after line ").expect("a line is named");
        let (place, quote) = place.split_once(", `").expect("a statement is quoted");
        let statement = format!("{};", quote.trim_end_matches('`'));
        let (number, column) = match place.split_once(", column ") {
            Some((number, column)) => (number, Some(column.parse::<usize>().expect("a number"))),
            None => (place, None),
        };
        let number = number.parse::<usize>().expect("a number") - 1;
        let places: Vec<usize> =
            lines[number].match_indices(&statement).map(|(at, _)| at).collect();
        let at = match column {
            Some(column) => column - 1,
            None => places[0],
        };
        assert!(places.contains(&at), "`{statement}` is not in `{}`", lines[number]);
        assert!(column.is_some() || places.len() == 1, "which `{statement}`? {}", lines[number]);
        insertions.push((number, at + statement.len(), new));
    }
    // The last first, so that the places of the others stay what they are.
    insertions.sort_unstable();
    for (number, at, new) in insertions.into_iter().rev() {
        lines[number].insert_str(at, &format!(" {new}"));
    }
    lines.join("\n")
}

#[test]
fn which_of_two_statements_on_a_line_is_said() {
    let source = "protocol Order(Shop, Store, Client) {
        choice at Shop { Shop -> Store: Ship; Store -> Client: Parcel; Store -> Client: Invoice; }
        or { Shop -> Store: Gift; Store -> Client: Parcel; }
    }";
    let one_line = source.replace('\n', " ");
    assert!(said(source)[0].contains("after line 3, `Store -> Client: Parcel`"));
    let column = one_line.rfind("Store -> Client: Parcel").expect("it stands there") + 1;
    let place = format!("after line 1, column {column}, `Store -> Client: Parcel`");
    assert!(said(&one_line)[0].contains(&place), "{place}");
    assert_eq!(repaired(&one_line), Vec::<String>::new());
}

/// The protocols of `tests/projection` in which no line is known for some mistake.
const NO_LINES: &[&str] = &[
    "what is run never ends",
    "nothing can be inserted after one of two statements that are one step",
];

#[test]
fn the_explained_cases_are_repaired() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/projection");
    for file in fs::read_dir(folder).expect("the folder can be read") {
        let file = file.expect("the entry can be read").path();
        let text = fs::read_to_string(file).expect("the file can be read");
        for case in text.split("=== ").skip(1) {
            let (name, rest) = case.split_once('\n').expect("a case begins with its name");
            let source = rest.split_once("---\n").map_or(rest, |(source, _)| source);
            let left = repaired(source);
            assert_eq!(
                left.is_empty(),
                !NO_LINES.contains(&name),
                "`{name}`:\n{}",
                left.join("\n")
            );
        }
    }
}

/// Writes a protocol, as some numbers tell.
struct Writer<'n> {
    numbers: std::slice::Iter<'n, u8>,
    roles: &'static [&'static str],
    callee: Option<&'static str>,
    text: String,
    labels: usize,
    prefix: &'static str,
}

impl Writer<'_> {
    /// One of the first numbers; 0 when there are no more, which writes as little as possible.
    fn pick(&mut self, below: usize) -> usize {
        self.numbers.next().map_or(0, |&number| usize::from(number) % below)
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn message(&mut self, sender: usize) {
        let count = self.roles.len();
        let first = (sender + 1 + self.pick(count - 1)) % count;
        let mut receivers = self.roles[first].to_owned();
        let second = (first + 1) % count;
        if second != sender && self.pick(5) == 1 {
            receivers = format!("{receivers}, {}", self.roles[second]);
        }
        self.labels += 1;
        let (sender, label) = (self.roles[sender], format!("{}{}", self.prefix, self.labels));
        self.line(&format!("{sender} -> {receivers}: {label};"));
    }

    fn statements(&mut self, depth: usize, in_loop: bool) {
        for _ in 0..self.pick(3) {
            self.statement(depth, in_loop);
        }
    }

    fn statement(&mut self, depth: usize, in_loop: bool) {
        let role = self.pick(self.roles.len());
        match self.pick(if depth == 0 { 2 } else { 9 }) {
            1 if self.callee.is_some() => {
                let (one, other) = (self.roles[role], self.roles[(role + 1) % self.roles.len()]);
                let callee = self.callee.unwrap_or_default();
                self.line(&format!("do {callee}({one}, {other});"));
            }
            0..4 => self.message(role),
            4..7 => self.choice(role, depth, in_loop),
            7 => self.par(depth, in_loop),
            _ => {
                self.line("loop {");
                self.choice(role, depth, true);
                self.line("break;\n}");
            }
        }
    }

    /// Two arms for half of the roles each, and then a message that joins them.
    fn par(&mut self, depth: usize, in_loop: bool) {
        let (one, other) = self.roles.split_at(self.roles.len() / 2);
        if one.len() < 2 || self.callee.is_none() || in_loop {
            return self.message(0);
        }
        let all = self.roles;
        for (word, arm) in [("par {", one), ("} and {", other)] {
            self.line(word);
            self.roles = arm;
            self.message(0);
            self.choice(0, depth, false);
        }
        self.roles = all;
        self.line("}");
    }

    /// A choice of which the last branch goes round, if there is a loop.
    fn choice(&mut self, role: usize, depth: usize, in_loop: bool) {
        self.labels += 1;
        let name = format!("{}Choice{}", self.prefix, self.labels);
        self.line(&format!("choice {name} at {} {{", self.roles[role]));
        self.head(role, depth - 1, in_loop);
        self.statements(depth - 1, in_loop);
        self.line("} or {");
        self.head(role, depth - 1, in_loop);
        self.statements(depth - 1, in_loop);
        if in_loop && self.pick(2) == 0 {
            self.line("continue;");
        }
        self.line("}");
    }

    /// What a branch begins with: a message, or a choice of the same role.
    fn head(&mut self, role: usize, depth: usize, in_loop: bool) {
        match self.pick(if depth == 0 { 1 } else { 6 }) {
            1 => self.choice(role, depth, in_loop),
            2 => {
                self.line("loop {");
                self.choice(role, depth, true);
                self.line("break;\n}");
            }
            _ => self.message(role),
        }
    }
}

fn protocols(numbers: &[u8]) -> String {
    let (first, rest) = numbers.split_at(numbers.len() / 3);
    let mut writer = Writer {
        numbers: first.iter(),
        roles: &["X", "Y"],
        callee: None,
        text: "protocol Callee(X, Y) {\n".to_owned(),
        labels: 0,
        prefix: "C",
    };
    writer.statements(1, false);
    writer.text += "X -> Y: Called;\n}\nprotocol Caller(A, B, C, D) {\n";
    writer = Writer {
        numbers: rest.iter(),
        roles: &["A", "B", "C", "D"],
        callee: Some("Callee"),
        prefix: "L",
        ..writer
    };
    writer.statements(2, false);
    writer.statement(2, false);
    writer.text + "A -> B: Bye;\nC -> D: Bye;\n}\n"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Each line leaves less to repair, and can be written. One protocol in fifty is not repaired by lines alone.
    #[test]
    fn random_protocols_can_be_worked_on(numbers in prop::collection::vec(any::<u8>(), 10..60)) {
        repaired(&protocols(&numbers));
    }
}
