//! From what is written down to a machine.
//!
//! Whoever knows how the checksum is made can write down anything. So everything is compared with the images before it gets
//! into a block: what is accepted may be a session that faults, or that waits for ever, but nothing that the machine could not
//! have come to in some such way.

use std::collections::BTreeMap;

use telltale_bytecode::CodeImage;

use super::error::SnapshotError;
use super::fill::{Filler, Held, Known};
use super::form::{
    Body, EndedForm, EndpointsForm, ImageForm, Kind, Objects, SessionBody, SessionForm,
};
use super::positions::Positions;
use super::trace::{self, Named};
use crate::machine::endpoints::Collector;
use crate::machine::inside::Resumed;
use crate::memory::arena::Slot;
use crate::memory::header::{self, written};
use crate::{Outcome, SessionId, SimClock, VM};

/// No count of a machine gets this far.
pub(super) const COUNTED: u64 = 1 << 60;

/// No count of a session gets this far that comes into a machine, so that the machine's own are far from their end.
const FEW: u64 = COUNTED / 2;

/// The images that were given, by their hashes.
pub(super) struct Images<'a>(BTreeMap<String, &'a CodeImage>);

impl<'a> Images<'a> {
    pub(super) fn of(images: impl IntoIterator<Item = &'a CodeImage>) -> Self {
        Self(images.into_iter().map(|image| (image.hash().to_string(), image)).collect())
    }

    fn find(&self, form: &ImageForm) -> Result<&'a CodeImage, SnapshotError> {
        self.0.get(&form.hash).copied().ok_or_else(|| SnapshotError::MissingImage {
            roles: form.roles.join(", "),
            hash: form.hash.clone(),
        })
    }

    fn find_all(&self, forms: &[ImageForm]) -> Result<Vec<&'a CodeImage>, SnapshotError> {
        forms.iter().map(|form| self.find(form)).collect()
    }
}

/// A whole machine.
pub(super) fn vm(body: Body, images: &Images<'_>) -> Result<VM, SnapshotError> {
    check_counts(&body)?;
    let images = images.find_all(&body.images)?;
    let mut vm = VM::new(body.config);
    let mut known = Known::default();
    (known.next, known.skipped) = (body.next, body.skipped);
    vm.inside_mut().numbers.restore(body.next, known.skipped.clone());
    for &nth in &body.endpoints.provided {
        vm.provide(image_at(&images, nth)?);
    }
    let mut queued = body.queue.concat();
    queued.sort_unstable();
    if queued.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(SnapshotError::invalid("a session is queued twice"));
    }
    let mut slots = BTreeMap::new();
    for ended in body.ended {
        let (number, is_queued) = (ended.session, queued.binary_search(&ended.session).is_ok());
        let slot = end_again(&mut vm, ended, &images, is_queued)?;
        slots.insert(number, slot);
    }
    for form in &body.sessions {
        let image = image_at(&images, form.image)?;
        let slot = vm.reopen(form.session, image, owner(form.objects))?;
        if slots.insert(form.session, slot).is_some() {
            return Err(SnapshotError::invalid(format!(
                "session #{} is there twice",
                form.session
            )));
        }
        if form.kind == Kind::Endpoints {
            let id = vm.inside().run_queue.session_at(slot);
            known.through_endpoints.insert(form.session, (id, image.names().role_count()));
        }
    }
    known.there = slots.keys().copied().collect();
    let (mut positions, mut held, mut left) = (BTreeMap::new(), Vec::new(), Vec::new());
    let mut missing = 0;
    for form in body.sessions {
        let (slot, image) = (slots[&form.session], form.image);
        missing += usize::from(form.objects != Objects::None);
        let mut inside = vm.inside_mut();
        let block = inside.run_queue.arena.block(slot);
        let loaded = inside.images.get(header::image(block));
        let positions = positions.entry(image).or_insert_with(|| Positions::of(loaded));
        let has_left =
            Filler::new(&mut inside, slot, positions, &mut known).fill(form, &mut held)?;
        left.extend(has_left.then_some(slot));
    }
    known.check_endpoints(&vm)?;
    Held::hold_all(held, &mut vm)?;
    let order = queue(&mut vm, &body.queue, &slots, left)?;
    let inside = vm.inside_mut();
    *inside.paused = body.paused;
    inside.run_queue.clock = SimClock::at(body.clock);
    let EndpointsForm { suspects, patience, has_moved, .. } = body.endpoints;
    let (suspects, patience) = (suspects as usize, patience as usize);
    inside.endpoints.restore_collector(Collector { suspects, patience, has_moved });
    if inside.run_queue.shuffle_state().is_some() != body.shuffle.is_some() {
        return Err(SnapshotError::invalid("chance decides, or the policy does"));
    }
    inside.run_queue.restore_shuffle(body.shuffle);
    let tag = inside.run_queue.vm;
    let id_of = |ordinal| {
        SessionId::new(tag, ordinal, slots.get(&ordinal).copied().unwrap_or(Slot::UNKNOWN))
    };
    body.untold.restore(inside.outside, id_of);
    let (run_queue, registry) = (&*inside.run_queue, inside.images);
    let names_of = |ordinal| {
        let block = slots.get(&ordinal).map(|slot| run_queue.arena.block(*slot));
        match block.map(|block| registry.get(header::image(block)).image.names()) {
            Some(names) => Named::These(names),
            None if known.has_ended(ordinal) => Named::Anything,
            None => Named::Nothing,
        }
    };
    trace::restore(inside.trace, body.trace, id_of, names_of)?;
    inside.trace.set_tick(body.clock);
    let faults = body.report.faults.into_iter();
    *inside.faults = faults.map(|(session, fault)| (id_of(session), fault.0)).collect();
    *inside.unreported = body.report.unreported as usize;
    *inside.is_reported = body.report.is_reported;
    vm.await_objects((missing > 0).then(|| Resumed::new(missing, order, SimClock::at(body.clock))));
    Ok(vm)
}

