//! Messages that do not go through their channel.
//!
//! When the receiver stands at the instruction that takes this very message and nothing is queued
//! before it, sending and receiving are one step: the sender is asked, the receiver is told, the
//! channel is not touched. Whether the receiver has waited there or has not come to its turn yet is all
//! the same. If the sender is done with sending for now and the receiver sends next, the turn goes on as
//! the receiver's, so a conversation runs along its messages, and nobody waits, is woken or is looked for.
//!
//! It is one of the orders in which the roles could have acted anyway, so nothing but the order of
//! independent events shows it.

use super::{Goto, Host, Visit};
use crate::coroutine::Coro;
use crate::op::{Exchange, Receipt};
use crate::trace::Tag;
use crate::{Value, channel};

/// A role that stands where it takes a message.
#[derive(Clone, Copy)]
pub(super) struct Receiver {
    coro: Coro,
    receipt: Receipt,
}

impl<H: Host> Visit<'_, '_, H> {
    /// The receiver of a message, if the message can be handed over. It is ready then; if there is no
    /// message after all, it will see for itself and wait again.
    #[inline(always)]
    pub(super) fn receiver(&mut self, sent: &Exchange) -> Option<Receiver> {
        if self.left <= self.reserve {
            return None;
        }
        let coro = Coro::from_word(self.block[usize::from(sent.peer_at)]);
        // Marks make this number that of no instruction, so a role with marks is nowhere.
        let at = coro.pc_and_marks();
        let receipt = if at == sent.receipt.at { sent.receipt } else { self.receipt(at, sent)? };
        let head = &mut self.block[sent.channel.at()];
        if !channel::is_idle(*head) {
            return None;
        }
        *head = 0;
        self.ready |= sent.peer_bit;
        Some(Receiver { coro, receipt })
    }

    /// Where the receiver takes the message, if the guess was wrong.
    #[inline(never)]
    fn receipt(&self, at: u32, sent: &Exchange) -> Option<Receipt> {
        // In very large sessions, whose ready bits take many words, no message is handed over.
        if sent.peer_bit == 0 { None } else { self.loaded.linked.receipt_at(at, sent) }
    }

    /// Hands over a message: two instructions in one. Goes on as whoever acts next.
    #[inline(always)]
    pub(super) fn hand_over<const TRACE: bool>(
        &mut self,
        sent: &Exchange,
        receiver: Receiver,
        value: Value,
        tag: Tag,
    ) -> Goto {
        let Receiver { coro, receipt } = receiver;
        let (sender, count) = (self.cx.role, self.cx.count.wrapping_add(1));
        self.left -= 1;
        if TRACE {
            self.stage.trace.push(tag, sender, sent.peer, sent.label);
        }
        self.cx.role = sent.peer;
        self.cx.count = coro.count;
        self.cx.at = receipt.at;
        let told = self.host.receive(self.cx, sender, sent.label, value);
        self.cx.count = coro.count.wrapping_add(1);
        if let Err(error) = told {
            self.become_receiver(sent, count);
            let step = Self::no_answer(error, Some(receipt.next));
            return self.goto(step);
        }
        if receipt.leads {
            self.become_receiver(sent, count);
            return Goto(receipt.next);
        }
        self.block[usize::from(sent.peer_at)] = Coro::at(receipt.next, self.cx.count).to_word();
        self.cx.role = sender;
        self.cx.count = count;
        if sent.goes_on {
            return Goto(sent.next);
        }
        // Both receive next. Until they have their next turns, what they wait for may be there.
        self.block[self.place] = Coro::at(sent.next, count).to_word();
        Goto::OVER
    }

    /// The turn goes on as that of the receiver; the sender, which is ready, stands behind its message.
    #[inline(always)]
    fn become_receiver(&mut self, sent: &Exchange, count: u32) {
        self.block[self.place] = Coro::at(sent.next, count).to_word();
        self.place = sent.peer_at.into();
    }
}
