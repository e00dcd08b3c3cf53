//! Plays a scene, and looks whether what must hold holds.
//!
//! - The machine does not panic, and what it says of itself fits together.
//! - Those who do nothing wrong do what they do when they are alone.
//! - Every session ends once, and nothing happens in it afterwards. None remains whose endpoints nobody
//!   holds, and none that cannot be cancelled.
//! - Afterwards the machine is as good as new: it has room for as many sessions as ever, it has dropped
//!   every payload, and the same scene goes the same way again.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use telltale_types::{LabelId, RoleId};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    CoroStatus, Message, ObsEvent, Observed, Policy, Progress, SessionId, SessionStatus, VM,
    VMError, Value, filter_by_session,
};

use super::census::{Census, defused};
use super::moody::{Mood, Moody};
use super::objects;
use super::parts::{ENDLESS, GAME, PARTS, PING, PLAYERS, ROLES};
use super::program::Programs;
use super::quiet;
use super::scene::{Act, Scene};

/// After how many rounds every game is over.
const ENOUGH: usize = 60;

/// After how many rounds everybody has ended whose programs only go forward.
const PLENTY: usize = 2_000;

/// How often somebody outside answers whoever waits for an answer.
const ANSWERS: usize = 60;

/// What is wrong.
pub type Wrong = String;

/// Plays a scene twice in one machine.
///
/// # Errors
///
/// Says what does not hold.
pub fn play(scene: &Scene) -> Result<(), Wrong> {
    let played = catch_unwind(AssertUnwindSafe(|| play_twice(scene)));
    played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        let place = PANICKED.take();
        Err(format!("the machine panics at {place}: {}", text.unwrap_or_default()))
    })
}

thread_local! {
    /// Where the last panic of this thread was.
    static PANICKED: RefCell<String> = RefCell::default();
}

/// From now on, panics say nothing; [`play`] says where they were.
pub fn note_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        PANICKED.with(|panicked| *panicked.borrow_mut() = place);
    }));
}

fn play_twice(scene: &Scene) -> Result<(), Wrong> {
    let images: Vec<CodeImage> = scene.images.iter().map(Programs::image).collect();
    let mut vm = VM::new(scene.config.clone());
    PARTS.iter().for_each(|part| vm.provide(part));
    let (first, errors) = once(&mut vm, scene, &images)?;
    let memory = vm.session_memory();
    let (second, other) = once(&mut vm, scene, &images)?;
    // Chance goes on where it was.
    if first != second && scene.config.policy != Policy::Random {
        let at = first.iter().zip(&second).position(|(one, other)| one != other);
        let at = at.unwrap_or(first.len().min(second.len()));
        let (one, other) = (first.get(at), second.get(at));
        return Err(format!("the second time it goes another way: {one:?} became {other:?}"));
    }
    let second_memory = vm.session_memory();
    if second_memory > memory {
        // The buffers of channels may have to find those who use them.
        once(&mut vm, scene, &images)?;
    }
    if vm.session_memory() > second_memory {
        return Err("it takes more memory every time".to_owned());
    }
    drop(vm);
    is_none("errors when the machine is gone", errors.alive() + other.alive())
}

/// The session, the tick and what happened, counted from the start of the scene.
type Happened = (u64, u64, String);

/// Plays it once, to its end; gives what happened.
fn once(
    vm: &mut VM,
    scene: &Scene,
    images: &[CodeImage],
) -> Result<(Vec<Happened>, Census), Wrong> {
    let mut stage = Stage::new(vm, scene, images);
    let (known, start) = (stage.known, stage.vm.clock().now());
    for act in &scene.acts {
        stage.act(act)?;
        stage.fits_together()?;
    }
    stage.wind_up()?;
    stage.end_all()?;
    let (first, errors) = (stage.first, stage.handler.errors.clone());
    is_none("payloads when all sessions have ended", stage.handler.census.alive())?;
    let trace = vm.trace().split_off(known);
    let line = |event: &ObsEvent| {
        let text = event.to_string();
        let what = text.split_once(' ').map_or("", |(_, what)| what).to_owned();
        (event.session.ordinal() - first, event.tick - start, what)
    };
    let lines = trace.iter().map(line).collect();
    room_for_as_many_as_ever(vm)?;
    Ok((lines, errors))
}

