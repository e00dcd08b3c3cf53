//! What is to be said of a text with protocols.

use serde::Serialize;
use telltale_syntax::{Analysis, Diagnostic, Mistake, Projected, analyse_str, project_all};

use crate::places::Places;

/// A text that was read, with what each of its protocols means.
#[derive(Debug)]
pub struct Judged {
    /// What was read.
    pub analysis: Analysis,
    /// For each protocol, what its roles do.
    pub projected: Vec<Option<Projected>>,
    /// What is wrong, in the order of the text.
    pub errors: Vec<Wrong>,
}

/// Something that is wrong.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Wrong {
    /// `language`, `limit`, or the condition of the theory that does not hold: `send`, `receive`, `mixed`, `silent`,
    /// `fork` or `join`.
    pub condition: &'static str,
    /// The role that cannot know what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What would help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// All there is to say, on several lines.
    pub text: String,
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
    /// Other places that matter.
    pub notes: Vec<Note>,
}

/// A place of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1: characters.
    pub column: usize,
    /// Where it begins, in code units of JavaScript.
    pub start: usize,
    /// Where it ends: behind its last code unit.
    pub end: usize,
}

/// What there is to say at a place.
#[derive(Clone, Debug, Serialize)]
pub struct Note {
    /// A few words.
    pub message: String,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
}

impl Judged {
    /// What is to be said of a text.
    pub fn of(text: &str) -> Self {
        let analysis = analyse_str(text);
        let results = project_all(&analysis);
        let places = Places::of(text);
        let mut errors: Vec<Wrong> =
            analysis.diagnostics.iter().map(|mistake| wrong(mistake, &places)).collect();
        let mut projected = Vec::new();
        for result in results {
            match result {
                Ok(roles) => projected.push(Some(roles)),
                Err(mistakes) => {
                    projected.push(None);
                    errors.extend(mistakes.iter().map(|mistake| wrong(mistake, &places)));
                }
            }
        }
        Self { analysis, projected, errors }
    }
}

fn wrong(mistake: &Diagnostic, places: &Places<'_>) -> Wrong {
    let (condition, role) = match mistake.mistake() {
        Mistake::CannotKnow(why) => (why.condition.word(), Some(why.role.clone())),
        Mistake::TooHard(_) | Mistake::MoreToKnow { .. } | Mistake::More { .. } => ("limit", None),
        _ => ("language", None),
    };
    let notes = mistake.annotations().iter().map(|note| Note {
        message: note.label.clone(),
        place: places.place(note.start, note.end),
    });
    Wrong {
        condition,
        role,
        message: mistake.message(),
        help: mistake.help(),
        text: mistake.text(),
        place: places.place(mistake.start(), mistake.end()),
        notes: notes.collect(),
    }
}
