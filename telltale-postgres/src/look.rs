//! Who has something to do: claims, over one database or several, of which some may not answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use telltale_net::engine::{EngineError, Seat, Wanted};
use telltale_vm::RoleId;
use telltale_vm::loader::ContentHash;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::claim::{PostgresClaim, Released, odd};
use crate::database::Database;
use crate::engine::{Inner, Postgres, microseconds, worse};

/// What somebody plays.
type Served = Arc<[(ContentHash, RoleId)]>;

/// What a database answers when nobody waits for it any more. It is for the next who asks the same; and as long as the database owes an
/// answer, it is not asked again where there are others.
#[derive(Default)]
pub(crate) struct Late {
    owed: Mutex<Vec<Weak<()>>>,
    come: Mutex<Vec<(Served, Vec<Row>, Instant)>>,
    /// Whoever gives claims back; what another one has dropped may be among them, and he waits for that.
    releasing: tokio::sync::Mutex<()>,
}

impl Late {
    fn owes(&self) -> bool {
        let mut owed = locked(&self.owed);
        owed.retain(|answer| answer.strong_count() > 0);
        !owed.is_empty()
    }

    /// Parts that were claimed so lately that they are still this engine's, at most so many.
    fn take(&self, served: &Served, at_most: usize, lease: Duration) -> Option<Vec<Row>> {
        let mut come = locked(&self.come);
        come.retain(|(_, rows, since)| !rows.is_empty() && since.elapsed() < lease);
        let (_, rows, _) = come.iter_mut().find(|(for_whom, ..)| for_whom == served)?;
        Some(rows.drain(..at_most.min(rows.len())).collect())
    }

