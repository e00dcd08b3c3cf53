//! The bounded FIFO from one role to another, in words of the session's block.
//!
//! Where the protocol never has two messages in flight a channel is a *cell*: a head and a payload.
//! Otherwise it is a *ring*: a head and room for a few messages; when more are queued, the ring moves
//! to a buffer beside the sessions and grows there, up to the capacity of the channel. When it is
//! empty it moves back.
//!
//! ```text
//! head of a cell   marks 8 bits | kind 8 | label 16
//! head of a ring   marks 8 bits | - 8 | first 16 | length 16
//! message          kind 8 bits | - 8 | label 16,  payload 64
//! ```
//!
//! The marks say whether a message is there (cell), whether the receiver waits for a message or the
//! sender for room, and whether the ring has moved.

use crate::memory::{word, word_mut};
use telltale_types::LabelId;

use crate::memory::heap::Word;
use crate::{ChannelMode, WhenFull};

/// Where the channel of a pair of roles is in the block, how much it may hold, and what happens then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) place: u32,
    pub(crate) capacity: u16,
    pub(crate) shape: Shape,
    pub(crate) rule: Rule,
}

/// How a channel differs from one that keeps every message and lets its sender wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Not at all.
    Plain,
    /// A message without room is lost.
    Drop,
    /// A message without room is a fault.
    Refuse,
    /// A message replaces the newest one if that has the same label; without room the sender waits.
    Latest,
    /// As `Latest`; without room the message is lost.
    LatestOrDrop,
    /// As `Latest`; without room it is a fault.
    LatestOrRefuse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Cell,
    Ring,
}

/// A message in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) label: LabelId,
    pub(crate) word: Word,
}

/// How many messages a ring holds before it moves.
const INLINE: usize = 4;

const FULL: u64 = 1;
const RECEIVER_WAITS: u64 = 1 << 1;
const SENDER_WAITS: u64 = 1 << 2;
const MOVED: u64 = 1 << 3;
const MARKS: u64 = 0xff;

impl Plan {
    /// The pair of roles does not talk.
    pub(crate) const NONE: Self =
        Self { place: 0, capacity: 0, shape: Shape::Cell, rule: Rule::Plain };

    /// Whether the pair of roles talks.
    pub(crate) fn exists(self) -> bool {
        self.place != 0
    }

    /// How many messages the channel holds at most.
    pub(crate) fn room(self) -> u16 {
        match self.shape {
            Shape::Cell => 1,
            Shape::Ring => self.capacity,
        }
    }

    /// Where its head is.
    #[inline]
    pub(crate) fn at(self) -> usize {
        self.place as usize
    }
}

impl Rule {
    pub(crate) fn new(when_full: WhenFull, mode: ChannelMode) -> Self {
        match (mode, when_full) {
            (ChannelMode::Fifo, WhenFull::Block) => Self::Plain,
            (ChannelMode::Fifo, WhenFull::Drop) => Self::Drop,
            (ChannelMode::Fifo, WhenFull::Error | WhenFull::Resize) => Self::Refuse,
            (ChannelMode::LatestValue, WhenFull::Block) => Self::Latest,
            (ChannelMode::LatestValue, WhenFull::Drop) => Self::LatestOrDrop,
            (ChannelMode::LatestValue, WhenFull::Error | WhenFull::Resize) => Self::LatestOrRefuse,
        }
    }

    /// Whether a message without room is lost.
    pub(crate) fn drops(self) -> bool {
        matches!(self, Self::Drop | Self::LatestOrDrop)
    }

    /// Whether a message without room is a fault.
    pub(crate) fn refuses(self) -> bool {
        matches!(self, Self::Refuse | Self::LatestOrRefuse)
    }

    /// Whether a message can take the place of the newest one.
    pub(crate) fn replaces(self) -> bool {
        matches!(self, Self::Latest | Self::LatestOrDrop | Self::LatestOrRefuse)
    }
}

impl Shape {
    pub(crate) const fn words(self) -> usize {
        match self {
            Self::Cell => 2,
            Self::Ring => 1 + 2 * INLINE,
        }
    }
}

