//! A claimed part, as it is read from the database.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, PoisonError};

use telltale_net::engine::{Claim, Ending, EngineError, Envelope, EnvelopeId, Work};
use telltale_net::{SessionKey, TicketHash};
use telltale_vm::loader::ContentHash;
use telltale_vm::{LabelId, RoleId};
use tokio_postgres::Row;

use crate::engine::Inner;

/// A part of a session in PostgreSQL that is being worked on.
pub struct PostgresClaim {
    work: Work,
    claim: Vec<u8>,
    /// The ticket, if it is for the seat of one.
    pub(crate) shown: Option<TicketHash>,
    /// Up to which message its inbox was read.
    pub(crate) mark: Option<i64>,
    pub(crate) database: usize,
    engine: Arc<Inner>,
    is_done: bool,
    /// Whether it is an attempt, if it is given back.
    counts: bool,
}

/// A claim that is to be given back.
pub(crate) struct Released {
    pub(crate) database: usize,
    pub(crate) session: SessionKey,
    pub(crate) role: RoleId,
    pub(crate) claim: Vec<u8>,
    pub(crate) counts: bool,
}

impl PostgresClaim {
    pub(crate) fn read(
        row: &Row,
        engine: &Arc<Inner>,
        database: usize,
        shown: Option<TicketHash>,
    ) -> Result<Self, EngineError> {
        let session: &str = row.get("session");
        let session = SessionKey::from(session);
        let role = role(row.get("role"))?;
        let messages = messages(row, role)?;
        let work = Work {
            session,
            incarnation: engine.incarnation(natural(row.get("incarnation"))?, database),
            image: ContentHash(row.get::<_, &[u8]>("image").try_into().map_err(|_| odd("image"))?),
            role,
            version: natural(row.get("version"))?,
            attempts: u32::try_from(row.get::<_, i32>("attempts")).map_err(|_| odd("attempts"))?,
            state: row.get("state"),
            messages,
            ending: ending_of(row)?,
        };
        Ok(Self {
            work,
            claim: row.get("claim"),
            shown,
            mark: row.get("mark"),
            database,
            engine: Arc::clone(engine),
            is_done: false,
            counts: true,
        })
    }

    pub(crate) fn claim(&self) -> &[u8] {
        &self.claim
    }

    /// The number that its session has in its database.
    pub(crate) fn incarnation(&self) -> u64 {
        self.engine.in_its_database(self.work.incarnation)
    }

    /// Its step was done, and could not be written down: that is no attempt of its part.
    pub(crate) fn excuse(mut self) {
        self.counts = false;
    }

    /// It need not be given back.
    pub(crate) fn forget(mut self) {
        self.is_done = true;
    }
}

impl Claim for PostgresClaim {
    fn work(&self) -> &Work {
        &self.work
    }
}

impl Drop for PostgresClaim {
    /// It is given back before the next claim, or when its lease is over.
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let released = Released {
            database: self.database,
            session: self.work.session.clone(),
            role: self.work.role,
            claim: std::mem::take(&mut self.claim),
            counts: self.counts,
        };
        self.engine.released.lock().unwrap_or_else(PoisonError::into_inner).push(released);
    }
}

impl fmt::Debug for PostgresClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresClaim").field("work", &self.work).finish_non_exhaustive()
    }
}

fn messages(row: &Row, to: RoleId) -> Result<Vec<Envelope>, EngineError> {
    let Some(senders) = row.get::<_, Option<Vec<i16>>>("senders") else { return Ok(Vec::new()) };
    let lanes: Vec<i32> = row.get("lanes");
    let numbers: Vec<i64> = row.get("numbers");
    let labels: Vec<i32> = row.get("labels");
    let payloads: Vec<Vec<u8>> = row.get("payloads");
    let rest = lanes.into_iter().zip(numbers).zip(labels).zip(payloads);
    let message = |(from, (((lane, number), label), payload))| {
        let lane = u16::try_from(lane).map_err(|_| odd("lane"))?;
        let id = EnvelopeId { from: role(from)?, lane, number: natural(number)? };
        let label = LabelId(u16::try_from(label).map_err(|_| odd("label"))?);
        Ok(Envelope { to, id, label, payload })
    };
    senders.into_iter().zip(rest).map(message).collect()
}

/// How the session of a row has ended.
pub(crate) fn ending_of(row: &Row) -> Result<Option<Ending>, EngineError> {
    let text = |column| row.get::<_, Option<String>>(column).unwrap_or_default();
    let (by, reason) = (text("ending_by"), text("ending_reason"));
    Ok(Some(match row.get::<_, Option<i16>>("ending") {
        None => return Ok(None),
        Some(1) => Ending::Complete,
        Some(2) => Ending::Cancelled { reason },
        Some(3) => Ending::Faulted { role: by, reason },
        Some(4) => Ending::Late { limit: by, waiting: reason },
        Some(_) => return Err(odd("ending")),
    }))
}

/// A text without what PostgreSQL has no place for.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

fn role(number: i16) -> Result<RoleId, EngineError> {
    u8::try_from(number).map(RoleId).map_err(|_| odd("role"))
}

fn natural(number: i64) -> Result<u64, EngineError> {
    u64::try_from(number).map_err(|_| odd("number"))
}

/// Somebody has written past the functions.
pub(crate) fn odd(column: &str) -> EngineError {
    EngineError::Engine(format!("the database has an odd value in the column `{column}`").into())
}
