//! Whoever goes is missed.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use telltale_net::engine::memory::{Faults, Memory};
use telltale_net::engine::{Ending, Engine};
use telltale_net::{Client, ClientConfig};
use tokio::sync::oneshot;
use tokio::time;

use super::scene::{Failed, client, counting, greeting, quick, start};

#[tokio::test]
async fn whoever_drops_an_endpoint_ends_the_session() -> Result<(), Failed> {
    let engine = Memory::new();
    let ((anns, _), (bens, _)) = (client(&engine, quick()), client(&engine, quick()));
    let (key, tickets) = start(&greeting::IMAGE, &engine).await;
    let ann = greeting::ann::join(&anns, &tickets[0]).await?;
    let ben = greeting::ben::join(&bens, &tickets[1]).await?;
    drop(ann);
    let error = ben.hello().await.expect_err("Ann is gone");
    let reason = "`ann::Hello` was dropped";
    assert_eq!(error.to_string(), format!("the session was cancelled: it was cancelled: {reason}"));
    let ending = Ending::Cancelled { reason: reason.to_owned() };
    assert_eq!(engine.ending(&key).await?, Some(ending));
    while anns.seats() + bens.seats() > 0 {
        time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(engine.open_sessions(), 0);
    Ok(())
}

/// What was awaited is written down, whatever becomes of the process.
#[tokio::test]
async fn the_last_message_is_not_lost() -> Result<(), Failed> {
    let engine = Memory::new();
    for _ in 0..20 {
        let (key, tickets) = start(&greeting::IMAGE, &engine).await;
        let ((anns, ann_works), (bens, ben_works)) =
            (client(&engine, quick()), client(&engine, quick()));
        let me = greeting::ann::join(&anns, &tickets[0]).await?.hello("hi".to_owned()).await?;
        let (_, ben) = greeting::ben::join(&bens, &tickets[1]).await?.hello().await?;
        ben.welcome(1).await?.close();
        ben_works.abort();
        let (_, me) = me.welcome().await?;
        me.close();
        ann_works.abort();
        assert_eq!(engine.ending(&key).await?, Some(Ending::Complete));
    }
    Ok(())
}

/// An engine whose clock is moved by hand.
fn with_clock() -> (Memory, Arc<AtomicU64>) {
    let seconds = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&seconds);
    let now = move || Duration::from_secs(clock.load(Ordering::Relaxed));
    (Memory::with_time(0, Faults::default(), now), seconds)
}

#[tokio::test]
async fn a_process_that_dies_is_missed_after_its_heartbeat() -> Result<(), Failed> {
    let (engine, seconds) = with_clock();
    let (anns, ann_works) = client(&engine, quick());
    let (bens, _) =
        client(&engine, ClientConfig { heartbeat: Duration::from_secs(3_600), ..quick() });
    let (key, tickets) = start(&greeting::IMAGE, &engine).await;
    let ann = greeting::ann::join(&anns, &tickets[0]).await?;
    let ben = greeting::ben::join(&bens, &tickets[1]).await?;
    ann_works.abort();
    let error = ann.hello("hi".to_owned()).await.expect_err("nobody does its work");
    assert!(error.to_string().contains("the client is not at work"), "{error}");
    seconds.store(29, Ordering::Relaxed);
    assert_eq!(engine.ending(&key).await?, None);
    seconds.store(30, Ordering::Relaxed);
    let reason = "whoever plays `Ann` was not heard of for 30s";
    let error = ben.hello().await.expect_err("Ann is gone");
    assert!(error.to_string().contains(reason), "{error}");
    let ending = Ending::Faulted { role: "Ann".to_owned(), reason: reason.to_owned() };
    assert_eq!(engine.ending(&key).await?, Some(ending));
    Ok(())
}

/// Whoever says nothing for a long time is there all the same.
#[tokio::test]
async fn whoever_thinks_for_long_is_not_missed() -> Result<(), Failed> {
    let engine = Memory::new();
    let config = ClientConfig { heartbeat: Duration::from_millis(1_500), ..quick() };
    let ((anns, _), (bens, _)) = (client(&engine, config.clone()), client(&engine, config));
    let (_, tickets) = start(&greeting::IMAGE, &engine).await;
    let ann = greeting::ann::join(&anns, &tickets[0]).await?;
    let ben = greeting::ben::join(&bens, &tickets[1]).await?;
    time::sleep(Duration::from_secs(4)).await;
    let _me = ann.hello("after a while".to_owned()).await?;
    assert_eq!(ben.hello().await?.0, "after a while");
    Ok(())
}

