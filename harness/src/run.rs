//! Plays sessions while everything is killed, and looks at what has come of them.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use telltale_net::engine::{Ending, Engine as _, EngineError};
use telltale_net::{SessionKey, Start};
use telltale_postgres::Postgres;
use tokio::time::sleep;
use tokio_postgres::NoTls;

use crate::plan::{Blow, Plan};
use crate::process::{LEASE, ROLES, engine, spawn};
use crate::relay::{MESSAGES, relay};
use crate::server::Server;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Task {
    /// Decides what is killed and when.
    pub seed: u64,
    /// How many servers there are, over which sessions are spread.
    pub servers: usize,
    /// How many processes play each role.
    pub processes: usize,
    /// For how long sessions are started and blows are dealt.
    pub time: Duration,
    /// How many sessions are under way at a time.
    pub at_once: usize,
    /// The program that processes run: this one.
    pub program: PathBuf,
}

/// What has come of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// Sessions that were started.
    pub sessions: u64,
    /// Those whose ending is that they are complete.
    pub complete: u64,
    /// Sessions that have no ending although nobody is killed any more.
    pub without_ending: u64,
    /// Sessions with another ending: a message was lost, came twice, or in another order.
    pub wrong: u64,
    /// Rows of parts and messages that are left over.
    pub rows_left: i64,
    /// Processes that were killed.
    pub killed: u64,
    /// Processes that stood still.
    pub stopped: u64,
    /// Times that the connections of a server were cut.
    pub cut: u64,
    /// Servers that were killed.
    pub servers_killed: u64,
    /// Servers that stood still.
    pub servers_stopped: u64,
}

impl Report {
    /// Whether all holds that has to.
    pub fn holds(&self) -> bool {
        self.complete == self.sessions && self.rows_left == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("sessions", self.sessions),
            ("messages", self.complete * MESSAGES),
            ("processes killed", self.killed),
            ("processes stopped for longer than their claims", self.stopped),
            ("times that all connections were cut", self.cut),
            ("servers killed", self.servers_killed),
            ("servers stopped", self.servers_stopped),
            ("sessions without an ending", self.without_ending),
            ("sessions in which a message was lost or came twice", self.wrong),
            ("rows left over", self.rows_left.unsigned_abs()),
        ];
        rows.iter().try_for_each(|(what, number)| writeln!(f, "{what:<52}{number:>10}"))
    }
}

const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";

const LEFT: &str =
    "SELECT (SELECT count(*) FROM telltale.part) + (SELECT count(*) FROM telltale.message)";

type Failed = Box<dyn Error + Send + Sync>;

/// Everything that can be killed.
struct World {
    servers: Vec<Server>,
    urls: Vec<String>,
    processes: Vec<Process>,
    program: PathBuf,
    report: Report,
}

struct Process {
    role: &'static str,
    child: Child,
}

