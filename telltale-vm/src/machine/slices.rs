//! One session after the other acts, until one of them needs the whole machine.

use slab::Slab;

use super::endpoints::Endpoints;
use crate::exec::{Exit, RunContext, Slice};
use crate::memory::arena::Slot;
use crate::memory::coroutine::{self, PENDING, UNANSWERED};
use crate::memory::{header, ready};
use crate::program::loaded::Loaded;
use crate::program::registry::Registry;
use crate::roles::host::{Host, SessionObjects};
use crate::scheduler::run_queue::RunQueue;
use crate::scheduler::{GiveTurns, Turns};
use crate::scripted::leave::halt;
use crate::scripted::run::{EXCHANGE, End, RunLoop, ScriptState};
use crate::{Context, Policy, SessionId};

/// How the sessions of a run act.
#[derive(Clone, Copy)]
pub(super) struct Mode {
    pub(super) policy: Policy,
    /// How it gives turns.
    pub(super) give_turns: GiveTurns,
    /// Whether sessions follow their schedules while they can.
    pub(super) on_script: bool,
    /// Whether turns are counted.
    pub(super) by_turns: bool,
    /// Whether events are written down.
    pub(super) traced: bool,
}

impl Mode {
    /// Whether sessions follow their schedules only where the policy has no choice.
    fn forced_only(self) -> bool {
        self.policy != Policy::Cooperative
    }
}

/// The parts of the machine that slices need, borrowed one by one.
pub(super) struct Slices<'a> {
    pub(super) mode: Mode,
    pub(super) run_queue: &'a mut RunQueue,
    pub(super) objects: &'a mut Slab<SessionObjects>,
    pub(super) endpoints: &'a mut Endpoints,
    pub(super) run: RunContext<'a>,
    pub(super) images: &'a Registry,
    pub(super) session: Session<'a>,
    pub(super) script: ScriptState<'a>,
}

/// The session that acts.
pub(super) struct Session<'a> {
    /// Its image, by its id in the VM.
    pub(super) image: u16,
    pub(super) loaded: &'a Loaded,
    pub(super) cx: Context<'a>,
}