    fn put(&self, served: Served, rows: Vec<Row>) {
        locked(&self.come).push((served, rows, Instant::now()));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Postgres {
    /// Parts of whichever database has some.
    pub(crate) async fn look(
        &self,
        wanted: &Wanted,
        at_most: usize,
    ) -> Result<Vec<PostgresClaim>, EngineError> {
        let served = match wanted {
            Wanted::Seats(seats) => return self.look_at_seats(seats, at_most).await,
            Wanted::Served(served) => served,
        };
        let all = self.inner.databases.len();
        let first = self.inner.turn.fetch_add(1, Ordering::Relaxed);
        let mut failed = None;
        for nth in 0..all {
            match self.look_in(first.wrapping_add(nth) % all, served, at_most).await {
                Ok(claims) if claims.is_empty() => {}
                Ok(claims) => return Ok(claims),
                Err(error) => failed = failed.into_iter().chain([error]).reduce(worse),
            }
        }
        failed.map_or(Ok(Vec::new()), Err)
    }

    /// Parts of one database. Nobody waits for one that does not answer, if there are others.
    async fn look_in(
        &self,
        nth: usize,
        served: &Served,
        at_most: usize,
    ) -> Result<Vec<PostgresClaim>, EngineError> {
        let (database, late) = (&self.inner.databases[nth], &self.inner.late[nth]);
        if let Some(rows) = late.take(served, at_most, self.inner.lease) {
            return self.read(&rows, nth);
        }
        if self.inner.databases.len() == 1 {
            let (mut answer, _) = self.ask(nth, served, at_most);
            let answer = (&mut answer).await.unwrap_or_else(|_| Err(went_away()));
            return answer.and_then(|rows| self.read(&rows, nth));
        }
        if late.owes() {
            return Ok(Vec::new());
        }
        let patience = if database.health.away(Instant::now()).is_none() {
            self.inner.patience
        } else if database.health.is_to_be_tried(Instant::now()) {
            Duration::ZERO
        } else {
            return Err(database.spared().unwrap_or_else(went_away));
        };
        let (mut answer, owed) = self.ask(nth, served, at_most);
        if let Ok(answer) = timeout(patience, &mut answer).await {
            let answer = answer.unwrap_or_else(|_| Err(went_away()));
            return answer.and_then(|rows| self.read(&rows, nth));
        }
        locked(&late.owed).push(owed);
        database.spared().map_or(Ok(Vec::new()), Err)
    }

    /// Asks a database, whether anybody waits for its answer or not. Gives the answer, and what is there as long as it is owed.
    fn ask(&self, nth: usize, served: &Served, at_most: usize) -> (Answer, Weak<()>) {
        let (answer, hears) = oneshot::channel();
        let there = Arc::new(());
        let owed = Arc::downgrade(&there);
        let (inner, for_whom) = (Arc::clone(&self.inner), Arc::clone(served));
        tokio::spawn(async move {
            let rows = inner.claim(nth, &for_whom, at_most).await;
            if let Err(Ok(rows)) = answer.send(rows) {
                inner.keep(nth, for_whom, rows);
            }
            drop(there);
        });
        let (inner, served) = (Arc::clone(&self.inner), Arc::clone(served));
        (Answer { hears, inner, nth, served }, owed)
    }

    /// Parts of tickets, wherever they are.
    async fn look_at_seats(
        &self,
        seats: &[Seat],
        at_most: usize,
    ) -> Result<Vec<PostgresClaim>, EngineError> {
        let mut by_database = BTreeMap::<usize, Vec<&Seat>>::new();
        for seat in seats {
            self.database(&seat.session)?;
            by_database.entry(self.inner.place_of(&seat.session)).or_default().push(seat);
        }
        let each = by_database.iter().map(|(&nth, seats)| self.seats_in(nth, seats, at_most));
        let (mut claims, mut failed) = (Vec::new(), None);
        for found in join_all(each).await {
            match found {
                Ok(found) => claims.extend(found),
                Err(error) => failed = failed.into_iter().chain([error]).reduce(worse),
            }
        }
        claims.truncate(at_most);
        match failed {
            // What is wrong with others is told when there is nothing else.
            Some(error) if claims.is_empty() => Err(error),
            _ => Ok(claims),
        }
    }

    /// Parts of tickets, of one database.
    async fn seats_in(
        &self,
        nth: usize,
        seats: &[&Seat],
        at_most: usize,
    ) -> Result<Vec<PostgresClaim>, EngineError> {
        let database = &self.inner.databases[nth];
        self.inner.release(nth).await;
        let lease = microseconds(self.inner.lease);
        let keys: Vec<&str> = seats.iter().map(|seat| seat.session.as_str()).collect();
        let roles: Vec<i16> = seats.iter().map(|seat| i16::from(seat.role.0)).collect();
        let shown: Vec<&[u8]> = seats.iter().map(|seat| &seat.ticket.0[..]).collect();
        let anyway: Vec<bool> = seats.iter().map(|seat| seat.anyway).collect();
        let at_most = i32::try_from(at_most).unwrap_or(i32::MAX);
        let statement = "SELECT * FROM telltale.claim_seats($1, $2, $3, $4, $5, $6)";
        let arguments: [&(dyn ToSql + Sync); 6] =
            [&keys, &roles, &shown, &anyway, &at_most, &lease];
        let rows = database.call(statement, &arguments).await?;
        let seat_of = |row: &Row| {
            let (key, role) = (row.get::<_, &str>("session"), row.get::<_, i16>("role"));
            let is_it =
                |seat: &&&Seat| seat.session.as_str() == key && i16::from(seat.role.0) == role;
            seats.iter().find(is_it).copied()
        };
        let read = |row: &Row| {
            let seat = seat_of(row).ok_or_else(|| odd("seat"))?;
            if row.get::<_, Option<i64>>("version").is_some() {
                return PostgresClaim::read(row, &self.inner, nth, Some(seat.ticket));
            }
            let (session, role) = (seat.session.clone(), seat.role);
            Err(match row.get("attempts") {
                0 => EngineError::NoSeat { session, role },
                _ => EngineError::SeatDone { session, role },
            })
        };
        let claims = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        database.counts.claims.add(claims.len());
        Ok(claims)
    }

    fn read(&self, rows: &[Row], nth: usize) -> Result<Vec<PostgresClaim>, EngineError> {
        rows.iter().map(|row| PostgresClaim::read(row, &self.inner, nth, None)).collect()
    }

    /// Asks to be told of changes. It is a hint: whoever is not told looks after a while.
    pub(crate) async fn sleep(&self, wanted: &Wanted) -> Result<(), EngineError> {
        let (mut images, mut roles) = (Vec::new(), Vec::new());
        let (mut seats, mut seat_roles, mut shown) = (Vec::new(), Vec::new(), Vec::new());
        let databases: Vec<&Database> = match wanted {
            Wanted::Served(served) => {
                images.extend(served.iter().map(|(image, _)| &image.0[..]));
                roles.extend(served.iter().map(|(_, role)| i16::from(role.0)));
                let all = self.inner.databases.iter().zip(&self.inner.late);
                all.filter(|(_, late)| !late.owes()).map(|(database, _)| database).collect()
            }
            Wanted::Seats(all) => {
                let mut places = BTreeSet::new();
                for Seat { session, role, ticket, .. } in all.iter() {
                    shown.push(&ticket.0[..]);
                    seats.push(session.as_str());
                    seat_roles.push(i16::from(role.0));
                    self.database(session)?;
                    places.insert(self.inner.place_of(session));
                }
                places.into_iter().map(|nth| &self.inner.databases[nth]).collect()
            }
        };
        let statement = "SELECT telltale.sleep($1, $2, $3, $4, $5, $6)";
        let arguments: [&(dyn ToSql + Sync); 6] =
            [&self.inner.channel, &images, &roles, &seats, &seat_roles, &shown];
        let is_there = |database: &&Database| database.health.away(Instant::now()).is_none();
        let awake = databases.into_iter().filter(is_there);
        let asked = join_all(awake.map(|database| database.call(statement, &arguments)));
        let _ = timeout(self.inner.patience, asked).await;
        Ok(())
    }
}

/// The answer of a database. If nobody has waited for it, it is kept.
struct Answer {
    hears: oneshot::Receiver<Result<Vec<Row>, EngineError>>,
    inner: Arc<Inner>,
    nth: usize,
    served: Served,
}

impl Future for Answer {
    type Output = Result<Result<Vec<Row>, EngineError>, oneshot::error::RecvError>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.hears).poll(cx)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.hears.close();
        if let Ok(Ok(rows)) = self.hears.try_recv() {
            self.inner.keep(self.nth, Arc::clone(&self.served), rows);
        }
    }
}

