//! Databases of which one does not answer, and what does not go away by itself.

use std::time::Duration;

use telltale_harness::server::Server;
use telltale_net::Start;
use telltale_net::engine::{Done, Engine as _, EngineError, PartStatus, Wanted};
use telltale_postgres::{Postgres, PostgresClaim, PostgresConfig};
use telltale_vm::{RoleId, choreography};
use tokio_postgres::NoTls;

mod support;

choreography! {
    #[serde]
    protocol Greeting(Ann, Ben) {
        Ann -> Ben: Hello(String);
    }
}

fn ann() -> Wanted {
    Wanted::Served([(greeting::IMAGE.hash(), RoleId(0))].into())
}

fn engine(urls: &[String], timeout: Duration) -> Postgres {
    let configs = urls.iter().map(|url| url.parse().expect("it is a URL")).collect();
    let config = PostgresConfig { timeout, ..PostgresConfig::default() };
    Postgres::with(configs, &NoTls, &config).expect("there are databases")
}

/// Three servers.
fn servers() -> Option<Vec<Server>> {
    let started = (0..3).map(|_| Server::start().expect("it starts"));
    let servers: Option<Vec<Server>> = started.collect();
    if servers.is_none() {
        println!("skipped: PostgreSQL is not installed");
    }
    servers
}

async fn start(engine: &Postgres, key: String) {
    let start = Start::of(&greeting::IMAGE).called(key);
    start.on(engine).await.expect("it is new");
}

async fn greets(engine: &Postgres, claim: PostgresClaim) {
    let committed = engine.commit(vec![(claim, Done::of(PartStatus::Done))]).await;
    assert!(matches!(committed[..], [Ok(())]), "{committed:?}");
}

