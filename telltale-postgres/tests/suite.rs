//! The contract of engines, on a real server.

use telltale_net::engine::suite;
use telltale_postgres::{Postgres, PostgresConfig};
use tokio_postgres::NoTls;

mod support;

#[tokio::test]
async fn it_keeps_its_promises() {
    let Some((engine, _)) = support::engine().await else { return };
    assert_eq!(suite::check(&engine).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_them_on_three_databases_while_others_are_at_work() {
    let Some(urls) = support::databases(3).await else { return };
    let configs = urls.iter().map(|url| url.parse().expect("it is a URL")).collect();
    // A claim goes on to the next database after a tenth of that, and says that there is nothing; what comes late is for the next claim.
    let timeout = std::time::Duration::from_secs(600);
    let config = PostgresConfig { timeout, ..PostgresConfig::default() };
    let engine = Postgres::with(configs, &NoTls, &config).expect("there are three");
    engine.migrate().await.expect("they are new");
    let checks = (0..4).map(|_| {
        let engine = engine.clone();
        tokio::spawn(async move { suite::check(&engine).await })
    });
    for check in checks.collect::<Vec<_>>() {
        assert_eq!(check.await.expect("it does not panic"), Ok(()));
    }
}

#[tokio::test]
async fn it_keeps_them_on_a_database_that_an_older_build_has_made() {
    let Some(urls) = support::databases(1).await else { return };
    let admin = support::client(&urls[0]).await;
    let first = "CREATE SCHEMA telltale; CREATE TABLE telltale.migration (
        version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now());";
    for statements in [
        first,
        include_str!("../migrations/0001_sessions.sql"),
        "INSERT INTO telltale.migration (version) VALUES (1)",
    ] {
        admin.batch_execute(statements).await.expect("it was the first version");
    }
    let engine = Postgres::connect(&urls[0]).expect("it is a URL");
    engine.migrate().await.expect("it is older");
    engine.migrate().await.expect("there is nothing to do");
    assert_eq!(suite::check(&engine).await, Ok(()));
}
