//! `tokio`: tasks and channels, in one thread.

use std::rc::Rc;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::LocalSet;

use super::Peer;
use crate::contender::Contender;
use crate::tally::{Audit, Tally};
use crate::workload::CAPACITY;

fn runtime() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

/// A number goes round between so many tasks; two of them play ping-pong.
pub fn ring(roles: u64) -> Box<dyn Contender> {
    let runtime = Rc::new(runtime());
    Peer::boxed("tokio", move |messages| {
        let laps = messages.div_ceil(roles);
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..roles).map(|_| channel(4)).unzip();
        let mut senders: Vec<Sender<u64>> = senders;
        // Each role sends to the next one.
        senders.rotate_left(1);
        LocalSet::new().block_on(&runtime, async {
            let ends = senders.into_iter().zip(receivers).enumerate();
            let tasks: Vec<_> = ends
                .map(|(at, (to, from))| tokio::task::spawn_local(role(at == 0, laps, to, from)))
                .collect();
            let mut audit = Audit::default();
            for task in tasks {
                audit += task.await.expect("no panic").audit();
            }
            audit
        })
    })
}

async fn role(begins: bool, laps: u64, to: Sender<u64>, mut from: Receiver<u64>) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..laps {
        if begins {
            to.send(tally.take()).await.expect("the channel is open");
            tally.add(from.recv().await.expect("the channel is open"));
        } else {
            tally.add(from.recv().await.expect("the channel is open"));
            to.send(tally.take()).await.expect("the channel is open");
        }
    }
    tally
}

pub fn stream() -> Box<dyn Contender> {
    let runtime = runtime();
    Peer::boxed("tokio", move |messages| {
        let (to, mut from) = channel(CAPACITY);
        LocalSet::new().block_on(&runtime, async move {
            let source = tokio::task::spawn_local(async move {
                let mut source = Tally::default();
                for _ in 0..messages {
                    to.send(source.take()).await.expect("the channel is open");
                }
                source
            });
            let sink = tokio::task::spawn_local(async move {
                let mut sink = Tally::default();
                while let Some(item) = from.recv().await {
                    sink.add(item);
                }
                sink
            });
            let (source, sink) = (source.await.expect("no panic"), sink.await.expect("no panic"));
            Audit { sum: sink.audit().sum, ..source.audit() }
        })
    })
}
