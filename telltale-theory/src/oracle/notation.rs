//! Protocols in the notation of the papers, so that a test reads like the table it checks.

use telltale_types::{GlobalTerm, GlobalType, Label, Names};

/// The protocol that a text describes: `μt. A→{B:x. B→C:y. t; C:stop. C→B:stop}`.
///
/// ```text
/// type   = "end" | "μ" var "." type | var | role "→" (branch | "{" branch (";" branch)* "}")
///        | "(" type ("|" type)* ")" ("." type)?
/// branch = role ":" label ("." type)?
/// ```
///
/// Without a type after it, the protocol ends, or the arm of a parallel part.
///
/// A word that a `μ` binds is a variable, any other is a role.
///
/// # Panics
///
/// When the text is not of this form or describes no protocol.
pub fn protocol(text: &str) -> GlobalType {
    let mut reader = Reader { rest: text, bound: Vec::new() };
    let term = reader.term();
    assert_eq!(reader.rest.trim(), "", "something follows the protocol");
    term.close().unwrap_or_else(|error| panic!("{text} is no protocol: {error}"))
}

struct Reader<'t> {
    rest: &'t str,
    bound: Vec<&'t str>,
}

impl<'t> Reader<'t> {
    fn term(&mut self) -> GlobalTerm {
        if self.takes('μ') {
            let name = self.word();
            self.expect('.');
            self.bound.push(name);
            let body = self.term();
            self.bound.pop();
            return GlobalTerm::mu(name, body);
        }
        if self.takes('(') {
            return self.par();
        }
        match self.word() {
            "end" => GlobalTerm::end(),
            name if self.bound.contains(&name) => GlobalTerm::var(name),
            sender => {
                self.expect('→');
                GlobalTerm::choice(sender, self.branches())
            }
        }
    }

    fn par(&mut self) -> GlobalTerm {
        let mut arms = vec![self.term()];
        while self.takes('|') {
            arms.push(self.term());
        }
        self.expect(')');
        GlobalTerm::par(arms, self.rest_of_branch())
    }

    fn rest_of_branch(&mut self) -> GlobalTerm {
        if self.takes('.') { self.term() } else { GlobalTerm::end() }
    }

    fn branches(&mut self) -> Vec<(&'t str, Label, GlobalTerm)> {
        if !self.takes('{') {
            return vec![self.branch()];
        }
        let mut branches = vec![self.branch()];
        while self.takes(';') {
            branches.push(self.branch());
        }
        self.expect('}');
        branches
    }

    fn branch(&mut self) -> (&'t str, Label, GlobalTerm) {
        let receiver = self.word();
        self.expect(':');
        let label = Label::new(self.word().to_owned());
        (receiver, label, self.rest_of_branch())
    }

    fn takes(&mut self, mark: char) -> bool {
        let after = self.rest.trim_start().strip_prefix(mark);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn expect(&mut self, mark: char) {
        assert!(self.takes(mark), "`{mark}` is missing before {:?}", self.rest);
    }

    fn word(&mut self) -> &'t str {
        let text = self.rest.trim_start();
        let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
        assert!(end > 0, "a word is missing before {text:?}");
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        word
    }
}

/// The same protocol with payload types for its labels, by their names.
///
/// # Panics
///
/// When two labels become the same.
pub fn with_payloads<'a>(global: &GlobalType, payload: impl Fn(&str) -> &'a str) -> GlobalType {
    let names = global.names();
    let labels = names
        .labels()
        .map(|(_, label)| Label::with(label.name.to_owned(), payload(label.name).to_owned()));
    let names = Names::new(names.roles().map(|(_, role)| role), labels).expect("distinct names");
    let states = global.states().map(|state| global.state(state)).collect();
    GlobalType::new(names, states).expect("it was a protocol before")
}