/// The buffers of rings that have moved, by their number.
///
/// Those that nobody uses are kept for the next burst, up to [`KEPT`] slots together; larger ones, and more of them,
/// give their memory back.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    rings: Vec<Box<[[u64; 2]]>>,
    free: Vec<u32>,
    /// How many slots the free ones have together.
    kept: usize,
}

/// How many slots are kept for later: a quarter of a megabyte.
const KEPT: usize = 1 << 14;

/// Whether one more message has room.
#[inline]
pub(crate) fn has_room(block: &[u64], plan: Plan) -> bool {
    let head = word(block, plan.at());
    match plan.shape {
        Shape::Cell => head & FULL == 0,
        Shape::Ring => ring_len(head) < usize::from(plan.capacity),
    }
}

/// The label of the first message.
#[inline]
pub(crate) fn first_label(block: &[u64], buffers: &Buffers, plan: Plan) -> Option<LabelId> {
    first(block, buffers, plan).map(|message| message.label)
}

/// The first message.
#[inline(always)]
pub(crate) fn first(block: &[u64], buffers: &Buffers, plan: Plan) -> Option<Message> {
    let head = word(block, plan.at());
    match plan.shape {
        Shape::Cell => (head & FULL != 0).then(|| unpack([head, word(block, plan.at() + 1)])),
        Shape::Ring if ring_len(head) == 0 => None,
        Shape::Ring => Some(unpack(ring_slot(block, buffers, plan, ring_first(head)))),
    }
}

/// Whether a message with this label would take the place of the newest one.
#[inline]
pub(crate) fn replaces(block: &[u64], buffers: &Buffers, plan: Plan, label: LabelId) -> bool {
    plan.rule.replaces() && last_label(block, buffers, plan) == Some(label)
}

/// Whether whoever sends a message with this label does not have to wait for room: there is some, or the message replaces
/// the newest one, is lost, or is a fault.
pub(crate) fn lets_go_on(block: &[u64], buffers: &Buffers, plan: Plan, label: LabelId) -> bool {
    has_room(block, plan)
        || plan.rule.drops()
        || plan.rule.refuses()
        || replaces(block, buffers, plan, label)
}

/// The label of the newest message of a ring.
fn last_label(block: &[u64], buffers: &Buffers, plan: Plan) -> Option<LabelId> {
    let head = word(block, plan.at());
    if plan.shape == Shape::Cell || ring_len(head) == 0 {
        return None;
    }
    Some(label_of(ring_slot(block, buffers, plan, newest(block, buffers, plan))[0]))
}

/// The place of the newest message of a ring that is not empty.
fn newest(block: &[u64], buffers: &Buffers, plan: Plan) -> usize {
    let head = word(block, plan.at());
    (ring_first(head) + ring_len(head) - 1) & (ring_size(block, buffers, plan) - 1)
}

/// How many messages are queued.
pub(crate) fn len(block: &[u64], plan: Plan) -> usize {
    let head = word(block, plan.at());
    match plan.shape {
        Shape::Cell => (head & FULL) as usize,
        Shape::Ring => ring_len(head),
    }
}

/// Whether the channel is empty and nothing is to be done when a message comes but to wake
/// its receiver.
#[inline]
pub(crate) fn is_idle(block: &[u64], plan: Plan) -> bool {
    word(block, plan.at()) & !RECEIVER_WAITS == 0
}

/// One of the messages that are queued, by its place in the order.
#[inline]
pub(crate) fn peek(block: &[u64], buffers: &Buffers, plan: Plan, nth: usize) -> Message {
    let at = plan.at();
    unpack(match plan.shape {
        Shape::Cell => [word(block, at), word(block, at + 1)],
        Shape::Ring => {
            let place = (ring_first(word(block, at)) + nth) & (ring_size(block, buffers, plan) - 1);
            ring_slot(block, buffers, plan, place)
        }
    })
}

/// Appends a message for which there is room. Says whether the receiver waits for it.
#[inline(always)]
pub(crate) fn push(block: &mut [u64], buffers: &mut Buffers, plan: Plan, message: Message) -> bool {
    let at = plan.at();
    let head = word(block, at);
    let packed = pack(message);
    match plan.shape {
        Shape::Cell => {
            *word_mut(block, at + 1) = message.word.bits;
            *word_mut(block, at) = head & SENDER_WAITS | FULL | packed;
        }
        Shape::Ring => push_ring(block, buffers, plan, [packed, message.word.bits]),
    }
    head & RECEIVER_WAITS != 0
}

