//! Clients under another runtime, and endpoints under none.

use std::future::pending;
use std::thread;
use std::time::Duration;

use pollster::block_on;
use telltale_net::engine::memory::Memory;
use telltale_net::{Client, Start};

use super::scene::{Failed, greeting, quick};

async fn sleep(time: Duration) {
    smol::Timer::after(time).await;
}

/// The work is done under smol; whoever plays waits with a plain `block_on`, in threads of their own.
#[test]
fn smol_works_and_threads_play() -> Result<(), Failed> {
    let engine = Memory::new();
    let start = Start::of(&greeting::IMAGE).with_ticket_for("Ann").with_ticket_for("Ben");
    block_on(start.on(&engine))?;
    let (anns, bens) = (Client::with(engine.clone(), quick()), Client::with(engine, quick()));
    let tasks = [anns.run(sleep, pending()), bens.run(sleep, pending())].map(smol::spawn);
    let tickets = start.tickets();
    let ann = thread::spawn({
        let ticket = tickets[0].clone();
        move || {
            block_on(async {
                let me = greeting::ann::join(&anns, &ticket).await?;
                let (nth, me) = me.hello("hi".to_owned()).await?.welcome().await?;
                me.close();
                Ok::<_, Failed>(nth)
            })
        }
    });
    block_on(async {
        let (words, me) = greeting::ben::join(&bens, &tickets[1]).await?.hello().await?;
        me.welcome(words.len() as u64).await?.close();
        Ok::<_, Failed>(())
    })?;
    assert_eq!(ann.join().expect("it does not panic")?, 2);
    drop(tasks);
    Ok(())
}
