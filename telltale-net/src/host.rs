//! A host: sessions for async code.

use std::any::Any;
use std::fmt;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use telltale_vm::generated::endpoints::{self, Opened};
use telltale_vm::generated::{NamedRoles, RoleObjects, SessionHost};
use telltale_vm::loader::CodeImage;
use telltale_vm::{ObsEvent, Recording, SessionId, VM, VMConfig, VMError};

use crate::guard::{self, Held};
use crate::machine::{Machine, TakeObjects};
use crate::session::Session;

/// A machine that is shared by async code, and by threads.
///
/// Its sessions are spread over several VMs, so that threads that play different ones do not wait for each other. It is
/// cheap to clone; all clones are one host. Sessions do not end when their host is dropped.
///
/// ```
/// use telltale_net::Host;
///
/// fn is_shared_by_tasks<T: Clone + Send + Sync + 'static>(_: T) {}
/// is_shared_by_tasks(Host::new());
/// ```
#[derive(Clone)]
pub struct Host {
    shards: Arc<Shards>,
}

struct Shards {
    machines: Box<[Arc<Mutex<Machine>>]>,
    /// How many sessions have been opened, and how many of them have not ended.
    next: AtomicUsize,
    open: Arc<AtomicUsize>,
}

/// How a host works.
///
/// ```
/// use telltale_net::{Host, HostConfig};
/// use telltale_vm::VMConfig;
///
/// let vm = VMConfig { capacity: 8, ..HostConfig::default().vm };
/// let host = Host::with(HostConfig { vm, ..HostConfig::default() });
/// # let _ = host;
/// ```
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Over how many VMs sessions are spread; at least one. By default, four for each thread that the machine runs at
    /// once.
    pub shards: usize,
    /// How each of these VMs works, and how many sessions it may have. By default as a VM does, but nothing is recorded. What is recorded,
    /// [`Host::trace`] gives.
    pub vm: VMConfig,
}

impl Default for HostConfig {
    fn default() -> Self {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let vm = VMConfig { recording: Recording::Off, ..VMConfig::default() };
        Self { shards: 4 * threads, vm }
    }
}

impl Host {
    /// A host without sessions.
    pub fn new() -> Self {
        Self::with(HostConfig::default())
    }

    /// A host that works as the configuration says.
    pub fn with(config: HostConfig) -> Self {
        let HostConfig { shards, vm } = config;
        let open = Arc::new(AtomicUsize::new(0));
        let machine = |_| Arc::new(Mutex::new(Machine::new(vm.clone(), open.clone())));
        let machines = (0..shards.max(1)).map(machine).collect();
        Self { shards: Arc::new(Shards { machines, next: AtomicUsize::new(0), open }) }
    }

    /// How many sessions have not ended.
    ///
    /// ```
    /// assert_eq!(telltale_net::Host::new().open_sessions(), 0);
    /// ```
    pub fn open_sessions(&self) -> usize {
        self.shards.open.load(Ordering::Relaxed)
    }

    /// A role object that had no answer ([`HandlerError::pending`](telltale_vm::HandlerError::pending)) has one now: it is asked again. The
    /// session is named by the `id` of what `open_on` has given.
    ///
    /// A role object may call this as well. Then it happens when the objects of its session have acted, and what goes wrong is told
    /// nobody.
    ///
    /// ```
    /// # use telltale_net::Host;
    /// # use telltale_vm::{Driven, HandlerError, HandlerResult, choreography};
    /// # choreography! { #[endpoints] pub protocol Ask(Client, Server) { Client -> Server: What(String); Server -> Client: That(u64); } }
    /// # struct Server;
    /// # impl ask::Server for Server {
    /// #     fn on_what(&mut self, _: String) -> HandlerResult<()> { Ok(()) }
    /// #     fn that(&mut self) -> HandlerResult<u64> { Err(HandlerError::pending()) }
    /// # }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let host = Host::new();
    /// let mut opened = ask::Roles { client: Driven, server: Server }.open_on(&host)?;
    /// let client = opened.client().expect("nobody has it yet");
    /// let client = pollster::block_on(client.what("tea".to_owned()))?;
    /// // The server has no answer. When it has one:
    /// host.wake(opened.id(), "Server")?;
    /// // Or, if it never has:
    /// host.cancel(opened.id(), "nobody knows")?;
    /// let error = pollster::block_on(client.that()).expect_err("it was cancelled");
    /// assert_eq!(error.to_string(), "the session was cancelled: nobody knows");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the session has ended, is none of this host, has no such role, or the role does not wait for an answer.
    pub fn wake(&self, session: SessionId, role: &str) -> Result<(), VMError> {
        if guard::holds_one() {
            let (host, role) = (self.clone(), role.to_owned());
            guard::postpone(move || {
                let _told_nobody = host.wake(session, &role);
            });
            return Ok(());
        }
        self.machine_of(session)?.wake(session, role)
    }