fn is_none(what: &str, count: isize) -> Result<(), Wrong> {
    if count == 0 { Ok(()) } else { Err(format!("there are {count} {what}")) }
}

struct Stage<'a> {
    vm: &'a mut VM,
    images: &'a [CodeImage],
    handler: Moody,
    /// The number of the first session.
    first: u64,
    known: usize,
    games: BTreeMap<SessionId, Option<objects::Played>>,
    /// Sessions that somebody outside has opened.
    opened: Vec<SessionId>,
    go_forward: bool,
}

impl<'a> Stage<'a> {
    fn new(vm: &'a mut VM, scene: &Scene, images: &'a [CodeImage]) -> Self {
        // The number of the next session is only known when it is there.
        let probe = vm.load_choreography(&PARTS[PING]).expect("there is room");
        vm.cancel(probe, "only its number is needed").expect("it is running");
        drop(vm.run(&Moody::calm(0), 1));
        let first = probe.ordinal() + 1;
        let known = vm.trace().len();
        let mut go_forward = scene.images.iter().all(Programs::go_forward);
        go_forward &= scene.images.iter().all(|image| image.part != ENDLESS);
        let (games, opened) = (BTreeMap::new(), Vec::new());
        let handler = Moody::new(scene.seed, first);
        Self { vm, images, handler, first, known, games, opened, go_forward }
    }

    /// The running sessions that are not games, oldest first.
    fn others(&self) -> Vec<SessionId> {
        let ids = self.vm.sessions().map(|session| session.id());
        let mut ids: Vec<SessionId> = ids.filter(|id| !self.games.contains_key(id)).collect();
        ids.sort_by_key(|id| id.ordinal());
        ids
    }

    fn session(&self, place: usize) -> Option<SessionId> {
        let others = self.others();
        (!others.is_empty()).then(|| others[place % others.len()])
    }

    fn act(&mut self, act: &Act) -> Result<(), Wrong> {
        match *act {
            Act::Open(image) => drop(self.open(image)?),
            Act::OpenAndCancel(image) => {
                if let Some(session) = self.open(image)? {
                    self.vm.cancel(session, "not this one").map_err(|error| error.to_string())?;
                }
            }
            Act::OpenGame { with_objects } => self.open_game(with_objects)?,
            Act::Run(rounds) => drop(self.vm.run(&self.handler, rounds)),
            Act::Step(turns) => drop(self.vm.step_round(&self.handler, turns)),
            Act::Pause(role) => {
                self.vm.pause(role);
            }
            Act::Resume(role) => {
                self.vm.resume(role);
            }
            Act::Mood(mood) => self.handler.mood = mood,
            Act::Wake(session, _)
            | Act::Inject { session, .. }
            | Act::Deferred { session, .. }
            | Act::Cancel(session)
            | Act::Close(session) => {
                if let Some(session) = self.session(session) {
                    self.act_on(act, session)?;
                }
            }
        }
        Ok(())
    }

    /// What one may do to a session that is running. It may fail, but the session is not gone.
    fn act_on(&mut self, act: &Act, session: SessionId) -> Result<(), Wrong> {
        let done = match *act {
            Act::Wake(_, role) => self.vm.wake(session, role),
            Act::Inject { message: (from, to, label), number, .. } => {
                let value = if number { Value::Uint(7) } else { self.handler.census.payload() };
                let (from, to, label) = (RoleId(from), RoleId(to), LabelId(label));
                self.vm.inject(session, Message { from, to, label, value })
            }
            Act::Deferred { lost, .. } => {
                let messages = self.deferred(session);
                if lost {
                    self.vm.give_up_deferred(session).map(drop)
                } else {
                    self.deliver(session, messages)
                }
            }
            Act::Cancel(_) => self.vm.cancel(session, "enough"),
            _ => self.vm.close(session),
        };
        match done {
            Err(error @ VMError::StaleSession { .. }) => Err(format!("of a running one: {error}")),
            _ => Ok(()),
        }
    }

