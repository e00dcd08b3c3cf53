//! One message after the other is lost, or late.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use telltale_vm::{Cause, Fault, Observed, SendDecision, SessionId};

use crate::failure::{attempt, caught};
use crate::machine::TestVM;
use crate::network::{Disturbance, SentMessage};
use crate::schedule::Schedule;

/// What becomes of a scenario without one of its messages.
///
/// It prints which message, and what became of each session.
///
/// ```
/// # use telltale_vm::{HandlerResult, ByHandler, choreography};
/// # choreography! { pub protocol Tell(Alice, Bob) { Alice -> Bob: Hello(String); } }
/// # fn main() {
/// use telltale_testing::{Fate, Script, lose_each_message};
///
/// let runs = lose_each_message(|vm| {
///     tell::Roles { alice: ByHandler, bob: ByHandler }.open_detached(vm)?;
///     Ok(vm.run(&Script::new().send("Alice", "Hello", "Bob?"))?)
/// });
/// let [without_hello] = &runs[..] else { panic!("there is one message") };
/// assert_eq!(without_hello.message().label, "Hello");
/// assert!(without_hello.result().is_err() && without_hello.panic().is_none());
/// assert_eq!(without_hello.fates().len(), 1);
/// assert_eq!(*without_hello.fate(), Fate::Stuck("`Bob` waits for `Alice`".to_owned()));
/// assert_eq!(
///     without_hello.to_string(),
///     "without message 0 from `Alice` to `Bob`, `Hello`, in session #0: session #0 is stuck: `Bob` waits for `Alice`"
/// );
/// # }
/// ```
#[derive(Debug)]
pub struct Lost<T> {
    message: SentMessage,
    fates: BTreeMap<SessionId, Fate>,
    result: Result<T, Box<dyn Error>>,
}

/// What became of a session.
///
/// ```
/// use telltale_testing::Fate;
///
/// let fate = Fate::Stuck("`Bob` waits for `Alice`".to_owned());
/// assert_eq!(fate.to_string(), "is stuck: `Bob` waits for `Alice`");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fate {
    /// All its roles came to their end.
    Complete,
    /// It runs, or waits for the outside: who waits for whom.
    Waits(String),
    /// Nobody can act any more: who waits for whom.
    Stuck(String),
    /// A role, or the whole of it, went wrong in another way.
    Faulted(Arc<Fault>),
    /// It was cancelled.
    Cancelled,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("is complete"),
            Self::Waits(state) => write!(f, "waits: {state}"),
            Self::Stuck(waiting) => write!(f, "is stuck: {waiting}"),
            Self::Faulted(fault) => write!(f, "faulted: {fault}"),
            Self::Cancelled => f.write_str("was cancelled"),
        }
    }
}

impl<T> Lost<T> {
    /// The message that was lost.
    pub fn message(&self) -> &SentMessage {
        &self.message
    }

    /// What became of the session whose message it was.
    #[expect(clippy::missing_panics_doc, reason = "a scenario does the same in each run")]
    pub fn fate(&self) -> &Fate {
        self.fates
            .get(&self.message.session)
            .expect("a scenario opens the same sessions in each run")
    }

    /// What became of each session.
    pub fn fates(&self) -> &BTreeMap<SessionId, Fate> {
        &self.fates
    }

    /// What the scenario gave.
    ///
    /// # Errors
    ///
    /// What it gave in place of a result: mostly that a session is not complete.
    pub fn result(&self) -> Result<&T, &(dyn Error + 'static)> {
        self.result.as_ref().map_err(|error| &**error)
    }

    /// What a role or a handler panicked with, if one did.
    pub fn panic(&self) -> Option<&str> {
        self.fates.values().find_map(|fate| match fate {
            Fate::Faulted(fault) => match &fault.cause {
                Cause::Panicked { message } => Some(message.as_str()),
                _ => None,
            },
            _ => None,
        })
    }
}

impl<T> fmt::Display for Lost<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "without {}: ", self.message)?;
        for (nth, (session, fate)) in self.fates.iter().enumerate() {
            let comma = if nth == 0 { "" } else { "; " };
            write!(f, "{comma}session {session} {fate}")?;
        }
        Ok(())
    }
}

