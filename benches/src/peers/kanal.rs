//! `kanal`: channels, here with both ends in one thread, so that nobody ever has to wait.

use kanal::{Receiver, Sender, bounded};

use super::Peer;
use crate::contender::Contender;
use crate::tally::{Audit, Tally};
use crate::workload::CAPACITY;

/// A number goes round between so many roles; two of them play ping-pong.
pub fn ring(roles: usize) -> Box<dyn Contender> {
    let channels: Vec<_> = (0..roles).map(|_| bounded(4)).collect();
    Peer::boxed("kanal", move |messages| {
        let mut tallies = vec![Tally::default(); roles];
        for _ in 0..messages.div_ceil(roles as u64) {
            send(&channels[1].0, tallies[0].take());
            for role in 1..roles {
                tallies[role].add(receive(&channels[role].1));
                send(&channels[(role + 1) % roles].0, tallies[role].take());
            }
            tallies[0].add(receive(&channels[0].1));
        }
        tallies.into_iter().map(Tally::audit).sum()
    })
}

pub fn stream() -> Box<dyn Contender> {
    let (to, from) = bounded(CAPACITY);
    Peer::boxed("kanal", move |messages| {
        let (mut source, mut sink) = (Tally::default(), Tally::default());
        for _ in 0..messages.div_ceil(CAPACITY as u64) {
            for _ in 0..CAPACITY {
                send(&to, source.take());
            }
            while let Some(item) = from.try_recv().expect("the channel is open") {
                sink.add(item);
            }
        }
        Audit { sum: sink.audit().sum, ..source.audit() }
    })
}

fn send(to: &Sender<u64>, number: u64) {
    assert!(to.try_send(number).expect("the channel is open"), "there is room");
}

fn receive(from: &Receiver<u64>) -> u64 {
    from.try_recv().expect("the channel is open").expect("a message was sent")
}
