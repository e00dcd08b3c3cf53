//! The engine: which database a session is in, and what is asked of it.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, join_all};
use sha2::{Digest, Sha256};
use telltale_net::SessionKey;
use telltale_net::engine::{Done, Ending, Engine, EngineError, NewSession, Wanted};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_postgres::{Config, NoTls};

pub use crate::claim::PostgresClaim;
use crate::claim::{Released, ending_of, text};
use crate::commit::commit;
use crate::counters::Counters;
use crate::database::{Database, Tls};
use crate::listen::Listener;
use crate::look::Late;
use crate::schema;

/// How often what is long over is forgotten.
const CLEANS_EVERY: Duration = Duration::from_secs(60);

/// How many sessions are forgotten at once.
const CLEANS: i32 = 10_000;

/// Sessions in one or several PostgreSQL databases. It is cheap to clone; all clones are one engine.
///
/// It is used in a tokio runtime.
#[derive(Clone)]
pub struct Postgres {
    pub(crate) inner: Arc<Inner>,
}

/// How a [`Postgres`] works.
#[derive(Clone, Debug)]
pub struct PostgresConfig {
    /// How many connections there are to each database at most, but for one that hears of changes.
    pub connections: usize,
    /// How long it waits for an answer; the server gives up a statement a little earlier. A database that has not answered is not asked for a while,
    /// which grows up to ten seconds. Where there are several databases, a claim waits for a tenth of that, and goes on to the next.
    pub timeout: Duration,
    /// After which time a part is given to another process, if the one that has claimed it has not committed its step. A step may take longer:
    /// then two processes do it, and the first that commits has done it.
    pub lease: Duration,
}

impl Default for PostgresConfig {
    fn default() -> Self {
        Self { connections: 8, timeout: Duration::from_secs(10), lease: Duration::from_secs(10) }
    }
}

/// Of two errors, the one that does not go away by itself.
pub(crate) fn worse(first: EngineError, second: EngineError) -> EngineError {
    if matches!(first, EngineError::Lost(_)) { second } else { first }
}

pub(crate) struct Inner {
    pub(crate) databases: Vec<Database>,
    /// What they have answered after the time in which somebody waited for it.
    pub(crate) late: Vec<Late>,
    pub(crate) lease: Duration,
    /// How long a claim waits for a database, if there are others.
    pub(crate) patience: Duration,
    /// The database that is asked first.
    pub(crate) turn: AtomicUsize,
    /// Claims that were dropped, and are to be given back, by their databases.
    pub(crate) released: Mutex<Vec<Released>>,
    /// What hears of changes here, and tells those who wait.
    pub(crate) channel: String,
    pub(crate) changes: Arc<watch::Sender<()>>,
    listeners: Mutex<Listeners>,
    cleaned: Mutex<Instant>,
}

/// They begin when somebody waits for changes, and end with the engine; or with a runtime, and then they begin in the next one.
struct Listeners {
    begin: Vec<Box<dyn Fn() -> BoxFuture<'static, ()> + Send>>,
    at_work: JoinSet<()>,
}

impl Postgres {
    /// An engine on one database, without TLS: `postgres://user@host/database`, with the options that `tokio_postgres::Config` knows.
    ///
    /// Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// When the text is not of this form.
    pub fn connect(url: &str) -> Result<Self, EngineError> {
        let config: Config = url
            .parse()
            .map_err(|error: tokio_postgres::Error| EngineError::Engine(Box::new(error)))?;
        Self::with(vec![config], &NoTls, &PostgresConfig::default())
    }

