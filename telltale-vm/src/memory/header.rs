//! The first three words of a session's block.
//!
//! ```text
//! ordinal 64 bits                                        from the low bits up
//! role objects 32 bits | image 16 | live roles 8 | status 3 | marks 5
//! place in the schedule 32 bits | the role whose turn is next 8 | numbers drawn 23 | a mark 1
//! ```

use crate::SessionStatus;
use crate::memory::{word, word_mut};

/// How many words it is: the ready bits come next.
pub(crate) const READY: usize = 3;

/// Begins a session in a block with what all sessions of its image begin with.
#[inline]
pub(crate) fn begin(block: &mut [u64], template: &[u64], ordinal: u64) {
    block[..template.len()].copy_from_slice(template);
    *word_mut(block, 0) = ordinal;
}

/// The session is open: with role objects of this key plus one, or without any.
#[inline]
pub(crate) fn open(block: &mut [u64], objects: u32, image: u16, roles: usize, owned: bool) {
    let marks = if owned { OWNED } else { 0 };
    *word_mut(block, 1) = u64::from(objects)
        | u64::from(image) << 32
        | (roles as u64) << 48
        | status_bits(ACTIVE)
        | marks;
}

pub(crate) const fn ordinal(block: &[u64]) -> u64 {
    word(block, 0)
}

/// The third word of the block of a session at a place in its script.
pub(crate) fn at_place(place: Option<u32>) -> u64 {
    place.unwrap_or(OFF).into()
}

/// The place of the schedule that the session has come to, if it is on its script.
#[inline]
pub(crate) const fn place(block: &[u64]) -> Option<u32> {
    match word(block, 2) as u32 {
        OFF => None,
        place => Some(place),
    }
}

#[inline]
pub(crate) fn set_place(block: &mut [u64], place: Option<u32>) {
    *word_mut(block, 2) = word(block, 2) & !u64::from(u32::MAX) | at_place(place);
}

/// The role from which on the next one to act is looked for.
#[inline]
pub(crate) const fn turn(block: &[u64]) -> u8 {
    (word(block, 2) >> 32) as u8
}

#[inline]
pub(crate) fn set_turn(block: &mut [u64], role: u8) {
    *word_mut(block, 2) = word(block, 2) & !(0xff << 32) | u64::from(role) << 32;
}

/// How many numbers the scheduler has drawn for this session, up to 2²³; it counts as one more.
pub(crate) fn draw(block: &mut [u64]) -> u64 {
    let drawn = word(block, 2) >> 40 & DRAWN;
    *word_mut(block, 2) = word(block, 2) & !(DRAWN << 40) | ((drawn + 1) & DRAWN) << 40;
    drawn
}

/// What [`crate::snapshot`] writes and reads beside all others.
#[cfg(feature = "serde")]
pub(crate) mod written {
    use super::{DETACHED, DRAWN, QUEUED, word, word_mut};

    /// How many numbers have been drawn: no more than this are counted.
    pub(crate) const MOST_DRAWN: u32 = DRAWN as u32;

    pub(crate) const fn drawn(block: &[u64]) -> u32 {
        (word(block, 2) >> 40 & DRAWN) as u32
    }

    pub(crate) fn set_drawn(block: &mut [u64], drawn: u32) {
        let drawn = u64::from(drawn) & DRAWN;
        *word_mut(block, 2) = word(block, 2) & !(DRAWN << 40) | drawn << 40;
    }

    /// So many coroutines have not halted.
    pub(crate) fn set_live(block: &mut [u64], live: u8) {
        *word_mut(block, 1) = word(block, 1) & !(0xff << 48) | u64::from(live) << 48;
    }

    /// The session waits for its role objects.
    pub(crate) fn detach(block: &mut [u64]) {
        *word_mut(block, 1) |= DETACHED;
    }

    /// Whether the run queue names the session, or would if it had its role objects.
    pub(crate) const fn would_act(block: &[u64]) -> bool {
        word(block, 1) & QUEUED != 0
    }
}

/// The key of the session's role objects plus one; 0 if it has none, or they have been taken.
#[inline]
pub(crate) const fn objects(block: &[u64]) -> u32 {
    word(block, 1) as u32
}

/// The image, by its number in the VM.
#[inline]
pub(crate) const fn image(block: &[u64]) -> u16 {
    (word(block, 1) >> 32) as u16
}

/// How many roles have not halted.
#[inline]
pub(crate) const fn live(block: &[u64]) -> u8 {
    (word(block, 1) >> 48) as u8
}

/// A coroutine that had halted begins again.
pub(crate) fn revived(block: &mut [u64]) {
    block[1] += 1 << 48;
}

/// One more role has halted.
pub(crate) fn halted(block: &mut [u64]) {
    *word_mut(block, 1) -= 1 << 48;
}

