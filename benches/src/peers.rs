//! What others offer for the same exchange. None of them is asked for more than it does: `kanal` and
//! `tokio` are channels without a protocol, `rumpsteak` checks a protocol in the types of Rust, and the
//! ancestor is the VM that this design comes from.

pub mod ancestor;
pub mod kanal;
pub mod rumpsteak;
pub mod tokio;

use crate::contender::Contender;
use crate::tally::Audit;

/// Exchanges about so many messages from a fresh start, to the end.
struct Peer<F> {
    name: &'static str,
    exchange: F,
    so_far: Audit,
}

impl<F: FnMut(u64) -> Audit + 'static> Peer<F> {
    fn boxed(name: &'static str, exchange: F) -> Box<dyn Contender> {
        Box::new(Self { name, exchange, so_far: Audit::default() })
    }
}

impl<F: FnMut(u64) -> Audit> Contender for Peer<F> {
    fn exchange(&mut self, messages: u64) {
        self.so_far += (self.exchange)(messages);
    }

    fn sent(&self) -> u64 {
        self.so_far.sent
    }

    fn end(self: Box<Self>) {
        self.so_far.check(self.name, 0);
    }
}