impl Drop for World {
    fn drop(&mut self) {
        for Process { child, .. } in &mut self.processes {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Does a task. Nothing, where PostgreSQL is not installed.
///
/// # Errors
///
/// When servers or processes cannot be started, or the engine cannot do what it is asked.
pub async fn run(task: &Task) -> Result<Option<Report>, Failed> {
    let Some(mut world) = World::begin(task)? else { return Ok(None) };
    let engine = engine(&world.urls)?;
    engine.migrate().await?;
    for role in ROLES.into_iter().cycle().take(ROLES.len() * task.processes) {
        let child = spawn(&world.program, role, &world.urls)?;
        world.processes.push(Process { role, child });
    }
    let stop = Instant::now() + task.time;
    let blows = world.deal_until(stop, Plan::new(task.seed));
    let (keys, dealt) = tokio::join!(start_sessions(&engine, task.at_once, stop), blows);
    dealt?;
    let keys = keys?;
    world.look_at(&engine, &keys).await?;
    Ok(Some(world.report))
}

impl World {
    fn begin(task: &Task) -> Result<Option<Self>, Failed> {
        let mut servers = Vec::new();
        for _ in 0..task.servers {
            let Some(server) = Server::start()? else { return Ok(None) };
            servers.push(server);
        }
        let urls = servers.iter().map(|server| server.url("postgres")).collect();
        let (processes, program) = (Vec::new(), task.program.clone());
        Ok(Some(Self { servers, urls, processes, program, report: Report::default() }))
    }

    async fn deal_until(&mut self, stop: Instant, mut plan: Plan) -> Result<(), Failed> {
        while Instant::now() < stop {
            let (pause, blow) = plan.next_blow();
            sleep(pause).await;
            self.deal(blow, &mut plan).await?;
        }
        Ok(())
    }

    async fn deal(&mut self, blow: Blow, plan: &mut Plan) -> Result<(), Failed> {
        let process = below(plan, self.processes.len());
        let server = below(plan, self.servers.len());
        match blow {
            Blow::KillProcess => {
                let Process { role, child } = &mut self.processes[process];
                child.kill()?;
                child.wait()?;
                *child = spawn(&self.program, role, &self.urls)?;
                self.report.killed += 1;
            }
            Blow::StopProcess => {
                let child = self.processes[process].child.id();
                signal(child, "STOP")?;
                sleep(LEASE + LEASE / 2).await;
                signal(child, "CONT")?;
                self.report.stopped += 1;
            }
            Blow::CutConnections => {
                let connected = tokio_postgres::connect(&self.urls[server], NoTls).await;
                let (client, connection) = connected?;
                tokio::spawn(connection);
                client.execute(CUT, &[]).await?;
                self.report.cut += 1;
            }
            Blow::KillServer => {
                self.servers[server].kill()?;
                self.servers[server].run()?;
                self.report.servers_killed += 1;
            }
            Blow::StopServer => {
                self.servers[server].stop()?;
                sleep(2 * LEASE).await;
                self.servers[server].go_on()?;
                self.report.servers_stopped += 1;
            }
        }
        Ok(())
    }

    /// Nobody is killed any more: what has come of the sessions?
    async fn look_at(&mut self, engine: &Postgres, keys: &[SessionKey]) -> Result<(), Failed> {
        for key in keys {
            self.report.sessions += 1;
            match patiently(async || engine.ending(key).await).await? {
                Some(Ending::Complete) => self.report.complete += 1,
                Some(ending) => {
                    eprintln!("{key}: {ending}");
                    self.report.wrong += 1;
                }
                None => self.report.without_ending += 1,
            }
        }
        for url in &self.urls {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(connection);
            self.report.rows_left += client.query_one(LEFT, &[]).await?.get::<_, i64>(0);
        }
        Ok(())
    }
}

/// Starts sessions, a new one for each that has ended, until it is time to stop; then waits for the last ones.
async fn start_sessions(
    engine: &Postgres,
    at_once: usize,
    stop: Instant,
) -> Result<Vec<SessionKey>, EngineError> {
    let (mut keys, mut open) = (Vec::new(), Vec::new());
    let mut ended = Instant::now();
    loop {
        while open.len() < at_once && Instant::now() < stop {
            let start = Start::of(&relay::IMAGE).called(format!("session-{}", keys.len()));
            match patiently(async || start.on(engine).await).await {
                // It was there when it was asked for again.
                Ok(()) | Err(EngineError::SessionExists(_)) => {}
                Err(error) => return Err(error),
            }
            keys.push(start.key().clone());
            open.push(start.key().clone());
        }
        let mut still_open = Vec::new();
        for key in open {
            if patiently(async || engine.ending(&key).await).await?.is_none() {
                still_open.push(key);
            } else {
                ended = Instant::now();
            }
        }
        open = still_open;
        // Whatever goes wrong is over long before that.
        let is_stuck = Instant::now() > stop && ended.elapsed() > 60 * LEASE;
        if Instant::now() > stop && open.is_empty() || is_stuck {
            return Ok(keys);
        }
        sleep(LEASE / 10).await;
    }
}

/// Asks until the connection is not lost.
async fn patiently<T>(ask: impl AsyncFn() -> Result<T, EngineError>) -> Result<T, EngineError> {
    loop {
        match ask().await {
            Err(EngineError::Lost(_)) => sleep(LEASE / 10).await,
            answer => return answer,
        }
    }
}

fn signal(process: u32, signal: &str) -> Result<(), Failed> {
    Command::new("kill").arg(format!("-{signal}")).arg(process.to_string()).status()?;
    Ok(())
}

fn below(plan: &mut Plan, end: usize) -> usize {
    let end = u64::try_from(end).expect("there are not so many");
    usize::try_from(plan.below(end)).expect("there are not so many")
}
