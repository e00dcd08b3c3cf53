//! What became of logs, for programs.

use std::io::Write;

use serde::Serialize;
use telltale_types::{Accepted, LineError, LogError, Place};

use crate::error::Failure;
use crate::json;

/// An array with one object for each log.
#[derive(Default)]
pub(super) struct Report(Vec<Judged>);

#[derive(Serialize)]
struct Judged {
    log: String,
    protocol: String,
    ok: bool,
    /// How many events fit, and how many were between roles that are not watched; null where one does not fit.
    events: Option<u64>,
    skipped: Option<u64>,
    complete: bool,
    error: Option<Error>,
}

#[derive(Serialize)]
struct Error {
    message: String,
    line: Option<u64>,
    expected: Vec<String>,
}

impl Report {
    pub(super) fn add(
        &mut self,
        log: String,
        protocol: &str,
        is_good: bool,
        result: &Result<Accepted, LogError>,
    ) {
        let accepted = result.as_ref().ok();
        self.0.push(Judged {
            log,
            protocol: protocol.to_owned(),
            ok: is_good,
            events: accepted.map(|accepted| accepted.events),
            skipped: accepted.map(|accepted| accepted.skipped),
            complete: accepted.is_some_and(Accepted::is_complete),
            error: result.as_ref().err().map(error),
        });
    }

    pub(super) fn write(&self, out: &mut impl Write) -> Result<(), Failure> {
        json::write(&self.0, out)
    }
}

fn error(error: &LogError) -> Error {
    let expected = match error {
        LogError::Unfit(unfit) => unfit.expected.iter().map(|one| one.text.clone()).collect(),
        _ => Vec::new(),
    };
    Error { message: error.to_string(), line: line(error), expected }
}

fn line(error: &LogError) -> Option<u64> {
    let of_place = |place: &Place| place.line;
    match error {
        LogError::Unfit(unfit) => of_place(&unfit.place),
        LogError::UnknownRole { place, .. }
        | LogError::TooManyWays { place, .. }
        | LogError::TooMuchUnderWay { place, .. } => of_place(place),
        LogError::Line(LineError { line, .. }) => Some(*line),
        _ => None,
    }
}