/// Runs a scenario once for each message that it sends, in which that one is lost, and says what became of it.
///
/// So a test can assert that no role panics, or that each copes. Without the message somebody waits for ever, mostly: then
/// the session is [stuck](Fate::Stuck), and says who waits for whom.
///
/// ```
/// # use telltale_vm::{HandlerResult, ByHandler, choreography};
/// # choreography! { pub protocol Count(Client, Server) { Client -> Server: Word(String); Server -> Client: Letters(u64); } }
/// # #[derive(Default)]
/// # struct Server { letters: u64 }
/// # impl count::Server for Server {
/// #     fn on_word(&mut self, word: String) -> HandlerResult<()> { self.letters = word.len() as u64; Ok(()) }
/// #     fn letters(&mut self) -> HandlerResult<u64> { Ok(self.letters) }
/// # }
/// # fn main() {
/// use telltale_testing::{Script, lose_each_message};
///
/// let runs = lose_each_message(|vm| {
///     let session = count::Roles { client: ByHandler, server: Server::default() }.open(vm)?;
///     vm.run(&Script::new().send("Client", "Word", "tea"))?;
///     session.into_roles(vm).map_err(Into::into)
/// });
/// assert_eq!(runs.len(), 2);
/// for run in &runs {
///     assert_eq!(run.panic(), None, "{run}");
/// }
/// # }
/// ```
///
/// The scenario has to [run](TestVM::run) the VM that it is given, and its handler decides first what becomes of messages, if it
/// has a network of its own.
///
/// # Panics
///
/// When the scenario fails although nothing is lost, or panics itself.
#[must_use = "what became of each run is what it is for"]
#[track_caller]
pub fn lose_each_message<T>(
    scenario: impl FnMut(&mut TestVM) -> Result<T, Box<dyn Error>>,
) -> Vec<Lost<T>> {
    Schedule::default().lose_each_message(scenario)
}

/// Runs a scenario once for each message that it sends, in which that one is late: it arrives when nobody can act without it. What
/// is sent to the same receiver after it stays behind it.
///
/// Sessions that complete do the same then, so the scenario must give the same result, which this gives.
///
/// ```
/// # use telltale_vm::{HandlerResult, ByHandler, choreography};
/// # choreography! { pub protocol Count(Client, Server) { Client -> Server: Word(String); Server -> Client: Letters(u64); } }
/// # #[derive(Default)]
/// # struct Server { letters: u64 }
/// # impl count::Server for Server {
/// #     fn on_word(&mut self, word: String) -> HandlerResult<()> { self.letters = word.len() as u64; Ok(()) }
/// #     fn letters(&mut self) -> HandlerResult<u64> { Ok(self.letters) }
/// # }
/// # fn main() {
/// use telltale_testing::{Script, delay_each_message};
///
/// let letters = delay_each_message(|vm| {
///     let session = count::Roles { client: ByHandler, server: Server::default() }.open(vm)?;
///     vm.run(&Script::new().send("Client", "Word", "tea"))?;
///     Ok(session.into_roles(vm)?.server.letters)
/// });
/// assert_eq!(letters, 3);
/// # }
/// ```
///
/// # Panics
///
/// When the scenario fails, or gives another result than without delay: the panic says which message was late.
#[track_caller]
pub fn delay_each_message<T: PartialEq + fmt::Debug>(
    scenario: impl FnMut(&mut TestVM) -> Result<T, Box<dyn Error>>,
) -> T {
    Schedule::default().delay_each_message(scenario)
}

