//! One database: its connections, whether it answers, and what is asked of it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
    TimeoutType,
};
use telltale_net::engine::EngineError;
use tokio::time::timeout;
use tokio_postgres::config::Host;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Row, Socket};

use crate::counters::{Counters, Counts};
use crate::engine::PostgresConfig;
use crate::health::Health;
use crate::refusal::{Refusal, refusal};

/// How often a transaction is begun anew that was given up because of another one.
const RETRIES: usize = 10;

/// How long the schema may take to be changed.
const CHANGE: Duration = Duration::from_secs(600);

pub(crate) struct Database {
    pool: Pool,
    /// For errors: where it is, without passwords.
    name: String,
    timeout: Duration,
    pub(crate) health: Health,
    pub(crate) counts: Arc<Counts>,
}

/// What TLS has to be able to do, to connect more than once and from any thread.
pub trait Tls:
    MakeTlsConnect<
        Socket,
        Stream: Sync + Send,
        TlsConnect: Sync + Send + TlsConnect<Socket, Future: Send>,
    > + Clone
    + Sync
    + Send
    + 'static
{
}

impl<T> Tls for T where
    T: MakeTlsConnect<
            Socket,
            Stream: Sync + Send,
            TlsConnect: Sync + Send + TlsConnect<Socket, Future: Send>,
        > + Clone
        + Sync
        + Send
        + 'static
{
}

impl Database {
    pub(crate) fn new(
        connect: Config,
        tls: impl Tls,
        config: &PostgresConfig,
    ) -> Result<Self, EngineError> {
        let name = name_of(&connect);
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(connect, tls, recycling))
            .max_size(config.connections.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(config.timeout))
            .create_timeout(Some(config.timeout))
            .post_create(bounded(config.timeout))
            .build();
        let pool = pool.map_err(|error| EngineError::Engine(Box::new(error)))?;
        let (health, counts) = (Health::default(), Arc::default());
        Ok(Self { pool, name, timeout: config.timeout, health, counts })
    }

    /// Runs one statement, which is one transaction.
    pub(crate) async fn call(
        &self,
        statement: &str,
        arguments: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, EngineError> {
        for _ in 0..RETRIES {
            let leave = self.health.leave(Instant::now()).map_err(|away| {
                self.counts.spared.add(1);
                EngineError::Lost(format!("{}: {away}", self.name))
            })?;
            let asked = self.ask(self.timeout, async |client: &Object| {
                let prepared = client.prepare_cached(statement).await?;
                client.query(&prepared, arguments).await
            });
            match asked.await {
                Ok(rows) => {
                    leave.answered();
                    return Ok(rows);
                }
                Err(Refusal::InTheWay) => {
                    leave.answered();
                    self.counts.retried.add(1);
                }
                Err(Refusal::Silent(why)) => {
                    if leave.silent(Instant::now(), &why) {
                        // Those that nobody uses have the same fate, and it would be found out one by one.
                        self.pool.retain(|_, _| false);
                    }
                    return Err(self.lost(&why));
                }
                // Another connection may be better.
                Err(Refusal::Cut(why)) => return Err(self.lost(&why)),
                Err(Refusal::Passing(why)) => {
                    leave.answered();
                    return Err(self.lost(&why));
                }
                Err(Refusal::Final(why)) => {
                    leave.answered();
                    return Err(self.engine(&why));
                }
            }
        }
        Err(self.lost(&format_args!("given up {RETRIES} times because of other transactions")))
    }

    /// Runs a transaction as it stands.
    pub(crate) async fn run(&self, statements: &str) -> Result<(), EngineError> {
        let run = self.ask(CHANGE, async |client: &Object| {
            let done = client.batch_execute(statements).await;
            if done.is_err() {
                // The connection is for others, without the transaction that has failed.
                let _ = client.batch_execute("ROLLBACK").await;
            }
            done
        });
        run.await.map_err(|refusal| match refusal {
            Refusal::Final(why) => self.engine(&why),
            Refusal::Silent(why) | Refusal::Cut(why) | Refusal::Passing(why) => self.lost(&why),
            Refusal::InTheWay => self.lost(&"given up because of another transaction"),
        })
    }

    /// Does something on a connection, for so long at most.
    async fn ask<T>(
        &self,
        at_most: Duration,
        what: impl AsyncFnOnce(&Object) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Refusal> {
        let busy = self.client().await?;
        let Ok(answer) = timeout(at_most, what(busy.client())).await else {
            return Err(Refusal::Silent(format!("no answer within {at_most:?}")));
        };
        match answer {
            Ok(answer) => {
                busy.ends();
                Ok(answer)
            }
            Err(error) => {
                // A statement that was refused is over; the pool looks whether a connection is.
                if error.as_db_error().is_some() {
                    busy.ends();
                }
                Err(refusal(&error))
            }
        }
    }

    async fn client(&self) -> Result<Busy, Refusal> {
        let client = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                match refusal(&error) {
                    Refusal::Final(why) => Refusal::Final(why),
                    Refusal::Silent(why) | Refusal::Cut(why) | Refusal::Passing(why) => {
                        Refusal::Silent(why)
                    }
                    Refusal::InTheWay => Refusal::InTheWay,
                }
            }
            // All of them are in use, of which nothing follows.
            PoolError::Timeout(TimeoutType::Wait) => {
                Refusal::Cut(format!("no connection is free within {:?}", self.timeout))
            }
            PoolError::Timeout(_) => {
                Refusal::Silent(format!("no connection within {:?}", self.timeout))
            }
            error => Refusal::Final(error.to_string()),
        })?;
        Ok(Busy(Some(client)))
    }

    pub(crate) fn counters(&self) -> Counters {
        let away = self.health.away(Instant::now()).map(|away| away.to_string());
        self.counts.read(self.name.clone(), away)
    }

    /// It has not answered, so it is not asked.
    pub(crate) fn spared(&self) -> Option<EngineError> {
        let away = self.health.away(Instant::now())?;
        self.counts.spared.add(1);
        Some(EngineError::Lost(format!("{}: {away}", self.name)))
    }

    fn lost(&self, what: &dyn fmt::Display) -> EngineError {
        self.counts.lost.add(1);
        EngineError::Lost(format!("{}: {what}", self.name))
    }

    pub(crate) fn engine(&self, what: &dyn fmt::Display) -> EngineError {
        EngineError::Engine(format!("{}: {what}", self.name).into())
    }
}

