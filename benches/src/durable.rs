//! Steps of parts that are kept in PostgreSQL, and the same rows written by hand. In each session two roles send a message to and
//! fro for ever: a step takes one of 40 bytes, changes a state of 100 bytes and sends one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use telltale_harness::server::Server;
use telltale_net::SessionKey;
use telltale_net::engine::{
    Claim as _, Done, Engine, Envelope, EnvelopeId, NewPart, NewSession, PartStatus, Wanted,
};
use telltale_postgres::{Postgres, PostgresConfig};
use telltale_vm::loader::ContentHash;
use telltale_vm::{LabelId, RoleId};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls};

const PAYLOAD: usize = 40;
const STATE: usize = 100;
const ROLES: [RoleId; 2] = [RoleId(0), RoleId(1)];
const IMAGE: ContentHash = ContentHash([7; 32]);

/// How much is done at the same time.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub sessions: usize,
    pub connections: usize,
    /// How many steps a transaction has at most.
    pub batch: usize,
}

/// A server, with databases in which sessions are under way.
pub struct Servers {
    server: Server,
    runtime: Runtime,
}

/// Who does the steps.
pub enum Steps {
    Ours(Postgres),
    ByHand(Vec<Client>),
}

impl Servers {
    /// Starts a server, where PostgreSQL is installed.
    pub fn start() -> Option<Self> {
        let server = Server::start().expect("the server starts")?;
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        Some(Self { server, runtime })
    }

    fn new_database(&self, name: &str) -> String {
        self.runtime.block_on(async {
            let admin = connect(&self.server.url("postgres")).await;
            let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            admin.batch_execute(&statement).await.expect("nobody uses it");
            let statement = format!("CREATE DATABASE {name}");
            admin.batch_execute(&statement).await.expect("it is new");
        });
        self.server.url(name)
    }

    /// Sessions that the engine keeps.
    pub fn ours(&self, load: Load) -> Steps {
        let url = self.new_database("ours");
        self.runtime.block_on(async {
            let config = PostgresConfig { connections: load.connections, ..Default::default() };
            let config = Postgres::with(vec![url.parse().expect("a URL")], &NoTls, &config);
            let engine = config.expect("one database");
            engine.migrate().await.expect("it is new");
            let starter = Postgres::connect(&url).expect("a URL");
            let sessions: Vec<NewSession> = (0..load.sessions).map(session).collect();
            for some in sessions.chunks(64) {
                let started = some.iter().map(|session| starter.start(session.clone()));
                for started in futures::future::join_all(started).await {
                    started.expect("it is new");
                }
            }
            Steps::Ours(engine)
        })
    }

    /// The same rows, written by hand.
    pub fn by_hand(&self, load: Load) -> Steps {
        let url = self.new_database("by_hand");
        self.runtime.block_on(async {
            let admin = connect(&url).await;
            admin.batch_execute(BY_HAND).await.expect("they are new");
            let statement = format!(
                "INSERT INTO part SELECT 'session-' || lpad(n::text, 26, '0'), r, decode(repeat('00', {STATE}), 'hex'), 0
                     FROM generate_series(0, {0} - 1) n, generate_series(0, 1) r;
                 INSERT INTO message SELECT 'session-' || lpad(n::text, 26, '0'), 0, 1, 0, decode(repeat('00', {PAYLOAD}), 'hex')
                     FROM generate_series(0, {0} - 1) n;
                 ANALYZE;",
                load.sessions
            );
            admin.batch_execute(&statement).await.expect("they are new");
            let mut clients = Vec::new();
            for _ in 0..load.connections {
                clients.push(connect(&url).await);
            }
            Steps::ByHand(clients)
        })
    }

    /// How many steps a second are done for so long.
    pub fn steps_per_second(&self, steps: &mut Steps, load: Load, time: Duration) -> f64 {
        let done = Arc::new(AtomicU64::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let begun = Instant::now();
        self.runtime.block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            match steps {
                Steps::Ours(engine) => {
                    for _ in 0..load.connections {
                        let (engine, done, stop) = (engine.clone(), done.clone(), stop.clone());
                        tasks.spawn(async move {
                            while !stop.load(Ordering::Relaxed) {
                                done.fetch_add(ours(&engine, load.batch).await, Ordering::Relaxed);
                            }
                            None
                        });
                    }
                }
                Steps::ByHand(clients) => {
                    for client in std::mem::take(clients) {
                        let (done, stop) = (done.clone(), stop.clone());
                        tasks.spawn(async move {
                            while !stop.load(Ordering::Relaxed) {
                                let some = by_hand(&client, load.batch).await;
                                done.fetch_add(some, Ordering::Relaxed);
                            }
                            Some(client)
                        });
                    }
                }
            }
            tokio::time::sleep(time).await;
            stop.store(true, Ordering::Relaxed);
            while let Some(client) = tasks.join_next().await {
                if let (Some(client), Steps::ByHand(clients)) =
                    (client.expect("no panic"), &mut *steps)
                {
                    clients.push(client);
                }
            }
        });
        done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
    }
}

