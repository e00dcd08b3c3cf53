//! Every sentence about a mistake that a user can read.
//!
//! They speak like the compiler: lower case, no final period, code in backticks, and a remedy on
//! a `help:` line where one is known.

use telltale_theory::ProjectionError;
use telltale_types::TooMuchAtOnce;
use thiserror::Error;

use crate::cannot_know::CannotKnow;
use crate::instead::Instead;
use crate::quote::Quote;

/// Why a Rust type cannot be a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unfit {
    /// `_`
    #[error("`_` has nothing to be inferred from")]
    Inferred,
    /// `impl Trait`
    #[error("`impl` does not name a type")]
    Opaque,
    /// `Self`
    #[error("there is no `Self` here")]
    SelfType,
    /// `&str`, `Cow<'a, str>`
    #[error("a message outlives what it would borrow from")]
    Borrowed,
    /// `str`, `[u8]`, `dyn Fn()`
    #[error("its size is not known")]
    Unsized,
    /// `!`
    #[error("there is no value of it")]
    Never,
}

impl Unfit {
    fn help(self) -> &'static str {
        match self {
            Self::Inferred | Self::Opaque | Self::SelfType => "write out the type",
            Self::Borrowed => "send an owned value, for example a `String`, or an `Arc`",
            Self::Unsized => "put it in a `Box`",
            Self::Never => "leave the payload out",
        }
    }
}

/// What can be wrong with a choreography.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the sentence says what each is, and its fields are the blanks in it"
)]
pub enum Mistake {
    #[error("{count} more {} not shown", mistakes_are(*.count))]
    More { count: usize },