/// Replaces the newest message of a ring that is not empty. Gives the old payload.
pub(crate) fn replace(
    block: &mut [u64],
    buffers: &mut Buffers,
    plan: Plan,
    message: Message,
) -> Word {
    let newest = newest(block, buffers, plan);
    let [packed, bits] = ring_slot(block, buffers, plan, newest);
    put(block, buffers, plan, newest, [pack(message), message.word.bits]);
    Word { kind: (packed >> 8) as u8, bits }
}

/// Takes the first message, which must be there. Says whether the sender waits for room.
#[inline(always)]
pub(crate) fn pop(block: &mut [u64], buffers: &mut Buffers, plan: Plan) -> (Message, bool) {
    let message = peek(block, buffers, plan, 0);
    (message, forget_first(block, buffers, plan))
}

/// The first message, which must be there, has been taken. Says whether the sender waits for room.
#[inline(always)]
pub(crate) fn forget_first(block: &mut [u64], buffers: &mut Buffers, plan: Plan) -> bool {
    let head = word(block, plan.at());
    match plan.shape {
        Shape::Cell => *word_mut(block, plan.at()) = 0,
        Shape::Ring => forget_first_of_ring(block, buffers, plan),
    }
    head & SENDER_WAITS != 0
}

#[inline(never)]
fn forget_first_of_ring(block: &mut [u64], buffers: &mut Buffers, plan: Plan) {
    let at = plan.at();
    let head = word(block, at);
    if ring_len(head) == 1 {
        release(block, buffers, plan);
        *word_mut(block, at) = 0;
    } else {
        let next = (ring_first(head) + 1) & (ring_size(block, buffers, plan) - 1);
        *word_mut(block, at) = ring_head(head & MOVED, next, ring_len(head) - 1);
        if head & MOVED != 0 {
            shrink_if_sparse(block, buffers, plan);
        }
    }
}

/// Notes that the receiver waits for a message.
#[inline]
pub(crate) fn await_message(block: &mut [u64], plan: Plan) {
    *word_mut(block, plan.at()) |= RECEIVER_WAITS;
}

/// Notes that the receiver does not wait for a message any more.
#[inline]
pub(crate) fn forget_receiver(block: &mut [u64], plan: Plan) {
    *word_mut(block, plan.at()) &= !RECEIVER_WAITS;
}

/// Notes that the sender waits for room.
pub(crate) fn await_room(block: &mut [u64], plan: Plan) {
    *word_mut(block, plan.at()) |= SENDER_WAITS;
}

/// Whether the receiver waits for a message.
pub(crate) fn receiver_waits(block: &[u64], plan: Plan) -> bool {
    word(block, plan.at()) & RECEIVER_WAITS != 0
}

/// Whether the sender waits for room.
pub(crate) fn sender_waits(block: &[u64], plan: Plan) -> bool {
    word(block, plan.at()) & SENDER_WAITS != 0
}

/// Whether the channel is empty and nobody waits for it: then there is nothing to give back.
#[inline]
pub(crate) fn is_untouched(block: &[u64], plan: Plan) -> bool {
    word(block, plan.at()) == 0
}

/// Gives back what the channel holds outside of the block. It must be empty, or never looked at again.
#[inline]
pub(crate) fn release(block: &mut [u64], buffers: &mut Buffers, plan: Plan) {
    let head = word(block, plan.at());
    if plan.shape == Shape::Ring && head & MOVED != 0 {
        buffers.give_back(word(block, plan.at() + 1) as u32);
        *word_mut(block, plan.at()) = 0;
    }
}

/// Forgets whatever is in the channel, and who waits for it.
pub(crate) fn clear(block: &mut [u64], buffers: &mut Buffers, plan: Plan) {
    release(block, buffers, plan);
    *word_mut(block, plan.at()) = 0;
}

