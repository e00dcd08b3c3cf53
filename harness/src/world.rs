//! Everything that can be killed: places, and processes that play roles over them.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use telltale_postgres::Postgres;
use tokio::time::sleep;
use tokio_postgres::NoTls;

use crate::place::Place;
use crate::process::{LEASE, Notes, ROLES, Spawn, engine};

pub(crate) type Failed = Box<dyn Error + Send + Sync>;

pub(crate) struct World {
    pub(crate) places: Vec<Place>,
    pub(crate) urls: Vec<String>,
    processes: Vec<Process>,
    spawn: Spawn,
    spawned: u64,
}

struct Process {
    role: &'static str,
    child: Child,
}

impl Drop for World {
    fn drop(&mut self) {
        self.kill_all();
        let _ = fs::remove_dir_all(&self.spawn.notes);
    }
}

const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";

const LEFT: &str =
    "SELECT (SELECT count(*) FROM telltale.part) + (SELECT count(*) FROM telltale.message)";

impl World {
    pub(crate) fn new(
        places: Vec<Place>,
        program: PathBuf,
        faketime: Option<PathBuf>,
    ) -> Result<Self, Failed> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("telltale-harness-{}-{number}", std::process::id());
        let notes = std::env::temp_dir().join(name);
        fs::create_dir_all(&notes)?;
        let urls = places.iter().map(Place::url).collect();
        let spawn = Spawn { program, notes, faketime };
        Ok(Self { places, urls, processes: Vec::new(), spawn, spawned: 0 })
    }

    /// An engine on its databases, which have the schema.
    pub(crate) async fn engine(&self) -> Result<Postgres, Failed> {
        let engine = engine(&self.urls)?;
        engine.migrate().await?;
        Ok(engine)
    }

    /// Starts processes, so many for each role.
    pub(crate) fn spawn_all(&mut self, of_each: usize) -> Result<(), Failed> {
        for role in ROLES.into_iter().cycle().take(ROLES.len() * of_each) {
            let child = self.spawn(role)?;
            self.processes.push(Process { role, child });
        }
        Ok(())
    }

    fn spawn(&mut self, role: &str) -> Result<Child, Failed> {
        self.spawned += 1;
        Ok(self.spawn.spawn(self.spawned, role, &self.urls)?)
    }

    /// How many processes there are.
    pub(crate) fn processes(&self) -> usize {
        self.processes.len()
    }

    /// How many of those that were started have a clock that is days off.
    pub(crate) fn with_other_clocks(&self) -> u64 {
        if self.spawn.faketime.is_some() { self.spawned - self.spawned / 3 } else { 0 }
    }

    /// What all processes have done.
    pub(crate) fn notes(&self) -> Result<Notes, Failed> {
        Ok(Notes::all_in(&self.spawn.notes)?)
    }

    /// Kills a process; another one begins.
    pub(crate) fn kill_process(&mut self, nth: usize) -> Result<(), Failed> {
        let Process { role, child } = &mut self.processes[nth];
        child.kill()?;
        child.wait()?;
        let role = *role;
        self.processes[nth].child = self.spawn(role)?;
        Ok(())
    }

    /// Kills all of them, and none begins.
    pub(crate) fn kill_all(&mut self) {
        for Process { mut child, .. } in self.processes.drain(..) {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Lets a process stand still for longer than its claims are its own.
    pub(crate) async fn stop_process(&mut self, nth: usize) -> Result<(), Failed> {
        let child = self.processes[nth].child.id();
        signal(child, "STOP")?;
        sleep(LEASE + LEASE / 2).await;
        signal(child, "CONT")
    }

    /// Lets the server of a place cut all connections.
    pub(crate) async fn cut_at_server(&self, nth: usize) -> Result<(), Failed> {
        let connected = tokio_postgres::connect(&self.places[nth].direct_url(), NoTls).await;
        let (client, connection) = connected?;
        tokio::spawn(connection);
        client.execute(CUT, &[]).await?;
        Ok(())
    }

    /// Rows of parts and messages, when those who have to be told have had time for it.
    pub(crate) async fn rows_left(&self) -> Result<i64, Failed> {
        let mut left = 0;
        for place in &self.places {
            let (client, connection) = tokio_postgres::connect(&place.direct_url(), NoTls).await?;
            tokio::spawn(connection);
            let mut of_it = 0;
            for _ in 0..100 {
                of_it = client.query_one(LEFT, &[]).await?.get::<_, i64>(0);
                if of_it == 0 {
                    break;
                }
                sleep(Duration::from_millis(100)).await;
            }
            left += of_it;
        }
        Ok(left)
    }
}

fn signal(process: u32, signal: &str) -> Result<(), Failed> {
    Command::new("kill").arg(format!("-{signal}")).arg(process.to_string()).status()?;
    Ok(())
}
