//! Engines that say more than they need to, and less than one would like.

use serde::{Deserialize, Serialize, Serializer};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use telltale_net::engine::memory::{Memory, MemoryClaim};
use telltale_net::engine::{Done, Ending, Engine, EngineError, NewSession, Wanted};
use telltale_net::{Client, JoinError, SessionKey, Start};
use telltale_vm::choreography;
use tokio::time;

use super::scene::{Failed, client, counting, greeting, quick, start};

choreography! {
    /// Ann sends what cannot be written down, or too much of what can.
    #[serde]
    #[endpoints]
    #[allow(silent_end)]
    protocol Words(Ann, Ben) {
        loop {
            choice Next at Ann {
                Ann -> Ben: Word(String);
            } or {
                Ann -> Ben: Explode(Bomb);
            } or {
                Ann -> Ben: Stop;
                break;
            }
        }
    }
}

#[derive(Debug, Deserialize)]
struct Bomb;

impl Serialize for Bomb {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("it explodes")
    }
}

/// Something may always have changed; of a session called `odd` nothing can be claimed, and whatever is asked of one called `away` is lost.
#[derive(Clone, Default)]
struct Odd(Memory, Arc<AtomicUsize>);

impl Engine for Odd {
    type Claim = MemoryClaim;

    async fn start(&self, session: NewSession) -> Result<(), EngineError> {
        self.0.start(session).await
    }
    async fn claim(&self, wanted: &Wanted, most: usize) -> Result<Vec<MemoryClaim>, EngineError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        let Wanted::Seats(seats) = wanted else { return Ok(Vec::new()) };
        let is_one_called = |name| seats.iter().any(|seat| seat.session.as_str() == name);
        if is_one_called("odd") {
            return Err(EngineError::Engine("its row cannot be read".into()));
        }
        if is_one_called("away") {
            return Err(EngineError::Lost("its database is away".to_owned()));
        }
        self.0.claim(wanted, most).await
    }
    async fn commit(&self, steps: Vec<(MemoryClaim, Done)>) -> Vec<Result<(), EngineError>> {
        self.0.commit(steps).await
    }
    async fn cancel(&self, session: &SessionKey, reason: &str) -> Result<(), EngineError> {
        self.0.cancel(session, reason).await
    }
    async fn ending(&self, session: &SessionKey) -> Result<Option<Ending>, EngineError> {
        self.0.ending(session).await
    }
    async fn changed(&self) {}
}

/// What is wrong with one seat is told there, and others are played on.
#[tokio::test]
async fn one_seat_disturbs_no_other() -> Result<(), Failed> {
    let engine = Odd::default();
    let client = Client::with(engine.clone(), quick());
    tokio::spawn(client.run(time::sleep, pending()));
    let start = Start::of(&greeting::IMAGE).with_ticket_for("Ann").with_ticket_for("Ben");
    start.on(&engine).await?;
    let other = Start::of(&greeting::IMAGE).called("odd").with_ticket_for("Ann");
    other.on(&engine).await?;
    let odd = &other.tickets()[0];
    let [ann, ben] = &start.tickets()[..] else { panic!("two were asked for") };
    let (ann, refused) =
        tokio::join!(greeting::ann::join(&client, ann), greeting::ann::join(&client, odd),);
    let refused = refused.expect_err("it cannot be claimed");
    assert!(matches!(refused, JoinError::Engine(EngineError::Engine(_))), "{refused}");
    assert_eq!(refused.to_string(), "its row cannot be read");
    let me = ann?.hello("hi".to_owned()).await?;
    let (_, ben) = greeting::ben::join(&client, ben).await?.hello().await?;
    ben.welcome(1).await?.close();
    assert_eq!(me.welcome().await?.0, 1);
    Ok(())
}

/// An engine that always says that something may have changed is asked as often as one that never does.
#[tokio::test]
async fn nobody_is_kept_busy() -> Result<(), Failed> {
    let engine = Odd::default();
    let client = Client::new(engine.clone());
    tokio::spawn(client.run(time::sleep, pending()));
    let start = Start::of(&greeting::IMAGE).with_ticket_for("Ann");
    start.on(&engine).await?;
    let _me = greeting::ann::join(&client, &start.tickets()[0]).await?;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(100) {
        // Each turn of this thread, the client may have one as well.
        tokio::task::yield_now().await;
    }
    let asked = engine.1.load(Ordering::Relaxed);
    assert!(asked < 20, "{asked}");
    Ok(())
}

