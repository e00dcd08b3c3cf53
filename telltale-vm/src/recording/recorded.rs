//! A recording that has been read.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead};

use telltale_types::foreign::{said, sentence};

use super::line::{self, Head, How, Line, Protocol, VERSION, Version};
use super::what::What;
use crate::VMConfig;

/// What happened in the sessions of a run.
#[derive(Debug)]
pub struct Recorded {
    config: Option<VMConfig>,
    protocols: Vec<Protocol>,
    pub(super) sessions: BTreeMap<u64, Session>,
    is_cut_off: bool,
}

/// What happened in a session.
#[derive(Debug)]
pub(super) struct Session {
    /// The place of its protocol among those of the recording.
    pub(super) protocol: usize,
    /// By role and lane, in order.
    pub(super) events: BTreeMap<(String, u8), Vec<Event>>,
    /// How it has ended, and the line that says so.
    pub(super) end: Option<(usize, How)>,
}

/// What happened to a role.
#[derive(Debug)]
pub(super) struct Event {
    /// The line of the recording.
    pub(super) line: usize,
    pub(super) what: What,
}

/// A recording that cannot be written or read.
pub struct RecordingError {
    /// The line; 0 if it is none in particular.
    line: usize,
    problem: Problem,
}

enum Problem {
    Io(io::Error),
    /// What cannot be written down.
    Unwritten(String),
    /// It begins with something else.
    Foreign,
    Version(u32),
    Json(serde_json::Error),
    /// What should be in the line.
    Expected(String),
    CutOff,
}

impl RecordingError {
    pub(super) fn unwritten(what: String) -> Self {
        Self { line: 0, problem: Problem::Unwritten(what) }
    }

    pub(super) fn io(error: io::Error) -> Self {
        Self { line: 0, problem: Problem::Io(error) }
    }

    /// The line of the recording where it is not as it should be, counted from 1.
    pub fn line(&self) -> Option<usize> {
        (self.line > 0).then_some(self.line)
    }
}

impl Recorded {
    /// Reads a whole recording.
    ///
    /// # Errors
    ///
    /// When it is none, of another version, damaged, or cut off.
    pub fn read(from: impl BufRead) -> Result<Self, RecordingError> {
        let recorded = Self::read_cut_off(from)?;
        if recorded.is_cut_off {
            return Err(RecordingError { line: 0, problem: Problem::CutOff });
        }
        Ok(recorded)
    }

    /// Reads a recording that may have been cut off because its program was: what is there of it. Its last line is left out if it is
    /// not whole.
    ///
    /// # Errors
    ///
    /// When it is none, of another version, or damaged.
    pub fn read_cut_off(mut from: impl BufRead) -> Result<Self, RecordingError> {
        let (mut text, mut reader) = (Vec::new(), None::<Reader>);
        for line in 1.. {
            text.clear();
            let read = from.read_until(b'\n', &mut text);
            let at = |problem| RecordingError { line, problem };
            if read.map_err(|error| at(Problem::Io(error)))? == 0 {
                break;
            }
            let is_whole = text.pop_if(|last| *last == b'\n').is_some();
            match &mut reader {
                None => reader = Some(Reader::begin(&text).map_err(at)?),
                Some(reader) if is_whole => reader.line(line, &text).map_err(at)?,
                // It was being written when the program ended.
                Some(_) => {}
            }
        }
        let reader = reader.ok_or(RecordingError { line: 1, problem: Problem::Foreign })?;
        Ok(reader.recorded)
    }

    /// How the machine was set up; as usual, if that was not recorded.
    pub fn config(&self) -> VMConfig {
        self.config.clone().unwrap_or_default()
    }

    /// The numbers of the sessions.
    pub fn sessions(&self) -> impl ExactSizeIterator<Item = u64> {
        self.sessions.keys().copied()
    }

    pub(super) fn protocol(&self, session: &Session) -> &Protocol {
        &self.protocols[session.protocol]
    }
}

/// Reads line by line.
struct Reader {
    recorded: Recorded,
}

