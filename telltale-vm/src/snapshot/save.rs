//! From a machine to what is written down of it.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use telltale_bytecode::{CodeImage, ContentHash};
use telltale_types::{LabelId, RoleId};

use super::error::SnapshotError;
use super::form::{
    Body, ChannelForm, CoroutineForm, EndedForm, EndpointsForm, HeldForm, ImageForm, Kind,
    MessageForm, Objects, RegisterForm, ReportForm, SeatForm, SessionForm,
};
use super::marks::Marks;
use super::outside::{OutsideForm, UntoldForm};
use super::payload::{Payload, Place};
use super::{fault, restore, trace};
use crate::lines::role_of;
use crate::machine::endpoints::Collector;
use crate::machine::inside::{Holders, Inside};
use crate::memory::arena::Slot;
use crate::memory::channel::{self, Plan};
use crate::memory::coroutine::{self, CoroId, HALTED, HOLDS};
use crate::memory::header::{self, written};
use crate::memory::{ready, registers};
use crate::program::loaded::Loaded;
use crate::{SessionId, SessionStatus, VM, Value};

/// Writes down a machine, session by session.
pub(super) struct Saver<'a> {
    inside: Inside<'a>,
    images: Vec<ImageForm>,
    places: BTreeMap<ContentHash, u32>,
    holders: OnceCell<Holders<'a>>,
}

/// All of a machine.
pub(super) fn body(vm: &VM) -> Result<Body, SnapshotError> {
    let mut saver = Saver::new(vm);
    let running = vm.running_slots();
    let sessions = running.into_iter().map(|slot| saver.session(slot)).collect::<Result<_, _>>()?;
    let Inside { run_queue, numbers, endpoints, .. } = saver.inside;
    let provided = endpoints.provided().iter().map(|image| saver.image(image)).collect();
    let (next, skipped) = numbers.given();
    let Collector { suspects, patience, has_moved } = endpoints.collector();
    let ordinal = |slot: &Slot| header::ordinal(run_queue.arena.block(*slot));
    let body = Body {
        config: vm.config().clone(),
        clock: run_queue.clock.now(),
        next,
        skipped: skipped.to_vec(),
        shuffle: run_queue.shuffle_state(),
        paused: vm.paused_roles().map(str::to_owned).collect(),
        sessions,
        ended: saver.ended(),
        queue: saver.inside.queue().map(|slots| slots.iter().map(ordinal).collect()),
        endpoints: EndpointsForm {
            provided,
            suspects: suspects as u64,
            patience: patience as u64,
            has_moved,
        },
        untold: UntoldForm::of(&saver.inside),
        report: saver.report(),
        trace: trace::written(saver.inside.trace),
        images: saver.images,
        roles: BTreeMap::new(),
    };
    // One that somebody has made up may come to an end that no other comes to, and what is written can be read.
    restore::check_counts(&body)?;
    Ok(body)
}

impl<'a> Saver<'a> {
    pub(super) fn new(vm: &'a VM) -> Self {
        Self {
            inside: vm.inside(),
            images: Vec::new(),
            places: BTreeMap::new(),
            holders: OnceCell::new(),
        }
    }

    /// The images that were met, in the order of their places.
    pub(super) fn into_images(self) -> Vec<ImageForm> {
        self.images
    }

    /// The place of an image.
    fn image(&mut self, image: &CodeImage) -> u32 {
        *self.places.entry(image.hash()).or_insert_with(|| {
            let roles = image.names().roles().map(|(_, name)| name.to_owned()).collect();
            self.images.push(ImageForm { hash: image.hash().to_string(), roles });
            self.images.len() as u32 - 1
        })
    }

    /// A session that is running.
    pub(super) fn session(&mut self, slot: Slot) -> Result<SessionForm, SnapshotError> {
        let block = self.inside.run_queue.arena.block(slot);
        let loaded = self.inside.images.get(header::image(block));
        let image = self.image(&loaded.image);
        let id = self.inside.run_queue.session_at(slot);
        Session { inside: &self.inside, holders: &self.holders, id, block, loaded }.written(image)
    }

