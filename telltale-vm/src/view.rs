//! A look at sessions and their roles, without a way to change them.

use std::fmt;

use telltale_bytecode::{Instr, Pc};
use telltale_types::RoleId;

use crate::lines::{Lines, label_of, role_of};
use crate::memory::channel::{self, Plan};
use crate::memory::coroutine::{
    self, Coro, CoroId, FORKED, HALTED, HOLDS, OUTSIDE, PAUSED, PENDING,
};
use crate::memory::deferred::{Deferred, Outstanding};
use crate::memory::wraps::Wraps;
use crate::memory::{header, ready};
use crate::program::loaded::Loaded;
use crate::{Message, SessionId, SessionStatus, VM, VMError, Value};

/// A session, as it is now.
#[derive(Clone, Copy)]
pub struct SessionView<'a> {
    session: SessionId,
    block: &'a [u64],
    loaded: &'a Loaded,
    deferred: &'a Deferred,
    wraps: &'a Wraps,
}

/// One role of a session, or one of the things that a role does at once, as it is now.
#[derive(Clone, Copy)]
pub struct CoroutineView<'a> {
    session: SessionView<'a>,
    coro: CoroId,
}

/// What a coroutine is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CoroStatus {
    /// It can act.
    Ready,
    /// It waits for a message.
    AwaitsMessage,
    /// It waits for room in a channel.
    AwaitsRoom,
    /// It waits for its handler, which had no answer yet.
    AwaitsHandler,
    /// It waits for another session, of which it holds an endpoint.
    AwaitsSession,
    /// It waits until all that its role does at once is done.
    AwaitsLanes,
    /// It is played from outside, and could act or waits ([`outside`](crate::outside)).
    FromOutside,
    /// It may not act until it is resumed.
    Paused,
    /// It is done.
    Halted,
}

impl<'a> SessionView<'a> {
    pub(crate) fn new(
        session: SessionId,
        block: &'a [u64],
        loaded: &'a Loaded,
        deferred: &'a Deferred,
        wraps: &'a Wraps,
    ) -> Self {
        Self { session, block, loaded, deferred, wraps }
    }

    /// The session's name.
    pub fn id(&self) -> SessionId {
        self.session
    }

