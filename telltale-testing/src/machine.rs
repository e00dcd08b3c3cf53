//! A VM that is driven as a schedule says.

use std::ops::{Deref, DerefMut};

use telltale_vm::generated::{RoleObjects, SessionHost};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    EffectHandler, Message, Outcome, Progress, Recording, SessionId, VM, VMConfig, VMError,
};

use crate::network::{Disturbance, Disturbed};
use crate::schedule::Schedule;

/// A VM of a test: a [`VM`] that a [`Schedule`] drives.
///
/// Sessions are opened in it as in any VM, [`TestVM::run`] lets them act, and everything else is that of the [`VM`] that it
/// dereferences to.
///
/// ```
/// # use telltale_vm::{HandlerResult, ByHandler, choreography};
/// # choreography! { pub protocol Tell(Alice, Bob) { Alice -> Bob: Hello(String); } }
/// # #[derive(Default)]
/// # struct Bob { heard: String }
/// # impl tell::Bob for Bob {
/// #     fn on_hello(&mut self, hello: String) -> HandlerResult<()> { self.heard = hello; Ok(()) }
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use telltale_testing::{Schedule, Script};
///
/// let mut vm = Schedule { capacity: 1, ..Schedule::default() }.vm();
/// let session = tell::Roles { alice: ByHandler, bob: Bob::default() }.open(&mut vm)?;
/// vm.pause("Bob");
/// vm.run(&Script::new().send("Alice", "Hello", "Bob?"))?;
/// assert_eq!(vm.session(session.id())?.queued("Alice", "Bob"), Some(1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TestVM {
    vm: VM,
    schedule: Schedule,
    disturbance: Option<Disturbance>,
    /// Messages that are delayed, oldest first.
    mail: Vec<(SessionId, Message)>,
}

/// How often sessions are given turns or rounds before they are taken for endless.
const ENOUGH: usize = 1_000_000;

impl TestVM {
    /// A VM that is set up like this, but for what the schedule says.
    pub(crate) fn new(config: VMConfig, schedule: Schedule) -> Self {
        let Schedule { policy, quantum, capacity, seed, .. } = schedule;
        let recording = Recording::Full;
        let config = VMConfig { policy, quantum, capacity, seed, recording, ..config };
        Self { vm: VM::new(config), schedule, disturbance: None, mail: Vec::new() }
    }

    /// One in whose network something happens.
    pub(crate) fn disturbed(schedule: Schedule, disturbance: Disturbance) -> Self {
        let vm = Self::new(VMConfig::default(), schedule);
        Self { disturbance: Some(disturbance), ..vm }
    }

    /// The schedule.
    ///
    /// ```
    /// use telltale_testing::Schedule;
    ///
    /// assert_eq!(Schedule::default().vm().schedule(), Schedule::default());
    /// ```
    pub fn schedule(&self) -> Schedule {
        self.schedule
    }

    /// Lets the sessions act until nobody can, as the schedule says. (A million rounds are taken for endless.)
    ///
    /// ```
    /// use telltale_testing::Schedule;
    /// use telltale_vm::{NoHandler, Progress};
    ///
    /// let progress = Schedule::default().vm().run(&NoHandler)?;
    /// assert_eq!(progress, Progress::Complete);
    /// # Ok::<(), telltale_vm::VMError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When sessions faulted that nobody will be told about otherwise; all others have continued.
    pub fn run(&mut self, handler: &dyn EffectHandler) -> Result<Progress, VMError> {
        let Some(disturbance) = self.disturbance.take() else { return self.drive(handler) };
        let disturbed = Disturbed { handler, disturbance };
        let mut ran = self.drive(&disturbed);
        while self.deliver(&disturbed.disturbance) {
            ran = ran.and(self.drive(&disturbed));
        }
        self.disturbance = Some(disturbed.disturbance);
        ran.map(|_| self.vm.progress())
    }

    /// What the network has seen.
    pub(crate) fn into_disturbance(self) -> Option<Disturbance> {
        self.disturbance
    }

    fn drive(&mut self, handler: &dyn EffectHandler) -> Result<Progress, VMError> {
        let Some(turns) = self.schedule.turns else { return self.vm.run(handler, ENOUGH) };
        let mut ran = Ok(());
        for _ in 0..ENOUGH {
            let stepped = self.vm.step_round(handler, turns.max(1));
            ran = ran.and(stepped.map(drop));
            if self.vm.progress() != Progress::OutOfFuel {
                break;
            }
        }
        ran.map(|()| self.vm.progress())
    }

    /// Nobody can act any more: delayed messages arrive, as far as there is room. Says whether there were any.
    fn deliver(&mut self, disturbance: &Disturbance) -> bool {
        let mut sessions: Vec<SessionId> = self.vm.sessions().map(|session| session.id()).collect();
        sessions.sort();
        for session in sessions {
            let messages = self.vm.take_deferred(session).unwrap_or_default();
            self.mail.extend(messages.into_iter().map(|message| (session, message)));
        }
        let (mut is_delivered, mut left) = (false, Vec::new());
        for (session, message) in std::mem::take(&mut self.mail) {
            // One that finds no room holds up those behind it in its channel, but no other lane: that may be what it waits for.
            let channel = (session, message.from, message.to, message.lane);
            let is_behind = left.iter().any(|(session, message): &(SessionId, Message)| {
                channel == (*session, message.from, message.to, message.lane)
            });
            if is_behind {
                left.push((session, message));
                continue;
            }
            match self.vm.inject(session, message) {
                Ok(()) => is_delivered = true,
                Err(rejected) if matches!(rejected.error, VMError::ChannelFull { .. }) => {
                    left.push((session, rejected.message));
                }
                // The session has ended without it.
                Err(_) => {}
            }
        }
        disturbance
            .hold_only(left.iter().map(|(session, message)| (*session, message.from, message.to)));
        self.mail = left;
        is_delivered
    }
}

impl Deref for TestVM {
    type Target = VM;

    fn deref(&self) -> &VM {
        &self.vm
    }
}

impl DerefMut for TestVM {
    fn deref_mut(&mut self) -> &mut VM {
        &mut self.vm
    }
}

impl SessionHost for TestVM {
    fn open_session(
        &mut self,
        image: &CodeImage,
        objects: impl RoleObjects,
        owned: bool,
    ) -> Result<SessionId, VMError> {
        self.vm.open_session(image, objects, owned)
    }

    fn take_session<C: RoleObjects>(
        &mut self,
        session: SessionId,
    ) -> Result<(Outcome, C), VMError> {
        self.vm.take_session(session)
    }
}
