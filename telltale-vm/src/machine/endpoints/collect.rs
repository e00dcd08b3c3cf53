//! Sessions that nobody can reach any more.
//!
//! An endpoint can be sent through the session that it belongs to, or through one whose endpoint is on its way through
//! the first. When the last of the others is given up, nobody can take them out again. So, from time to time, the
//! endpoints in channels and registers are followed from the sessions with coroutines; what is not reached is
//! cancelled.

use telltale_types::RoleId;

use super::Endpoints;
use crate::index::Index;
use crate::memory::arena::Slot;
use crate::memory::heap::Word;
use crate::memory::{channel, header, registers};
use crate::value::{Endpoint, Large};
use crate::{SessionError, VM};

/// How many endpoints may be on their way through sessions without coroutines before the first look.
const PATIENCE: usize = 64;

impl Endpoints {
    /// An endpoint has been sent through another.
    pub(super) fn note_delegated(&mut self) {
        self.suspects += 1;
        self.has_moved = true;
    }

    /// Whether enough endpoints have been sent since the last look to pay for another one.
    pub(in crate::machine) fn has_many_suspects(&self) -> bool {
        self.suspects > self.patience.max(PATIENCE)
    }
}

impl VM {
    /// Looks when nobody can act: then nothing else will happen.
    pub(in crate::machine) fn collect_if_idle(&mut self) {
        let Endpoints { suspects, has_moved, .. } = self.endpoints;
        if suspects > 0 && has_moved && self.run_queue.is_idle() {
            self.collect_if_reached();
        }
    }

    /// Looks when enough endpoints have been sent since the last look to pay for another one.
    pub(in crate::machine) fn collect_if_many(&mut self) {
        if self.endpoints.has_many_suspects() {
            self.collect_if_reached();
        }
    }

    /// Looks before a limit keeps a session with so many roles from being opened.
    #[inline]
    pub(in crate::machine) fn collect_at_limit(&mut self, roles: usize) {
        if self.endpoints.suspects > 0
            && (self.open >= self.config.max_sessions
                || self.coroutines.saturating_add(roles) > self.config.max_coroutines)
        {
            self.collect_if_reached();
        }
    }

    #[cold]
    fn collect_if_reached(&mut self) {
        if let Some(reach) = self.endpoints.reach {
            reach.collect(self);
        }
    }

    /// Cancels the sessions without coroutines whose endpoints nobody can get hold of, in the order in which they were
    /// opened.
    ///
    /// What is reachable today may not be tomorrow, so every endpoint that is found on its way stays a suspect.
    pub(super) fn collect(&mut self) {
        let running = self.running_slots();
        let mut todo: Vec<Slot> =
            running.iter().copied().filter(|&slot| self.has_coroutines(slot)).collect();
        let mut reached = Index::default();
        let mut is_new = |slot: Slot| reached.insert((slot.number().into(), 0), 0).is_none();
        for &slot in &todo {
            is_new(slot);
        }
        let mut on_their_way = 0;
        while let Some(slot) = todo.pop() {
            let words = self.words_in(slot).into_iter();
            let held: Vec<Slot> = words.filter_map(|word| self.seat_of(word)).collect();
            on_their_way += if self.has_coroutines(slot) { 0 } else { held.len() };
            todo.extend(held.into_iter().filter(|&held| is_new(held)));
        }
        let lost: Vec<Slot> = running.iter().copied().filter(|&slot| is_new(slot)).collect();
        self.endpoints.patience = on_their_way + running.len() - lost.len();
        self.endpoints.suspects = on_their_way;
        self.endpoints.has_moved = false;
        for slot in lost {
            if self.is_running(slot) {
                let reason = "nobody can get hold of its endpoints any more";
                self.finish(slot, Err(SessionError::Cancelled { reason: reason.into() }));
            }
        }
        self.drop_orphans();
    }

    fn is_running(&self, slot: Slot) -> bool {
        header::is_running(self.run_queue.arena.block(slot))
    }

    fn has_coroutines(&self, slot: Slot) -> bool {
        header::has_coroutines(self.run_queue.arena.block(slot))
    }

    /// Whatever is in the channels and registers of a session.
    fn words_in(&self, slot: Slot) -> Vec<Word> {
        let block = self.run_queue.arena.block(slot);
        let loaded = self.images.get(header::image(block));
        let queued = loaded.plans.all().flat_map(|plan| {
            let messages = 0..channel::len(block, plan);
            messages.map(move |nth| channel::peek(block, &self.buffers, plan, nth).word)
        });
        let roles = if self.has_coroutines(slot) { loaded.roles } else { 0 };
        let in_registers = (0..roles).flat_map(|role| loaded.registers_of(RoleId::at(role)));
        queued.chain(in_registers.filter_map(|at| registers::read(block, at))).collect()
    }

    /// The session of an endpoint, if the payload is one and the session is running.
    fn seat_of(&self, word: Word) -> Option<Slot> {
        match self.heap.look_at(word)? {
            Large::Endpoint(Endpoint { session, .. }) => {
                let is_running = self.block_of(*session).is_ok_and(header::is_running);
                is_running.then(|| session.slot())
            }
            _ => None,
        }
    }
}