    /// The image of its protocol.
    #[cfg(feature = "serde")]
    pub(crate) fn image(&self) -> &'a telltale_bytecode::Image {
        &self.loaded.image
    }

    /// Where it is in its life.
    pub fn status(&self) -> SessionStatus {
        header::status(self.block).unwrap_or(SessionStatus::Active)
    }

    /// Its roles, in the order in which they are declared; none if they are played through endpoints. Behind them come
    /// the lanes of roles that do several things at once; those that have not begun, or are over, are halted.
    pub fn coroutines(&self) -> impl ExactSizeIterator<Item = CoroutineView<'a>> + use<'a> {
        let session = *self;
        let has_any = header::has_coroutines(self.block);
        let coroutines = if has_any { self.loaded.coroutines } else { 0 };
        (0..coroutines).map(move |coro| CoroutineView { session, coro: RoleId::at(coro) })
    }

    /// How many messages are queued from one role to another; nothing if there are no such roles.
    pub fn queued(&self, from: &str, to: &str) -> Option<usize> {
        let names = self.loaded.image.names();
        let pair = (names.find_role(from)?, names.find_role(to)?);
        let between = self.loaded.plans.existing().iter();
        let between = between.filter(|(channel, _)| (channel.from, channel.to) == pair);
        Some(between.map(|(_, plan)| channel::len(self.block, *plan)).sum())
    }

    /// A message of this session, for [`VM::inject`](crate::VM::inject). Of several channels between the two roles it
    /// takes the first; [`Message::lane`] says which.
    ///
    /// # Errors
    ///
    /// When the protocol has no such role or label.
    pub fn message(
        &self,
        from: &str,
        to: &str,
        label: &str,
        value: Value,
    ) -> Result<Message, VMError> {
        let names = self.loaded.image.names();
        let missing = |kind: &str, name: &str| {
            let what = format!("{kind} `{name}`");
            VMError::NotInProtocol { session: self.session, what }
        };
        let from = names.find_role(from).ok_or_else(|| missing("role", from))?;
        let to = names.find_role(to).ok_or_else(|| missing("role", to))?;
        let mut channels = self.loaded.image.channels().iter();
        let first = channels.find(|channel| (channel.from, channel.to) == (from, to));
        Ok(Message {
            from,
            to,
            lane: first.map_or(0, |channel| channel.lane()),
            label: names.find_label(label).ok_or_else(|| missing("label", label))?,
            value,
        })
    }

    /// What the roles of a running session do: one of them can act, or who waits for whom.
    pub(crate) fn state(&self) -> String {
        if self.is_ready() {
            return "it can go on: call `run`, or let it have more rounds".to_owned();
        }
        self.who_waits()
    }

    /// Whether some role can act. On the script there are no ready bits: it is queued unless it stands still.
    pub(crate) fn is_ready(&self) -> bool {
        if header::is_detached(self.block) {
            return false;
        }
        match header::place(self.block) {
            Some(_) => header::is_queued(self.block),
            None => ready::any(self.block, ready::words(self.loaded.coroutines)),
        }
    }

    /// Whether some role waits for its handler or for another session, or is paused, or a message is deferred.
    pub(crate) fn waits_for_outside(&self) -> bool {
        let waits = |status| {
            matches!(
                status,
                CoroStatus::AwaitsHandler | CoroStatus::AwaitsSession | CoroStatus::Paused
            )
        };
        header::is_detached(self.block)
            || !self.deferred.outstanding(self.session).is_empty()
            || self.coroutines().any(|coroutine| waits(coroutine.status()))
    }

    /// Whether every role is done or may stop where it is, and nothing is on its way.
    pub(crate) fn is_at_rest(&self) -> bool {
        let is_empty = |plan: Plan| channel::len(self.block, plan) == 0;
        let may_stop =
            |coroutine: CoroutineView<'_>| coroutine.coro().has(HALTED) || coroutine.may_rest();
        self.coroutines().all(may_stop) && self.loaded.plans.all().all(is_empty)
    }

    /// Who waits for whom: `` `Bob` waits for `Alice`, `Alice` waits for `Bob` ``.
    pub(crate) fn who_waits(&self) -> String {
        self.who(CoroutineView::status)
    }

    /// The same where nobody will act any more, whoever plays the roles.
    pub(crate) fn who_is_stuck(&self) -> String {
        self.who(CoroutineView::status_by_instr)
    }

    fn who(&self, status: fn(&CoroutineView<'a>) -> CoroStatus) -> String {
        let mut lines = Lines::joined_by(", ");
        for coroutine in self.coroutines() {
            let status = status(&coroutine);
            if !matches!(status, CoroStatus::Halted | CoroStatus::AwaitsLanes) {
                coroutine.describe(status, &mut lines);
            }
        }
        self.aside(&mut lines);
        lines.all
    }

    /// Why nobody acts in the seats of a session without coroutines, unless it is for those who hold its endpoints.
    fn in_seats(&self, lines: &mut Lines) {
        let names = self.loaded.image.names();
        for role in (0..self.loaded.roles).map(RoleId::at) {
            let name = role_of(names, role);
            if coroutine::read(self.block, self.loaded.roles_at + role.index()).has(PAUSED) {
                lines.add(format_args!("`{name}` is paused"));
            }
        }
        self.aside(lines);
    }

    /// Messages that nobody receives now: those that are deferred, and those for roles that are done or played from outside.
    fn aside(&self, lines: &mut Lines) {
        if header::is_detached(self.block) {
            lines.add(format_args!("its role objects have not been attached"));
        }
        let names = self.loaded.image.names();
        for &Outstanding { from, to, label, .. } in self.deferred.outstanding(self.session) {
            let (from, to, label) =
                (role_of(names, from), role_of(names, to), label_of(names, label));
            lines.add(format_args!("`{label}` from `{from}` to `{to}` is deferred"));
        }
        for &(channel, plan) in self.loaded.plans.existing() {
            let receiver = self.coroutines().nth(channel.to.index());
            let coro = receiver.map(|receiver| receiver.coro());
            let (one, several) = match coro {
                Some(coro) if coro.has(HALTED) => ("is left for", "are left for"),
                // It has to be taken from outside, or given to whoever is elsewhere.
                Some(coro) if coro.has(OUTSIDE) => ("has come for", "have come for"),
                _ => continue,
            };
            let (from, to) = (role_of(names, channel.from), role_of(names, channel.to));
            match channel::len(self.block, plan) {
                0 => {}
                1 => lines.add(format_args!("1 message of `{from}` {one} `{to}`")),
                many => lines.add(format_args!("{many} messages of `{from}` {several} `{to}`")),
            }
        }
    }
}