    /// The sessions that have ended and whose blocks are not free: somebody will take their role objects, or the queue names
    /// them still.
    fn ended(&mut self) -> Vec<EndedForm> {
        let (arena, images) = (&self.inside.run_queue.arena, self.inside.images);
        let mut ended = Vec::new();
        for block in arena.slots().map(|slot| arena.block(slot)) {
            let Some(status) = header::status(block).filter(|status| status.has_ended()) else {
                continue;
            };
            let is_owned = header::is_owned(block);
            if !is_owned && !header::is_queued(block) {
                continue;
            }
            let objects = self.inside.objects_of(block).filter(|_| is_owned);
            let outcome = objects.and_then(|objects| objects.outcome.as_ref());
            ended.push(EndedForm {
                session: header::ordinal(block),
                image: self.image(&images.get(header::image(block)).image),
                status: status.into(),
                outcome: outcome.map(fault::OutcomeForm::from),
            });
        }
        ended.sort_unstable_by_key(|ended| ended.session);
        ended
    }

    fn report(&self) -> ReportForm {
        let Inside { faults, unreported, is_reported, .. } = self.inside;
        let fault = |(session, fault): &(SessionId, _)| {
            (session.ordinal(), fault::FaultForm(std::sync::Arc::clone(fault)))
        };
        ReportForm {
            faults: faults.iter().map(fault).collect(),
            unreported: unreported as u64,
            is_reported,
        }
    }
}

/// A session that is written down.
struct Session<'s, 'a> {
    inside: &'s Inside<'a>,
    /// Who holds which endpoint, once somebody has to know.
    holders: &'s OnceCell<Holders<'a>>,
    id: SessionId,
    block: &'s [u64],
    loaded: &'s Loaded,
}

impl Session<'_, '_> {
    fn written(&self, image: u32) -> Result<SessionForm, SnapshotError> {
        let Self { block, .. } = *self;
        let objects = match header::objects(block) {
            0 => Objects::None,
            _ if header::is_owned(block) => Objects::Owned,
            _ => Objects::Detached,
        };
        let has_coroutines = header::has_coroutines(block);
        let outstanding = self.inside.deferred.outstanding(self.id).iter();
        Ok(SessionForm {
            session: self.id.ordinal(),
            image,
            kind: if has_coroutines { Kind::Coroutines } else { Kind::Endpoints },
            objects,
            draining: header::status(block) == Some(SessionStatus::Draining),
            place: header::place(block),
            turn: header::turn(block),
            drawn: written::drawn(block),
            coroutines: self.coroutines().map(|coro| self.coroutine(coro)).collect(),
            states: self.states(),
            channels: self.channels()?,
            registers: self.registers()?,
            held: self.held()?,
            seats: self.seats(),
            deferred: self.deferred()?,
            outstanding: outstanding
                .map(|message| (message.from.0, message.to.0, message.lane, message.label.0))
                .collect(),
            given: self.given()?,
            outside: OutsideForm::of(self.inside, self.block, self.loaded),
        })
    }

    fn coroutines(&self) -> impl Iterator<Item = CoroId> + use<> {
        (0..self.loaded.coroutines).map(CoroId::at)
    }

    fn roles(&self) -> impl Iterator<Item = RoleId> + use<> {
        (0..self.loaded.roles).map(RoleId::at)
    }

    fn coroutine(&self, id: CoroId) -> CoroutineForm {
        let coro = coroutine::read(self.block, self.loaded.roles_at + id.index());
        // What somebody has chosen who is not there any more is nobody's.
        let coro = if coro.has(HALTED) { coro.without(HOLDS) } else { coro };
        let actor = self.loaded.actor_of(id);
        let at = if header::has_coroutines(self.block) {
            self.loaded.place_in_program(actor.role, coro.pc())
        } else {
            coro.pc()
        };
        CoroutineForm {
            at,
            effects: self.inside.wraps.count(self.id, actor, coro.count),
            marks: Marks::of(coro, ready::contains(self.block, id)),
        }
    }

    fn states(&self) -> Vec<u32> {
        let roles = self.roles().filter(|_| self.loaded.is_guarded);
        roles.map(|role| coroutine::read(self.block, self.loaded.state_at(role)).pc()).collect()
    }

    fn channels(&self) -> Result<Vec<ChannelForm>, SnapshotError> {
        let mut channels = Vec::new();
        for &(between, plan) in self.loaded.plans.existing() {
            if channel::is_untouched(self.block, plan) {
                continue;
            }
            let (from, to) = (between.from, between.to);
            channels.push(ChannelForm {
                from: from.0,
                to: to.0,
                lane: between.lane(),
                messages: self.messages(plan, from, to)?,
                receiver_waits: channel::receiver_waits(self.block, plan),
                sender_waits: channel::sender_waits(self.block, plan),
            });
        }
        Ok(channels)
    }

