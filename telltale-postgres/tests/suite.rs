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
    let engine =
        Postgres::with(configs, &NoTls, &PostgresConfig::default()).expect("there are three");
    engine.migrate().await.expect("they are new");
    let checks = (0..4).map(|_| {
        let engine = engine.clone();
        tokio::spawn(async move { suite::check(&engine).await })
    });
    for check in checks.collect::<Vec<_>>() {
        assert_eq!(check.await.expect("it does not panic"), Ok(()));
    }
}