    // Limits.
    #[error("a text can have at most {limit} bytes")]
    TextTooLong { limit: usize },
    #[error("`{beginning}` is too long: a name can have at most {limit} characters")]
    NameTooLong { beginning: String, limit: usize },
    #[error("delimiters are nested deeper than {limit}")]
    NestedTooDeep { limit: usize },
    #[error("this type is nested deeper than {limit}")]
    TypeTooDeep { limit: usize },
    #[error("{given} roles, but a protocol can have at most {limit}")]
    TooManyRoles { given: usize, limit: usize },
    #[error("label `{label}` is one too many: a protocol can have at most {limit}")]
    TooManyLabels { label: String, limit: usize },
    #[error("`{statement}` takes `{protocol}` over the limit of {limit} steps")]
    TooManySteps { statement: String, protocol: String, limit: usize },
    #[error(
        "`{statement}` takes the protocols of this block over their common limit of {limit} steps"
    )]
    TooManyStepsInAll { statement: String, limit: usize },
    #[error("{0}")]
    TooMuchAtOnce(TooMuchAtOnce),

    // Tokens.
    #[error("unclosed delimiter `{delimiter}`")]
    UnclosedDelimiter { delimiter: char },
    #[error("unexpected closing delimiter `{delimiter}`")]
    UnopenedDelimiter { delimiter: char },
    #[error("unknown or unfinished token{}", quoted(*.found))]
    UnknownToken { found: Option<char> },

    // Grammar.
    #[error("a choreography needs a protocol")]
    NoProtocol,
    #[error("expected {expected}, found {}", .found.as_deref().unwrap_or("the end"))]
    Expected { expected: &'static str, found: Option<String>, instead: Option<Instead> },
    #[error("expected `;` after this statement")]
    MissingSemicolon,
    #[error("unknown attribute `{attribute}`")]
    UnknownAttribute { attribute: String, allowed: &'static str },
    #[error("attribute `{attribute}` cannot stand here like this")]
    MisplacedAttribute { attribute: String, allowed: &'static str },
    #[error("`{what}` is given twice")]
    GivenTwice { what: String },
    #[error("invalid payload type: {reason}")]
    InvalidType { reason: String },
    #[error("a choice needs at least two branches")]
    OneBranch,
    #[error("`par` needs at least two arms")]
    OneArm,
    #[error("a protocol has no type parameters")]
    GenericProtocol,
    #[error("`{name}` is a single role, without an index")]
    IndexedRole { name: String, instead: String },

    // Names.
    #[error("{noun} `{name}` is not in upper camel case")]
    NotCamelCase { noun: &'static str, name: String, better: Option<String> },
    #[error("protocol `{name}` is defined twice, first at line {line}")]
    DuplicateProtocol { name: String, line: usize },
    #[error("role `{name}` is declared twice")]
    DuplicateRole { name: String },
    #[error("a protocol needs at least two roles")]
    TooFewRoles,
    #[error("role `{name}` is never used")]
    UnusedRole { name: String },
    #[error("unknown role `{name}`")]
    UnknownRole { name: String, similar: Option<String>, added: String },
    #[error("{count} more roles are unknown: {}{}", list_names(.names), and_more(*.more))]
    UnknownRoles { count: usize, names: Vec<String>, more: usize, all: String },
    #[error("`{role}` sends a message to itself")]
    SelfMessage { role: String },
    #[error("`{role}` sends this message twice")]
    DuplicateSender { role: String },
    #[error("`{role}` receives this message twice")]
    DuplicateReceiver { role: String },
    #[error("label `{label}` carries `{given}` here, but `{expected}` at {first}")]
    PayloadClash { label: String, given: String, expected: String, first: Quote },
    #[error("`{payload}` cannot be a payload: {unfit}")]
    UnfitPayload { payload: String, unfit: Unfit },
    #[error("`{word}` outside of a loop")]
    JumpOutsideLoop { word: &'static str },
    #[error("`{word}` cannot leave a `par`")]
    JumpOutOfPar { word: &'static str },
    #[error("unknown loop label `'{label}`")]
    UnknownLoop { label: String, similar: Option<String> },
    #[error("loop label `'{label}` is already in use at line {line}")]
    ShadowedLoop { label: String, line: usize },
    #[error("unknown protocol `{name}`")]
    UnknownProtocol { name: String, similar: Option<String> },
    #[error("protocol `{protocol}` runs itself{}", list_through(.through, *.more))]
    Recursion { protocol: String, through: Vec<String>, more: usize },
    #[error("protocol `{protocol}` has {} but {} given", count_roles(*.expected), count_given(*.given))]
    WrongRoleCount { protocol: String, expected: usize, given: usize, roles: Vec<String> },
    #[error("`{role}` cannot play two roles of `{protocol}`")]
    RoleTwice { role: String, protocol: String },
    #[error(
        "label `{label}` carries `{theirs}` in `{protocol}`, {theirs_at}, but `{ours}` at {ours_at}"
    )]
    LabelClash {
        label: String,
        protocol: String,
        theirs: String,
        theirs_at: Quote,
        ours: String,
        ours_at: Quote,
    },

    // Structure.
    #[error("unreachable statement: nothing comes after {after}")]
    Unreachable { after: Quote },
    #[error("this would wait for an arm of the `par` that may never end: {endless}")]
    WaitsForEndless { endless: Quote },
    #[error("this loop can go round without a message")]
    UnguardedLoop,
    #[error("this branch has no message")]
    BranchWithoutMessage,
    #[error("a branch of the choice at {choice}, ends here without a message")]
    BranchEnds { choice: Quote, chooser: String },
    #[error("this branch begins with a `par`{}", at(.elsewhere.as_ref()))]
    BranchBeginsWithPar { chooser: String, elsewhere: Option<Quote> },
    #[error("`{chooser}` decides, but this branch begins with a choice of `{decider}`{}", at(.elsewhere.as_ref()))]
    NestedChoice { chooser: String, decider: String, elsewhere: Option<Quote> },
    #[error("`{chooser}` decides, but this branch begins with a message of `{sender}`{}", at(.elsewhere.as_ref()))]
    ForeignBranch { chooser: String, sender: String, elsewhere: Option<Quote> },
    #[error("two branches begin with `{event}`, the first at {first}")]
    BranchesAlike { event: String, first: Quote, is_same: bool },

    // Generated names.
    #[error("`{role}` has another choice without a name at {first}")]
    SecondUnnamedChoice { role: String, first: Quote, elsewhere: Option<Quote> },
    #[error("this is the same choice as {first}, but has another name")]
    ChoiceRenamed { first: Quote },
    #[error("`{name}` is a different choice at {first}")]
    ChoiceNameTwice { name: String, first: Quote, elsewhere: Option<Quote> },
    #[error("{this} and {other} would both generate `{generated}`")]
    Collision { this: String, other: String, generated: String },
    #[error("{this} would generate `{generated}`, which every protocol has already")]
    Reserved { this: String, generated: String },
    #[error("field `{field}` is declared twice")]
    FieldTwice { field: String },
    #[error("`{word}` in this payload would mean the generated `{word}`, made for {owner}")]
    GeneratedPayload { word: String, owner: String },
    #[error("{owner} hides the type `{name}` of the prelude, which is used as a payload at {used}")]
    HiddenPrelude { owner: String, name: String, used: Quote },

    #[error("`{role}` is not like `{model}`: {why}")]
    NotAlike { role: String, model: String, why: String },

    #[error("nothing is generated for this `{label}`, so nothing can be derived for it")]
    NothingToDerive { label: String },

    #[error("`Default` cannot be derived for a choice: no branch of it comes without a decision")]
    DefaultChoice,
    #[error("the branches of `{name}` belong to another choice: {outer}")]
    NameOfInnerChoice { name: String, outer: Quote },

    // Projection.
    #[error("{}", .0.explanation.title)]
    CannotKnow(Box<CannotKnow>),
    #[error("`{protocol}` is wrong in {} like these", count_more(*.count))]
    MoreToKnow { protocol: String, count: usize },
    #[error("this protocol is too large to check: {0}")]
    TooHard(ProjectionError),
}

impl Mistake {
    /// What would help, if that is known.
    pub fn help(&self) -> Option<String> {
        let text = match self {
            Self::TypeTooDeep { .. } => {
                "give a part of it a name with `type` or `const`".to_owned()
            }
            Self::UnknownToken { found: Some('→' | '⟶' | '⇒' | '➔' | '↦') } => {
                Instead::Write("->".to_owned()).to_string()
            }
            Self::UnknownToken { found: Some('“' | '”' | '‘' | '’' | '…') } => {
                Instead::Nothing.to_string()
            }
            Self::NoProtocol => "write `protocol Name(Alice, Bob) { … }`".to_owned(),
            Self::Expected { instead: Some(instead), .. } => instead.to_string(),
            Self::UnknownAttribute { allowed, .. } | Self::MisplacedAttribute { allowed, .. } => format!("allowed here: {allowed}"),
            Self::GivenTwice { .. } => "leave one of them out".to_owned(),
            Self::OneBranch => "add `or { … }`".to_owned(),
            Self::OneArm => "add `and { … }`".to_owned(),
            Self::GenericProtocol => {
                "write out the types that are sent, as in `A -> B: Label(Vec<u8>);`".to_owned()
            }
            Self::IndexedRole { instead, .. } => format!("write `{instead}`"),
            Self::InvalidType { .. } => {
                "a message carries types, as in `Label(u64, String)` or `Label { name: String }`; the values come from the code of the sender".to_owned()
            }
            Self::JumpOutsideLoop { word: "break" } => Instead::End.to_string(),
            Self::JumpOutsideLoop { .. } => {
                "steps are repeated by `loop { … }`, which must be around this".to_owned()
            }
            Self::JumpOutOfPar { word } => format!(
                "let the whole loop stand in the arm, or `{word}` behind the `par`, where all arms have ended"
            ),
            Self::Unreachable { after } => after_which_nothing_comes(&after.text).to_owned(),
            Self::PayloadClash { .. } | Self::LabelClash { .. } => {
                "a label has one payload type in a protocol; use another label".to_owned()
            }
            Self::UnfitPayload { unfit, .. } => unfit.help().to_owned(),
            Self::ShadowedLoop { .. } => "choose another label".to_owned(),
            Self::Recursion { .. } => "use `loop` to repeat steps".to_owned(),
            Self::WaitsForEndless { .. } => {
                "move it into an arm, to where that comes to its end".to_owned()
            }
            Self::UnguardedLoop => "send a message in it, or leave it with `break`".to_owned(),
            Self::BranchWithoutMessage => {
                "begin it with a message of the role that decides".to_owned()
            }
            Self::BranchEnds { chooser, .. } | Self::NestedChoice { chooser, .. } => {
                format!("let `{chooser}` send first")
            }
            Self::BranchBeginsWithPar { chooser, .. } => {
                format!("let `{chooser}` send before the `par`")
            }
            Self::BranchesAlike { is_same: true, .. } => {
                "begin each of them with a message of its own".to_owned()
            }
            Self::ForeignBranch { chooser, sender, .. } => format!(
                "one role decides: let `{chooser}` tell `{sender}` first, `{chooser} -> {sender}: Label;`; if `{sender}` may want this too, let both happen at once, `par {{ … }} and {{ … }}`"
            ),
            Self::BranchesAlike { .. } => {
                "use another label, or move what they have in common before the choice".to_owned()
            }
            Self::SecondUnnamedChoice { elsewhere: Some(choice), .. } => {
                format!("give the choice at {choice}, a name")
            }
            Self::SecondUnnamedChoice { role, .. } => {
                format!("give it a name: `choice Name at {role}`")
            }
            Self::ChoiceRenamed { .. } => "use one name for both".to_owned(),
            Self::ChoiceNameTwice { elsewhere: Some(choice), .. } => {
                format!("give the choice at {choice}, a name of its own")
            }
            Self::ChoiceNameTwice { .. } => "give it a name of its own".to_owned(),
            Self::Collision { .. } => "rename one of them".to_owned(),
            Self::NothingToDerive { .. } => {
                "a struct is generated for named fields that are sent outside of a choice, an enum for a choice; \
                 write it in front of the choice or of the protocol".to_owned()
            }
            Self::DefaultChoice => "derive it for the messages that need it".to_owned(),
            Self::NameOfInnerChoice { name, .. } => format!(
                "nothing is called `{name}` then; leave the name out, or give it to the outer choice"
            ),
            Self::NotAlike { role, .. } => format!(
                "roles are alike if they send, receive and decide between the same labels; leave `#[like]` out, and `{role}` has a trait of its own"
            ),
            Self::GeneratedPayload { word, .. } => {
                format!("rename one of them, or write the whole path of the type `{word}`")
            }
            Self::HiddenPrelude { .. } | Self::Reserved { .. } => "rename it".to_owned(),
            Self::CannotKnow(why) => why.explanation.help.clone(),
            Self::MoreToKnow { .. } => "put these right first".to_owned(),
            Self::TooHard(_) | Self::TooMuchAtOnce(_) => "make several protocols of it".to_owned(),
            _ => return self.name_help(),
        };
        Some(text)
    }

    /// The same for roles, protocols and loops that are not what they should be.
    fn name_help(&self) -> Option<String> {
        let text = match self {
            Self::NotCamelCase { better, .. } => {
                let instead = better.clone().map_or(Instead::OtherName, Instead::Write);
                instead.to_string()
            }
            Self::UnknownRole { similar: Some(name), .. }
            | Self::UnknownProtocol { similar: Some(name), .. } => {
                format!("there is `{name}`")
            }
            Self::UnknownLoop { similar: Some(name), .. } => format!("there is `'{name}`"),
            Self::UnknownLoop { label, .. } => {
                format!("give it to a loop around this: `'{label}: loop {{ … }}`")
            }
            Self::UnknownRole { added, .. } => {
                format!("add it to the roles of the protocol: `{added}`")
            }
            Self::UnknownRoles { all, .. } => {
                format!("a protocol begins with all of its roles: `{all}`")
            }
            Self::UnknownProtocol { .. } => {
                "a protocol that is run stands in the same `choreography!` block".to_owned()
            }
            Self::SelfMessage { .. } => {
                "leave it out; what a role does by itself stands in its own code".to_owned()
            }
            Self::DuplicateSender { .. } | Self::DuplicateReceiver { .. } => {
                "write another line if it is meant to happen twice".to_owned()
            }
            Self::DuplicateProtocol { .. } => "rename one of them".to_owned(),
            Self::DuplicateRole { .. } => "remove it, or rename one of them".to_owned(),
            Self::TooFewRoles => {
                "name all who take part, as in `protocol Name(Alice, Bob)`".to_owned()
            }
            Self::WrongRoleCount { protocol, expected, roles, .. } => {
                let more = and_more(expected.saturating_sub(roles.len()));
                format!("the roles of `{protocol}` are {}{more}, in this order", list_names(roles))
            }
            Self::RoleTwice { .. } => "name another role; each is played by one".to_owned(),
            Self::UnusedRole { .. } => "remove it, or give it something to do".to_owned(),
            _ => return None,
        };
        Some(text)
    }
}

fn at(quote: Option<&Quote>) -> String {
    quote.map(|quote| format!(": {quote}")).unwrap_or_default()
}

fn quoted(character: Option<char>) -> String {
    character.map(|character| format!(" `{character}`")).unwrap_or_default()
}

/// Why nothing comes after a statement, by how it begins.
fn after_which_nothing_comes(statement: &str) -> &'static str {
    if statement.ends_with("loop") {
        "remove it, or leave the loop with `break`"
    } else if statement.starts_with("choice ") {
        "every branch goes elsewhere by `break` or `continue`, or never ends; let one come to its end"
    } else if statement.starts_with("do ") {
        "the protocol that is run never ends; leave its loop with `break`"
    } else if statement == "par" {
        "an arm of it never ends; leave its loop with `break`"
    } else {
        "remove it, or let it come first"
    }
}

fn mistakes_are(count: usize) -> &'static str {
    if count == 1 { "mistake is" } else { "mistakes are" }
}

fn list_through(protocols: &[String], more: usize) -> String {
    if protocols.is_empty() {
        return String::new();
    }
    format!(" through {}{}", list_names(protocols), and_more(more))
}

fn list_names(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn and_more(more: usize) -> String {
    if more == 0 { String::new() } else { format!(" and {more} more") }
}

fn count_roles(count: usize) -> String {
    if count == 1 { "1 role,".to_owned() } else { format!("{count} roles,") }
}

fn count_more(count: usize) -> String {
    if count == 1 { "1 more way".to_owned() } else { format!("{count} more ways") }
}

fn count_given(count: usize) -> String {
    if count == 1 { "1 is".to_owned() } else { format!("{count} are") }
}