impl Slices<'_> {
    /// Gives slices to the sessions at the head of the queue, round after round. Ends with a session that
    /// needs more than that.
    pub(super) fn run(&mut self, turns: &mut Turns) -> Option<(Slot, Exit)> {
        while turns.left > 0 && self.run_queue.take(self.run.trace) {
            loop {
                let end = if self.mode.by_turns {
                    self.follow_one(turns)
                } else {
                    self.follow_schedules()
                };
                if end == Some(End::NoSession) {
                    break;
                }
                let slot = self.run_queue.slot;
                if end == Some(End::Failure) && self.stands_still() {
                    self.run_queue.leave(slot);
                    break;
                }
                match self.slice(end, turns) {
                    Ok(()) => self.run_queue.requeue(slot),
                    Err(Exit::OnScript) => continue,
                    // With a trace, the session is settled at once, so that its end is recorded behind its last event.
                    Err(Exit::Idle) if !self.mode.traced => self.run_queue.idle.push_back(slot),
                    Err(exit) => return Some((slot, exit)),
                }
                break;
            }
        }
        None
    }

    /// Lets the session follow its schedule, and those that come after it theirs. Gives how that ended;
    /// nothing if the session that comes now is not on its script.
    fn follow_schedules(&mut self) -> Option<End> {
        while self.mode.on_script {
            let block = self.run_queue.block();
            header::place(block)?;
            let objects = header::objects(block);
            self.session.enter(header::image(block), self.images);
            self.script.left = self.run_queue.quantum;
            let end = self.as_scheduled(objects);
            if end != End::NotTheirs {
                return Some(end);
            }
        }
        None
    }

    /// The same for one session, as far as there are turns: each of its instructions is one.
    fn follow_one(&mut self, turns: &mut Turns) -> Option<End> {
        let left = turns.of(self.run_queue.quantum);
        if !self.mode.on_script || left < EXCHANGE {
            return None;
        }
        let block = self.run_queue.block();
        header::place(block)?;
        let objects = header::objects(block);
        self.session.enter(header::image(block), self.images);
        self.script.left = left;
        let others = std::mem::take(&mut self.run_queue.fuel.slices);
        let end = self.as_scheduled(objects);
        self.run_queue.fuel.slices = others;
        turns.left -= (left - self.script.left) as usize;
        Some(end)
    }

    /// The session follows its schedule, exchange by exchange, and where roles halt.
    #[inline(never)]
    fn as_scheduled(&mut self, objects: u32) -> End {
        let mut end = self.by_participants(objects);
        while end == End::NoExchange && self.halt() {
            end = self.by_participants(objects);
        }
        end
    }

    /// The handler, or the role objects of the session, play it and those after it that they can play as well.
    fn by_participants(&mut self, of_session: u32) -> End {
        let Self { run_queue, objects, script, .. } = self;
        let (images, Session { image, loaded, cx }) = (self.images, &mut self.session);
        let (trace, network) = (&mut *self.run.trace, self.run.network);
        let forced_only = self.mode.forced_only();
        let traced = self.mode.traced;
        cx.at = Context::AS_WRITTEN;
        let key = (of_session as usize).checked_sub(1);
        let runner = key.map(|key| objects[key].runner());
        let run_loop = RunLoop {
            run_queue,
            objects,
            images,
            image,
            loaded,
            cx,
            trace,
            network,
            traced,
            forced_only,
            script,
        };
        match runner {
            None => self.run.handler.follow_schedules(run_loop),
            Some(run) => run(run_loop, self.run.handler),
        }
    }

    /// One role of the session on its script halts, or all do. Says whether the schedule continues.
    fn halt(&mut self) -> bool {
        let Self { run_queue, session, run, script, .. } = self;
        let block = run_queue.block();
        let next = halt(block, session.loaded, script.place, run.trace);
        if next.is_some() {
            header::set_place(block, next);
            script.left = script.left.saturating_sub(1);
        }
        next.is_some()
    }

    /// Whether a role has no answer yet, and nobody else could act without it: then the session waits on its script,
    /// where it is. Its roles need not find out that they wait.
    #[cold]
    fn stands_still(&mut self) -> bool {
        let Self { run_queue, session, script, .. } = self;
        let Some(at) = script.pending_at(&session.loaded.schedule) else { return false };
        let (block, roles_at) = (run_queue.block(), session.loaded.roles_at);
        let mut marks = PENDING;
        if let Some(received) = at.received {
            marks = UNANSWERED;
            let word = &mut block[roles_at + at.coro.index()];
            if coroutine::advance(word, received.to_step) {
                session.cx.wraps.note(session.cx.session, at.actor);
            }
        }
        coroutine::mark(block, roles_at + at.coro.index(), marks);
        header::set_place(block, Some(at.place));
        script.failure = None;
        true
    }

    /// One slice of a session, or the rest of one that its script has begun. It can still act then, and
    /// needs nothing else.
    #[inline(always)]
    fn slice(&mut self, end: Option<End>, turns: &mut Turns) -> Result<(), Exit> {
        match self.slice_inside(end, turns) {
            Err(Exit::Outside(role)) => match self.endpoints.reach {
                Some(reach) => reach.slice(self, role, turns),
                None => Err(Exit::Outside(role)),
            },
            other => other,
        }
    }

    /// As far as instructions of the session itself go.
    #[inline(never)]
    pub(super) fn slice_inside(&mut self, end: Option<End>, turns: &mut Turns) -> Result<(), Exit> {
        let RunQueue { slot, quantum, vm, .. } = *self.run_queue;
        let (arena, mut rounds) = self.run_queue.sessions_and_rounds();
        let block = arena.block_and_more_mut(slot);
        if !header::is_running(block) {
            return Err(Exit::Ended);
        }
        self.session.enter(header::image(block), self.images);
        let Session { loaded, cx, .. } = &mut self.session;
        cx.session = SessionId::new(vm, header::ordinal(block), slot);
        self.run.trace.enter(cx.session, loaded.image.global_type.names());
        let host = match header::objects(block) as usize {
            0 => Host::Handler(self.run.handler),
            key => self.objects[key - 1].host(self.run.handler, self.run.network.is_some()),
        };
        let left = if end.is_some() { self.script.left } else { quantum };
        let mut slice = Slice::new(block, loaded, &mut self.run, cx, host, left);
        let mut acted = act(self.mode, &mut slice, &mut self.script, end, turns);
        loop {
            slice.write_ready();
            acted?;
            if !ready::any(slice.block, ready::words(loaded.coroutines)) {
                return Err(Exit::Idle);
            } else if !slice.run.orphans.is_empty() {
                return Err(Exit::Orphans);
            } else if !rounds.begin_alone(slice.run.trace) {
                return Ok(());
            }
            slice.left = quantum;
            acted = act(self.mode, &mut slice, &mut self.script, None, turns);
        }
    }
}

impl<'a> Session<'a> {
    /// A session of this image acts.
    #[inline(always)]
    fn enter(&mut self, image: u16, images: &'a Registry) {
        if image != self.image {
            self.image = image;
            self.loaded = images.get(image);
            self.cx.image = &self.loaded.image;
        }
    }
}

/// The session leaves its script, or rejoins it, or its roles have turns.
fn act<'a>(
    mode: Mode,
    slice: &mut Slice<'_, 'a>,
    script: &mut ScriptState<'a>,
    end: Option<End>,
    turns: &mut Turns,
) -> Result<(), Exit> {
    // With one turn, only a role can act, not an exchange.
    let has_turns = turns.left >= EXCHANGE as usize;
    match end {
        Some(end) => slice.leave_script(script, end)?,
        None if mode.on_script && has_turns && slice.rejoin(mode.forced_only()) => {
            return Err(Exit::OnScript);
        }
        None => slice.leave_place(),
    }
    (mode.give_turns)(slice, turns)
}
