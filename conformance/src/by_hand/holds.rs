//! What must hold while a scene is played, and when it comes to its end.

use std::collections::BTreeMap;

use telltale_vm::{
    CoroStatus, CoroutineView, Observed, Progress, SessionId, SessionStatus, filter_by_session,
};

use super::moody::Mood;
use super::parts::{GAME, PARTS, PLAYERS, ROLES};
use super::play::Wrong;
use super::quiet;
use super::stage::Stage;
use crate::relay::relay;

/// After how many rounds every game is over.
const ENOUGH: usize = 60;

/// After how many rounds everybody has ended whose programs only go forward.
const PLENTY: usize = 2_000;

/// How often somebody outside answers whoever waits for an answer.
const ANSWERS: usize = 60;

impl Stage<'_> {
    /// What the machine says of itself.
    pub(super) fn fits_together(&self) -> Result<(), Wrong> {
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
        if self.is_written {
            let images = [&*GAME].into_iter().chain(PARTS.iter()).chain(self.images);
            let images: Vec<_> = images.cloned().collect();
            relay(vm, &images)?;
        }
        Ok(())
    }

    /// Lets everybody go on who can.
    pub(super) fn wind_up(&mut self) -> Result<(), Wrong> {
        self.handler.mood = Mood::default();
        for role in ROLES.iter().chain(&PLAYERS) {
            self.vm.resume(role);
        }
        for _ in 0..ANSWERS {
            for session in self.others() {
                self.deliver(session);
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
        let waits = |role: &CoroutineView<'_>| role.status() == CoroStatus::AwaitsHandler;
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

    /// Nobody is woken or paused any more, so whoever waits waits for another session.
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
    pub(super) fn end_all(&mut self) -> Result<(), Wrong> {
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