/// One session, in a machine that runs others; with its own number, or with a new one.
pub(super) fn session(
    body: SessionBody,
    vm: &mut VM,
    images: &Images<'_>,
    keeps_number: bool,
) -> Result<SessionId, SnapshotError> {
    let SessionBody { image, mut session, queued, .. } = body;
    let image = images.find(&image)?;
    if session.kind != Kind::Coroutines || session.counts().any(|count| count >= FEW) {
        return Err(SnapshotError::invalid("the session does not stand alone, or counts too far"));
    }
    let (next, skipped) = vm.inside().numbers.given();
    let numbers = (next, skipped.to_vec());
    if !keeps_number {
        session.session = vm.inside_mut().numbers.draw();
    } else if !vm.inside_mut().numbers.take(session.session) {
        return Err(SnapshotError::NumberTaken { session: session.session });
    }
    let opened = vm.reopen(session.session, image, owner(session.objects));
    let filled = opened.map_err(SnapshotError::from).and_then(|slot| {
        fill_alone(vm, slot, session)
            .map(|has_left| (slot, has_left))
            .inspect_err(|_| vm.unopen(slot))
    });
    let (slot, has_left) = filled.inspect_err(|_| {
        vm.inside_mut().numbers.restore(numbers.0, numbers.1);
    })?;
    let was_paused = vm.repause(slot);
    let inside = vm.inside_mut();
    if queued || has_left || was_paused {
        inside.run_queue.enqueue(slot);
    }
    Ok(inside.run_queue.session_at(slot))
}

fn fill_alone(vm: &mut VM, slot: Slot, form: SessionForm) -> Result<bool, SnapshotError> {
    let mut inside = vm.inside_mut();
    let block = inside.run_queue.arena.block(slot);
    let positions = Positions::of(inside.images.get(header::image(block)));
    let (mut known, mut held) = (Known::default(), Vec::new());
    let has_left = Filler::new(&mut inside, slot, &positions, &mut known).fill(form, &mut held)?;
    Held::hold_all(held, vm)?;
    Ok(has_left)
}