#[tokio::test]
async fn a_client_that_is_stopped_tells_the_others() -> Result<(), Failed> {
    let engine = Memory::new();
    let client_of_ann = Client::with(engine.clone(), quick());
    let (stop, stopped) = oneshot::channel::<()>();
    let work = client_of_ann.run(time::sleep, async { drop(stopped.await) });
    let work = tokio::spawn(work);
    let (bens, _) = client(&engine, quick());
    let (_, tickets) = start(&greeting::IMAGE, &engine).await;
    let ann = greeting::ann::join(&client_of_ann, &tickets[0]).await?;
    let ben = greeting::ben::join(&bens, &tickets[1]).await?;
    stop.send(()).expect("it is at work");
    work.await??;
    let error = ben.hello().await.expect_err("Ann's process has stopped");
    assert!(error.to_string().contains("the process that plays `Ann` stops"), "{error}");
    let error = ann.hello("hi".to_owned()).await.expect_err("it has stopped");
    assert!(error.to_string().contains("the process that plays `Ann` stops"), "{error}");
    Ok(())
}

/// Whoever sends faster than others receive waits; and whoever is not heard of does not make him wait for ever.
#[tokio::test]
async fn a_deadline_ends_whoever_waits() -> Result<(), Failed> {
    let (engine, seconds) = with_clock();
    let (client, _) =
        client(&engine, ClientConfig { heartbeat: Duration::from_secs(3_600), ..quick() });
    let start = telltale_net::Start::of(&counting::IMAGE)
        .with_ticket_for("Ann")
        .with_ticket_for("Ben")
        .with_ticket_for("Cas")
        .within(Duration::from_secs(60));
    start.on(&engine).await?;
    let tickets = start.tickets();
    let me = counting::ann::join(&client, &tickets[0]).await?;
    let me = me.ask().await?;
    let waits = tokio::spawn(async move { me.sum().await.map(|_| ()) });
    time::sleep(Duration::from_millis(10)).await;
    seconds.store(60, Ordering::Relaxed);
    let error = waits.await?.expect_err("its time is over");
    let expected = "its time is over (60s in all); not done: `Ann`; `Ben`, which nobody has played; \
        `Cas`, which nobody has played";
    assert_eq!(error.to_string(), format!("the session was cancelled: {expected}"));
    Ok(())
}

/// The future that does the work is dropped before it was begun.
#[tokio::test]
async fn work_that_is_never_done_is_told() -> Result<(), Failed> {
    let engine = Memory::new();
    let (_, tickets) = start(&greeting::IMAGE, &engine).await;
    let client = Client::new(engine);
    let work = client.run(time::sleep, pending());
    let ((), refused) = tokio::join!(
        async {
            tokio::task::yield_now().await;
            drop(work);
        },
        greeting::ann::join(&client, &tickets[0]),
    );
    assert!(refused.expect_err("nobody works").to_string().contains("not at work"));
    Ok(())
}

/// Also somebody who may stop where he is can be gone: what has come for him would lie there for ever.
#[tokio::test]
async fn whoever_rests_is_missed_as_well() -> Result<(), Failed> {
    let (engine, seconds) = with_clock();
    let long = Duration::from_secs(3_600);
    let (others, _) = client(&engine, ClientConfig { heartbeat: long, ..quick() });
    let (dies, works) = client(&engine, quick());
    let (key, tickets) = start(&counting::IMAGE, &engine).await;
    let _cas = counting::cas::join(&dies, &tickets[2]).await?;
    works.abort();
    let ann = counting::ann::join(&others, &tickets[0]).await?;
    let _ben = counting::ben::join(&others, &tickets[1]).await?;
    let _ann = ann.tell().await?;
    assert_eq!(engine.ending(&key).await?, None);
    seconds.store(30, Ordering::Relaxed);
    let ending = engine.ending(&key).await?;
    assert!(matches!(&ending, Some(Ending::Faulted { role, .. }) if role == "Cas"), "{ending:?}");
    Ok(())
}

/// Whoever waits for a seat when the work ends is told so.
#[tokio::test]
async fn nobody_waits_for_a_seat_of_a_client_that_has_stopped() -> Result<(), Failed> {
    // Nothing can be claimed.
    let faults = Faults { lost_before: 255, ..Faults::default() };
    let client = Client::with(Memory::with_faults(1, faults), quick());
    let (stop, stopped) = oneshot::channel::<()>();
    let work = tokio::spawn(client.run(time::sleep, async { drop(stopped.await) }));
    let start = telltale_net::Start::of(&greeting::IMAGE).with_ticket_for("Ann");
    let ticket = start.tickets().remove(0);
    let joins = tokio::spawn(async move {
        greeting::ann::join(&client, &ticket).await.map(|_| ()).map_err(|error| error.to_string())
    });
    time::sleep(Duration::from_millis(20)).await;
    stop.send(()).expect("it is at work");
    work.await??;
    let refused = joins.await?.expect_err("nobody works");
    assert!(refused.contains("the client is not at work"), "{refused}");
    Ok(())
}