    /// An engine on several databases, over which sessions are spread by a hash of their keys. All processes have to have the same list,
    /// in the same order, as long as there are sessions.
    ///
    /// # Errors
    ///
    /// When the list is empty.
    pub fn with(
        databases: Vec<Config>,
        tls: &impl Tls,
        config: &PostgresConfig,
    ) -> Result<Self, EngineError> {
        if databases.is_empty() {
            return Err(EngineError::Engine("there has to be a database".into()));
        }
        let mut name = [0; 8];
        getrandom::fill(&mut name)
            .map_err(|error| EngineError::Engine(error.to_string().into()))?;
        let channel = format!("telltale_{:016x}", u64::from_be_bytes(name));
        let changes = Arc::new(watch::Sender::new(()));
        let (mut all, mut begin) = (Vec::new(), Vec::new());
        for mut connect in databases {
            let hosts = connect.get_hosts().len().max(connect.get_hostaddrs().len());
            if hosts > 1 && connect.get_connect_timeout().is_none() {
                // Of a machine that is gone nothing is heard, and the next one is to have its turn.
                let each = u32::try_from(hosts).unwrap_or(u32::MAX);
                connect.connect_timeout(config.timeout / each);
            }
            let database = Database::new(connect.clone(), tls.clone(), config)?;
            let listener = Listener {
                connect,
                tls: tls.clone(),
                channel: channel.clone(),
                changes: Arc::clone(&changes),
                counts: Arc::clone(&database.counts),
            };
            begin.push(listener.at_work());
            all.push(database);
        }
        let listeners = Mutex::new(Listeners { begin, at_work: JoinSet::new() });
        let inner = Inner {
            late: all.iter().map(|_| Late::default()).collect(),
            databases: all,
            lease: config.lease,
            patience: config.timeout / 10,
            turn: AtomicUsize::new(0),
            released: Mutex::default(),
            channel,
            changes,
            listeners,
            cleaned: Mutex::new(Instant::now()),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Brings the databases to the version of this build, if they are older. It can be called each time a process starts. Each is brought there
    /// that can be, whatever becomes of the others.
    ///
    /// # Errors
    ///
    /// [`EngineError::Lost`] when all that is wrong is that databases do not answer. Otherwise what does not go away by itself: the server does
    /// not know the login, there is no such database, the login may not change it, or the schema is of a version that this build does not
    /// understand.
    pub async fn migrate(&self) -> Result<(), EngineError> {
        let all = self.inner.databases.iter().map(schema::migrate);
        let failed = join_all(all).await.into_iter().filter_map(Result::err);
        failed.reduce(worse).map_or(Ok(()), Err)
    }

    /// Forgets sessions that ended a day ago, or when `telltale.bounds.keep` says. Processes at work do it now and then; gives how many.
    ///
    /// # Errors
    ///
    /// When a database cannot.
    pub async fn clean(&self) -> Result<usize, EngineError> {
        let each = join_all(self.inner.databases.iter().map(clean)).await;
        // One that cannot keeps no other from it.
        each.into_iter().sum()
    }

    /// What was done with each of the databases, in their order.
    ///
    /// ```
    /// # fn example(engine: &telltale_postgres::Postgres) {
    /// for counters in engine.counters() {
    ///     println!("{}: {} steps", counters.database, counters.steps);
    /// }
    /// # }
    /// ```
    pub fn counters(&self) -> Vec<Counters> {
        self.inner.databases.iter().map(Database::counters).collect()
    }

    /// The database of a session.
    pub(crate) fn database(&self, key: &SessionKey) -> Result<&Database, EngineError> {
        if key.as_str().contains('\0') {
            return Err(EngineError::Engine("the key of a session has no zeros".into()));
        }
        Ok(&self.inner.databases[self.inner.place_of(key)])
    }

    /// Begins to hear of changes.
    fn listen(&self) {
        let mut listeners = self.inner.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let Listeners { begin, at_work } = &mut *listeners;
        while at_work.try_join_next().is_some() {}
        if at_work.is_empty() {
            for begin in begin.iter() {
                at_work.spawn(begin());
            }
        }
    }

    /// Whether it is time to forget what is long over.
    fn is_to_clean(&self) -> bool {
        let mut cleaned = self.inner.cleaned.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = cleaned.elapsed() > CLEANS_EVERY;
        if is_time {
            *cleaned = Instant::now();
        }
        is_time
    }
}

impl Inner {
    pub(crate) fn place_of(&self, key: &SessionKey) -> usize {
        let hash = Sha256::digest(key.as_str());
        let number =
            hash.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        usize::try_from(number % self.all()).expect("it is a place in a list")
    }

    /// Each database counts sessions for itself.
    pub(crate) fn incarnation(&self, in_its_database: u64, database: usize) -> u64 {
        in_its_database * self.all()
            + u64::try_from(database).expect("a list is no longer than that")
    }

    pub(crate) fn in_its_database(&self, incarnation: u64) -> u64 {
        incarnation / self.all()
    }

    /// How many databases there are.
    fn all(&self) -> u64 {
        u64::try_from(self.databases.len()).expect("a list is no longer than that")
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres")
            .field("databases", &self.inner.databases.len())
            .finish_non_exhaustive()
    }
}

impl Engine for Postgres {
    type Claim = PostgresClaim;

    async fn start(&self, session: NewSession) -> Result<(), EngineError> {
        let database = self.database(&session.key)?;
        let names: Vec<&str> = session.parts.iter().map(|part| part.role.as_str()).collect();
        let tickets = session.parts.iter().map(|part| part.ticket.as_ref().map(|hash| &hash.0[..]));
        let tickets: Vec<Option<&[u8]>> = tickets.collect();
        let in_words = |time: Option<Duration>| time.map(|time| format!("{time:?}"));
        let rows = database
            .call(
                "SELECT telltale.start($1, $2, $3, $4, $5, $6, $7, $8)",
                &[
                    &session.key.as_str(),
                    &&session.image.0[..],
                    &names,
                    &tickets,
                    &session.deadline.map(microseconds),
                    &in_words(session.deadline),
                    &session.idle.map(microseconds),
                    &in_words(session.idle),
                ],
            )
            .await?;
        self.inner.changes.send_replace(());
        if rows[0].get(0) { Ok(()) } else { Err(EngineError::SessionExists(session.key)) }
    }

    async fn claim(
        &self,
        wanted: &Wanted,
        at_most: usize,
    ) -> Result<Vec<PostgresClaim>, EngineError> {
        if self.is_to_clean() {
            let engine = self.clone();
            // What is not forgotten now is forgotten later.
            tokio::spawn(async move { drop(engine.clean().await) });
        }
        let found = self.look(wanted, at_most).await;
        let has_some = found.as_ref().is_ok_and(|found| !found.is_empty());
        let is_refused =
            matches!(found, Err(EngineError::NoSeat { .. } | EngineError::SeatDone { .. }));
        if has_some || is_refused || self.inner.changes.receiver_count() == 0 {
            return found;
        }
        // It looks again after it has asked to be told, so that nothing falls in between.
        self.sleep(wanted).await?;
        self.look(wanted, at_most).await
    }

    async fn commit(&self, steps: Vec<(PostgresClaim, Done)>) -> Vec<Result<(), EngineError>> {
        let has_sent: Vec<bool> = steps.iter().map(|(_, done)| !done.sent.is_empty()).collect();
        let mut committed: Vec<Option<Result<(), EngineError>>> = Vec::new();
        committed.resize_with(steps.len(), || None);
        let all = 0..self.inner.databases.len();
        let of_each = all.map(|nth| {
            let of_it = |step: &usize| steps[*step].0.database == nth;
            commit(&self.inner.databases[nth], &steps, (0..steps.len()).filter(of_it).collect())
        });
        for (step, result) in join_all(of_each).await.into_iter().flatten() {
            committed[step] = Some(result);
        }
        for ((claim, _), result) in steps.into_iter().zip(&committed) {
            match result {
                Some(Ok(())) => claim.forget(),
                Some(Err(EngineError::Fenced)) | None => {}
                Some(Err(_)) => claim.excuse(),
            }
        }
        let is_written = |result: &Option<Result<_, _>>| matches!(result, Some(Ok(())));
        if has_sent.iter().zip(&committed).any(|(has_sent, result)| *has_sent && is_written(result))
        {
            self.inner.changes.send_replace(());
        }
        committed.into_iter().map(|result| result.expect("each step is in a database")).collect()
    }

    async fn cancel(&self, session: &SessionKey, reason: &str) -> Result<(), EngineError> {
        let database = self.database(session)?;
        let statement = "SELECT telltale.cancel($1, $2)";
        let rows = database.call(statement, &[&session.as_str(), &text(reason)]).await?;
        self.inner.changes.send_replace(());
        if rows[0].get(0) { Ok(()) } else { Err(EngineError::NoSession(session.clone())) }
    }

    async fn ending(&self, session: &SessionKey) -> Result<Option<Ending>, EngineError> {
        let database = self.database(session)?;
        let rows = database.call("SELECT * FROM telltale.ending($1)", &[&session.as_str()]).await?;
        let row = rows.first().ok_or_else(|| EngineError::NoSession(session.clone()))?;
        ending_of(row)
    }

    async fn changed(&self) {
        let mut changes = self.inner.changes.subscribe();
        self.listen();
        // There is a sender as long as there is an engine.
        let _ = changes.changed().await;
    }
}

/// Forgets what is long over in one database.
async fn clean(database: &Database) -> Result<usize, EngineError> {
    let mut all = 0;
    loop {
        let rows = database.call("SELECT telltale.clean($1)", &[&CLEANS]).await?;
        let cleaned: i32 = rows[0].get(0);
        all += usize::try_from(cleaned).unwrap_or(0);
        if cleaned < CLEANS {
            return Ok(all);
        }
    }
}

/// A time for the database; at most a hundred years, which it can add to its clock.
pub(crate) fn microseconds(time: Duration) -> i64 {
    const CENTURY: i64 = 100 * 365 * 86_400 * 1_000_000;
    i64::try_from(time.as_micros()).map_or(CENTURY, |time| time.min(CENTURY))
}
