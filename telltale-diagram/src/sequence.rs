//! What a sequence diagram shows.

/// A sequence diagram: roles side by side, and what happens between them from top to bottom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// What it is a diagram of.
    pub title: String,
    /// The roles, from left to right.
    pub roles: Vec<String>,
    /// What happens, from top to bottom.
    pub items: Vec<Item>,
}

/// One thing in a sequence diagram. Roles are meant by their places in [`Sequence::roles`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An arrow.
    Message {
        /// Who sends.
        from: usize,
        /// Who receives.
        to: usize,
        /// What stands at the arrow.
        text: String,
    },
    /// A box across some roles, for what is not shown in detail.
    Note {
        /// The first and the last of the roles.
        roles: (usize, usize),
        /// What stands in it.
        text: String,
    },
    /// A line of text without a box: where the run continues, or that it is over.
    Jump(String),
    /// A frame around what belongs together.
    Frame(Frame),
}

impl Item {
    /// A message.
    ///
    /// ```
    /// use telltale_diagram::{Item, Sequence};
    ///
    /// let mut ping = Sequence::new("Ping", ["Alice", "Bob"]);
    /// ping.items.push(Item::message(0, 1, "Ping"));
    /// assert_eq!(ping.rows(), 1);
    /// ```
    pub fn message(from: usize, to: usize, text: impl Into<String>) -> Self {
        Self::Message { from, to, text: text.into() }
    }
}

/// Several things that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How they belong together.
    pub kind: FrameKind,
    /// What there is to say beside that: who decides, or the name of the loop.
    pub title: String,
    /// The branches of a choice, the arms of a parallel part, or the body of a loop.
    pub sections: Vec<Vec<Item>>,
}

/// How the sections of a frame belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// One of them happens.
    Choice,
    /// It is repeated.
    Loop,
    /// All of them happen at once.
    Par,
}

impl FrameKind {
    /// The word at the beginning of the frame.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Choice => "choice",
            Self::Loop => "loop",
            Self::Par => "par",
        }
    }

    /// The word between two sections.
    pub(crate) fn between(self) -> &'static str {
        match self {
            Self::Par => "and",
            Self::Choice | Self::Loop => "or",
        }
    }
}

impl Sequence {
    /// A diagram in which nothing happens yet.
    ///
    /// ```
    /// use telltale_diagram::Sequence;
    ///
    /// assert_eq!(Sequence::new("Ping", ["Alice", "Bob"]).rows(), 0);
    /// ```
    pub fn new<R: Into<String>>(
        title: impl Into<String>,
        roles: impl IntoIterator<Item = R>,
    ) -> Self {
        let roles = roles.into_iter().map(Into::into).collect();
        Self { title: title.into(), roles, items: Vec::new() }
    }

    /// How many things stand below each other.
    ///
    /// ```
    /// use telltale_diagram::{Frame, FrameKind, Item, Sequence};
    ///
    /// let mut ping = Sequence::new("Ping", ["Alice", "Bob"]);
    /// let body = vec![Item::message(0, 1, "Ping"), Item::message(1, 0, "Pong")];
    /// let title = String::new();
    /// ping.items.push(Item::Frame(Frame { kind: FrameKind::Loop, title, sections: vec![body] }));
    /// assert_eq!(ping.rows(), 3);
    /// ```
    pub fn rows(&self) -> usize {
        let mut rows = 0;
        each(&self.items, &mut |_| rows += 1);
        rows
    }

    /// All of it in sentences, for those who cannot see it.
    pub(crate) fn spoken(&self) -> String {
        let mut sentences = Vec::new();
        self.speak(&self.items, &mut sentences);
        sentences.join(" ")
    }

    /// The name of a role; nothing for one that is not there.
    fn role(&self, at: usize) -> &str {
        self.roles.get(at).map_or("", String::as_str)
    }

    fn speak(&self, items: &[Item], sentences: &mut Vec<String>) {
        for item in items {
            match item {
                Item::Message { from, to, text } => {
                    sentences.push(format!("{} to {}: {text}.", self.role(*from), self.role(*to)));
                }
                Item::Note { text, .. } | Item::Jump(text) => sentences.push(format!("{text}.")),
                Item::Frame(frame) => {
                    sentences.push(format!("{}:", frame.heading()));
                    for (at, section) in frame.sections.iter().enumerate() {
                        if at > 0 {
                            sentences.push(format!("{}:", frame.kind.between()));
                        }
                        self.speak(section, sentences);
                    }
                    sentences.push(format!("End of {}.", frame.kind.word()));
                }
            }
        }
    }
}

/// Sees all items, those in frames as well.
pub(crate) fn each(items: &[Item], see: &mut impl FnMut(&Item)) {
    for item in items {
        see(item);
        if let Item::Frame(frame) = item {
            frame.sections.iter().for_each(|section| each(section, see));
        }
    }
}

impl Frame {
    /// `choice Verdict at Bob`
    pub(crate) fn heading(&self) -> String {
        let word = self.kind.word();
        if self.title.is_empty() { word.to_owned() } else { format!("{word} {}", self.title) }
    }
}
