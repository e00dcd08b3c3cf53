//! Where the state machine's payloads come from and go to: a handler for all sessions.

use super::{ADDRESS, DAYS, QUOTE, SHARE, TITLE};
use crate::workload::short::Books;

/// What Bob decides.
pub enum Verdict {
    Accept(String),
    Decline,
}

pub(super) trait Host {
    fn title(&mut self) -> String;
    fn on_title(&mut self, text: String);
    fn quote(&mut self) -> u64;
    fn on_quote_alice(&mut self, number: u64);
    fn on_quote_bob(&mut self, number: u64);
    fn share(&mut self) -> u64;
    fn on_share(&mut self, number: u64);
    fn verdict(&mut self) -> Verdict;
    fn on_accept(&mut self, text: String);
    fn accepted(&mut self);
    fn on_accepted(&mut self);
    fn pay(&mut self) -> u64;
    fn on_pay(&mut self, number: u64);
    fn delivery(&mut self) -> u64;
    fn on_delivery(&mut self, number: u64);
    fn on_decline(&mut self);
    fn declined(&mut self);
    fn on_declined(&mut self);
}

/// Plays all roles of all sessions.
pub trait Handler {
    fn title(&self) -> String;
    fn on_title(&self, text: String);
    fn quote(&self) -> u64;
    fn on_quote_alice(&self, number: u64);
    fn on_quote_bob(&self, number: u64);
    fn share(&self) -> u64;
    fn on_share(&self, number: u64);
    fn verdict(&self) -> Verdict;
    fn on_accept(&self, text: String);
    fn accepted(&self);
    fn on_accepted(&self);
    fn pay(&self) -> u64;
    fn on_pay(&self, number: u64);
    fn delivery(&self) -> u64;
    fn on_delivery(&self, number: u64);
    fn on_decline(&self);
    fn declined(&self);
    fn on_declined(&self);
}

impl Handler for Books {
    fn title(&self) -> String {
        TITLE.to_owned()
    }

    fn on_title(&self, text: String) {
        self.text(&text);
    }

    fn quote(&self) -> u64 {
        QUOTE
    }

    fn on_quote_alice(&self, number: u64) {
        self.number(number);
    }

    fn on_quote_bob(&self, number: u64) {
        self.number(number);
    }

    fn share(&self) -> u64 {
        SHARE
    }

    fn on_share(&self, number: u64) {
        self.number(number);
    }

    fn verdict(&self) -> Verdict {
        if self.agrees() { Verdict::Accept(ADDRESS.to_owned()) } else { Verdict::Decline }
    }

    fn on_accept(&self, text: String) {
        self.text(&text);
    }

    fn accepted(&self) {}

    fn on_accepted(&self) {
        self.signal();
    }

    fn pay(&self) -> u64 {
        SHARE
    }

    fn on_pay(&self, number: u64) {
        self.number(number);
    }

    fn delivery(&self) -> u64 {
        DAYS
    }

    fn on_delivery(&self, number: u64) {
        self.number(number);
    }

    fn on_decline(&self) {
        self.signal();
    }

    fn declined(&self) {}

    fn on_declined(&self) {
        self.signal();
    }
}

impl Host for &dyn Handler {
    fn title(&mut self) -> String {
        Handler::title(*self)
    }

    fn on_title(&mut self, text: String) {
        Handler::on_title(*self, text);
    }

    fn quote(&mut self) -> u64 {
        Handler::quote(*self)
    }

    fn on_quote_alice(&mut self, number: u64) {
        Handler::on_quote_alice(*self, number);
    }

    fn on_quote_bob(&mut self, number: u64) {
        Handler::on_quote_bob(*self, number);
    }

    fn share(&mut self) -> u64 {
        Handler::share(*self)
    }

    fn on_share(&mut self, number: u64) {
        Handler::on_share(*self, number);
    }

    fn verdict(&mut self) -> Verdict {
        Handler::verdict(*self)
    }

    fn on_accept(&mut self, text: String) {
        Handler::on_accept(*self, text);
    }

    fn accepted(&mut self) {
        Handler::accepted(*self);
    }

    fn on_accepted(&mut self) {
        Handler::on_accepted(*self);
    }

    fn pay(&mut self) -> u64 {
        Handler::pay(*self)
    }

    fn on_pay(&mut self, number: u64) {
        Handler::on_pay(*self, number);
    }

    fn delivery(&mut self) -> u64 {
        Handler::delivery(*self)
    }

    fn on_delivery(&mut self, number: u64) {
        Handler::on_delivery(*self, number);
    }

    fn on_decline(&mut self) {
        Handler::on_decline(*self);
    }

    fn declined(&mut self) {
        Handler::declined(*self);
    }

    fn on_declined(&mut self) {
        Handler::on_declined(*self);
    }
}
