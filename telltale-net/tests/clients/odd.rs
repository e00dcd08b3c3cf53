//! Engines that say more than they need to, and less than one would like.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use telltale_net::engine::memory::{Memory, MemoryClaim};
use telltale_net::engine::{Done, Ending, Engine, EngineError, NewSession, Wanted};
use telltale_net::{Client, JoinError, SessionKey, Start};
use tokio::time;

use super::scene::{Failed, greeting, quick};

/// Something may always have changed; and of sessions called `odd`, nothing can be claimed.
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
        if seats.iter().any(|seat| seat.session.as_str() == "odd") {
            return Err(EngineError::Engine("its row cannot be read".into()));
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