    /// Ends a session, whatever it is doing. All of its endpoints are told why, and `into_roles` gives its role objects back.
    ///
    /// A role object may call this as well. Then it happens when the objects of its session have acted, and what goes wrong is told
    /// nobody.
    ///
    /// # Errors
    ///
    /// When the session has ended, or is none of this host.
    pub fn cancel(&self, session: SessionId, reason: &str) -> Result<(), VMError> {
        if guard::holds_one() {
            let (host, reason) = (self.clone(), reason.to_owned());
            guard::postpone(move || {
                let _told_nobody = host.cancel(session, &reason);
            });
            return Ok(());
        }
        self.machine_of(session)?.cancel(session, reason)
    }

    /// What was recorded and is kept, VM by VM, if [`HostConfig::vm`] says that something is. Those of one session are in their order.
    ///
    /// ```
    /// assert!(telltale_net::Host::new().trace()?.is_empty());
    /// # Ok::<(), telltale_vm::VMError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When a role object asks: the machine of its session is busy.
    pub fn trace(&self) -> Result<Vec<ObsEvent>, VMError> {
        let mut events = Vec::new();
        for machine in &self.shards.machines {
            events.extend(hold(machine).ok_or(VMError::HostBusy)?.vm.trace());
        }
        Ok(events)
    }

    /// The machine of a session. This thread holds none.
    fn machine_of(&self, session: SessionId) -> Result<Held<'_>, VMError> {
        let is_there = |held: &Held<'_>| {
            !matches!(held.vm.status(session), Err(VMError::ForeignSession { .. }))
        };
        let mut machines = self.shards.machines.iter().map(|machine| guard::hold(machine));
        machines.find(is_there).ok_or(VMError::ForeignSession { session })
    }
}

impl endpoints::Host for Host {
    fn open<R: NamedRoles>(
        &self,
        image: &CodeImage,
        roles: R,
        are_kept: bool,
    ) -> Result<Opened<R>, VMError> {
        let objects = roles.into_objects();
        let players = objects.players();
        let has_objects = endpoints::has_objects(image, players)?;
        let (machine, mut held) = self.some_machine()?;
        let session = held.vm.open_compiled_session(image, objects, are_kept)?;
        let take: TakeObjects = take_objects::<R>;
        let key = held.enter(session, has_objects, are_kept.then_some(take));
        drop(held);
        let session = Session::new(machine.clone(), session, key);
        Ok(Opened::new(session.clone(), session.id(), players))
    }
}

impl Host {
    /// The next machine that has room for one more session; where this thread holds one, the next that nobody holds. If none has
    /// room, the next one says so.
    fn some_machine(&self) -> Result<(&Arc<Mutex<Machine>>, Held<'_>), VMError> {
        let Shards { machines, next, .. } = &*self.shards;
        let first = next.fetch_add(1, Ordering::Relaxed) % machines.len();
        let (before, from) = machines.split_at(first);
        let mut in_order = from.iter().chain(before);
        let mut held = in_order.clone().filter_map(|machine| Some((machine, hold(machine)?)));
        let with_room = held.find(|(_, held)| held.has_room());
        let any = || in_order.find_map(|machine| Some((machine, hold(machine)?)));
        with_room.or_else(any).ok_or(VMError::HostBusy)
    }
}

/// A machine; nothing if this thread holds one already and somebody holds that one.
fn hold(machine: &Mutex<Machine>) -> Option<Held<'_>> {
    if guard::holds_one() { guard::try_hold(machine) } else { Some(guard::hold(machine)) }
}

fn take_objects<R: NamedRoles>(vm: &mut VM, session: SessionId) -> Option<Box<dyn Any + Send>> {
    let (_, objects) = vm.take_session::<R::Objects>(session).ok()?;
    Some(Box::new(objects))
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("shards", &self.shards.machines.len()).finish_non_exhaustive()
    }
}