#[inline(never)]
fn push_ring(block: &mut [u64], buffers: &mut Buffers, plan: Plan, slot: [u64; 2]) {
    let at = plan.at();
    let (first, len) = (ring_first(word(block, at)), ring_len(word(block, at)));
    if len == ring_size(block, buffers, plan) {
        grow(block, buffers, plan);
        return push_ring(block, buffers, plan, slot);
    }
    let place = (first + len) & (ring_size(block, buffers, plan) - 1);
    put(block, buffers, plan, place, slot);
    *word_mut(block, at) = ring_head(word(block, at) & (MOVED | SENDER_WAITS), first, len + 1);
}

#[inline]
fn put(block: &mut [u64], buffers: &mut Buffers, plan: Plan, place: usize, slot: [u64; 2]) {
    let at = plan.at();
    if word(block, at) & MOVED == 0 {
        *word_mut(block, at + 1 + 2 * place) = slot[0];
        *word_mut(block, at + 2 + 2 * place) = slot[1];
    } else {
        buffers.rings[word(block, at + 1) as usize][place] = slot;
    }
}

/// Moves a full ring to a buffer of at least twice its size.
#[cold]
fn grow(block: &mut [u64], buffers: &mut Buffers, plan: Plan) {
    let size = ring_size(block, buffers, plan);
    let number = buffers.take(size * 2);
    move_ring(block, buffers, plan, number);
}

/// A ring of which a burst has left most empty moves to a smaller buffer. As it must fill up again before it
/// grows, and empty again before it shrinks, this costs each message little.
#[inline]
fn shrink_if_sparse(block: &mut [u64], buffers: &mut Buffers, plan: Plan) {
    let size = ring_size(block, buffers, plan);
    if size > SMALLEST && ring_len(word(block, plan.at())) <= size / 8 {
        let number = buffers.take(size / 4);
        move_ring(block, buffers, plan, number);
    }
}

/// Moves a ring to another buffer, which has room for its messages.
#[cold]
fn move_ring(block: &mut [u64], buffers: &mut Buffers, plan: Plan, number: u32) {
    let (at, size) = (plan.at(), ring_size(block, buffers, plan));
    let (first, len) = (ring_first(word(block, at)), ring_len(word(block, at)));
    for nth in 0..len {
        let slot = ring_slot(block, buffers, plan, (first + nth) & (size - 1));
        buffers.rings[number as usize][nth] = slot;
    }
    if word(block, at) & MOVED != 0 {
        buffers.give_back(word(block, at + 1) as u32);
    }
    *word_mut(block, at) = ring_head(word(block, at) & MARKS | MOVED, 0, len);
    *word_mut(block, at + 1) = number.into();
}

/// How many messages the smallest buffer holds.
const SMALLEST: usize = 16;

impl Buffers {
    /// How many bytes the buffers take.
    pub(crate) fn bytes(&self) -> usize {
        self.rings.iter().map(|ring| size_of_val(&**ring)).sum()
    }

    /// A buffer of at least `size` slots, a power of two.
    fn take(&mut self, size: usize) -> u32 {
        let size = size.max(SMALLEST);
        let number = self.free.pop().unwrap_or_else(|| {
            self.rings.push(Box::default());
            u32::try_from(self.rings.len() - 1).expect("buffers fill the memory before that")
        });
        self.kept -= self.rings[number as usize].len();
        let is_right = (size..=size * 2).contains(&self.rings[number as usize].len());
        if !is_right {
            self.rings[number as usize] = vec![[0; 2]; size].into();
        }
        number
    }

    /// Nobody uses a buffer any more.
    fn give_back(&mut self, number: u32) {
        let ring = &mut self.rings[number as usize];
        if self.kept + ring.len() > KEPT {
            *ring = Box::default();
        }
        self.kept += ring.len();
        self.free.push(number);
    }
}

#[inline]
fn ring_size(block: &[u64], buffers: &Buffers, plan: Plan) -> usize {
    if word(block, plan.at()) & MOVED == 0 {
        INLINE
    } else {
        buffers.rings[word(block, plan.at() + 1) as usize].len()
    }
}

