//! A handle with which other threads open, wake, close and cancel sessions.

use std::fmt;
use std::sync::Arc;

use telltale_bytecode::CodeImage;

use super::board::Board;
use super::objects::Kept;
use super::series::Series;
use super::worker::Request;
use crate::memory::arena::Slot;
use crate::roles::objects::RoleObjects;
use crate::roles::play::not_from_outside;
use crate::roles::session::SessionHost;
use crate::session::VmTag;
use crate::{Outcome, SessionId, VM, VMError};

/// What a machine with threads shares with its remotes.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) board: Board<Request>,
    pub(super) series: Arc<Series>,
    /// That of the first worker.
    pub(super) tag: VmTag,
    pub(super) workers: usize,
}

/// A handle of a [`ThreadedVM`](super::ThreadedVM), for other threads: it opens sessions, wakes their roles, closes and
/// cancels them, also while the machine runs.
///
/// What it asks is accepted at once and done later: by the run that is going on, between two turns of the session's
/// worker, or else by the next one. What one thread asks of a session is done in the order in which it was asked. The name
/// of a session is valid as soon as it is given, though the session is opened later.
///
/// So nobody can be told at once what goes wrong: at a limit of the machine, or because a session has ended or a role does
/// not wait. Such requests change nothing, role objects that come with them are dropped, and
/// [`ThreadedVM::refusals`](super::ThreadedVM::refusals) lists them after the run. A wake is not
/// too early if it is asked for after the role was asked: should the role's answer, that there is none yet, still be on
/// its way, the wake comes behind it.
///
/// ```
/// # use telltale_vm::{Branch, Context, EffectHandler, HandlerResult, LabelId, Picked, RoleId, Value};
/// # struct Units;
/// # impl EffectHandler for Units {
/// #     fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
/// #         Ok(Value::Unit)
/// #     }
/// #     fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
/// #         Ok(())
/// #     }
/// #     fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
/// #         Ok(Picked { branch: 0, value: Value::Unit })
/// #     }
/// # }
/// # let global = telltale_types::GlobalTerm::send("A", "B", telltale_types::Label::new("Ping"),
/// #     telltale_types::GlobalTerm::end()).close()?;
/// # let projected = telltale_theory::project_all(&global)?;
/// # let image = telltale_vm::loader::CodeImage::from_local_types(&projected.into_iter().collect(), &global);
/// use telltale_vm::{Progress, ThreadedVM, VMConfig};
///
/// let mut vm = ThreadedVM::new(VMConfig::default(), std::thread::available_parallelism()?);
/// let remote = vm.remote();
/// let clients = std::thread::spawn(move || {
///     for _ in 0..1_000 {
///         remote.load_choreography(&image).expect("the machine is there");
///     }
/// });
/// // A server: sessions act, then it waits, until nobody can ask for anything more.
/// while vm.wait_for_work() {
///     vm.run(&Units, usize::MAX)?;
/// }
/// assert_eq!(vm.progress(), Progress::Complete);
/// # clients.join().expect("no panic");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Remote {
    shared: Arc<Shared>,
}

impl Remote {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        shared.board.join();
        Self { shared }
    }

    /// Opens a session of an image, whose roles are played by the handler of the run.
    ///
    /// # Errors
    ///
    /// When the machine is gone.
    pub fn load_choreography(&self, image: &CodeImage) -> Result<SessionId, VMError> {
        let (image, session) = (image.clone(), self.next_session());
        self.ask(session, move |vm| vm.load_early(session, &image))?;
        Ok(session)
    }

    /// The handler of a role that had no answer has one now, as [`VM::wake`] says.
    ///
    /// # Errors
    ///
    /// When the session belongs to another machine, or this one is gone.
    pub fn wake(&self, session: SessionId, role: &str) -> Result<(), VMError> {
        let role = role.to_owned();
        self.ask(session, move |vm| vm.wake(session, &role))
    }

    /// Begins to close a session, as [`VM::close`] says.
    ///
    /// # Errors
    ///
    /// When the session belongs to another machine, or this one is gone.
    pub fn close(&self, session: SessionId) -> Result<(), VMError> {
        self.ask(session, move |vm| vm.close(session))
    }

    /// Ends a session, whatever it is doing, as [`VM::cancel`] says.
    ///
    /// # Errors
    ///
    /// When the session belongs to another machine, or this one is gone.
    pub fn cancel(&self, session: SessionId, reason: &str) -> Result<(), VMError> {
        let reason = reason.to_owned();
        self.ask(session, move |vm| vm.cancel(session, &reason))
    }

    /// The name of a session that will be opened.
    fn next_session(&self) -> SessionId {
        let number = self.shared.series.draw();
        let worker = (number % self.shared.workers as u64) as usize;
        SessionId::new(self.shared.tag.of_worker(worker), number, Slot::UNKNOWN)
    }

    /// Asks something of the machine of a session, which needs nothing else for it.
    fn ask(
        &self,
        session: SessionId,
        act: impl FnOnce(&mut VM) -> Result<(), VMError> + Send + 'static,
    ) -> Result<(), VMError> {
        self.post(session, move |vm| vm.map_or(Err(VMError::MachineGone), act))
    }

    fn post(
        &self,
        session: SessionId,
        act: impl FnOnce(Option<&mut VM>) -> Result<(), VMError> + Send + 'static,
    ) -> Result<(), VMError> {
        if !session.vm().is_of_same_machine(self.shared.tag) {
            return Err(VMError::ForeignSession { session });
        }
        let asked =
            self.shared.board.ask(session.vm().worker(), Request { session, act: Box::new(act) });
        asked.or_else(|request| (request.act)(None))
    }
}

impl SessionHost for Remote {
    fn open_session(
        &mut self,
        image: &CodeImage,
        objects: impl RoleObjects,
        owned: bool,
    ) -> Result<SessionId, VMError> {
        not_from_outside(image, objects.players())?;
        let (image, session, objects) = (image.clone(), self.next_session(), Kept::new(objects));
        self.post(session, move |vm| {
            if let Some(vm) = vm {
                return vm.open_session_early(session, &image, objects, owned);
            }
            objects.discard();
            Err(VMError::MachineGone)
        })?;
        Ok(session)
    }

    /// Role objects come back from the machine only.
    fn take_session<C: RoleObjects>(
        &mut self,
        session: SessionId,
    ) -> Result<(Outcome, C), VMError> {
        Err(VMError::NotHere { session })
    }
}

impl Clone for Remote {
    fn clone(&self) -> Self {
        Self::new(self.shared.clone())
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.shared.board.leave();
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remote")
    }
}
