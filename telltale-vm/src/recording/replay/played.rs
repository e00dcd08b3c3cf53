//! How far sessions have come in their recording, and what is said where they part from it.

use std::collections::{BTreeMap, BTreeSet};

use telltale_bytecode::Image;
use telltale_types::LabelView;

use super::Replay;
use super::outside::{Arrivals, Outside};
use crate::recording::divergence::Divergence;
use crate::recording::line::Protocol;
use crate::recording::recorded::{Event, Recorded, Session};
use crate::recording::what::What;
use crate::wire::PayloadCodecs;
use crate::{Context, HandlerError, SessionId};

#[derive(Default)]
pub(super) struct State {
    pub(super) sessions: BTreeMap<SessionId, Played>,
    /// Whether sessions are found by their numbers, though there is only one in the recording.
    pub(super) by_number: bool,
    /// The numbers of sessions that are not in the recording: nothing had happened in them.
    pub(super) strangers: BTreeSet<u64>,
    /// Roles that have no answer yet.
    pub(super) pending: Vec<(SessionId, String)>,
    /// What is done for sessions from outside.
    pub(super) outside: Outside,
    /// How many events have been repeated.
    pub(super) repeated: usize,
    pub(super) divergence: Option<Divergence>,
}

/// A session that is played again.
#[derive(Default)]
pub(super) struct Played {
    /// Its number in the recording.
    pub(super) number: u64,
    /// How many of the events of its roles have been repeated.
    pub(super) next: BTreeMap<(String, u8), usize>,
    /// What has come, by sender and receiver.
    pub(super) arrivals: BTreeMap<(String, String), Arrivals>,
    /// What has become of the protocol since, if it has changed.
    changed: Option<String>,
    /// Messages that are not what they were, by their names, and how.
    changed_messages: BTreeMap<String, String>,
    /// The lines of the protocol in which messages are sent, by their names.
    places: BTreeMap<String, String>,
}

impl Replay<'_> {
    /// What is recorded next of the role that acts.
    ///
    /// What those who are compared need not do again (being late) is passed over.
    pub(super) fn next<'s>(
        &'s self,
        state: &mut State,
        cx: &Context<'_>,
        is_live: bool,
    ) -> Option<&'s Event> {
        let (session, played) = self.enter(state, cx.session(), cx.image)?;
        let actor = (cx.role_name().to_owned(), cx.lane());
        let events = session.events.get(&actor)?;
        let next = played.next.entry(actor).or_insert(0);
        while let Some(event) = events.get(*next) {
            let is_late = is_live && event.what.is_only_late();
            if !is_late && !matches!(event.what, What::Network { .. }) {
                return Some(event);
            }
            *next += 1;
        }
        None
    }

    /// The number of the session in the recording with which one is compared.
    fn number_of(&self, state: &State, id: SessionId) -> u64 {
        let mut all = self.recorded.sessions();
        let single = all.next().filter(|_| all.len() == 0 && !state.by_number);
        self.only.or(single).unwrap_or(id.ordinal())
    }

    /// What is recorded of a session, and how far it has come; nothing if nothing had happened in it.
    pub(super) fn enter<'s, 't>(
        &'s self,
        state: &'t mut State,
        id: SessionId,
        image: &Image,
    ) -> Option<(&'s Session, &'t mut Played)> {
        let number = self.number_of(state, id);
        let Some(session) = self.recorded.sessions.get(&number) else {
            state.strangers.insert(number);
            return None;
        };
        let begins = || Played::begins(number, self.recorded.protocol(session), image);
        Some((session, state.sessions.entry(id).or_insert_with(begins)))
    }

    /// Whether a session had not come to its end, so that somebody may do more than was recorded.
    pub(super) fn is_cut_off(&self, state: &State, cx: &Context<'_>) -> bool {
        let played = state.sessions.get(&cx.session());
        let session = played.and_then(|played| self.recorded.sessions.get(&played.number));
        session.and_then(|session| session.end).is_none_or(|(_, how)| !how.is_by_itself())
    }

    /// Something that has happened instead of an event, or after the last.
    pub(super) fn diverges(
        &self,
        cx: &Context<'_>,
        state: &mut State,
        expected: Option<&Event>,
        found: &str,
    ) -> HandlerError {
        let nobody = Played::nobody(cx.session().ordinal());
        let played = state.sessions.get(&cx.session()).unwrap_or(&nobody);
        let divergence = played.divergence(self.recorded, cx.role_name(), expected, found);
        state.note(divergence)
    }
}

