//! Sessions in which promises are looked at, and what is done in them.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};
use telltale_vm::loader::ContentHash;
use telltale_vm::{LabelId, RoleId};

use crate::engine::{
    Claim, Done, Ending, Engine, EngineError, Envelope, EnvelopeId, NewPart, NewSession,
    PartStatus, Wanted,
};
use crate::key::{SessionKey, Ticket};

pub(super) type Checked<T = ()> = Result<T, String>;

pub(super) const ANN: RoleId = RoleId(0);
pub(super) const BEN: RoleId = RoleId(1);
pub(super) const CAS: RoleId = RoleId(2);

/// A session of Ann and Ben, of a protocol of its own.
pub(super) struct Scene<'e, E> {
    pub(super) engine: &'e E,
    pub(super) key: SessionKey,
    pub(super) image: ContentHash,
}

/// How a session is to be started.
pub(super) struct Terms {
    pub(super) roles: &'static [&'static str],
    pub(super) deadline: Option<Duration>,
    pub(super) idle: Option<Duration>,
    /// Whether Ann has a ticket.
    pub(super) ticket: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self { roles: &["Ann", "Ben"], deadline: None, idle: None, ticket: false }
    }
}

impl<'e, E: Engine> Scene<'e, E> {
    pub(super) async fn new(engine: &'e E) -> Checked<Self> {
        Self::with(engine, Terms::default()).await.map(|(scene, _)| scene)
    }

    /// One of Ann, Ben and Cas.
    pub(super) async fn of_three(engine: &'e E) -> Checked<Self> {
        let terms = Terms { roles: &["Ann", "Ben", "Cas"], ..Terms::default() };
        Self::with(engine, terms).await.map(|(scene, _)| scene)
    }

    /// Also gives Ann's ticket, which is in use if the terms say so.
    pub(super) async fn with(engine: &'e E, terms: Terms) -> Checked<(Self, Ticket)> {
        let key = SessionKey::random();
        let image = ContentHash(Sha256::digest(key.as_str()).into());
        let ticket = Ticket::new(key.clone(), ANN, Ticket::secret());
        let scene = Self { engine, key, image };
        let session = scene.session(&terms, &ticket);
        engine.start(session).await.or_else(|error| fails("starting a session", error))?;
        Ok((scene, ticket))
    }

    pub(super) fn session(&self, terms: &Terms, ticket: &Ticket) -> NewSession {
        let part = |(nth, role): (usize, &&str)| NewPart {
            role: (*role).to_owned(),
            ticket: (terms.ticket && nth == ANN.index()).then(|| ticket.hash()),
        };
        NewSession {
            key: self.key.clone(),
            image: self.image,
            parts: terms.roles.iter().enumerate().map(part).collect(),
            deadline: terms.deadline,
            idle: terms.idle,
        }
    }

    pub(super) async fn cancel(&self, reason: &str) -> Checked {
        let cancelled = self.engine.cancel(&self.key, reason).await;
        cancelled.or_else(|error| fails("ending a session", error))
    }

    pub(super) async fn ending(&self) -> Checked<Option<Ending>> {
        let ending = self.engine.ending(&self.key).await;
        ending.or_else(|error| fails("asking for an ending", error))
    }

    pub(super) async fn claim_wanted(&self, wanted: &Wanted) -> Checked<Option<E::Claim>> {
        let mut claims = self.claim_many(wanted, 1).await?;
        expect(claims.len() <= 1, "no more parts are claimed than are asked for")?;
        Ok(claims.pop())
    }

    pub(super) async fn claim_many(
        &self,
        wanted: &Wanted,
        at_most: usize,
    ) -> Checked<Vec<E::Claim>> {
        self.engine.claim(wanted, at_most).await.or_else(|error| fails("claiming", error))
    }

    /// Commits a step. Gives why it was not.
    pub(super) async fn try_commit(&self, claim: E::Claim, done: Done) -> Result<(), EngineError> {
        let mut committed = self.engine.commit(vec![(claim, done)]).await;
        committed.pop().expect("an answer for each step")
    }

    pub(super) async fn commit(&self, claim: E::Claim, done: Done) -> Checked {
        self.try_commit(claim, done).await.or_else(|error| fails("committing", error))
    }

    pub(super) async fn claim_if_any(&self, role: RoleId) -> Checked<Option<E::Claim>> {
        let wanted = Wanted::Served([(self.image, role)].into());
        let Some(claim) = self.claim_wanted(&wanted).await? else { return Ok(None) };
        let work = claim.work();
        let is_it = (&work.session, work.image, work.role) == (&self.key, self.image, role);
        expect(is_it, "a claim is of a part that is wanted")?;
        Ok(Some(claim))
    }

    pub(super) async fn claim(&self, role: RoleId) -> Checked<E::Claim> {
        let claim = self.claim_if_any(role).await?;
        claim.ok_or_else(|| broken("a part that has something to do can be claimed"))
    }

    pub(super) async fn expect_nothing(&self, role: RoleId, why: &str) -> Checked {
        expect(self.claim_if_any(role).await?.is_none(), why)
    }

    /// Both parts have begun, and Ben has sent something to Ann, who has claimed it.
    pub(super) async fn begun(&self) -> Checked<E::Claim> {
        self.commit(self.claim(ANN).await?, waits()).await?;
        self.commit(self.claim(BEN).await?, Done { sent: vec![answer()], ..waits() }).await?;
        self.claim(ANN).await
    }

    pub(super) async fn expect_ending(&self, expected: Option<&Ending>, why: &str) -> Checked {
        expect(self.ending().await?.as_ref() == expected, why)
    }
}

pub(super) fn waits() -> Done {
    Done::of(PartStatus::Waits)
}

pub(super) fn done() -> Done {
    Done::of(PartStatus::Done)
}

/// The message with this number from Ann to Ben.
pub(super) fn message(number: u64) -> Envelope {
    let id = EnvelopeId { from: ANN, lane: 0, number };
    Envelope { to: BEN, id, label: LabelId(0), payload: number.to_string().into_bytes() }
}

/// What Ben sends to Ann.
pub(super) fn answer() -> Envelope {
    let id = EnvelopeId { from: BEN, lane: 0, number: 0 };
    Envelope { to: ANN, id, label: LabelId(1), payload: Vec::new() }
}

pub(super) fn expect(holds: bool, promise: &str) -> Checked {
    if holds { Ok(()) } else { Err(broken(promise)) }
}

pub(super) fn broken(promise: &str) -> String {
    format!("broken: {promise}")
}

fn fails<T>(what: &str, error: impl fmt::Display) -> Checked<T> {
    Err(format!("{what}: {error}"))
}