/// Whether somebody will take the role objects back.
pub(crate) const fn is_owned(block: &[u64]) -> bool {
    word(block, 1) & OWNED != 0
}

/// The role objects have been taken back.
pub(crate) fn disown(block: &mut [u64]) {
    *word_mut(block, 1) &= !(OWNED | u64::from(u32::MAX));
}

/// Where the session is in its life; nothing when there is none in this block.
pub(crate) const fn status(block: &[u64]) -> Option<SessionStatus> {
    match (word(block, 1) >> 56) & 7 {
        ACTIVE => Some(SessionStatus::Active),
        DRAINING => Some(SessionStatus::Draining),
        CLOSED => Some(SessionStatus::Closed),
        CANCELLED => Some(SessionStatus::Cancelled),
        FAULTED => Some(SessionStatus::Faulted),
        _ => None,
    }
}

/// Whether its roles may act.
#[inline]
pub(crate) const fn is_running(block: &[u64]) -> bool {
    matches!((word(block, 1) >> 56) & 7, ACTIVE | DRAINING)
}

/// Whether the session is active: not even being closed.
#[inline]
pub(crate) const fn is_active(block: &[u64]) -> bool {
    (word(block, 1) >> 56) & 7 == ACTIVE
}

pub(crate) fn set_status(block: &mut [u64], status: SessionStatus) {
    let number = match status {
        SessionStatus::Active => ACTIVE,
        SessionStatus::Draining => DRAINING,
        SessionStatus::Closed => CLOSED,
        SessionStatus::Cancelled => CANCELLED,
        SessionStatus::Faulted => FAULTED,
    };
    *word_mut(block, 1) = word(block, 1) & !status_bits(7) | status_bits(number);
    set_place(block, None);
}

/// The session has no coroutines: its roles are played through endpoints. It is never in the run queue.
pub(crate) fn set_without_coroutines(block: &mut [u64]) {
    *word_mut(block, 1) |= WITHOUT_COROUTINES;
    set_place(block, None);
}

pub(crate) const fn has_coroutines(block: &[u64]) -> bool {
    word(block, 1) & WITHOUT_COROUTINES == 0
}

/// Some of the session's roles are played from outside of the VM: it is never on its script.
pub(crate) fn set_outside(block: &mut [u64]) {
    *word_mut(block, 2) |= OUTSIDE;
    set_place(block, None);
}

#[inline]
pub(crate) const fn has_outside(block: &[u64]) -> bool {
    word(block, 2) & OUTSIDE != 0
}

/// The run queue is about to name the session; says whether it does not yet.
///
/// It is named from here on until it leaves the queue, also while it has its slice.
#[inline]
pub(crate) fn enter_queue(block: &mut [u64]) -> bool {
    let is_new = word(block, 1) & (QUEUED | DETACHED) == 0;
    *word_mut(block, 1) |= QUEUED;
    is_new
}

/// The run queue does not name the session any more.
#[inline]
pub(crate) fn leave_queue(block: &mut [u64]) {
    *word_mut(block, 1) &= !QUEUED;
}

/// Whether the run queue names the session, or it has its slice.
#[inline]
pub(crate) const fn is_queued(block: &[u64]) -> bool {
    word(block, 1) & (QUEUED | DETACHED) == QUEUED
}

/// Whether the session has been resumed and waits for its role objects. The run queue never names it then; the mark of the
/// queue says that it would.
#[inline]
pub(crate) const fn is_detached(block: &[u64]) -> bool {
    word(block, 1) & DETACHED != 0
}

/// The session has its role objects. Says whether the run queue has to name it from now on.
#[cfg(feature = "serde")]
pub(crate) fn attach(block: &mut [u64]) -> bool {
    *word_mut(block, 1) &= !DETACHED;
    is_queued(block)
}

/// The block is free, but the queue still names it; it is given back when the queue comes to it.
pub(crate) fn set_zombie(block: &mut [u64]) {
    *word_mut(block, 1) |= ZOMBIE;
}

pub(crate) const fn is_zombie(block: &[u64]) -> bool {
    word(block, 1) & ZOMBIE != 0
}

/// Instead of a place: the session is not on its script.
const OFF: u32 = u32::MAX;
const ACTIVE: u64 = 1;
const DRAINING: u64 = 2;
const CLOSED: u64 = 3;
const CANCELLED: u64 = 4;
const FAULTED: u64 = 5;
const OWNED: u64 = 1 << 59;
const ZOMBIE: u64 = 1 << 60;
const WITHOUT_COROUTINES: u64 = 1 << 61;
const QUEUED: u64 = 1 << 62;
const DETACHED: u64 = 1 << 63;
/// In the third word.
const OUTSIDE: u64 = 1 << 63;
/// The numbers that have been drawn, where they stand in the third word.
const DRAWN: u64 = (1 << 23) - 1;

const fn status_bits(number: u64) -> u64 {
    number << 56
}
