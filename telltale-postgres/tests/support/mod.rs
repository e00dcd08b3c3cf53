//! A real server, and databases on it.

use std::sync::{Mutex, OnceLock};

use telltale_harness::server::Server;
use telltale_postgres::Postgres;
use tokio_postgres::{Client, NoTls};

/// The server of this process, if PostgreSQL is installed.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| Server::start().expect("a server starts")).as_ref()
}

/// So many new databases, or why there are none.
pub(crate) async fn databases(all: usize) -> Option<Vec<String>> {
    static NUMBER: Mutex<usize> = Mutex::new(0);
    let Some(server) = server() else {
        println!("skipped: PostgreSQL is not installed");
        return None;
    };
    let admin = client(&server.url("postgres")).await;
    let mut urls = Vec::new();
    for _ in 0..all {
        let name = {
            let mut number = NUMBER.lock().expect("nobody panics");
            *number += 1;
            format!("test_{number}")
        };
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("it is new");
        urls.push(server.url(&name));
    }
    Some(urls)
}

/// A connection of one's own.
pub(crate) async fn client(url: &str) -> Client {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.expect("it can be reached");
    tokio::spawn(connection);
    client
}

/// An engine on a new database.
pub(crate) async fn engine() -> Option<(Postgres, String)> {
    let url = databases(1).await?.remove(0);
    let engine = Postgres::connect(&url).expect("it is a URL");
    engine.migrate().await.expect("it is new");
    Some((engine, url))
}