fn session(nth: usize) -> NewSession {
    let part = |role: &str| NewPart { role: role.to_owned(), ticket: None };
    NewSession {
        key: SessionKey::from(format!("session-{nth:026}")),
        image: IMAGE,
        parts: ["Ann", "Ben"].map(part).into(),
        deadline: None,
        idle: None,
    }
}

/// A batch of steps.
async fn ours(engine: &Postgres, batch: usize) -> u64 {
    let wanted = Wanted::Served(ROLES.map(|role| (IMAGE, role)).into());
    let claims = engine.claim(&wanted, batch).await.expect("the server is there");
    let steps = claims.into_iter().map(|claim| {
        let done = answer(claim.work());
        (claim, done)
    });
    let committed = engine.commit(steps.collect()).await;
    for result in &committed {
        result.as_ref().expect("nobody else does it");
    }
    committed.len() as u64
}

/// Takes what there is and sends an answer; the first role begins.
fn answer(work: &telltale_net::engine::Work) -> Done {
    let other = RoleId(1 - work.role.0);
    let sends = !work.messages.is_empty() || work.version == 0 && work.role == ROLES[0];
    let number =
        work.messages.last().map_or(0, |message| message.id.number + u64::from(work.role.0 == 0));
    let id = EnvelopeId { from: work.role, lane: 0, number };
    let message = || Envelope { to: other, id, label: LabelId(0), payload: vec![0; PAYLOAD] };
    Done {
        state: vec![0; STATE],
        taken: work.messages.iter().map(|message| message.id).collect(),
        sent: sends.then(message).into_iter().collect(),
        status: PartStatus::Waits,
    }
}

const BY_HAND: &str = "
    CREATE TABLE part (session text COLLATE \"C\", role smallint, state bytea, version bigint, PRIMARY KEY (session, role))
        WITH (fillfactor = 60);
    CREATE TABLE message (session text COLLATE \"C\", receiver smallint, sender smallint, number bigint, payload bytea,
        id bigserial, PRIMARY KEY (session, receiver, sender, number));
    CREATE INDEX ON message (id);";

/// A batch of steps in one transaction: lock, read, and write. What can be sent together is.
async fn by_hand(client: &Client, batch: usize) -> u64 {
    const READ: &str =
        "SELECT m.session, m.receiver, m.sender, m.number, m.payload, p.state, p.version
        FROM message m JOIN part p ON p.session = m.session AND p.role = m.receiver
        ORDER BY m.id LIMIT $1 FOR UPDATE OF p, m SKIP LOCKED";
    const WRITE: &str = "WITH step AS MATERIALIZED (
            SELECT * FROM unnest($1::text[], $2::smallint[], $3::smallint[], $4::bigint[], $5::bytea[], $6::bytea[])
                t (session, receiver, sender, number, payload, state)),
        taken AS (DELETE FROM message m USING step s WHERE m.session = s.session AND m.receiver = s.receiver
            AND m.sender = s.sender AND m.number = s.number),
        changed AS (UPDATE part p SET state = s.state, version = p.version + 1 FROM step s
            WHERE p.session = s.session AND p.role = s.receiver)
        INSERT INTO message SELECT session, sender, receiver, number + (1 - receiver), payload FROM step";
    let (read, write) = (client.prepare(READ), client.prepare(WRITE));
    let (read, write) = futures::join!(read, write);
    let (read, write) = (read.expect("SQL"), write.expect("SQL"));
    let limit = batch as i64;
    let limit: [&(dyn tokio_postgres::types::ToSql + Sync); 1] = [&limit];
    let (begun, rows) = futures::join!(client.batch_execute("BEGIN"), client.query(&read, &limit));
    begun.expect("the server is there");
    let rows = rows.expect("the server is there");
    let sessions: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    let receivers: Vec<i16> = rows.iter().map(|row| row.get(1)).collect();
    let senders: Vec<i16> = rows.iter().map(|row| row.get(2)).collect();
    let numbers: Vec<i64> = rows.iter().map(|row| row.get(3)).collect();
    let payloads: Vec<&[u8]> = rows.iter().map(|row| row.get(4)).collect();
    let states: Vec<&[u8]> = rows.iter().map(|row| row.get(5)).collect();
    let arguments: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&sessions, &receivers, &senders, &numbers, &payloads, &states];
    let (written, committed) =
        futures::join!(client.query(&write, &arguments), client.batch_execute("COMMIT"));
    written.expect("the server is there");
    committed.expect("the server is there");
    rows.len() as u64
}

async fn connect(url: &str) -> Client {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.expect("the server is there");
    tokio::spawn(connection);
    client
}
