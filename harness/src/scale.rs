//! What many open sessions cost: steps beside a hundred and beside a million of them, rows that die under load, and two processes that share the
//! work. It measures the engine, without role objects.
#![expect(clippy::cast_precision_loss, reason = "rates are for people")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use telltale_net::engine::{
    Claim as _, Done, Engine as _, Envelope, EnvelopeId, PartStatus, Wanted, Work,
};
use telltale_postgres::{Postgres, PostgresConfig};
use telltale_vm::loader::ContentHash;
use telltale_vm::{LabelId, RoleId};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_postgres::{Client, NoTls};

use crate::process::{Notes, note};
use crate::server::Server;

type Failed = Box<dyn Error + Send + Sync>;

const PAYLOAD: usize = 40;
const STATE: usize = 100;
const ROLES: [RoleId; 2] = [RoleId(0), RoleId(1)];
const IMAGE: ContentHash = ContentHash([7; 32]);

/// How many sessions have a message on its way at any time. The others are open and wait.
const BUSY: u64 = 1_000;

/// How long a claim is its process's own, where processes are killed.
pub const LEASE: Duration = Duration::from_secs(3);

/// What is measured.
#[derive(Clone, Debug)]
pub struct Task {
    /// How many sessions are open, each time.
    pub sessions: Vec<u64>,
    /// How long each rate is measured.
    pub time: Duration,
    /// For how long rows die.
    pub load: Duration,
    /// The program that processes run: this one.
    pub program: PathBuf,
}

/// What is measured beside so many open sessions.
const TITLES: [&str; 8] = [
    "open sessions",
    "µs a step, one connection",
    "pages looked at a step",
    "steps a second, four connections, batches of 100",
    "pages looked at a step",
    "WAL bytes a step",
    "bytes a session",
    "µs a start",
];

/// Measures, and prints tables on the way. False: PostgreSQL is not installed.
///
/// # Errors
///
/// When a server or a process does not start, or does not do what it is asked.
pub async fn measure(task: &Task) -> Result<bool, Failed> {
    let settings = "max_wal_size = 4GB\nshared_buffers = 512MB\n";
    let Some(server) = Server::start_with(settings)? else { return Ok(false) };
    println!("{}", TITLES.join(" | "));
    println!("{}", TITLES.map(|_| "--:").join(" | "));
    for (nth, &sessions) in task.sessions.iter().enumerate() {
        let base = Base::new(&server, nth, sessions).await?;
        let started = base.fill().await?;
        base.begin().await?;
        let bytes = base.bytes().await? / sessions.max(1);
        let single = base.best_rate(1, 1, task.time).await?;
        let many = base.best_rate(4, 100, task.time).await?;
        println!(
            "{sessions} | {:.0} | {:.0} | {:.0} | {:.1} | {:.0} | {bytes} | {:.0}",
            1e6 / single.steps_a_second,
            single.pages_a_step,
            many.steps_a_second,
            many.pages_a_step,
            many.wal_a_step,
            started.as_secs_f64() * 1e6 / sessions as f64,
        );
        if nth + 1 == task.sessions.len() {
            rows_die(&base, task.load).await?;
            two_share(&base, task).await?;
        }
    }
    Ok(true)
}

/// A database in which so many sessions are open.
struct Base {
    url: String,
    admin: Client,
    sessions: u64,
}

struct Rate {
    steps_a_second: f64,
    wal_a_step: f64,
    pages_a_step: f64,
}

impl Base {
    async fn new(server: &Server, nth: usize, sessions: u64) -> Result<Self, Failed> {
        let name = format!("scale_{nth}");
        connect(&server.url("postgres"))
            .await?
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await?;
        let url = server.url(&name);
        let base = Self { admin: connect(&url).await?, url, sessions };
        base.engine(1)?.migrate().await?;
        Ok(base)
    }

    fn engine(&self, connections: usize) -> Result<Postgres, Failed> {
        engine(&self.url, connections)
    }

