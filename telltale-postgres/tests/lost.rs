//! Servers that are not there, stand still, or have gone away.

use std::time::Duration;

use telltale_harness::server::Server;
use telltale_net::engine::{Done, Ending, Engine as _, EngineError, PartStatus, Wanted};
use telltale_net::{SessionKey, Start};
use telltale_postgres::{Postgres, PostgresConfig};
use telltale_vm::{RoleId, choreography};
use tokio_postgres::NoTls;

mod support;

choreography! {
    #[serde]
    protocol Greeting(Ann, Ben) {
        Ann -> Ben: Hello(String);
    }
}

fn engine(url: &str) -> Postgres {
    let (timeout, lease) = (Duration::from_secs(2), Duration::from_secs(2));
    let config = PostgresConfig { timeout, lease, ..PostgresConfig::default() };
    Postgres::with(vec![url.parse().expect("it is a URL")], &NoTls, &config).expect("one database")
}

fn ann() -> Wanted {
    Wanted::Served([(greeting::IMAGE.hash(), RoleId(0))].into())
}

#[tokio::test]
async fn what_is_lost_is_said_with_its_place_and_comes_back() {
    let nowhere = engine("postgres://postgres@127.0.0.1:1/nowhere");
    let lost = nowhere.claim(&ann(), 1).await.expect_err("nobody is there");
    assert!(
        matches!(lost, EngineError::Lost(_)) && lost.to_string().contains("127.0.0.1:1/nowhere"),
        "{lost}"
    );

    let Some(mut server) = Server::start().expect("it starts") else {
        println!("skipped: PostgreSQL is not installed");
        return;
    };
    let engine = engine(&server.url("postgres"));
    let early = Start::of(&greeting::IMAGE).called("hello").on(&engine).await;
    let early = early.expect_err("there are no tables").to_string();
    assert!(early.contains("`Postgres::migrate`"), "{early}");
    // Twice, and several at once: the second finds it done.
    let all = tokio::join!(engine.migrate(), engine.migrate(), engine.migrate());
    for migrated in [all.0, all.1, all.2] {
        migrated.expect("one of them does it");
    }
    Start::of(&greeting::IMAGE).called("hello").on(&engine).await.expect("it is new");
    let claim = engine.claim(&ann(), 1).await.expect("it is there").pop().expect("it has begun");

    server.stop().expect("it runs");
    let stuck = engine.ending(&SessionKey::from("hello")).await.expect_err("it stands still");
    assert!(matches!(stuck, EngineError::Lost(_)), "{stuck}");
    server.go_on().expect("it runs");
    patiently(&engine).await;

    // What was claimed before the end of a server can be committed after it, and what was committed is there.
    server.kill().expect("it runs");
    let lost = engine.ending(&SessionKey::from("hello")).await.expect_err("it is gone");
    assert!(matches!(lost, EngineError::Lost(_)), "{lost}");
    server.run().expect("it starts again");
    patiently(&engine).await;
    let done = Done { state: b"said".to_vec(), ..Done::of(PartStatus::Done) };
    engine
        .commit(vec![(claim, done)])
        .await
        .pop()
        .expect("an answer")
        .expect("nobody else has done it");
    server.kill().expect("it runs");
    server.run().expect("it starts again");
    patiently(&engine).await;
    assert!(engine.claim(&ann(), 1).await.expect("it is there").is_empty(), "that step is done");
}

/// Waits until it answers.
async fn patiently(engine: &Postgres) {
    for _ in 0..200 {
        match engine.ending(&SessionKey::from("hello")).await {
            Err(EngineError::Lost(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
            ending => return assert_eq!(ending.expect("it is there"), None::<Ending>),
        }
    }
    panic!("it does not come back");
}

#[tokio::test]
async fn a_claim_is_somebody_elses_when_its_lease_is_over_and_the_first_who_commits_has_done_it() {
    let Some((_, url)) = support::engine().await else { return };
    let (first, second) = (engine(&url), engine(&url));
    for (key, is_first) in [("one", true), ("two", false)] {
        Start::of(&greeting::IMAGE).called(key).on(&first).await.expect("it is new");
        let claim = first.claim(&ann(), 1).await.expect("it is there").pop().expect("it has begun");
        assert!(second.claim(&ann(), 1).await.expect("it is there").is_empty(), "it is claimed");
        tokio::time::sleep(Duration::from_millis(2_200)).await;
        let again = second.claim(&ann(), 1).await.expect("it is there").pop().expect("it is free");
        let done = || Done::of(PartStatus::Done);
        let (early, late) = if is_first {
            (first.commit(vec![(claim, done())]).await, second.commit(vec![(again, done())]).await)
        } else {
            let early = second.commit(vec![(again, done())]).await;
            (early, first.commit(vec![(claim, done())]).await)
        };
        assert!(matches!(early[..], [Ok(())]), "{early:?}");
        assert!(matches!(late[..], [Err(EngineError::Fenced)]), "{late:?}");
    }
    for engine in [first, second] {
        let [counters] = &engine.counters()[..] else { panic!("there is one database") };
        let counted = (counters.claims, counters.steps, counters.commits, counters.fenced);
        assert_eq!(counted, (2, 1, 2, 1), "{counters:?}");
        assert!(url.ends_with(&counters.database), "{counters:?}");
    }
}

#[tokio::test]
async fn what_is_long_over_is_forgotten_and_its_name_is_free() {
    let Some((engine, url)) = support::engine().await else { return };
    let start = || Start::of(&greeting::IMAGE).called("hello");
    start().on(&engine).await.expect("it is new");
    engine.cancel(&"hello".into(), "enough").await.expect("it is there");
    assert_eq!(engine.clean().await.expect("it is there"), 0, "it has just ended");
    let again = start().on(&engine).await.expect_err("it was there");
    assert!(matches!(again, EngineError::SessionExists(_)), "{again}");
    let admin = support::client(&url).await;
    admin.batch_execute("UPDATE telltale.bounds SET keep = '0'").await.expect("the owner may");
    assert_eq!(engine.clean().await.expect("it is there"), 1);
    start().on(&engine).await.expect("its name is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sleeps_is_told_by_another_process() {
    let Some((first, url)) = support::engine().await else { return };
    let second = Postgres::connect(&url).expect("it is a URL");
    let told = tokio::spawn(async move {
        for _ in 0..50 {
            let changed = second.changed();
            let look = async {
                // It looks once it listens.
                tokio::time::sleep(Duration::from_millis(100)).await;
                second.claim(&ann(), 1).await.expect("it is there");
                std::future::pending::<()>().await;
            };
            let heard = tokio::time::timeout(Duration::from_secs(2), async {
                tokio::select! { () = changed => (), () = look => () }
            });
            if heard.await.is_ok() {
                return second.counters()[0].wake_ups;
            }
        }
        0
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    Start::of(&greeting::IMAGE).called("hello").on(&first).await.expect("it is new");
    assert_eq!(told.await.expect("it does not panic"), 1, "nobody was told");
}