impl<'a> CoroutineView<'a> {
    /// Its number in the session.
    pub fn id(&self) -> usize {
        self.coro.index()
    }

    /// The role it plays.
    pub fn role(&self) -> &'a str {
        role_of(self.session.loaded.image.names(), self.role_id())
    }

    /// Which of the things that the role does at once it does; 0 if it is the role's own.
    pub fn lane(&self) -> u8 {
        self.session.loaded.actor_of(self.coro).lane
    }

    fn role_id(&self) -> RoleId {
        self.session.loaded.actor_of(self.coro).role
    }

    /// The session it belongs to.
    pub fn session_id(&self) -> SessionId {
        self.session.session
    }

    /// The instruction it is at, counted from the first of its program.
    pub fn pc(&self) -> usize {
        self.place().index()
    }

    /// Its program.
    pub fn program(&self) -> &'a [Instr] {
        &self.session.loaded.image.programs[self.role_id()]
    }

    /// How many effects it had.
    pub fn effects(&self) -> u64 {
        let SessionView { session, wraps, .. } = self.session;
        wraps.count(session, self.session.loaded.actor_of(self.coro), self.coro().count)
    }

    /// What it is doing.
    pub fn status(&self) -> CoroStatus {
        let coro = self.coro();
        if coro.has(HALTED) {
            CoroStatus::Halted
        } else if coro.has(PAUSED) {
            CoroStatus::Paused
        } else if coro.has(FORKED) {
            CoroStatus::AwaitsLanes
        } else if coro.has(OUTSIDE) {
            CoroStatus::FromOutside
        } else if coro.has(PENDING) {
            CoroStatus::AwaitsHandler
        } else if header::place(self.session.block).is_some() {
            self.status_on_script()
        } else if ready::contains(self.session.block, self.coro) {
            CoroStatus::Ready
        } else if self.instr().is_some_and(is_outside) {
            CoroStatus::AwaitsSession
        } else if coro.has(HOLDS) || matches!(self.instr(), Some(Instr::Send { .. })) {
            CoroStatus::AwaitsRoom
        } else {
            CoroStatus::AwaitsMessage
        }
    }

    /// What it is doing, whoever plays it.
    fn status_by_instr(&self) -> CoroStatus {
        match (self.status(), self.instr()) {
            (CoroStatus::FromOutside, Some(Instr::Send { .. } | Instr::Choose { .. })) => {
                CoroStatus::AwaitsRoom
            }
            (CoroStatus::FromOutside, _) => CoroStatus::AwaitsMessage,
            (status, _) => status,
        }
    }

    /// What it is doing if it has no mark: on the script nothing is on its way, so a role at a receiving instruction
    /// waits for others to begin.
    fn status_on_script(&self) -> CoroStatus {
        match self.instr() {
            Some(Instr::Recv { .. } | Instr::Offer { .. }) => CoroStatus::AwaitsMessage,
            _ => CoroStatus::Ready,
        }
    }

    /// Whether it may stop where it is, although it could still receive something.
    pub fn may_rest(&self) -> bool {
        let SessionView { loaded, block, .. } = self.session;
        loaded.may_rest(block, self.role_id(), self.coro().pc())
    }

    fn coro(&self) -> Coro {
        coroutine::read(self.session.block, self.session.loaded.roles_at + self.coro.index())
    }

    fn place(&self) -> Pc {
        Pc(self.coro().pc() - self.session.loaded.image.programs.start(self.role_id()))
    }

    fn instr(&self) -> Option<Instr> {
        self.program().get(self.place().index()).copied()
    }

    /// Whether it waits for this role of its session.
    fn awaits(&self, role: RoleId) -> bool {
        match self.instr() {
            Some(instr) if is_outside(instr) => false,
            Some(Instr::Send { to: peer, .. } | Instr::Recv { from: peer, .. }) => peer == role,
            Some(Instr::Offer { set, .. } | Instr::Choose { set, .. }) => {
                let branches = self.session.loaded.image.find_branches(set).unwrap_or_default();
                branches.iter().any(|branch| branch.peer == role)
            }
            _ => false,
        }
    }

    /// The roles of its session for which it waits: `` `Alice` or `Bob` ``.
    fn awaited(&self) -> String {
        let mut peers = Lines::joined_by(" or ");
        let Loaded { image, roles, .. } = self.session.loaded;
        for role in (0..*roles).map(RoleId::at) {
            if self.awaits(role) {
                let name = role_of(image.names(), role);
                peers.add(format_args!("`{name}`"));
            }
        }
        peers.all
    }

    fn describe(&self, status: CoroStatus, lines: &mut Lines) {
        let role = self.role();
        let does: &dyn fmt::Display = match status {
            CoroStatus::Halted => &"is done",
            CoroStatus::Ready => &"can act",
            CoroStatus::AwaitsHandler => &"waits for its handler",
            CoroStatus::AwaitsSession => &"waits for another session",
            CoroStatus::AwaitsLanes => &"waits for its lanes",
            CoroStatus::FromOutside => &"is played from outside",
            CoroStatus::Paused => &"is paused",
            CoroStatus::AwaitsRoom if self.coro().has(HOLDS) => {
                &"waits for room for the message that it has chosen"
            }
            CoroStatus::AwaitsRoom => {
                &format!("waits for room in its channel to {}", self.awaited())
            }
            CoroStatus::AwaitsMessage => &format!("waits for {}", self.awaited()),
        };
        match self.lane() {
            0 => lines.add(format_args!("`{role}` {does}")),
            lane => lines.add(format_args!("`{role}` in lane {lane} {does}")),
        }
    }
}