/// The runtime has ended in which it was asked.
fn went_away() -> EngineError {
    EngineError::Lost("the runtime has ended".to_owned())
}

impl Inner {
    /// Claims parts of a database, after those were given back that were dropped.
    async fn claim(
        &self,
        nth: usize,
        served: &Served,
        at_most: usize,
    ) -> Result<Vec<Row>, EngineError> {
        self.release(nth).await;
        let images: Vec<&[u8]> = served.iter().map(|(image, _)| &image.0[..]).collect();
        let roles: Vec<i16> = served.iter().map(|(_, role)| i16::from(role.0)).collect();
        let at_most = i32::try_from(at_most).unwrap_or(i32::MAX);
        let statement = "SELECT * FROM telltale.claim($1, $2, $3, $4)";
        let database = &self.databases[nth];
        let lease = microseconds(self.lease);
        let rows = database.call(statement, &[&images, &roles, &at_most, &lease]).await?;
        database.counts.claims.add(rows.len());
        Ok(rows)
    }

    /// Parts for which nobody has waited are for the next one, who is told.
    fn keep(&self, nth: usize, served: Served, rows: Vec<Row>) {
        if !rows.is_empty() {
            self.late[nth].put(served, rows);
            self.changes.send_replace(());
        }
    }

    /// Gives back what was dropped of a database.
    async fn release(&self, nth: usize) {
        let _turn = self.late[nth].releasing.lock().await;
        let of_it: Vec<Released> = {
            let mut all = locked(&self.released);
            all.extract_if(.., |claim| claim.database == nth).collect()
        };
        if of_it.is_empty() {
            return;
        }
        let keys: Vec<&str> = of_it.iter().map(|claim| claim.session.as_str()).collect();
        let roles: Vec<i16> = of_it.iter().map(|claim| i16::from(claim.role.0)).collect();
        let claims: Vec<&[u8]> = of_it.iter().map(|claim| &claim.claim[..]).collect();
        let begun: Vec<bool> = of_it.iter().map(|claim| claim.counts).collect();
        let statement = "SELECT telltale.release($1, $2, $3, $4)";
        // Otherwise it comes back when its lease is over.
        let _ = self.databases[nth].call(statement, &[&keys, &roles, &claims, &begun]).await;
    }
}
