//! Logs as lines of JSON.

use std::io::{self, BufRead, Read as _};

use super::{LineError, LogEvent};
use crate::foreign::{Object, said, sentence};

/// What some editors put in front of UTF-8.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// How many bytes a line may have. A line is read as a whole, and nothing else of the log is kept.
pub const LINE_LIMIT: u64 = 1 << 20;

/// The events of a log that has one on each line, as JSON; blank lines are skipped, and so is the mark that some editors put in
/// front of UTF-8.
///
/// The log may be of any size: it is read while it is checked.
///
/// ```
/// use telltale_types::{GlobalTerm, Label, LocalTerm, json_lines};
///
/// let log = r#"
///     {"sender": "Client", "receiver": "Server", "label": "Ask", "at": "12:30"}
///     {"sender": "Server", "receiver": "Client", "label": "Answer", "at": "12:31"}
/// "#;
/// let ask = |then| LocalTerm::send("Server", Label::new("Ask"), then);
/// let client = ask(LocalTerm::recv("Server", Label::new("Answer"), LocalTerm::end())).close()?;
/// assert!(client.accepts("Client", json_lines(log.as_bytes()))?.is_complete());
///
/// let error = client.accepts("Client", json_lines(&b"{\"sender\": \"Client\"}"[..])).unwrap_err();
/// assert_eq!(error.to_string(), "line 1, column 20: missing field `receiver`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn json_lines<R: BufRead>(reader: R) -> JsonLines<R> {
    JsonLines { reader, line: 0, text: Vec::new(), is_over: false }
}

/// The events of a log; see [`json_lines`]. After an error of the reader, and after a line that is too long, nothing
/// follows.
#[derive(Debug)]
pub struct JsonLines<R> {
    reader: R,
    line: u64,
    text: Vec<u8>,
    is_over: bool,
}

impl<R: BufRead> Iterator for JsonLines<R> {
    type Item = Result<LogEvent, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            let read = self.read_line();
            self.line += 1;
            match read {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(self.end_at(sentence(error)))),
            }
            if self.text.len() as u64 > LINE_LIMIT {
                let message = format!("longer than {LINE_LIMIT} bytes, which no event is");
                return Some(Err(self.end_at(message)));
            }
            if !self.text.trim_ascii().is_empty() {
                return Some(self.event());
            }
        }
        None
    }
}

impl<R: BufRead> JsonLines<R> {
    fn read_line(&mut self) -> io::Result<usize> {
        self.text.clear();
        let mut reader = self.reader.by_ref().take(LINE_LIMIT + 1);
        let read = reader.read_until(b'\n', &mut self.text)?;
        if self.line == 0 && self.text.starts_with(MARK) {
            self.text.drain(..MARK.len());
        }
        Ok(read)
    }

    fn end_at(&mut self, message: String) -> LineError {
        self.is_over = true;
        LineError::new(self.line, message)
    }

    fn event(&self) -> Result<LogEvent, LineError> {
        let text = self.text.trim_ascii_end();
        let event: LogEvent =
            Object::from_json(text).map_err(|error| line_error(self.line, &error))?;
        Ok(LogEvent { line: Some(self.line), ..event })
    }
}

/// The library counts the lines of what it was given, which is always one.
fn line_error(line: u64, error: &serde_json::Error) -> LineError {
    LineError { line, column: Some(error.column()), message: said(error) }
}
