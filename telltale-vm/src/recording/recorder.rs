//! Writes down what roles are asked and told, and what they answer.

use std::collections::BTreeSet;
use std::io::Write;
use std::panic::resume_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use telltale_bytecode::{Branch, ContentHash, SetId};
use telltale_types::{LabelId, RoleId};

use super::line::{End, Ended, Head, How, Opened, Protocol, VERSION};
use super::listen::{Listen, Unwritten};
use super::recorded::RecordingError;
use super::what::{Asked, What};
use crate::roles::host::Host;
use crate::roles::observer::{Observe, Observer};
use crate::{
    Context, EffectHandler, HandlerResult, Network, Outcome, Picked, SendDecision, SessionId,
    VMConfig, Value,
};

/// A handler that lets another one answer, and writes down what happens, also to role objects in its run.
///
/// It changes nothing in what happens. Where a payload cannot be written down, the run goes on, and [`Recorder::finish`] says so.
///
/// A run with a recorder is slower than one without, and one without costs what it did.
pub struct Recorder<'h, W = Vec<u8>> {
    handler: &'h dyn EffectHandler,
    log: Mutex<Log<W>>,
}

struct Log<W> {
    to: W,
    config: Option<VMConfig>,
    /// How many lines have been written.
    lines: usize,
    protocols: BTreeSet<ContentHash>,
    sessions: BTreeSet<SessionId>,
    /// What went wrong first. Nothing is written after that.
    error: Option<RecordingError>,
}

impl<'h> Recorder<'h> {
    /// Records into memory what happens in a run with this handler.
    pub fn new(handler: &'h dyn EffectHandler) -> Self {
        Self::to(handler, Vec::new())
    }
}

impl<'h, W: Write> Recorder<'h, W> {
    /// Records into a file, for example. It is written to whenever something happens, a line at a time.
    ///
    /// ```
    /// use std::io::LineWriter;
    /// use telltale_vm::NoHandler;
    /// use telltale_vm::recording::Recorder;
    ///
    /// let recorder = Recorder::to(&NoHandler, LineWriter::new(std::io::stdout()));
    /// ```
    pub fn to(handler: &'h dyn EffectHandler, to: W) -> Self {
        let log = Log {
            to,
            config: None,
            lines: 0,
            protocols: BTreeSet::new(),
            sessions: BTreeSet::new(),
            error: None,
        };
        Self { handler, log: Mutex::new(log) }
    }

    /// Writes down how the machine is set up, so that a replay is set up as well. Without it, a replay has the usual configuration.
    #[must_use]
    pub fn with_config(self, config: VMConfig) -> Self {
        self.log().config = Some(config);
        self
    }

    /// Writes the last line, and gives back what was written to. A recording without its last line is known to be cut off.
    ///
    /// # Errors
    ///
    /// When something could not be written, or not be written down.
    pub fn finish(self) -> Result<W, RecordingError> {
        let mut log = self.log.into_inner().unwrap_or_else(PoisonError::into_inner);
        log.head();
        log.line(&End { end: log.lines });
        match log.error {
            None => Ok(log.to),
            Some(error) => Err(error),
        }
    }

    fn log(&self) -> MutexGuard<'_, Log<W>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> Log<W> {
    fn happened(&mut self, cx: &Context<'_>, what: Result<What, Unwritten<'_>>) {
        self.head();
        self.enter(cx);
        match what {
            Ok(what) => {
                self.line(&what.into_line(cx.session().ordinal(), cx.role_name(), cx.lane()));
            }
            Err(why) => self.fail(|| {
                let session = cx.session();
                RecordingError::unwritten(match why {
                    Unwritten::Payload(from, to, error) => {
                        format!("session {session}, from `{from}` to `{to}`: {error}")
                    }
                    Unwritten::Effect(role, error) => {
                        format!("session {session}, effect of `{role}`: {error}")
                    }
                })
            }),
        }
    }

    fn head(&mut self) {
        if self.lines == 0 {
            let config = self.config.take();
            self.line(&Head { telltale_recording: VERSION, config });
        }
    }

    /// Writes down the session and its protocol if they have not been seen.
    fn enter(&mut self, cx: &Context<'_>) {
        if !self.sessions.insert(cx.session()) {
            return;
        }
        let (names, hash) = (cx.image.names(), cx.image.hash());
        if self.protocols.insert(hash) {
            let messages =
                names.labels().map(|(_, label)| (label.name.to_owned(), label.payload.to_owned()));
            self.line(&Protocol {
                hash: hash.to_string(),
                roles: names.roles().map(|(_, role)| role.to_owned()).collect(),
                messages: messages.collect(),
            });
        }
        self.line(&Opened { session: cx.session().ordinal(), of: hash.to_string() });
    }

    fn line(&mut self, line: &impl Serialize) {
        if self.error.is_some() {
            return;
        }
        let written =
            serde_json::to_vec(line).map_err(std::io::Error::from).and_then(|mut line| {
                line.push(b'\n');
                self.to.write_all(&line)
            });
        match written {
            Ok(()) => self.lines += 1,
            Err(error) => self.fail(|| RecordingError::io(error)),
        }
    }

    fn fail(&mut self, error: impl FnOnce() -> RecordingError) {
        self.error.get_or_insert_with(error);
    }
}

impl<W: Write + Send> EffectHandler for Recorder<'_, W> {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        Observe::send(self, Host::Handler(self.handler), cx, to, label)
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        Observe::receive(self, Host::Handler(self.handler), cx, from, label, value)
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        Observe::choose(self, Host::Handler(self.handler), cx, SetId(0), branches)
    }

    fn invoke(
        &self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        Observe::invoke(self, Host::Handler(self.handler), cx, effect, argument)
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }

    fn observer(&self) -> Observer<'_> {
        Observer(Some(self))
    }
}

impl<W: Write + Send> Listen for Recorder<'_, W> {
    /// It goes on as if nobody had looked.
    fn happened<T>(
        &self,
        cx: &Context<'_>,
        what: Result<What, Unwritten<'_>>,
        outcome: Asked<T>,
    ) -> HandlerResult<T> {
        self.log().happened(cx, what);
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn ended(&self, session: SessionId, outcome: &Outcome) {
        let mut log = self.log();
        // Of a session in which nothing has happened, nothing is known.
        if log.sessions.remove(&session) {
            let why = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
            log.line(&Ended { session: session.ordinal(), ends: How::of(outcome), why });
        }
    }
}

impl<W: Write + Send> Network for Recorder<'_, W> {
    fn decide(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> SendDecision {
        let network = self.handler.network();
        let decision =
            network.map_or(SendDecision::Deliver, |network| network.decide(cx, to, label));
        if decision != SendDecision::Deliver {
            let (label, to) = (cx.label(label).name.to_owned(), cx.name(to).to_owned());
            self.log().happened(cx, Ok(What::Network { label, to, decision }));
        }
        decision
    }
}

impl<W> std::fmt::Debug for Recorder<'_, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recorder")
    }
}
