//! What somebody outside does to a machine.

use std::collections::BTreeMap;

use telltale_types::{LabelId, RoleId};
use telltale_vm::loader::CodeImage;
use telltale_vm::{Message, SessionId, VM, VMError, Value};

use super::census::defused;
use super::moody::Moody;
use super::objects;
use super::parts::{ENDLESS, GAME, PARTS, PING};
use super::play::Wrong;
use super::program::Programs;
use super::quiet;
use super::scene::{Act, Scene};

/// A machine in which a scene is played.
pub(super) struct Stage<'a> {
    pub(super) vm: &'a mut VM,
    pub(super) images: &'a [CodeImage],
    pub(super) handler: Moody,
    /// The number of the first session.
    pub(super) first: u64,
    /// How many events there were before.
    pub(super) known: usize,
    /// Sessions of those who do nothing wrong.
    pub(super) games: BTreeMap<SessionId, Option<objects::Played>>,
    /// Sessions that somebody outside has opened.
    pub(super) opened: Vec<SessionId>,
    /// Whether everybody comes to an end.
    pub(super) go_forward: bool,
    /// Whether the machine is written down again and again.
    pub(super) is_written: bool,
}

impl<'a> Stage<'a> {
    pub(super) fn new(vm: &'a mut VM, scene: &Scene, images: &'a [CodeImage]) -> Self {
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
        let is_written = scene.seed.is_multiple_of(8);
        Self { vm, images, handler, first, known, games, opened, go_forward, is_written }
    }

    /// The running sessions that are not games, oldest first.
    pub(super) fn others(&self) -> Vec<SessionId> {
        let ids = self.vm.sessions().map(|session| session.id());
        let mut ids: Vec<SessionId> = ids.filter(|id| !self.games.contains_key(id)).collect();
        ids.sort_by_key(|id| id.ordinal());
        ids
    }

    fn session(&self, place: usize) -> Option<SessionId> {
        let others = self.others();
        (!others.is_empty()).then(|| others[place % others.len()])
    }

    pub(super) fn act(&mut self, act: &Act) -> Result<(), Wrong> {
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
                self.vm
                    .inject(session, Message { from, to, lane: 0, label, value })
                    .map_err(VMError::from)
            }
            Act::Deferred { lost, .. } => {
                if lost {
                    self.lose(session);
                } else {
                    self.deliver(session);
                }
                Ok(())
            }
            Act::Cancel(_) => self.vm.cancel(session, "enough"),
            _ => self.vm.close(session),
        };
        match done {
            Err(error @ VMError::StaleSession { .. }) => Err(format!("of a running one: {error}")),
            _ => Ok(()),
        }
    }

    /// Delivers what a network has kept aside. What does not fit is lost.
    pub(super) fn deliver(&mut self, session: SessionId) {
        for message in self.vm.take_deferred(session).unwrap_or_default() {
            let message = Message { value: defused(message.value), ..message };
            if self.vm.inject(session, message).is_err() {
                drop(self.vm.give_up_deferred(session));
            }
        }
    }

    /// Drops what a network has kept aside.
    fn lose(&mut self, session: SessionId) {
        for message in self.vm.take_deferred(session).unwrap_or_default() {
            drop(defused(message.value));
        }
        drop(self.vm.give_up_deferred(session));
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
}