/// Claims until there is something.
async fn patiently(engine: &Postgres) -> PostgresClaim {
    for _ in 0..600 {
        match engine.claim(&ann(), 1).await {
            Ok(claims) => {
                if let Some(claim) = claims.into_iter().next() {
                    return claim;
                }
            }
            Err(error) => assert!(matches!(error, EngineError::Lost(_)), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing comes");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_or_is_down_costs_the_others_nothing() {
    let Some(mut servers) = servers() else { return };
    let urls: Vec<String> = servers.iter().map(|server| server.url("postgres")).collect();
    let all = engine(&urls, Duration::from_secs(40));
    all.migrate().await.expect("they are new");

    for nth in 0..60 {
        start(&all, format!("greeting-{nth}")).await;
    }
    let of_first = support::client(&urls[0]).await;
    let of_first = of_first.query_one("SELECT count(*) FROM telltale.session", &[]).await;
    let mut of_others = 60 - of_first.expect("the owner may").get::<_, i64>(0);
    assert!((20..58).contains(&of_others), "each has some");

    for is_killed in [false, true] {
        let first = &mut servers[0];
        if is_killed {
            first.kill().expect("it runs");
        } else {
            first.stop().expect("it runs");
        }
        // If each claim waited for it, these would wait for minutes.
        let others = async {
            for nth in 0.. {
                for claim in all.claim(&ann(), 1).await.unwrap_or_default() {
                    of_others -= 1;
                    greets(&all, claim).await;
                }
                if of_others == 0 && nth >= 100 {
                    break;
                }
            }
        };
        let served = tokio::time::timeout(Duration::from_secs(35), others).await;
        served.expect("nobody waits for who does not answer");
        let counters = all.counters();
        assert_eq!((counters[1].lost, counters[2].lost), (0, 0), "{counters:?}");
        if is_killed {
            assert!(counters[0].away.is_some() && counters[0].spared > 0, "{counters:?}");
            first.run().expect("it starts again");
        } else {
            assert_eq!(counters[0].lost, 0, "its answer may still come");
            first.go_on().expect("it runs");
        }
        // What it has given meanwhile, and to nobody, is there.
        let of_first = patiently(&all).await;
        greets(&all, of_first).await;
    }
    let [first, ..] = &all.counters()[..] else { panic!("there are three") };
    assert_eq!((first.claims, first.steps), (2, 2), "{first:?}");
    assert_eq!(first.away, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_go_away_by_itself_is_told_with_its_place_and_a_remedy() {
    let Some((_, url)) = support::engine().await else { return };
    let admin = support::client(&url).await;
    let other = |from: &str, to: &str| url.replace(from, to);
    let latin = "CREATE DATABASE latin_1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0";
    admin.batch_execute(latin).await.expect("it is new");
    let name = url.rsplit('/').next().expect("it has a name");
    let cases = [
        (other(name, "not_there"), "CREATE DATABASE"),
        (other("postgres@", "not_there@"), "pg_hba.conf"),
        (format!("{url}?sslmode=require"), "TLS"),
        (other(name, "latin_1"), "the encoding of the database is LATIN1"),
    ];
    let place = url.rsplit('@').next().expect("it has a host").rsplit_once('/').expect("a name").0;
    for (url, remedy) in cases {
        // Also where another database cannot be reached, which may go away.
        let nowhere = "postgres://postgres@127.0.0.1:1/nowhere".to_owned();
        let engine = engine(&[nowhere, url.clone()], Duration::from_secs(20));
        let said = engine.migrate().await.expect_err(remedy);
        assert!(matches!(said, EngineError::Engine(_)), "{url}: {said:?}");
        let text = said.to_string();
        assert!(text.contains(place) && text.contains(remedy), "{url}: {text}");
        let claimed = engine.claim(&ann(), 1).await.expect_err("it is not there");
        assert!(matches!(claimed, EngineError::Engine(_)), "{url}: {claimed:?}");
    }

    let isolated = format!("{url}?options=-c%20default_transaction_isolation%3Dserializable");
    let claimed = engine(&[isolated], Duration::from_secs(20)).claim(&ann(), 1).await;
    let said = claimed.expect_err("nobody would see what others have done");
    let is_told =
        matches!(said, EngineError::Engine(_)) && said.to_string().contains("`read committed`");
    assert!(is_told, "{said:?}");

    // A schema that a later build has brought: as long as this one can work with it, nothing is said.
    let later = "INSERT INTO telltale.migration (version, least) VALUES (98, 1)";
    admin.batch_execute(later).await.expect("the owner may");
    let engine = engine(&[url], Duration::from_secs(20));
    engine.migrate().await.expect("it has all that this build needs");
    let later = "INSERT INTO telltale.migration (version, least) VALUES (99, 97)";
    admin.batch_execute(later).await.expect("the owner may");
    let said = engine.migrate().await.expect_err("it is not for this build").to_string();
    assert!(said.contains("version 99, and for builds of version 97 or newer"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_gives_up_what_nobody_waits_for() {
    let Some((owner, url)) = support::engine().await else { return };
    start(&owner, "greeting".to_owned()).await;
    let admin = support::client(&url).await;
    let lock = "BEGIN; SELECT FROM telltale.session WHERE key = 'greeting' FOR UPDATE";
    admin.batch_execute(lock).await.expect("the owner may");
    let hasty = engine(&[url], Duration::from_millis(500));
    hasty.claim(&ann(), 0).await.expect("nobody is in its way");
    let lost =
        hasty.cancel(&"greeting".into(), "enough").await.expect_err("somebody has locked it");
    assert!(matches!(lost, EngineError::Lost(_)), "{lost:?}");
    let server = support::server().expect("it has given a database");
    for _ in 0..200 {
        let log = server.log().expect("it has a file");
        if log.contains("canceling statement due to statement timeout") {
            admin.batch_execute("ROLLBACK").await.expect("it is open");
            assert_eq!(owner.ending(&"greeting".into()).await.expect("it is there"), None);
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody has told the server");
}

#[test]
fn an_engine_outlives_the_runtime_in_which_it_was_first_used() {
    let runtime = || tokio::runtime::Runtime::new().expect("there are threads");
    let first = runtime();
    let Some((engine, url)) = first.block_on(support::engine()) else { return };
    first.block_on(async {
        start(&engine, "one".to_owned()).await;
        // It hears of changes in this runtime.
        let _ = tokio::time::timeout(Duration::from_millis(100), engine.changed()).await;
    });
    let second = runtime();
    second.block_on(async {
        start(&engine, "two".to_owned()).await;
        let one = patiently(&engine).await;
        greets(&engine, one).await;
    });
    drop(first);
    second.block_on(async {
        let two = patiently(&engine).await;
        greets(&engine, two).await;
        // And hears of them in that one, when it asks again.
        let other = Postgres::connect(&url).expect("it is a URL");
        let heard = async {
            loop {
                let look = async {
                    engine.claim(&ann(), 1).await.expect("it is there");
                    std::future::pending::<()>().await;
                };
                let heard = tokio::time::timeout(Duration::from_secs(2), async {
                    tokio::select! { () = engine.changed() => (), () = look => () }
                });
                if heard.await.is_ok() {
                    break;
                }
            }
        };
        let starts = async {
            for nth in 0..120 {
                tokio::time::sleep(Duration::from_millis(500)).await;
                start(&other, format!("another {nth}")).await;
            }
        };
        tokio::select! { () = heard => (), () = starts => panic!("it does not listen again") }
    });
}