    /// Starts all sessions, by the function by which each is started, a thousand in a transaction.
    async fn fill(&self) -> Result<Duration, Failed> {
        const START: &str = "SELECT count(telltale.start('session-' || lpad(n::text, 26, '0'), $1, '{Ann,Ben}', '{NULL,NULL}',
            NULL, NULL, NULL, NULL)) FROM generate_series($2::bigint, $3::bigint) n";
        let begun = Instant::now();
        let next = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..2 {
            let (next, client, sessions) = (next.clone(), connect(&self.url).await?, self.sessions);
            tasks.spawn(async move {
                loop {
                    let first = next.fetch_add(1_000, Ordering::Relaxed);
                    if first >= sessions {
                        return Ok::<_, tokio_postgres::Error>(());
                    }
                    let last = (first + 1_000).min(sessions) - 1;
                    let (first, last) = (first.cast_signed(), last.cast_signed());
                    client.query(START, &[&&IMAGE.0[..], &first, &last]).await?;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(begun.elapsed())
    }

    /// Each part has its first step: from then on most of them wait.
    async fn begin(&self) -> Result<(), Failed> {
        let engine = self.engine(4)?;
        let (begun, stop) = (AtomicU64::new(0), 2 * self.sessions);
        let every = every(self.sessions);
        let work = async || {
            while begun.load(Ordering::Relaxed) < stop {
                let (_, first) = steps(&engine, 500, every).await?;
                begun.fetch_add(first, Ordering::Relaxed);
            }
            Ok::<_, Failed>(())
        };
        let all = tokio::join!(work(), work(), work(), work());
        all.0.and(all.1).and(all.2).and(all.3)?;
        for statement in ["VACUUM ANALYZE", "CHECKPOINT"] {
            self.admin.batch_execute(statement).await?;
        }
        Ok(())
    }

    /// What is on the disk.
    async fn bytes(&self) -> Result<u64, Failed> {
        let bytes = "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
            WHERE c.relnamespace = 'telltale'::regnamespace AND c.relkind = 'r'";
        Ok(self.admin.query_one(bytes, &[]).await?.get::<_, i64>(0).unsigned_abs())
    }

    async fn wal(&self) -> Result<f64, Failed> {
        let wal = "SELECT (pg_current_wal_insert_lsn() - '0/0')::float8";
        Ok(self.admin.query_one(wal, &[]).await?.get(0))
    }

    /// Pages that were looked at, in memory or not; once all connections have told it.
    async fn pages(&self) -> Result<f64, Failed> {
        sleep(Duration::from_millis(1_500)).await;
        let pages = "SELECT (blks_hit + blks_read)::float8 FROM pg_stat_database WHERE datname = current_database()";
        Ok(self.admin.query_one(pages, &[]).await?.get(0))
    }

    /// The best of three times: what others do on the machine makes it slower, and nothing makes it faster.
    async fn best_rate(
        &self,
        connections: usize,
        batch: usize,
        time: Duration,
    ) -> Result<Rate, Failed> {
        let mut best = self.rate(connections, batch, time / 3).await?;
        for _ in 0..2 {
            let rate = self.rate(connections, batch, time / 3).await?;
            if rate.steps_a_second > best.steps_a_second {
                best = rate;
            }
        }
        Ok(best)
    }

    /// How many steps a second are done for so long.
    async fn rate(&self, connections: usize, batch: usize, time: Duration) -> Result<Rate, Failed> {
        let engine = self.engine(connections)?;
        let every = every(self.sessions);
        let mut tasks = JoinSet::new();
        let (pages, wal, begun) = (self.pages().await?, self.wal().await?, Instant::now());
        for _ in 0..connections {
            let engine = engine.clone();
            tasks.spawn(async move {
                let mut done = 0;
                while begun.elapsed() < time {
                    done += steps(&engine, batch, every).await?.0;
                }
                Ok::<_, Failed>(done)
            });
        }
        let mut all = 0;
        while let Some(done) = tasks.join_next().await {
            all += done??;
        }
        let all = all as f64;
        let steps_a_second = all / begun.elapsed().as_secs_f64();
        drop(engine);
        let wal_a_step = (self.wal().await? - wal) / all;
        Ok(Rate { steps_a_second, wal_a_step, pages_a_step: (self.pages().await? - pages) / all })
    }
}

/// One of how many sessions is busy.
fn every(sessions: u64) -> u64 {
    (sessions / BUSY).max(1)
}

fn engine(url: &str, connections: usize) -> Result<Postgres, Failed> {
    let config = PostgresConfig { connections, lease: LEASE, ..PostgresConfig::default() };
    Ok(Postgres::with(vec![url.parse()?], &NoTls, &config)?)
}

async fn connect(url: &str) -> Result<Client, Failed> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// A batch of steps. Gives how many there were, and how many of them were first ones.
async fn steps(engine: &Postgres, batch: usize, every: u64) -> Result<(u64, u64), Failed> {
    let wanted = Wanted::Served(ROLES.map(|role| (IMAGE, role)).into());
    let claims = engine.claim(&wanted, batch).await?;
    if claims.is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    let first = claims.iter().filter(|claim| claim.work().version == 0).count();
    let steps = claims.into_iter().map(|claim| {
        let done = answer(claim.work(), every);
        (claim, done)
    });
    let committed = engine.commit(steps.collect()).await;
    let done = committed.iter().filter(|result| result.is_ok()).count();
    Ok((done as u64, first as u64))
}

/// Takes what there is and sends an answer. In a busy session, the first role begins.
fn answer(work: &Work, every: u64) -> Done {
    let digits = work.session.as_str().trim_start_matches("session-");
    let is_busy = digits.parse::<u64>().is_ok_and(|nth| nth.is_multiple_of(every));
    let begins = work.version == 0 && work.role == ROLES[0] && is_busy;
    let sends = !work.messages.is_empty() || begins;
    let number =
        work.messages.last().map_or(0, |message| message.id.number + u64::from(work.role.0 == 0));
    let id = EnvelopeId { from: work.role, lane: 0, number };
    let to = RoleId(1 - work.role.0);
    let message = || Envelope { to, id, label: LabelId(0), payload: vec![0; PAYLOAD] };
    Done {
        state: vec![0; STATE],
        taken: work.messages.iter().map(|message| message.id).collect(),
        sent: sends.then(message).into_iter().collect(),
        status: PartStatus::Waits,
    }
}

/// Rows that die under constant load, and whether steps get dearer by them.
async fn rows_die(base: &Base, time: Duration) -> Result<(), Failed> {
    const ROWS: &str = "SELECT coalesce(sum(n_dead_tup), 0)::bigint, coalesce(sum(autovacuum_count), 0)::bigint,
        (SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relnamespace = 'telltale'::regnamespace AND relkind = 'r')
        FROM pg_stat_user_tables WHERE schemaname = 'telltale'";
    println!("\nseconds | steps a second | dead rows | MB on disk | vacuums so far");
    println!("--: | --: | --: | --: | --:");
    let begun = Instant::now();
    while begun.elapsed() < time {
        let rate = base.rate(4, 100, time / 10).await?;
        let row = base.admin.query_one(ROWS, &[]).await?;
        let [dead, vacuums, bytes] = [0, 1, 2].map(|nth| row.get::<_, i64>(nth));
        println!(
            "{} | {:.0} | {dead} | {} | {vacuums}",
            begun.elapsed().as_secs(),
            rate.steps_a_second,
            bytes >> 20
        );
    }
    Ok(())
}

/// Two processes at work on the same sessions; then one of them is killed.
async fn two_share(base: &Base, task: &Task) -> Result<(), Failed> {
    const CLAIMED: &str = "SELECT array_agg(claim) FROM telltale.part WHERE claimed > now()";
    const LEFT: &str =
        "SELECT count(*) FROM telltale.part WHERE claim = ANY ($1) AND claimed IS NOT NULL";
    let folder = std::env::temp_dir().join(format!("telltale-scale-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let mut workers = Vec::new();
    for nth in 0..2 {
        workers.push(Worker::spawn(base, &task.program, folder.join(nth.to_string()))?);
    }
    sleep(Duration::from_secs(2)).await;
    let before = [workers[0].steps()?, workers[1].steps()?];
    sleep(task.time).await;
    let [first, second] = [workers[0].steps()? - before[0], workers[1].steps()? - before[1]];
    println!(
        "\ntwo processes: {first} and {second} steps, {:.0} % apart",
        100.0 * (first as f64 / second.max(1) as f64 - 1.0).abs()
    );
    // What it has claimed stays claimed, until its lease is over.
    let killed = workers.remove(0);
    drop(killed);
    let at = Instant::now();
    // What it has asked for last is still being given to it.
    sleep(LEASE / 10).await;
    let claims: Option<Vec<Vec<u8>>> = base.admin.query_one(CLAIMED, &[]).await?.get(0);
    let claims = claims.unwrap_or_default();
    let mut longest = Duration::ZERO;
    while base.admin.query_one(LEFT, &[&claims]).await?.get::<_, i64>(0) > 0 {
        sleep(Duration::from_millis(20)).await;
        longest = at.elapsed();
    }
    println!(
        "one is killed: {} parts were claimed, and the last of them was somebody else's after {longest:.1?} (lease: {LEASE:?})",
        claims.len()
    );
    drop(workers);
    fs::remove_dir_all(folder)?;
    Ok(())
}

/// A process that does steps until it is dropped, which kills it.
struct Worker {
    child: Child,
    note: PathBuf,
}

impl Worker {
    fn spawn(base: &Base, program: &Path, note: PathBuf) -> Result<Self, Failed> {
        let mut command = Command::new(program);
        command.arg("work").arg(&note).arg(&base.url).arg(base.sessions.to_string());
        Ok(Self { child: command.stdin(Stdio::null()).spawn()?, note })
    }

    fn steps(&self) -> Result<u64, Failed> {
        Ok(Notes::read(&self.note)?.steps)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Does steps of such sessions until the process is killed.
///
/// # Errors
///
/// What the engine cannot do.
pub async fn work(url: &str, sessions: u64, file: PathBuf) -> Result<(), Failed> {
    let engine = engine(url, 2)?;
    tokio::spawn(note(engine.clone(), file));
    let every = every(sessions);
    let forever = async || -> Result<(), Failed> {
        loop {
            steps(&engine, 50, every).await?;
        }
    };
    tokio::try_join!(forever(), forever()).map(|_| ())
}