    /// What a network has kept aside, harmless for whoever drops it.
    fn deferred(&mut self, session: SessionId) -> Vec<Message> {
        let messages = self.vm.take_deferred(session).into_iter();
        let defused = |message: Message| Message { value: defused(message.value), ..message };
        messages.map(defused).collect()
    }

    fn deliver(&mut self, session: SessionId, messages: Vec<Message>) -> Result<(), VMError> {
        messages.into_iter().try_for_each(|message| self.vm.inject(session, message))
    }

    fn open(&mut self, image: usize) -> Result<Option<SessionId>, Wrong> {
        let opened = self.vm.load_choreography(&self.images[image]);
        let opened = self.unless_full(opened)?;
        self.opened.extend(opened);
        Ok(opened)
    }

    fn open_game(&mut self, with_objects: bool) -> Result<(), Wrong> {
        let opened = if with_objects {
            let balls = self.games.len() as u64 % quiet::BALLS;
            objects::open(self.vm, balls).map(|game| (game.id, Some(game)))
        } else {
            self.vm.load_choreography(&GAME).map(|session| (session, None))
        };
        self.games.extend(self.unless_full(opened)?);
        Ok(())
    }

    /// A session cannot be opened where there is no room, and only there.
    fn unless_full<T>(&self, opened: Result<T, VMError>) -> Result<Option<T>, Wrong> {
        let config = self.vm.config();
        match opened {
            Ok(opened) => Ok(Some(opened)),
            Err(VMError::TooManySessions { .. })
                if self.vm.open_sessions() == config.max_sessions =>
            {
                Ok(None)
            }
            Err(VMError::TooManyCoroutines { .. }) => Ok(None),
            Err(error) => Err(format!("a session cannot be opened: {error}")),
        }
    }

    /// What the machine says of itself.
    fn fits_together(&self) -> Result<(), Wrong> {
        let vm = &*self.vm;
        let (open, progress) = (vm.open_sessions(), vm.progress());
        let seen: Vec<SessionId> = vm.sessions().map(|session| session.id()).collect();
        if open != seen.len() {
            return Err(format!("of {open} open sessions {} are seen", seen.len()));
        }
        if (open == 0) != (progress == Progress::Complete) {
            return Err(format!("progress is {progress:?}, and {open} sessions are open"));
        }
        for &session in self.games.keys().chain(&self.opened) {
            let is_running = seen.contains(&session);
            let status = vm.status(session);
            if status.is_ok_and(|status| !status.has_ended()) != is_running {
                return Err(format!("{session} is {:?}, seen: {is_running}", vm.status(session)));
            }
        }
        Ok(())
    }

    /// Lets everybody go on who can.
    fn wind_up(&mut self) -> Result<(), Wrong> {
        self.handler.mood = Mood::default();
        for role in ROLES.iter().chain(&PLAYERS) {
            self.vm.resume(role);
        }
        for _ in 0..ANSWERS {
            for session in self.others() {
                let messages = self.deferred(session);
                if self.deliver(session, messages).is_err() {
                    // There was no room, so what has not been delivered is lost.
                    drop(self.vm.give_up_deferred(session));
                }
            }
            drop(self.vm.run(&self.handler, ENOUGH));
            self.fits_together()?;
            if !self.answer()? {
                break;
            }
        }
        self.games_are_over()?;
        if self.go_forward {
            drop(self.vm.run(&self.handler, PLENTY));
        }
        if self.go_forward && self.vm.progress() == Progress::OutOfFuel {
            return Err(format!("programs that only go forward never end: {}", self.vm));
        }
        self.wait_for_a_reason()
    }

    /// Wakes those who wait for an answer; says whether there were any.
    fn answer(&mut self) -> Result<bool, Wrong> {
        let waits =
            |role: &telltale_vm::CoroutineView<'_>| role.status() == CoroStatus::AwaitsHandler;
        let waiting = self.vm.coroutines().filter(waits);
        let mut waiting: Vec<(SessionId, String)> =
            waiting.map(|role| (role.session_id(), role.role().to_owned())).collect();
        // Who is woken first acts first, and where sessions are in memory must not matter.
        waiting.sort();
        for (session, role) in &waiting {
            self.vm.wake(*session, role).map_err(|error| format!("it waits, but: {error}"))?;
        }
        Ok(!waiting.is_empty())
    }