/// A connection on which something is being done. If nobody waits for that any more, nobody else gets the connection.
struct Busy(Option<Object>);

impl Busy {
    fn client(&self) -> &Object {
        self.0.as_ref().expect("it is taken when this is dropped")
    }

    /// Others can use the connection.
    fn ends(mut self) {
        self.0 = None;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.take().map(Object::take);
    }
}

/// The server gives up what takes longer than somebody waits for it; a little earlier, so that it can say so. It is not asked to, for it might not hear that;
/// and where it waits for a standby it would stop waiting, and show others what is not safe yet. A commit that waits is no statement.
fn bounded(longest: Duration) -> Hook {
    let setting = format!("SET statement_timeout = {}", (longest * 9 / 10).as_millis().max(1));
    Hook::async_fn(move |client, _| {
        let setting = setting.clone();
        Box::pin(async move { client.batch_execute(&setting).await.map_err(HookError::Backend) })
    })
}

/// Where it is: all of its hosts, of which one is the primary.
fn name_of(connect: &Config) -> String {
    let host = |host: &Host| match host {
        Host::Tcp(host) => host.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    };
    let mut hosts: Vec<String> = connect.get_hosts().iter().map(host).collect();
    if hosts.is_empty() {
        hosts = connect.get_hostaddrs().iter().map(ToString::to_string).collect();
    }
    let ports = connect.get_ports();
    let port = |nth| ports.get(nth).or(ports.first()).copied().unwrap_or(5432);
    let places = hosts.iter().enumerate().map(|(nth, host)| format!("{host}:{}", port(nth)));
    let places = places.collect::<Vec<_>>().join(",");
    let database = connect.get_dbname().or(connect.get_user()).unwrap_or_default();
    format!("{places}/{database}")
}
