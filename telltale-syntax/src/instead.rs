//! What to write instead: the remedies for what people bring along from other languages.
//!
//! Like [`Mistake`](crate::Mistake), this is a list of sentences with blanks.

use std::fmt;

/// What to write where something else was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the sentence says what each is")]
pub enum Instead {
    // The forms of the language.
    Statement,
    Message,
    Choice,
    Loop,
    Break,
    Continue,
    Par,
    Do,
    Protocol,
    /// Exactly this.
    Write(String),

    // Words.
    Recursion {
        label: String,
    },
    Repetition,
    Decision,
    Clock,
    End,
    Exception,
    Alone,
    Item,
    InnerProtocol,
    Branch,
    Arm,
    Block,
    Nothing,
    Name {
        name: String,
    },
    LoopLabel {
        label: String,
    },
    Keyword {
        name: String,
    },
    OtherName,

    // Messages.
    SenderFirst {
        message: String,
    },
    OneSign {
        message: String,
    },
    OneWay {
        there: String,
        back: String,
    },
    OneArrow,
    List,
    OneLabel,
    PayloadMeant {
        message: String,
    },
    Parentheses {
        message: String,
    },

    // Choices, calls and protocols.
    ChooserOrName {
        name: String,
    },
    OneDecides,
    SameBlock,
    RunOrRepeat,
    PlainRoles,
}

impl fmt::Display for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statement => f.write_str(
                "a statement is a message, `A -> B: Label;`, or begins with `choice`, `loop`, `break`, `continue`, `par` or `do`",
            ),
            Self::Message => f.write_str("a message is `A -> B: Label;` or `A -> B: Label(Type);`"),
            Self::Choice => f.write_str("write `choice at A { … } or { … }`"),
            Self::Loop => f.write_str("write `loop { … }`"),
            Self::Break => f.write_str("write `break;`"),
            Self::Continue => f.write_str("write `continue;`"),
            Self::Par => f.write_str("write `par { … } and { … }`"),
            Self::Do => f.write_str("write `do Other(A, B);`"),
            Self::Protocol => f.write_str("a protocol is `protocol Name(A, B) { … }`"),
            Self::Write(text) => write!(f, "write `{text}`"),
            Self::Recursion { label } => {
                write!(f, "write `'{label}: loop {{ … continue '{label}; … }}`")
            }
            Self::Repetition => f.write_str(
                "steps are repeated by `loop { … }`, and a role decides how often: `choice at A { … } or { … break; }`",
            ),
            Self::Decision => {
                f.write_str("the role that decides says so: `choice at A { … } or { … }`")
            }
            Self::Clock => f.write_str(
                "there are no clocks in a protocol: let a role decide, `choice at A { … } or { … A -> B: TooLate; … }`",
            ),
            Self::End => f.write_str("a protocol ends where its block does; `break` leaves a loop"),
            Self::Exception => f.write_str(
                "there are no exceptions in a protocol: let a role say it, `choice at A { … } or { … A -> B: Failed; … }`",
            ),
            Self::Alone => f.write_str(
                "a protocol says who sends what to whom; what a role does by itself stands in its own code",
            ),
            Self::Item => {
                f.write_str("there are only protocols in here; write it outside of `choreography!`")
            }
            Self::InnerProtocol => {
                f.write_str("protocols stand side by side, and `do Other(A, B);` runs one in another")
            }
            Self::Branch => f.write_str("branches belong to a choice: `choice at A { … } or { … }`"),
            Self::Arm => f.write_str("arms belong to a `par`: `par { … } and { … }`"),
            Self::Block => f.write_str(
                "a block belongs to `choice at A { … } or { … }`, `loop { … }` or `par { … } and { … }`",
            ),
            Self::Nothing => f.write_str("remove it"),
            Self::Name { name } => write!(
                f,
                "if `{name}` is a role, write `{name} -> B: Label;`, if it is a protocol, `do {name}(A, B);`, if it is a loop, `continue '{};`",
                name.to_lowercase()
            ),
            Self::LoopLabel { label } => {
                write!(f, "the name of a loop begins with an apostrophe, as in Rust: `{label}`")
            }
            Self::Keyword { name } => {
                write!(f, "a keyword of Rust cannot be a name; `{name}` can")
            }
            Self::OtherName => f.write_str("choose another name"),
            Self::SenderFirst { message } => write!(f, "the sender comes first: `{message}`"),
            Self::OneSign { message } => {
                write!(f, "`->` is one sign, without a space in it: `{message}`")
            }
            Self::OneWay { there, back } => {
                write!(f, "a message goes one way; write two: `{there}: …; {back}: …;`")
            }
            Self::OneArrow => f.write_str("write a line for each message"),
            Self::List => f.write_str("several roles are a list: `A, B -> C, D: Label;`"),
            Self::OneLabel => f.write_str("a message has one label; write a line for each message"),
            Self::PayloadMeant { message } => write!(
                f,
                "a message has a label; if this is what it carries, write `{message}`"
            ),
            Self::Parentheses { message } => {
                write!(f, "what a message carries stands in parentheses: `{message}`")
            }
            Self::ChooserOrName { name } => write!(
                f,
                "write `choice at {name}` if `{name}` decides, or `choice {name} at Role` if that is a name for the choice"
            ),
            Self::OneDecides => f.write_str(
                "one role decides; the others can tell it before what they want",
            ),
            Self::SameBlock => f.write_str(
                "a protocol that is run stands in the same `choreography!` block, and is named without a path",
            ),
            Self::RunOrRepeat => f.write_str(
                "`do Other(A, B);` runs another protocol; `loop { … }` repeats steps",
            ),
            Self::PlainRoles => f.write_str("a role is only a name: `protocol Name(A, B) { … }`"),
        }
    }
}
