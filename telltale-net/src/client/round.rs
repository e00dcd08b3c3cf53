//! The work of a client: what its seats have to say goes to the engine, and what has come goes to them.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::pin;
use std::ptr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use telltale_vm::RoleId;

use super::line::Over;
use super::seat::{Ask, Given, Seat};
use super::{JoinError, Shared};
use crate::engine::{self, Claim as _, Done, Engine, EngineError, PartStatus, Wanted};
use crate::key::SessionKey;
use crate::waiting::{all, is_ready, others_first};

/// Somebody does the work of a client, until this is dropped.
pub(super) struct Work<E> {
    shared: Arc<Shared<E>>,
}

/// Seats, and what each asks for.
type Wants = Vec<(Arc<Seat>, engine::Seat)>;

impl<E: Engine> Work<E> {
    pub(super) fn begin(shared: Arc<Shared<E>>) -> Result<Self, EngineError> {
        if mem::replace(&mut shared.hub.state().is_running, true) {
            return Err(EngineError::Engine("the client is at work already".into()));
        }
        Ok(Self { shared })
    }

    pub(super) async fn run<F: Future<Output = ()>>(
        self,
        sleep: impl Fn(Duration) -> F,
        stop: impl Future<Output = ()>,
    ) {
        let mut stop = pin!(stop);
        let mut changed = Box::pin(self.shared.engine.changed());
        let (mut has_changed, mut must_stop) = (true, false);
        let mut looked_at_all = Instant::now();
        loop {
            must_stop = must_stop || is_ready(stop.as_mut()).await;
            let mut may_hear = true;
            if is_ready(changed.as_mut()).await {
                has_changed = true;
                changed.set(self.shared.engine.changed());
                // It is polled before there is looked for something, so that no change falls in between. An engine may always say that
                // something has changed; then only time counts.
                may_hear = !is_ready(changed.as_mut()).await;
            }
            let is_for_all = has_changed || must_stop || looked_at_all.elapsed() >= self.pause();
            if is_for_all {
                looked_at_all = Instant::now();
            }
            // Whoever was not heard is asked again after a while.
            if let Err(error) = self.look(is_for_all).await {
                self.shared.tally.lost(&error);
            }
            if must_stop {
                return self.leave_all().await;
            }
            if !may_hear {
                changed.set(self.shared.engine.changed());
            }
            let mut sleep = pin!(sleep(self.pause()));
            let wait = poll_fn(|cx| {
                let is_late = sleep.as_mut().poll(cx).is_ready();
                has_changed = is_late || may_hear && changed.as_mut().poll(cx).is_ready();
                if has_changed && !is_late {
                    changed.set(self.shared.engine.changed());
                }
                must_stop = stop.as_mut().poll(cx).is_ready();
                let is_due = self.poll_due(cx).is_ready();
                if has_changed || must_stop || is_due { Poll::Ready(()) } else { Poll::Pending }
            });
            wait.await;
            others_first().await;
        }
    }

    fn pause(&self) -> Duration {
        self.shared.config.poll.min(self.shared.config.heartbeat / 3)
    }

    /// Waits until a seat has something to say.
    fn poll_due(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shared.hub.state();
        if !state.due.is_empty() {
            return Poll::Ready(());
        }
        let before = state.waker.replace(cx.waker().clone());
        drop(state);
        drop(before);
        Poll::Pending
    }

    /// The seats that have something to say, or all of them.
    fn seats(&self, all: bool) -> Vec<Arc<Seat>> {
        let mut state = self.shared.hub.state();
        let mut due = mem::take(&mut state.due);
        if all {
            return state.seats.iter().map(|(_, seat)| Arc::clone(seat)).collect();
        }
        due.sort_unstable();
        due.dedup();
        due.into_iter().filter_map(|number| state.seats.get(number).cloned()).collect()
    }

    /// Does a step of each seat that has something to say, or to hear.
    ///
    /// # Errors
    ///
    /// Only what may be otherwise after a while. What is wrong with a seat is told to those who play it, and disturbs no other.
    async fn look(&self, all: bool) -> Result<(), EngineError> {
        let mut looked = Ok(());
        for seats in self.seats(all).chunks(self.shared.config.batch.max(1)) {
            let (mut wanted, mut cancelled) = (Vec::new(), Vec::new());
            for seat in seats {
                match seat.ask(Instant::now()) {
                    Ask::Part(part) => wanted.push((Arc::clone(seat), part)),
                    Ask::Cancel(reason) => cancelled.push((Arc::clone(seat), reason)),
                }
            }
            let cancelled = self.cancel_all(cancelled).await;
            // What is lost in one database says nothing of others.
            looked = looked.and(cancelled).and(self.look_at_each(wanted).await);
        }
        looked
    }