    fn messages(
        &self,
        plan: Plan,
        from: RoleId,
        to: RoleId,
    ) -> Result<Vec<(u16, Payload)>, SnapshotError> {
        let what = || self.channel_name(from, to);
        let message = |nth| {
            let message = channel::peek(self.block, self.inside.buffers, plan, nth);
            let place = self.place(Some(message.label), &what);
            let payload = Payload::of_word(self.inside.heap, message.word, &place)?;
            Ok((message.label.0, payload))
        };
        (0..channel::len(self.block, plan)).map(message).collect()
    }

    fn registers(&self) -> Result<Vec<RegisterForm>, SnapshotError> {
        let mut filled = Vec::new();
        for role in self.roles() {
            for (at, register) in self.loaded.registers_of(role).zip(0..) {
                let Some(word) = registers::read(self.block, at) else { continue };
                let what = || format!("register r{register} of {}", self.name(role));
                let payload = Payload::of_word(self.inside.heap, word, &self.place(None, &what))?;
                filled.push(RegisterForm { role: role.0, register, payload });
            }
        }
        Ok(filled)
    }

    fn held(&self) -> Result<Vec<HeldForm>, SnapshotError> {
        let mut all = Vec::new();
        for coro in self.coroutines() {
            let Some((sent, value)) = self.inside.pending_choices.get(self.id, coro) else {
                continue;
            };
            let (role, label) = (self.loaded.actor_of(coro).role, sent.label);
            let what = || self.channel_name(role, sent.peer);
            // Through an endpoint, the program is that of the holder.
            let next = if header::has_coroutines(self.block) {
                Some(self.loaded.place_in_program(role, sent.next))
            } else {
                let holders = self.holders.get_or_init(|| self.inside.holders());
                let holder = holders.get(&(self.id, role));
                holder.map(|holder| holder.loaded.place_in_program(holder.role, sent.next))
            };
            let Some(next) = next else { continue };
            all.push(HeldForm {
                coroutine: coro.0,
                to: sent.peer.0,
                label: label.0,
                next,
                payload: self.payload(value, label, &what)?,
            });
        }
        Ok(all)
    }

    fn seats(&self) -> Vec<SeatForm> {
        let seat = |role: RoleId| {
            let &(session, seat) = self.inside.endpoints.seat((self.id, role))?;
            Some(SeatForm { role: role.0, session: session.ordinal(), seat: seat.0 })
        };
        self.roles().filter_map(seat).collect()
    }

    fn deferred(&self) -> Result<Vec<MessageForm>, SnapshotError> {
        let messages = self.inside.deferred.messages(self.id).iter();
        let written = messages.map(|message| {
            let crate::Message { from, to, lane, label, ref value } = *message;
            let what =
                || format!("a deferred message from {} to {}", self.name(from), self.name(to));
            let payload = self.payload(value, label, &what)?;
            Ok(MessageForm { from: from.0, to: to.0, lane, label: label.0, payload })
        });
        written.collect()
    }

    fn given(&self) -> Result<Vec<(u8, u16, Vec<Payload>)>, SnapshotError> {
        let Some(objects) = self.inside.objects_of(self.block) else { return Ok(Vec::new()) };
        let what = || "what waits beside the role objects".to_owned();
        let mut written = Ok(Vec::new());
        objects.given(&mut |(role, label), values| {
            let Ok(all) = &mut written else { return };
            let payloads = values.iter().map(|value| self.payload(value, label, &what));
            match payloads.collect::<Result<Vec<_>, _>>() {
                Ok(payloads) if payloads.is_empty() => {}
                Ok(payloads) => all.push((role.0, label.0, payloads)),
                Err(error) => written = Err(error),
            }
        });
        written
    }

    fn payload(
        &self,
        value: &Value,
        label: LabelId,
        what: &dyn Fn() -> String,
    ) -> Result<Payload, SnapshotError> {
        Payload::of(value, &self.place(Some(label), what))
    }

    fn place<'p>(&'p self, label: Option<LabelId>, what: &'p dyn Fn() -> String) -> Place<'p> {
        Place { image: &self.loaded.image, session: self.id.ordinal(), label, what }
    }

    fn name(&self, role: RoleId) -> String {
        format!("`{}`", role_of(self.loaded.image.names(), role))
    }

    fn channel_name(&self, from: RoleId, to: RoleId) -> String {
        format!("the channel from {} to {}", self.name(from), self.name(to))
    }
}