    fn games_are_over(&mut self) -> Result<(), Wrong> {
        let trace = self.vm.trace().split_off(self.known);
        for (&session, game) in &mut self.games {
            let status = self.vm.status(session);
            if game.is_some() && !matches!(status, Ok(SessionStatus::Closed)) {
                return Err(format!("the game {session} is {status:?}: {}", self.vm));
            }
            let trace = filter_by_session(&trace, session);
            let balls = game.as_ref().map(|game| game.balls);
            let balls = balls.unwrap_or_else(|| self.handler.balls(session.ordinal()));
            quiet::check(&trace, balls).map_err(|found| format!("the game {session}: {found}"))?;
            if let Some(game) = game.take() {
                game.check(self.vm)?;
            }
        }
        Ok(())
    }

    /// Nobody is woken, paused or deferred any more, so whoever waits waits for another session.
    fn wait_for_a_reason(&self) -> Result<(), Wrong> {
        let (open, progress) = (self.vm.open_sessions(), self.vm.progress());
        let waiting = self.vm.waiting().count();
        if (progress == Progress::Waiting) != (waiting == open && open > 0) {
            return Err(format!("progress is {progress:?}, and {waiting} of {open} are waiting"));
        }
        for session in self.vm.waiting() {
            let mut roles = session.coroutines();
            let is_played = roles.len() == 0;
            if !is_played && !roles.any(|role| role.status() == CoroStatus::AwaitsSession) {
                return Err(format!("a session waits without a reason: {session}"));
            }
        }
        Ok(())
    }

    /// Ends what goes on.
    fn end_all(&mut self) -> Result<(), Wrong> {
        let running = self.vm.sessions().filter(|session| session.coroutines().len() > 0);
        let mut running: Vec<SessionId> = running.map(|session| session.id()).collect();
        running.sort_by_key(|session| session.ordinal());
        for session in running {
            // One may end another.
            drop(self.vm.cancel(session, "it is late"));
        }
        let unreachable = self.vm.open_sessions();
        let held = self.others();
        for session in held {
            drop(self.vm.cancel(session, "it is late"));
        }
        self.fits_together()?;
        if self.vm.open_sessions() > 0 {
            return Err(format!("sessions that cannot be cancelled: {}", self.vm));
        }
        if unreachable > 0 {
            return Err(format!("{unreachable} sessions are open whose endpoints nobody holds"));
        }
        drop(self.vm.run(&self.handler, 1));
        self.every_session_ends_once()
    }

    fn every_session_ends_once(&self) -> Result<(), Wrong> {
        let mut ended: BTreeMap<SessionId, bool> = BTreeMap::new();
        for event in self.vm.trace().split_off(self.known) {
            let is_end = matches!(
                event.what,
                Observed::Closed | Observed::Cancelled | Observed::Faulted { .. }
            );
            let is_start = matches!(event.what, Observed::Opened);
            let before = ended.insert(event.session, is_end);
            if is_start != before.is_none() || before == Some(true) {
                return Err(format!("out of order: {event}"));
            }
        }
        match ended.iter().find(|(_, ended)| !**ended) {
            Some((session, _)) => Err(format!("{session} has no end")),
            None => Ok(()),
        }
    }
}

/// Fills the machine to its limit, and empties it again.
fn room_for_as_many_as_ever(vm: &mut VM) -> Result<(), Wrong> {
    let config = vm.config();
    let room = config.max_sessions.min(config.max_coroutines / 2);
    let full = |place, error| format!("there is room for {place} of {room} sessions: {error}");
    let opened = (0..room)
        .map(|place| vm.load_choreography(&PARTS[PING]).map_err(|error| full(place, error)));
    let opened: Vec<SessionId> = opened.collect::<Result<_, _>>()?;
    if vm.load_choreography(&PARTS[PING]).is_ok() {
        return Err(format!("there is room for more than {room} sessions"));
    }
    for session in opened {
        vm.cancel(session, "it was only a test").map_err(|error| error.to_string())?;
    }
    vm.run(&Moody::calm(0), 1).map_err(|error| error.to_string())?;
    is_none("sessions left", vm.open_sessions().cast_signed())
}