/// Whether an instruction acts through an endpoint in a register.
fn is_outside(instr: Instr) -> bool {
    match instr {
        Instr::Send { via, .. }
        | Instr::Recv { via, .. }
        | Instr::Offer { via, .. }
        | Instr::Choose { via, .. } => via.as_reg().is_some(),
        _ => false,
    }
}

impl fmt::Display for SessionView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !header::has_coroutines(self.block) {
            write!(f, "{}: its roles are played through endpoints", self.session)?;
            let mut lines = Lines::joined_by(", ");
            self.in_seats(&mut lines);
            let between = if lines.all.is_empty() { "" } else { ", " };
            return write!(f, "{between}{}", lines.all);
        }
        let mut lines = Lines::joined_by(", ");
        for coroutine in self.coroutines() {
            coroutine.describe(coroutine.status(), &mut lines);
        }
        self.aside(&mut lines);
        write!(f, "{}: {}", self.session, lines.all)
    }
}

/// A line for each session that is running: who waits for whom.
impl fmt::Display for VM {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, round) = (self.open_sessions(), self.clock().now());
        let noun = if open == 1 { "session" } else { "sessions" };
        let rounds = if round == 1 { "round" } else { "rounds" };
        write!(f, "{open} {noun} after {round} {rounds}")?;
        self.sessions().try_for_each(|session| write!(f, "\n{session}"))
    }
}

impl fmt::Debug for SessionView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionView({self})")
    }
}

impl fmt::Debug for CoroutineView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CoroutineView({}, {} at {})", self.session_id(), self.role(), self.pc())
    }
}