impl State {
    /// Something is different; the first that is counts.
    pub(super) fn note(&mut self, divergence: Divergence) -> HandlerError {
        let text = divergence.to_string();
        self.divergence.get_or_insert(divergence);
        HandlerError::msg(text)
    }

    /// The next event of the role that acts has been repeated.
    pub(super) fn advance(&mut self, cx: &Context<'_>) {
        self.repeated += 1;
        if let Some(next) = self.place(cx) {
            *next += 1;
        }
    }

    pub(super) fn go_back(&mut self, cx: &Context<'_>) {
        if let Some(next) = self.place(cx) {
            *next -= 1;
        }
    }

    fn place(&mut self, cx: &Context<'_>) -> Option<&mut usize> {
        let played = self.sessions.get_mut(&cx.session())?;
        played.next.get_mut(&(cx.role_name().to_owned(), cx.lane()))
    }
}

impl Played {
    /// A session that is about to do something for the first time.
    fn begins(number: u64, then: &Protocol, now: &Image) -> Self {
        let mut played = Self::nobody(number);
        if let Some(codecs) = PayloadCodecs::of(now) {
            let labels = now.names().labels();
            let places =
                labels.filter_map(|(id, label)| Some((label.name.to_owned(), codecs.place(id)?)));
            played.places = places.collect();
        }
        let hash = now.hash().to_string();
        if then.hash != hash {
            let short = |hash: &str| hash.chars().take(8).collect::<String>();
            let (was, is) = (short(&then.hash), short(&hash));
            played.changed = Some(format!(
                "this was recorded with another version of the protocol or of Telltale: its hash was {was}…, and is {is}…"
            ));
            played.changed_messages = then
                .messages
                .iter()
                .filter_map(|(name, carried)| Some((name.clone(), changed(name, carried, now)?)))
                .collect();
        }
        played
    }

    /// One that has not done anything.
    pub(super) fn nobody(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    /// The first event that has not been repeated; what need not be repeated is passed over.
    pub(super) fn first_left<'s>(&self, session: &'s Session) -> Option<(&'s str, &'s Event)> {
        let left = session.events.iter().filter_map(|(actor, events)| {
            let next = self.next.get(actor).copied().unwrap_or(0);
            let is_due = |event: &&Event| {
                !event.what.is_only_late() && !matches!(event.what, What::Network { .. })
            };
            events.iter().skip(next).find(is_due).map(|event| (actor.0.as_str(), event))
        });
        left.min_by_key(|(_, event)| event.line)
    }

    /// That something was found instead of an event, or after the last.
    pub(super) fn divergence(
        &self,
        recorded: &Recorded,
        role: &str,
        expected: Option<&Event>,
        found: &str,
    ) -> Divergence {
        let session = recorded.sessions.get(&self.number);
        let end = session.and_then(|session| session.end).map(|(line, _)| line);
        let what = match expected {
            Some(event) => format!("expected `{role}` to {}, found {found}", event.what),
            None if session.is_some_and(|session| !session.plays(role)) => format!(
                "expected nothing of `{role}`, of which nothing is recorded, found {found}; if it was played from outside then, \
                 put `Elsewhere` in its place"
            ),
            None => format!("expected `{role}` to have done all that it does, found {found}"),
        };
        let message = expected.and_then(|event| event.what.message());
        let changed = self.changed.clone().map(|note| {
            let more = message.and_then(|(label, _)| self.changed_messages.get(label));
            more.map_or(note.clone(), |more| format!("{note}; {more}"))
        });
        let statement = session.zip(expected).and_then(|(session, event)| {
            let (from, to, label) = event.what.statement(role)?;
            let payload = recorded.protocol(session).messages.get(label)?;
            let message = LabelView { name: label, payload };
            let place = self.places.get(label).map(|place| format!(" ({place})"));
            Some(format!("`{from} -> {to}: {message}`{}", place.unwrap_or_default()))
        });
        Divergence {
            session: self.number,
            line: expected.map(|event| event.line).or(end),
            role: Some(role.to_owned()),
            what,
            statement,
            changed,
        }
    }
}

/// What has become of a message.
fn changed(name: &str, carried: &str, now: &Image) -> Option<String> {
    let names = now.names();
    match names.find_label(name).map(|label| names.label(label)) {
        None => Some(format!("there is no message `{name}` any more")),
        Some(label) if label.payload != carried => {
            Some(format!("`{name}` carried `{carried}`, and carries `{}`", label.payload))
        }
        Some(_) => None,
    }
}