/// Puts sessions into the queue as it was; those that have left their scripts come last. Gives the order for the time when all
/// sessions have their role objects.
fn queue(
    vm: &mut VM,
    queue: &[Vec<u64>; 2],
    slots: &BTreeMap<u64, Slot>,
    left: Vec<Slot>,
) -> Result<[Vec<Slot>; 2], SnapshotError> {
    let run_queue = vm.inside_mut().run_queue;
    let mut order = [Vec::new(), Vec::new()];
    for (ordinals, list) in queue.iter().zip(&mut order) {
        for ordinal in ordinals {
            let &slot = slots.get(ordinal).ok_or_else(|| {
                SnapshotError::invalid(format!("session #{ordinal} is queued, and is not there"))
            })?;
            let block = run_queue.arena.block_mut(slot);
            if !header::has_coroutines(block) {
                let what = format!("session #{ordinal} is queued, and has no coroutines");
                return Err(SnapshotError::invalid(what));
            }
            header::enter_queue(block);
            list.push(slot);
        }
    }
    for slot in left {
        let block = run_queue.arena.block_mut(slot);
        if !written::would_act(block) {
            header::enter_queue(block);
            order[1].push(slot);
        }
    }
    let acts = |slots: &Vec<Slot>| {
        let is_detached = |slot: &Slot| header::is_detached(run_queue.arena.block(*slot));
        slots.iter().copied().filter(|slot| !is_detached(slot)).collect()
    };
    let lists = [acts(&order[0]), acts(&order[1])];
    run_queue.restore_queue(lists);
    Ok(order)
}

/// A session that has ended and is still asked for.
fn end_again(
    vm: &mut VM,
    form: EndedForm,
    images: &[&CodeImage],
    is_queued: bool,
) -> Result<Slot, SnapshotError> {
    let owned = form.outcome.is_some();
    let slot = vm.reopen(form.session, image_at(images, form.image)?, owned.then_some(true))?;
    if is_queued {
        header::enter_queue(vm.inside_mut().run_queue.arena.block_mut(slot));
    }
    vm.end_again(slot, form.outcome.map_or(Ok(()), Outcome::from), form.status.into());
    Ok(slot)
}

fn image_at<'a>(images: &[&'a CodeImage], nth: u32) -> Result<&'a CodeImage, SnapshotError> {
    let image = images.get(nth as usize).copied();
    image.ok_or_else(|| SnapshotError::invalid(format!("there is no image {nth}")))
}

/// Whether there are role objects, and somebody takes them back.
fn owner(objects: Objects) -> Option<bool> {
    match objects {
        Objects::None => None,
        Objects::Detached => Some(false),
        Objects::Owned => Some(true),
    }
}

/// Whether the counts and orders of a machine are possible.
pub(super) fn check_counts(body: &Body) -> Result<(), SnapshotError> {
    let Body { clock, next, skipped, trace, report, endpoints, .. } = body;
    let mut counts = body.sessions.iter().flat_map(SessionForm::counts);
    let ascends = |numbers: Vec<u64>| {
        numbers.is_sorted_by(|one, other| one < other)
            && numbers.last().is_none_or(|last| last < next)
    };
    let what =
        if [*clock, *next, trace.forgotten].into_iter().chain(&mut counts).any(|n| n >= COUNTED) {
            "a count is too large"
        } else if !ascends(skipped.iter().flat_map(|&(first, past)| [first, past]).collect()) {
            "the numbers that no session has had are out of order"
        } else if !ascends(body.sessions.iter().map(|form| form.session).collect())
            || !ascends(body.ended.iter().map(|form| form.session).collect())
        {
            "the sessions are out of order"
        } else if !body.paused.is_sorted_by(|one, other| one < other) {
            "the paused roles are out of order"
        } else if report.unreported > report.faults.len() as u64 {
            "more faults are unreported than there are"
        } else if endpoints.suspects >= COUNTED || endpoints.patience >= COUNTED {
            "a count of endpoints is too large"
        } else {
            return Ok(());
        };
    Err(SnapshotError::invalid(what))
}
