//! The engine: which database a session is in, and what is asked of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sha2::{Digest, Sha256};
use telltale_net::SessionKey;
use telltale_net::engine::{Done, Ending, Engine, EngineError, NewSession, Wanted};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_postgres::{Config, NoTls};

pub use crate::claim::PostgresClaim;
use crate::claim::{Released, ending_of, text};
use crate::commit::commit;
use crate::database::{Database, Tls};
use crate::{listen, schema};

/// How often what is long over is forgotten.
const CLEANS_EVERY: Duration = Duration::from_secs(60);

/// How many sessions are forgotten at once.
const CLEANS: i32 = 10_000;

/// Sessions in one or several PostgreSQL databases. It is cheap to clone; all clones are one engine.
///
/// It is used in a tokio runtime.
#[derive(Clone)]
pub struct Postgres {
    inner: Arc<Inner>,
}

/// How a [`Postgres`] works.
#[derive(Clone, Debug)]
pub struct PostgresConfig {
    /// How many connections there are to each database at most, but for one that hears of changes.
    pub connections: usize,
    /// How long it waits for an answer.
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

pub(crate) struct Inner {
    pub(crate) databases: Vec<Database>,
    pub(crate) lease: i64,
    /// The database that is asked first.
    turn: AtomicUsize,
    /// Claims that were dropped, and are to be given back, by their databases.
    pub(crate) released: Mutex<Vec<Released>>,
    /// What hears of changes here, and tells those who wait.
    channel: String,
    changes: Arc<watch::Sender<()>>,
    listeners: Mutex<Listeners>,
    cleaned: Mutex<Instant>,
}

/// They begin when somebody waits for changes for the first time, and end with the engine.
enum Listeners {
    ToBegin(Vec<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>>),
    AtWork { _tasks: JoinSet<()> },
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
        let listeners = databases.iter().map(|connect| {
            listen::listen(connect.clone(), tls.clone(), channel.clone(), Arc::clone(&changes))
        });
        let listeners = Mutex::new(Listeners::ToBegin(listeners.collect()));
        let databases =
            databases.into_iter().map(|connect| Database::new(connect, tls.clone(), config));
        let inner = Inner {
            databases: databases.collect::<Result<_, _>>()?,
            lease: microseconds(config.lease),
            turn: AtomicUsize::new(0),
            released: Mutex::default(),
            channel,
            changes,
            listeners,
            cleaned: Mutex::new(Instant::now()),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Brings the databases to the version of this build, if they are older. It can be called each time a process starts.
    ///
    /// # Errors
    ///
    /// When a database cannot be reached, or its login may not change it.
    pub async fn migrate(&self) -> Result<(), EngineError> {
        for database in &self.inner.databases {
            schema::migrate(database).await?;
        }
        Ok(())
    }

    /// Forgets sessions that ended a day ago, or when `telltale.bounds.keep` says. Processes at work do it now and then; gives how many.
    ///
    /// # Errors
    ///
    /// When a database cannot.
    pub async fn clean(&self) -> Result<usize, EngineError> {
        let mut all = 0;
        for database in &self.inner.databases {
            loop {
                let rows = database.call("SELECT telltale.clean($1)", &[&CLEANS]).await?;
                let cleaned: i32 = rows[0].get(0);
                all += usize::try_from(cleaned).unwrap_or(0);
                if cleaned < CLEANS {
                    break;
                }
            }
        }
        Ok(all)
    }

    /// The database of a session.
    fn database(&self, key: &SessionKey) -> Result<&Database, EngineError> {
        if key.as_str().contains('\0') {
            return Err(EngineError::Engine("the key of a session has no zeros".into()));
        }
        Ok(&self.inner.databases[self.inner.place_of(key)])
    }

    /// Parts of one database.
    async fn look_in(
        &self,
        nth: usize,
        wanted: &Wanted,
        at_most: usize,
    ) -> Result<Vec<PostgresClaim>, EngineError> {
        let database = &self.inner.databases[nth];
        let rows = match wanted {
            Wanted::Served(served) => {
                let images: Vec<&[u8]> = served.iter().map(|(image, _)| &image.0[..]).collect();
                let roles: Vec<i16> = served.iter().map(|(_, role)| i16::from(role.0)).collect();
                let at_most = i32::try_from(at_most).unwrap_or(i32::MAX);
                let statement = "SELECT * FROM telltale.claim($1, $2, $3, $4)";
                database.call(statement, &[&images, &roles, &at_most, &self.inner.lease]).await?
            }
            Wanted::Seat { session, role, ticket } => {
                let (key, of_role) = (session.as_str(), i16::from(role.0));
                let statement = "SELECT * FROM telltale.claim_seat($1, $2, $3, $4)";
                let shown = &ticket.0[..];
                let rows =
                    database.call(statement, &[&key, &of_role, &shown, &self.inner.lease]).await?;
                let is_refused =
                    |row: &tokio_postgres::Row| row.get::<_, Option<&str>>("session").is_none();
                if rows.iter().any(is_refused) {
                    return Err(EngineError::NoSeat { session: session.clone(), role: *role });
                }
                rows
            }
        };
        let shown = match wanted {
            Wanted::Served(_) => None,
            Wanted::Seat { ticket, .. } => Some(*ticket),
        };
        rows.iter().map(|row| PostgresClaim::read(row, &self.inner, nth, shown)).collect()
    }

    /// Parts of whichever database has some. One that cannot be reached is in nobody's way.
    async fn look(
        &self,
        wanted: &Wanted,
        at_most: usize,
    ) -> Result<Vec<PostgresClaim>, EngineError> {
        if let Wanted::Seat { session, .. } = wanted {
            self.database(session)?;
            return self.look_in(self.inner.place_of(session), wanted, at_most).await;
        }
        let all = self.inner.databases.len();
        let first = self.inner.turn.fetch_add(1, Ordering::Relaxed);
        let mut failed = None;
        for nth in 0..all {
            match self.look_in((first.wrapping_add(nth)) % all, wanted, at_most).await {
                Ok(claims) if claims.is_empty() => {}
                Ok(claims) => return Ok(claims),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(Vec::new()), Err)
    }

    /// Asks to be told of changes.
    async fn sleep(&self, wanted: &Wanted) -> Result<(), EngineError> {
        let (mut images, mut roles) = (Vec::new(), Vec::new());
        let (mut seats, mut seat_roles, mut shown) = (Vec::new(), Vec::new(), Vec::new());
        let databases = match wanted {
            Wanted::Served(served) => {
                images.extend(served.iter().map(|(image, _)| &image.0[..]));
                roles.extend(served.iter().map(|(_, role)| i16::from(role.0)));
                &self.inner.databases[..]
            }
            Wanted::Seat { session, role, ticket } => {
                shown.push(&ticket.0[..]);
                seats.push(session.as_str());
                seat_roles.push(i16::from(role.0));
                std::slice::from_ref(self.database(session)?)
            }
        };
        let statement = "SELECT telltale.sleep($1, $2, $3, $4, $5, $6)";
        for database in databases {
            // It is a hint: whoever is not told looks after a while.
            let arguments: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
                [&self.inner.channel, &images, &roles, &seats, &seat_roles, &shown];
            let _ = database.call(statement, &arguments).await;
        }
        Ok(())
    }

    /// Begins to hear of changes.
    fn listen(&self) {
        let mut listeners = self.inner.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Listeners::ToBegin(to_begin) = &mut *listeners {
            let tasks = std::mem::take(to_begin).into_iter().collect();
            *listeners = Listeners::AtWork { _tasks: tasks };
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

    fn take_released(&self) -> Vec<Released> {
        let mut released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut released)
    }

    /// Gives back what was dropped.
    async fn release(&self) {
        let released = self.take_released();
        for (nth, database) in self.databases.iter().enumerate() {
            let of_it = || released.iter().filter(|claim| claim.database == nth);
            if of_it().next().is_none() {
                continue;
            }
            let keys: Vec<&str> = of_it().map(|claim| claim.session.as_str()).collect();
            let roles: Vec<i16> = of_it().map(|claim| i16::from(claim.role.0)).collect();
            let claims: Vec<&[u8]> = of_it().map(|claim| &claim.claim[..]).collect();
            let begun: Vec<bool> = of_it().map(|claim| claim.counts).collect();
            // Otherwise it comes back when its lease is over.
            let _ = database
                .call("SELECT telltale.release($1, $2, $3, $4)", &[&keys, &roles, &claims, &begun])
                .await;
        }
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
        self.inner.release().await;
        if self.is_to_clean() {
            // What is not forgotten now is forgotten later.
            let _ = self.clean().await;
        }
        let found = self.look(wanted, at_most).await;
        let has_some = found.as_ref().is_ok_and(|found| !found.is_empty());
        let is_refused = matches!(found, Err(EngineError::NoSeat { .. }));
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

/// A time for the database; at most a hundred years, which it can add to its clock.
pub(crate) fn microseconds(time: Duration) -> i64 {
    const CENTURY: i64 = 100 * 365 * 86_400 * 1_000_000;
    i64::try_from(time.as_micros()).map_or(CENTURY, |time| time.min(CENTURY))
}
