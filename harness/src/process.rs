//! A process that plays one role of each protocol, over and over.

use std::error::Error;
use std::fs;
use std::future::pending;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use telltale_net::engine::EngineError;
use telltale_net::{Server, ServerConfig};
use telltale_postgres::{Counters, Postgres, PostgresConfig};
use tokio_postgres::NoTls;

use crate::{exchange, relay};

/// How long a claim is its process's own. It is short, so that much happens in little time.
pub const LEASE: Duration = Duration::from_secs(1);

/// The roles, which are called the same in both protocols.
pub const ROLES: [&str; 3] = ["Sender", "Carrier", "Receiver"];

/// How often a process writes down what it has done.
const NOTES: Duration = Duration::from_millis(250);

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

/// Plays a role until the process is killed, and notes now and then what it has done.
///
/// # Errors
///
/// What does not go away by itself.
pub async fn play(
    role: &str,
    notes: PathBuf,
    urls: &[String],
) -> Result<(), Box<dyn Error + Send + Sync>> {
    // Whoever is killed often enough begins a step many times.
    let config = ServerConfig { attempts: 1_000, batch: 20, ..ServerConfig::default() };
    let engine = engine(urls)?;
    tokio::spawn(note(engine.clone(), notes));
    let server = Server::with(engine, config);
    let server = match role {
        "Sender" => server.serve(relay::Senders).serve(exchange::Senders),
        "Carrier" => server.serve(relay::Carriers).serve(exchange::Carriers),
        _ => server.serve(relay::Receivers).serve(exchange::Receivers),
    };
    let played: Result<(), EngineError> = server.run(tokio::time::sleep, pending()).await;
    Ok(played?)
}

/// What processes have done, those that were killed included, but for their last quarter of a second.
#[derive(Clone, Copy, Debug, Default)]
pub struct Notes {
    /// Steps that were begun.
    pub begun: u64,
    /// Steps that were written down.
    pub steps: u64,
    /// Steps that somebody else had done meanwhile.
    pub fenced: u64,
    /// Operations of which it was not known what had become of them.
    pub lost: u64,
}

impl Notes {
    fn of(counters: &[Counters]) -> Self {
        let sum = |count: fn(&Counters) -> u64| counters.iter().map(count).sum();
        Self {
            begun: sum(|counters| counters.claims),
            steps: sum(|counters| counters.steps),
            fenced: sum(|counters| counters.fenced),
            lost: sum(|counters| counters.lost),
        }
    }

    /// The sum of all notes in a folder.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn all_in(folder: &Path) -> io::Result<Self> {
        let mut all = Self::default();
        for note in fs::read_dir(folder)? {
            let path = note?.path();
            // Such a one is just becoming a note.
            if path.extension().is_some() {
                continue;
            }
            let Self { begun, steps, fenced, lost } = Self::read(&path)?;
            all.begun += begun;
            all.steps += steps;
            all.fenced += fenced;
            all.lost += lost;
        }
        Ok(all)
    }

    /// What a process has noted.
    ///
    /// # Errors
    ///
    /// When there is no such file.
    pub fn read(file: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(file)?;
        let mut numbers = text.split_whitespace().map_while(|number| number.parse().ok());
        let mut next = || numbers.next().unwrap_or(0);
        Ok(Self { begun: next(), steps: next(), fenced: next(), lost: next() })
    }
}

pub(crate) async fn note(engine: Postgres, file: PathBuf) {
    loop {
        tokio::time::sleep(NOTES).await;
        let Notes { begun, steps, fenced, lost } = Notes::of(&engine.counters());
        // Whoever is killed in the middle leaves the note before.
        let new = file.with_extension("new");
        if fs::write(&new, format!("{begun} {steps} {fenced} {lost}\n")).is_ok() {
            let _ = fs::rename(&new, &file);
        }
    }
}

/// How processes are started.
#[derive(Clone, Debug)]
pub struct Spawn {
    /// The program that they run: this one.
    pub program: PathBuf,
    /// Where they note what they have done.
    pub notes: PathBuf,
    /// The library that gives them a clock of their own, if it is there.
    pub faketime: Option<PathBuf>,
}

impl Spawn {
    /// Starts this program again, as the `nth` process, which plays a role. Two of three have clocks that are days off.
    ///
    /// # Errors
    ///
    /// When there can be no other process.
    pub fn spawn(&self, nth: u64, role: &str, urls: &[String]) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        let note = self.notes.join(nth.to_string());
        command.args(["play", role]).arg(note).args(urls).stdin(Stdio::null());
        if let (Some(library), 1 | 2) = (&self.faketime, nth % 3) {
            command.env("LD_PRELOAD", library).env("DONT_FAKE_MONOTONIC", "1");
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            command.env("FAKETIME", if nth % 3 == 1 { "+3d" } else { "-3d" });
        }
        command.spawn()
    }
}

/// The library of `faketime`, where Debian has it.
pub fn faketime() -> Option<PathBuf> {
    let machines = fs::read_dir("/usr/lib").ok()?.flatten();
    let library = |machine: fs::DirEntry| machine.path().join("faketime/libfaketime.so.1");
    machines.map(library).find(|library| library.exists())
}
