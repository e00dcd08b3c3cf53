//! Verdicts for programs.

use std::io::Write;

use serde::Serialize;
use telltale_syntax::{Diagnostic, Mistake};

use crate::error::Failure;
use crate::source::Source;
use crate::verdict::{Judged, Wrong};

/// An array of verdicts.
#[derive(Default)]
pub(crate) struct Report(Vec<Judgement>);

#[derive(Serialize)]
struct Judgement {
    protocol: String,
    file: String,
    line: usize,
    ok: bool,
    errors: Vec<Error>,
}

#[derive(Serialize)]
struct Error {
    condition: &'static str,
    role: Option<String>,
    message: String,
    line: usize,
    column: usize,
}

impl Report {
    pub(crate) fn add(&mut self, judged: &[Judged], source: &Source) {
        let protocols = judged.iter().map(|one| Judgement {
            protocol: one.name.clone(),
            file: source.name.clone(),
            line: one.place.0,
            ok: one.result.is_ok(),
            errors: errors(one),
        });
        self.0.extend(protocols);
    }

    pub(crate) fn write(&self, out: &mut impl Write) -> Result<(), Failure> {
        write(&self.0, out)
    }
}

pub(crate) fn write(what: &impl Serialize, out: &mut impl Write) -> Result<(), Failure> {
    serde_json::to_writer_pretty(&mut *out, what).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}

fn errors(judged: &Judged) -> Vec<Error> {
    let (line, column) = judged.place;
    match &judged.result {
        Ok(_) => Vec::new(),
        Err(Wrong::Mistakes(mistakes)) => mistakes.iter().map(error).collect(),
        Err(Wrong::Empty(mistake)) => vec![Error { line, column, ..error(mistake) }],
        Err(Wrong::Unchecked) => vec![Error {
            condition: "unchecked",
            role: None,
            message:
                "not checked, because of mistakes in protocols that it runs or that stand beside it"
                    .to_owned(),
            line,
            column,
        }],
    }
}

fn error(mistake: &Diagnostic) -> Error {
    let (condition, role) = match mistake.mistake() {
        Mistake::CannotKnow(why) => (why.condition.word(), Some(why.role.clone())),
        Mistake::TooHard(_) | Mistake::MoreToKnow { .. } | Mistake::More { .. } => ("limit", None),
        _ => ("language", None),
    };
    let start = mistake.start();
    Error {
        condition,
        role,
        message: mistake.message(),
        line: start.line,
        column: start.column + 1,
    }
}