impl Reader {
    fn begin(text: &[u8]) -> Result<Self, Problem> {
        let version: Version = serde_json::from_slice(text).map_err(|_| Problem::Foreign)?;
        if version.telltale_recording != VERSION {
            return Err(Problem::Version(version.telltale_recording));
        }
        let Head { config, .. } = serde_json::from_slice(text).map_err(Problem::Json)?;
        let (protocols, sessions) = (Vec::new(), BTreeMap::new());
        Ok(Self { recorded: Recorded { config, protocols, sessions, is_cut_off: true } })
    }

    fn line(&mut self, line: usize, text: &[u8]) -> Result<(), Problem> {
        let Recorded { protocols, sessions, is_cut_off, .. } = &mut self.recorded;
        if !*is_cut_off {
            return Err(expected("nothing behind the last line"));
        }
        match Line::read(text).map_err(Problem::Json)? {
            Line::End(end) if end.end == line - 1 => *is_cut_off = false,
            Line::End(end) => {
                return Err(expected(format!("{} lines before this one, the last", end.end)));
            }
            Line::Protocol(protocol) => protocols.push(protocol),
            Line::Opened(opened) => {
                let known = |protocol: &Protocol| protocol.hash == opened.of;
                let protocol = protocols.iter().position(known);
                let protocol = protocol.ok_or_else(|| expected("a protocol from a line above"))?;
                let session = Session { protocol, events: BTreeMap::new(), end: None };
                if sessions.insert(opened.session, session).is_some() {
                    return Err(expected("a session that was not opened before"));
                }
            }
            Line::Ended(ended) => match sessions.get_mut(&ended.session) {
                Some(session) if session.end.is_none() => session.end = Some((line, ended.ends)),
                _ => return Err(expected("a session that is open")),
            },
            Line::Event(event) => {
                let Some(session) = sessions.get_mut(&event.session) else {
                    return Err(expected("a session from a line above"));
                };
                if session.end.is_some() {
                    return Err(expected("a session that is open"));
                }
                session.add(&protocols[session.protocol], line, *event)?;
            }
        }
        Ok(())
    }
}

impl Session {
    /// Whether somebody has asked or told a role anything.
    pub(super) fn plays(&self, role: &str) -> bool {
        self.events.keys().any(|(other, _)| other == role)
    }

    fn add(&mut self, protocol: &Protocol, line: usize, event: line::Event) -> Result<(), Problem> {
        let actor = (event.role.clone(), event.lane);
        let what = What::of_line(event).map_err(expected)?;
        let known = |role: &str| protocol.roles.iter().any(|known| known == role);
        let (label, peer) = what.message().unzip();
        if let Some(role) =
            [Some(actor.0.as_str()), peer].into_iter().flatten().find(|role| !known(role))
        {
            return Err(expected(format!("a role of the protocol, found `{role}`")));
        }
        if let Some(label) = label.filter(|label| !protocol.messages.contains_key(*label)) {
            return Err(expected(format!("a message of the protocol, found `{label}`")));
        }
        self.events.entry(actor).or_default().push(Event { line, what });
        Ok(())
    }
}

fn expected(what: impl Into<String>) -> Problem {
    Problem::Expected(what.into())
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {} of the recording: ", self.line)?;
        }
        match &self.problem {
            Problem::Io(error) => error.fmt(f),
            Problem::Unwritten(what) => f.write_str(what),
            Problem::Foreign => f.write_str("expected `telltale_recording` and its version: this is no recording"),
            Problem::Version(version) => {
                write!(f, "it is of version {version}, and this build reads version {VERSION}")
            }
            // It has seen this line only, and would call it the first.
            Problem::Json(error) => write!(f, "column {}: {}", error.column(), said(error)),
            Problem::Expected(what) => write!(f, "expected {}", sentence(what)),
            Problem::CutOff => f.write_str(
                "the recording is cut off: it has no last line (`Recorded::read_cut_off` reads what is there)",
            ),
        }
    }
}

/// `main` prints errors with `Debug`, and a reader wants a sentence there.
impl fmt::Debug for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for RecordingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Io(error) => Some(error),
            Problem::Json(error) => Some(error),
            _ => None,
        }
    }
}
