//! A process that plays one role, over and over.

use std::error::Error;
use std::future::pending;
use std::io;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use telltale_net::engine::EngineError;
use telltale_net::{Server, ServerConfig};
use telltale_postgres::{Postgres, PostgresConfig};
use tokio_postgres::NoTls;

use crate::relay::{Carriers, Receivers, Senders};

/// How long a claim is its process's own. It is short, so that much happens in little time.
pub const LEASE: Duration = Duration::from_secs(1);

/// The roles.
pub const ROLES: [&str; 3] = ["Sender", "Carrier", "Receiver"];

/// An engine on these databases.
///
/// # Errors
///
/// When a URL is none.
pub fn engine(urls: &[String]) -> Result<Postgres, Box<dyn Error + Send + Sync>> {
    let configs = urls.iter().map(|url| url.parse()).collect::<Result<_, _>>()?;
    let config = PostgresConfig { connections: 4, timeout: 3 * LEASE, lease: LEASE };
    Ok(Postgres::with(configs, &NoTls, &config)?)
}

/// Plays a role until the process is killed.
///
/// # Errors
///
/// What does not go away by itself.
pub async fn play(role: &str, urls: &[String]) -> Result<(), Box<dyn Error + Send + Sync>> {
    // Whoever is killed often enough begins a step many times.
    let config = ServerConfig { attempts: 1_000, batch: 20, ..ServerConfig::default() };
    let server = Server::with(engine(urls)?, config);
    let server = match role {
        "Sender" => server.serve(Senders),
        "Carrier" => server.serve(Carriers),
        _ => server.serve(Receivers),
    };
    let played: Result<(), EngineError> = server.run(tokio::time::sleep, pending()).await;
    Ok(played?)
}

/// Starts this program again, as a process that plays a role.
///
/// # Errors
///
/// When there can be no other process.
pub fn spawn(program: &std::path::Path, role: &str, urls: &[String]) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(["play", role]).args(urls).stdin(Stdio::null());
    command.spawn()
}