impl Schedule {
    /// As [`lose_each_message`], in this order of turns.
    ///
    /// ```
    /// # use telltale_vm::{ByHandler, choreography};
    /// # choreography! { pub protocol Tell(Alice, Bob) { Alice -> Bob: Hello(String); } }
    /// # fn main() {
    /// use telltale_testing::{Schedule, Script};
    ///
    /// let runs = Schedule { turns: Some(1), ..Schedule::default() }.lose_each_message(|vm| {
    ///     tell::Roles { alice: ByHandler, bob: ByHandler }.open_detached(vm)?;
    ///     Ok(vm.run(&Script::new().send("Alice", "Hello", "Bob?"))?)
    /// });
    /// assert_eq!(runs[0].message().label, "Hello");
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// When the scenario fails although nothing is lost, or panics itself.
    #[must_use = "what became of each run is what it is for"]
    #[track_caller]
    pub fn lose_each_message<T>(
        self,
        mut scenario: impl FnMut(&mut TestVM) -> Result<T, Box<dyn Error>>,
    ) -> Vec<Lost<T>> {
        let (_, messages) = self.undisturbed(&mut scenario);
        let mut lost = Vec::new();
        for message in messages {
            let mut vm = TestVM::disturbed(self, Disturbance::of(&message, SendDecision::Drop));
            match caught(|| scenario(&mut vm)) {
                Ok(result) => lost.push(Lost { message, fates: fates(&vm), result }),
                Err(panic) => panic!("without {message}: {panic}"),
            }
        }
        lost
    }

    /// As [`delay_each_message`], in this order of turns.
    ///
    /// ```
    /// # use telltale_vm::{ByHandler, choreography};
    /// # choreography! { pub protocol Tell(Alice, Bob) { Alice -> Bob: Hello(String); } }
    /// # fn main() {
    /// use telltale_testing::{Schedule, Script};
    ///
    /// Schedule { capacity: 1, ..Schedule::default() }.delay_each_message(|vm| {
    ///     tell::Roles { alice: ByHandler, bob: ByHandler }.open_detached(vm)?;
    ///     Ok(vm.run(&Script::new().send("Alice", "Hello", "Bob?"))?)
    /// });
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// When the scenario fails, or gives another result than without delay: the panic says which message was late.
    #[track_caller]
    pub fn delay_each_message<T: PartialEq + fmt::Debug>(
        self,
        mut scenario: impl FnMut(&mut TestVM) -> Result<T, Box<dyn Error>>,
    ) -> T {
        let (expected, messages) = self.undisturbed(&mut scenario);
        for message in messages {
            let mut vm = TestVM::disturbed(self, Disturbance::of(&message, SendDecision::Defer));
            match attempt(|| scenario(&mut vm)) {
                Ok(found) if found == expected => {}
                Ok(found) => {
                    panic!("when {message} is late: the result is {found:?}, and not {expected:?}")
                }
                Err(reason) => panic!("when {message} is late: {reason}"),
            }
        }
        expected
    }

    /// What a scenario gives in which every message arrives, and the messages.
    #[track_caller]
    fn undisturbed<T>(
        self,
        scenario: &mut impl FnMut(&mut TestVM) -> Result<T, Box<dyn Error>>,
    ) -> (T, Vec<SentMessage>) {
        let mut vm = TestVM::disturbed(self, Disturbance::default());
        match attempt(|| scenario(&mut vm)) {
            Ok(result) => {
                let messages = vm.into_disturbance().map(Disturbance::into_messages);
                (result, messages.unwrap_or_default())
            }
            Err(reason) => panic!("when every message arrives: {reason}"),
        }
    }
}

/// What became of each session.
fn fates(vm: &TestVM) -> BTreeMap<SessionId, Fate> {
    let mut fates = BTreeMap::new();
    for event in vm.trace() {
        let fate = match event.what {
            Observed::Opened => Fate::Waits(state(vm, event.session)),
            Observed::Closed => Fate::Complete,
            Observed::Cancelled => Fate::Cancelled,
            Observed::Faulted { fault } => match &fault.cause {
                Cause::Stuck { waiting } => Fate::Stuck(waiting.clone()),
                _ => Fate::Faulted(fault),
            },
            _ => continue,
        };
        fates.insert(event.session, fate);
    }
    fates
}

/// Who waits for whom, if the session is running.
fn state(vm: &TestVM, session: SessionId) -> String {
    let view = vm.session(session).map(|view| view.to_string()).unwrap_or_default();
    view.strip_prefix(&format!("{session}: ")).unwrap_or_default().to_owned()
}
