//! Sessions in which promises are looked at, and what is done in them.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};
use telltale_vm::loader::ContentHash;
use telltale_vm::{LabelId, RoleId};

use crate::engine::{
    Claim, Done, Ending, Engine, Envelope, EnvelopeId, NewPart, NewSession, PartStatus, Wanted,
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
#[derive(Default)]
pub(super) struct Terms {
    pub(super) deadline: Option<Duration>,
    pub(super) idle: Option<Duration>,
    pub(super) ticket: bool,
}

impl<'e, E: Engine> Scene<'e, E> {
    pub(super) async fn new(engine: &'e E) -> Checked<Self> {
        Self::with(engine, Terms::default()).await.map(|(scene, _)| scene)
    }

    /// With these roles.
    pub(super) async fn of(engine: &'e E, roles: &[&str]) -> Checked<Self> {
        let key = SessionKey::random();
        let image = ContentHash(Sha256::digest(key.as_str()).into());
        let part = |role: &&str| NewPart { role: (*role).to_owned(), ticket: None };
        let parts = roles.iter().map(part).collect();
        let session = NewSession { key: key.clone(), image, parts, deadline: None, idle: None };
        engine.start(session).await.or_else(|error| fails("starting a session", error))?;
        Ok(Self { engine, key, image })
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
        let part = |role: &str, ticket| NewPart { role: role.to_owned(), ticket };
        NewSession {
            key: self.key.clone(),
            image: self.image,
            parts: vec![part("Ann", terms.ticket.then(|| ticket.hash())), part("Ben", None)],
            deadline: terms.deadline,
            idle: terms.idle,
        }
    }

    pub(super) async fn claim_if_any(&self, role: RoleId) -> Checked<Option<E::Claim>> {
        let wanted = Wanted::Served([(self.image, role)].into());
        let claim = self.engine.claim(&wanted).await.or_else(|error| fails("claiming", error))?;
        let Some(claim) = claim else { return Ok(None) };
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
        commit(self.claim(ANN).await?, waits()).await?;
        commit(self.claim(BEN).await?, Done { sent: vec![answer()], ..waits() }).await?;
        self.claim(ANN).await
    }

    pub(super) async fn expect_ending(&self, expected: Option<&Ending>, why: &str) -> Checked {
        let ending = self.engine.ending(&self.key).await;
        let ending = ending.or_else(|error| fails("asking for an ending", error))?;
        expect(ending.as_ref() == expected, why)
    }
}

pub(super) fn waits() -> Done {
    Done { state: Vec::new(), taken: Vec::new(), sent: Vec::new(), status: PartStatus::Waits }
}

pub(super) fn done() -> Done {
    Done { status: PartStatus::Done, ..waits() }
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

pub(super) async fn commit(claim: impl Claim, done: Done) -> Checked {
    claim.commit(done).await.or_else(|error| fails("committing", error))
}

pub(super) fn expect(holds: bool, promise: &str) -> Checked {
    if holds { Ok(()) } else { Err(broken(promise)) }
}

pub(super) fn broken(promise: &str) -> String {
    format!("broken: {promise}")
}

pub(super) fn fails<T>(what: &str, error: impl fmt::Display) -> Checked<T> {
    Err(format!("{what}: {error}"))
}
