//! One database: its connections, and what is made of its errors.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use telltale_net::engine::EngineError;
use tokio::time::timeout;
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Row, Socket};

use crate::engine::PostgresConfig;

/// How often a transaction is begun anew that was given up because of another one.
const RETRIES: usize = 10;

pub(crate) struct Database {
    pool: Pool,
    /// For errors: where it is, without passwords.
    name: String,
    timeout: Duration,
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
            .build();
        let pool = pool.map_err(|error| EngineError::Engine(Box::new(error)))?;
        Ok(Self { pool, name, timeout: config.timeout })
    }

    /// Runs one statement, which is one transaction.
    pub(crate) async fn call(
        &self,
        statement: &str,
        arguments: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, EngineError> {
        for _ in 0..RETRIES {
            let client = self.client().await?;
            let query = async {
                let prepared = client.prepare_cached(statement).await?;
                client.query(&prepared, arguments).await
            };
            match timeout(self.timeout, query).await {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(error)) if was_in_the_way(&error) => {}
                Ok(Err(error)) => return Err(self.error(&error)),
                Err(_) => {
                    // Nobody else is to wait for what it may still be doing.
                    drop(Object::take(client));
                    return Err(self.lost(&format_args!("no answer within {:?}", self.timeout)));
                }
            }
        }
        Err(self.lost(&format_args!("given up {RETRIES} times because of other transactions")))
    }

    /// Runs a transaction as it stands.
    pub(crate) async fn run(&self, statements: &str) -> Result<(), EngineError> {
        let client = self.client().await?;
        client.batch_execute(statements).await.map_err(|error| {
            // The transaction may still be open.
            drop(Object::take(client));
            self.error(&error)
        })
    }

    async fn client(&self) -> Result<Object, EngineError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => self.error(&error),
            PoolError::Timeout(_) => {
                self.lost(&format_args!("no connection within {:?}", self.timeout))
            }
            error => self.engine(&error),
        })
    }

    fn lost(&self, what: &dyn fmt::Display) -> EngineError {
        EngineError::Lost(format!("{}: {what}", self.name))
    }

    fn engine(&self, what: &dyn fmt::Display) -> EngineError {
        EngineError::Engine(format!("{}: {what}", self.name).into())
    }

    /// What goes away by itself is a lost connection: whoever asks again may get an answer.
    fn error(&self, error: &tokio_postgres::Error) -> EngineError {
        let Some(of_server) = error.as_db_error() else { return self.lost(&in_full(error)) };
        let code = of_server.code();
        let remedy = match *code {
            SqlState::UNDEFINED_FUNCTION
            | SqlState::UNDEFINED_TABLE
            | SqlState::INVALID_SCHEMA_NAME => "; `Postgres::migrate` enters what is missing",
            SqlState::INSUFFICIENT_PRIVILEGE => "; `Rights` writes a script that allows it",
            _ => "",
        };
        let what = format!("{}{remedy}", of_server.message());
        // Connections, resources, locks, operators, the system, the server itself; and a standby that is not the primary yet.
        let goes_away = ["08", "53", "55", "57", "58", "XX", "25"];
        if goes_away.iter().any(|class| code.code().starts_with(class)) {
            self.lost(&what)
        } else {
            self.engine(&what)
        }
    }
}

/// Whether a transaction was given up because of another one, and nothing of it has happened.
fn was_in_the_way(error: &tokio_postgres::Error) -> bool {
    let codes = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    error.code().is_some_and(|code| codes.contains(code))
}

fn in_full(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn name_of(connect: &Config) -> String {
    let host = match connect.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "no host".to_owned(),
    };
    let port = connect.get_ports().first().copied().unwrap_or(5432);
    let database = connect.get_dbname().or(connect.get_user()).unwrap_or_default();
    format!("{host}:{port}/{database}")
}