    /// Those that fail together are asked for one by one: whose fault it is shows then.
    async fn look_at_each(&self, wanted: Wants) -> Result<(), EngineError> {
        let (mut looked, mut groups) = (Ok(()), vec![wanted]);
        while let Some(mut wanted) = groups.pop() {
            match self.look_at(&mut wanted).await {
                Ok(()) => {}
                Err(error @ EngineError::Lost(_)) => looked = Err(error),
                Err(_) if wanted.len() > 1 => {
                    groups.extend(wanted.into_iter().map(|one| vec![one]));
                }
                Err(error) => {
                    if let Some((seat, _)) = wanted.pop() {
                        self.fails(&seat, error);
                    }
                }
            }
        }
        looked
    }

    /// Endpoints were dropped.
    async fn cancel_all(&self, seats: Vec<(Arc<Seat>, String)>) -> Result<(), EngineError> {
        let each = seats.iter().map(|(seat, reason)| async move {
            let cancelled = self.cancel(seat, reason).await;
            self.unless_lost(seat, cancelled)
        });
        all(each).await.into_iter().collect()
    }

    /// What went wrong with one seat is its own matter, if it does not go away.
    fn unless_lost(&self, seat: &Seat, done: Result<(), EngineError>) -> Result<(), EngineError> {
        match done {
            Err(error @ EngineError::Lost(_)) => Err(error),
            Err(error) => {
                self.fails(seat, error);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn fails(&self, seat: &Seat, error: EngineError) {
        self.let_go(seat);
        seat.refuse(error.into());
    }

    /// Does a step of each of these seats whose part is given. Those that come alone are followed by the others.
    async fn look_at(&self, wanted: &mut Wants) -> Result<(), EngineError> {
        while !wanted.is_empty() {
            let seats = wanted.iter().map(|(_, part)| part.clone()).collect();
            match self.shared.engine.claim(&Wanted::Seats(seats), wanted.len()).await {
                Ok(claims) if claims.is_empty() => return Ok(()),
                Ok(claims) => {
                    self.shared.tally.claimed(claims.len());
                    let find = |claim: E::Claim| {
                        let work = claim.work();
                        Some((take(wanted, &work.session, work.role)?, claim))
                    };
                    // Who was claimed in vain comes alone, and the others are still to be asked for.
                    let is_alone = claims.len() == 1 && claims[0].work().attempts > 1;
                    let given = claims.into_iter().filter_map(find).collect();
                    wanted.retain(|(_, part)| part.anyway || is_alone);
                    self.act(given).await?;
                }
                Err(EngineError::NoSeat { session, role }) if are_one(wanted, &session, role) => {
                    if let Some(seat) = take(wanted, &session, role) {
                        self.fails(&seat, EngineError::NoSeat { session, role });
                    }
                }
                Err(EngineError::SeatDone { session, role }) if are_one(wanted, &session, role) => {
                    if let Some(seat) = take(wanted, &session, role) {
                        let done = self.is_done(&seat).await;
                        self.unless_lost(&seat, done)?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Does a step of each of these parts.
    async fn act(&self, given: Vec<(Arc<Seat>, E::Claim)>) -> Result<(), EngineError> {
        let (mut heard, mut told, mut delivered) = (Vec::new(), Vec::new(), Vec::new());
        for (seat, claim) in given {
            match seat.take(claim.work()) {
                Given::Step => {
                    let (taken, fits) = seat.deliver(claim.work());
                    delivered.push((seat, claim, taken, fits));
                }
                Given::Heard => {
                    self.let_go(&seat);
                    let done = Done::of(PartStatus::Done);
                    told.push(seat.acted(claim.work(), &done));
                    heard.push((claim, done));
                }
                Given::Foreign => self.let_go(&seat),
            }
        }
        if !heard.is_empty() {
            // Whoever is not told again need not have said that he was.
            let heard = self.shared.engine.commit(heard).await;
            told.iter()
                .zip(&heard)
                .for_each(|(acted, heard)| self.shared.tally.committed(acted, heard));
        }
        // Whoever has an answer at once gives it in the same step.
        others_first().await;
        let (mut seats, mut steps) = (Vec::new(), Vec::new());
        for (seat, claim, taken, fits) in delivered {
            if let Some(done) = seat.step(taken, fits, Instant::now()) {
                seats.push((seat.acted(claim.work(), &done), done.status.clone(), seat));
                steps.push((claim, done));
            }
        }
        if steps.is_empty() {
            return Ok(());
        }
        let mut failed = Ok(());
        for (committed, (acted, status, seat)) in
            self.shared.engine.commit(steps).await.into_iter().zip(seats)
        {
            // What is lost is counted when it is given up.
            if !matches!(committed, Err(EngineError::Lost(_))) {
                self.shared.tally.committed(&acted, &committed);
            }
            match committed {
                Ok(()) => self.is_written(&seat, status),
                Err(EngineError::Fenced) => self.shared.hub.is_due(seat.number()),
                Err(error @ EngineError::Lost(_)) => failed = Err(error),
                Err(error) => self.fails(&seat, error),
            }
        }
        failed
    }

    fn is_written(&self, seat: &Seat, status: PartStatus) {
        seat.is_written();
        if !status.goes_on() {
            self.let_go(seat);
        }
        if let PartStatus::Faulted(reason) = status {
            seat.is_over(Over::Because(reason));
        }
    }

    /// The part of a seat is done. Mostly that is what was to be found out.
    async fn is_done(&self, seat: &Seat) -> Result<(), EngineError> {
        if !seat.has_said_its_last() {
            match self.shared.engine.ending(&seat.wanted().session).await {
                Ok(Some(ending)) => seat.has_ended(&ending),
                Ok(None) | Err(EngineError::NoSession(_)) => seat.is_taken(),
                Err(error) => return Err(error),
            }
        }
        self.let_go(seat);
        Ok(())
    }

    /// An endpoint was dropped. That its session has ended is then heard as by all others.
    async fn cancel(&self, seat: &Seat, reason: &str) -> Result<(), EngineError> {
        if seat.is_joining() {
            // Somebody else may sit where it never did.
            self.let_go(seat);
            seat.refuse(JoinError::NotRunning);
            return Ok(());
        }
        match self.shared.engine.cancel(&seat.wanted().session, reason).await {
            Ok(()) | Err(EngineError::NoSession(_)) => {}
            Err(error) => return Err(error),
        }
        seat.is_over(Over::Because(reason.to_owned()));
        self.shared.hub.is_due(seat.number());
        Ok(())
    }

    /// A seat is not played any more. Its number is another one's then.
    fn let_go(&self, seat: &Seat) {
        let gone = {
            let mut state = self.shared.hub.state();
            let is_it = |other: &Arc<Seat>| ptr::eq(&raw const **other, seat);
            let is_there = state.seats.get(seat.number()).is_some_and(is_it);
            is_there.then(|| state.seats.remove(seat.number()))
        };
        drop(gone);
    }

    /// The process stops: whoever plays the other roles need not wait until the heartbeat is over.
    async fn leave_all(&self) {
        for seats in self.seats(true).chunks(self.shared.config.batch.max(1)) {
            let reason = |seat: &Seat| format!("the process that plays `{}` stops", seat.role());
            let seats = seats.iter().map(|seat| (Arc::clone(seat), reason(seat))).collect();
            // If that does not arrive, the heartbeat says it.
            if self.cancel_all(seats).await.is_err() {
                return;
            }
        }
        let _ = self.look(true).await;
    }
}

/// Whoever still waits is told that nobody does the work.
impl<E> Drop for Work<E> {
    fn drop(&mut self) {
        let seats = {
            let mut state = self.shared.hub.state();
            state.is_running = false;
            state.due.clear();
            mem::take(&mut state.seats)
        };
        for (_, seat) in seats {
            seat.refuse(JoinError::NotRunning);
        }
    }
}

/// Whether one seat is asked for in this session, of this role: of several, each may have another ticket.
fn are_one(wanted: &Wants, session: &SessionKey, role: RoleId) -> bool {
    wanted.iter().filter(|(_, part)| part.session == *session && part.role == role).count() == 1
}

/// The first of the seats that is in this session, of this role; it is wanted no more.
fn take(wanted: &mut Wants, session: &SessionKey, role: RoleId) -> Option<Arc<Seat>> {
    let is_it =
        |(_, part): &(Arc<Seat>, engine::Seat)| part.session == *session && part.role == role;
    let at = wanted.iter().position(is_it)?;
    Some(wanted.remove(at).0)
}