/// What cannot be written down is told to whoever has sent it, and to nobody who plays another seat.
#[tokio::test]
async fn a_message_that_cannot_be_written_down_was_not_sent() -> Result<(), Failed> {
    let engine = Memory::new();
    let (client, _) = client(&engine, telltale_net::ClientConfig { payload: 100, ..quick() });
    let (_, other) = start(&greeting::IMAGE, &engine).await;
    let other = greeting::ann::join(&client, &other[0]).await?;
    for explodes in [true, false] {
        let (key, tickets) = start(&words::IMAGE, &engine).await;
        let me = words::ann::join(&client, &tickets[0]).await?;
        let sent = if explodes { me.explode(Bomb).await } else { me.word("x".repeat(1_000)).await };
        let error = sent.expect_err("it cannot be written down").to_string();
        let reason = if explodes { "panicked while it was written" } else { "1002 bytes" };
        assert!(error.contains(reason), "{error}");
        let ending = engine.ending(&key).await?;
        assert!(
            matches!(&ending, Some(Ending::Faulted { role, .. }) if role == "Ann"),
            "{ending:?}"
        );
    }
    let _other = other.hello("still here".to_owned()).await?;
    Ok(())
}

/// Somebody who does not read is asked for no more than somebody who does, and keeps no other from anything.
#[tokio::test]
async fn a_full_seat_keeps_nobody_busy() -> Result<(), Failed> {
    let engine = Odd::default();
    let client = Client::with(engine.clone(), quick());
    tokio::spawn(client.run(time::sleep, pending()));
    let start = Start::of(&words::IMAGE).with_ticket_for("Ann").with_ticket_for("Ben");
    start.on(&engine).await?;
    let tickets = start.tickets();
    let mut ben = words::ben::join(&client, &tickets[1]).await?;
    let mut ann = words::ann::join(&client, &tickets[0]).await?;
    for word in 0..200 {
        ann = ann.word(word.to_string()).await?;
    }
    let before = client.counters().claims;
    time::sleep(Duration::from_millis(100)).await;
    let claims = client.counters().claims - before;
    assert!(claims < 10, "{claims}");
    ann.stop().await?.close();
    for expected in 0..200 {
        let words::ben::NextBranch::Word(word, me) = ben.next().await? else {
            panic!("there are more words")
        };
        assert_eq!(word, expected.to_string());
        ben = me;
    }
    assert!(matches!(ben.next().await?, words::ben::NextBranch::Stop(_)));
    Ok(())
}

/// Whoever waits until there is something, and may stop where he is, is told of the end as of a message.
#[tokio::test]
async fn an_end_is_something_that_comes() -> Result<(), Failed> {
    let engine = Memory::new();
    let (client, _) = client(&engine, quick());
    let (_, tickets) = start(&counting::IMAGE, &engine).await;
    let mut cas = counting::cas::join(&client, &tickets[2]).await?;
    let ann = counting::ann::join(&client, &tickets[0]).await?;
    let ben = counting::ben::join(&client, &tickets[1]).await?;
    ann.stop().await?.close();
    let counting::ben::NextBranch::Stop(ben) = ben.next().await? else { panic!("she has stopped") };
    ben.close();
    cas.ready().await?;
    assert!(matches!(cas.next().await?, counting::cas::SumBranch::End));
    Ok(())
}

/// What is lost of one session is not lost of another.
#[tokio::test]
async fn what_is_lost_in_one_place_is_lost_nowhere_else() -> Result<(), Failed> {
    let engine = Odd::default();
    let config = telltale_net::ClientConfig { batch: 1, ..quick() };
    let client = Client::with(engine.clone(), config);
    tokio::spawn(client.run(time::sleep, pending()));
    let away = Start::of(&greeting::IMAGE).called("away").with_ticket_for("Ann");
    away.on(&engine).await?;
    let ticket = away.tickets().remove(0);
    let waits = {
        let client = client.clone();
        tokio::spawn(async move { greeting::ann::join(&client, &ticket).await.map(|_| ()) })
    };
    tokio::task::yield_now().await;
    let start = Start::of(&greeting::IMAGE).with_ticket_for("Ann").with_ticket_for("Ben");
    start.on(&engine).await?;
    let tickets = start.tickets();
    let ann = greeting::ann::join(&client, &tickets[0]).await?.hello("hi".to_owned()).await?;
    let ben = greeting::ben::join(&client, &tickets[1]).await?.hello().await?.1;
    ben.welcome(1).await?.close();
    assert_eq!(ann.welcome().await?.0, 1);
    assert!(!waits.is_finished(), "it may come back");
    Ok(())
}