#[inline(never)]
fn ring_slot(block: &[u64], buffers: &Buffers, plan: Plan, place: usize) -> [u64; 2] {
    let at = plan.at();
    if word(block, at) & MOVED == 0 {
        [word(block, at + 1 + 2 * place), word(block, at + 2 + 2 * place)]
    } else {
        buffers.rings[word(block, at + 1) as usize][place]
    }
}

const fn ring_head(marks: u64, first: usize, len: usize) -> u64 {
    marks | (first as u64) << 8 | (len as u64) << 32
}

const fn ring_first(head: u64) -> usize {
    (head >> 8) as usize & 0xff_ffff
}

const fn ring_len(head: u64) -> usize {
    (head >> 32) as usize
}

#[inline]
fn pack(message: Message) -> u64 {
    u64::from(message.word.kind) << 8 | u64::from(message.label.0) << 16
}

#[inline]
const fn unpack([packed, bits]: [u64; 2]) -> Message {
    Message { label: label_of(packed), word: Word { kind: (packed >> 8) as u8, bits } }
}

const fn label_of(packed: u64) -> LabelId {
    LabelId((packed >> 16) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING: Plan = Plan { place: 1, capacity: 1000, shape: Shape::Ring, rule: Rule::Plain };
    const CELL: Plan = Plan { place: 1, capacity: 1, shape: Shape::Cell, rule: Rule::Plain };

    fn message(n: u64) -> Message {
        let label = LabelId((n * 7) as u16);
        Message { label, word: Word { kind: 3, bits: n } }
    }

    #[test]
    fn a_ring_keeps_the_order_while_it_grows() {
        let mut block = vec![0; 1 + Shape::Ring.words()];
        let mut buffers = Buffers::default();
        let (mut sent, mut received) = (0, 0);
        for round in 0..200_u64 {
            for _ in 0..round % 17 + 3 {
                if has_room(&block, RING) {
                    push(&mut block, &mut buffers, RING, message(sent));
                    sent += 1;
                }
            }
            for _ in 0..round % 11 {
                if first_label(&block, &buffers, RING).is_some() {
                    assert_eq!(pop(&mut block, &mut buffers, RING).0, message(received));
                    received += 1;
                }
            }
            assert_eq!(len(&block, RING) as u64, sent - received);
        }
        assert!(sent - received > 500);
        release(&mut block, &mut buffers, RING);
        assert_eq!((len(&block, RING), buffers.free.len()), (0, buffers.rings.len()));
    }

    #[test]
    fn a_ring_that_is_empty_is_as_good_as_new() {
        let mut block = vec![0; 1 + Shape::Ring.words()];
        let mut buffers = Buffers::default();
        for burst in [1, 3, 4, 5, 40, 2, 100] {
            assert!(is_idle(&block, RING));
            for n in 0..burst {
                push(&mut block, &mut buffers, RING, message(n));
            }
            for n in 0..burst {
                assert!(!is_idle(&block, RING));
                assert_eq!(pop(&mut block, &mut buffers, RING).0, message(n));
            }
        }
        // A ring that moves needs two buffers, and no more.
        assert_eq!((buffers.rings.len(), buffers.free.len()), (2, 2));
    }

    #[test]
    fn capacity_is_a_limit() {
        let plan = Plan { capacity: 2, ..RING };
        let mut block = vec![0; 1 + Shape::Ring.words()];
        let mut buffers = Buffers::default();
        for n in 0..2 {
            assert!(has_room(&block, plan));
            push(&mut block, &mut buffers, plan, message(n));
        }
        assert!(!has_room(&block, plan));
    }

    #[test]
    fn whoever_waits_is_named_once() {
        for plan in [RING, CELL] {
            let mut block = vec![0; 1 + Shape::Ring.words()];
            let mut buffers = Buffers::default();
            await_message(&mut block, plan);
            assert!(push(&mut block, &mut buffers, plan, message(1)));
            await_room(&mut block, plan);
            assert_eq!(pop(&mut block, &mut buffers, plan), (message(1), true));
            assert!(!push(&mut block, &mut buffers, plan, message(2)));
            assert_eq!(pop(&mut block, &mut buffers, plan), (message(2), false));
        }
    }
}
