//! Endpoints in sessions on a real server, which is stopped and killed under them.

use std::future::pending;
use std::time::Duration;

use telltale_harness::server::Server;
use telltale_net::engine::{Ending, Engine as _};
use telltale_net::{Client, ClientConfig, SessionKey, Start, Ticket};
use telltale_postgres::{Postgres, PostgresConfig};
use telltale_vm::choreography;
use tokio::task::JoinHandle;
use tokio::time;
use tokio_postgres::NoTls;

mod support;

choreography! {
    #[serde]
    #[endpoints]
    protocol Adding(Ann, Ben) {
        loop {
            choice Next at Ann {
                Ann -> Ben: Number(u64);
                Ben -> Ann: Sum(u64);
            } or {
                Ann -> Ben: Stop;
                break;
            }
        }
    }
}

use adding::{ann, ben};

type Failed = Box<dyn std::error::Error + Send + Sync>;

fn engine(url: &str) -> Postgres {
    let (timeout, lease) = (Duration::from_secs(1), Duration::from_secs(1));
    let config = PostgresConfig { timeout, lease, ..PostgresConfig::default() };
    Postgres::with(vec![url.parse().expect("it is a URL")], &NoTls, &config).expect("one database")
}

/// A client with connections of its own, at work.
fn client(url: &str, heartbeat: Duration) -> (Client<Postgres>, JoinHandle<()>) {
    let poll = Duration::from_millis(100);
    let client = Client::with(engine(url), ClientConfig { heartbeat, poll, ..Default::default() });
    let work = client.run(time::sleep, pending());
    (client, tokio::spawn(async move { work.await.expect("the engine works") }))
}

async fn start(engine: &Postgres) -> (SessionKey, Vec<Ticket>) {
    let start = Start::of(&adding::IMAGE).with_ticket_for("Ann").with_ticket_for("Ben");
    start.on(engine).await.expect("it is new");
    (start.key().clone(), start.tickets())
}

/// Adds up to a number; gives the sum.
async fn add(client: &Client<Postgres>, ticket: &Ticket, to: u64) -> Result<u64, Failed> {
    let mut me = ann::join(client, ticket).await?;
    let mut last = 0;
    for number in 1..=to {
        (last, me) = me.number(number).await?.sum().await?;
    }
    me.stop().await?.close();
    Ok(last)
}

async fn sum(client: &Client<Postgres>, ticket: &Ticket) -> Result<u64, Failed> {
    let mut me = ben::join(client, ticket).await?;
    let mut sum = 0;
    loop {
        me = match me.next().await? {
            ben::NextBranch::Number(number, me) => {
                sum += number;
                me.sum(sum).await?
            }
            ben::NextBranch::Stop(me) => {
                me.close();
                return Ok(sum);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sessions_of_two_clients() -> Result<(), Failed> {
    let Some((engine, url)) = support::engine().await else { return Ok(()) };
    let minute = Duration::from_secs(60);
    let ((anns, _), (bens, _)) = (client(&url, minute), client(&url, minute));
    let mut tasks = Vec::new();
    for _ in 0..50 {
        let (key, tickets) = start(&engine).await;
        let (anns, bens) = (anns.clone(), bens.clone());
        tasks.push(tokio::spawn(async move {
            let sums = tokio::try_join!(add(&anns, &tickets[0], 5), sum(&bens, &tickets[1]))?;
            assert_eq!(sums, (15, 15));
            Ok::<_, Failed>(key)
        }));
    }
    for task in tasks {
        assert_eq!(engine.ending(&task.await??).await?, Some(Ending::Complete));
    }
    Ok(())
}

/// Whatever happens to the server, what was awaited is there once.
#[tokio::test]
async fn a_server_is_killed_and_stands_still() -> Result<(), Failed> {
    let Some(mut server) = Server::start()? else {
        println!("skipped: PostgreSQL is not installed");
        return Ok(());
    };
    let url = server.url("postgres");
    let engine = engine(&url);
    engine.migrate().await?;
    let (key, tickets) = start(&engine).await;
    let minute = Duration::from_secs(60);
    let ((anns, _), (bens, _)) = (client(&url, minute), client(&url, minute));
    let play = tokio::spawn(async move {
        tokio::try_join!(add(&anns, &tickets[0], 100), sum(&bens, &tickets[1]))
    });
    for _ in 0..3 {
        time::sleep(Duration::from_millis(150)).await;
        server.kill()?;
        time::sleep(Duration::from_millis(50)).await;
        server.run()?;
        time::sleep(Duration::from_millis(150)).await;
        server.stop()?;
        time::sleep(Duration::from_millis(1_200)).await;
        server.go_on()?;
    }
    assert_eq!(play.await??, (5_050, 5_050));
    assert_eq!(engine.ending(&key).await?, Some(Ending::Complete));
    Ok(())
}

#[tokio::test]
async fn a_client_that_dies_is_missed() -> Result<(), Failed> {
    let Some((engine, url)) = support::engine().await else { return Ok(()) };
    let (key, tickets) = start(&engine).await;
    let (anns, ann_works) = client(&url, Duration::from_secs(5));
    let (bens, _) = client(&url, Duration::from_secs(60));
    let _me = ann::join(&anns, &tickets[0]).await?;
    let ben = ben::join(&bens, &tickets[1]).await?;
    // It is heard of, although it says nothing.
    time::sleep(Duration::from_secs(7)).await;
    assert_eq!(engine.ending(&key).await?, None);
    ann_works.abort();
    let reason = "whoever plays `Ann` was not heard of for 5s";
    let error = ben.next().await.expect_err("Ann is gone");
    assert!(error.to_string().contains(reason), "{error}");
    let ending = Ending::Faulted { role: "Ann".to_owned(), reason: reason.to_owned() };
    assert_eq!(engine.ending(&key).await?, Some(ending));
    Ok(())
}
