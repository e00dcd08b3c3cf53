//! A log by hand, which is what a full trace is compared with.

/// What a log says of a step.
#[derive(Clone, Copy)]
pub(super) enum What {
    SentPing,
    ReceivedPing,
    SentPong,
    ReceivedPong,
}

/// A line of a log.
#[derive(Clone, Copy)]
pub(super) struct Event {
    pub(super) session: u32,
    pub(super) what: What,
}

/// Where steps are written down, or nowhere.
pub(super) trait Log {
    fn note(&mut self, what: What);
}

impl Log for () {
    #[inline(always)]
    fn note(&mut self, _: What) {}
}

/// The log of a session.
pub struct Logbook {
    session: u32,
    events: Vec<Event>,
}

impl Logbook {
    pub fn new(session: u32) -> Self {
        Self { session, events: Vec::new() }
    }

    /// How many messages it says were sent, and how many received.
    pub fn counts(&self) -> (usize, usize) {
        let mine = self.events.iter().filter(|event| event.session == self.session);
        let is_sent = |event: &&Event| matches!(event.what, What::SentPing | What::SentPong);
        let sent = mine.clone().filter(is_sent).count();
        (sent, mine.count() - sent)
    }
}

impl Log for Logbook {
    #[inline(always)]
    fn note(&mut self, what: What) {
        self.events.push(Event { session: self.session, what });
    }
}
