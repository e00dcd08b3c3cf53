//! Where the state machine's payloads come from and go to: a boxed object for each role.

use super::hosts::{Host, Verdict};
use super::{ADDRESS, DAYS, QUOTE, SHARE, TITLE};
use crate::workload::short::Person;

trait Alice {
    fn title(&mut self) -> String;
    fn on_quote_alice(&mut self, number: u64);
    fn share(&mut self) -> u64;
    fn on_accepted(&mut self);
    fn pay(&mut self) -> u64;
    fn on_declined(&mut self);
}

trait Bob {
    fn on_quote_bob(&mut self, number: u64);
    fn on_share(&mut self, number: u64);
    fn verdict(&mut self) -> Verdict;
    fn accepted(&mut self);
    fn on_delivery(&mut self, number: u64);
    fn declined(&mut self);
}

trait Seller {
    fn on_title(&mut self, text: String);
    fn quote(&mut self) -> u64;
    fn on_accept(&mut self, text: String);
    fn on_pay(&mut self, number: u64);
    fn delivery(&mut self) -> u64;
    fn on_decline(&mut self);
}

impl Alice for Person {
    fn title(&mut self) -> String {
        TITLE.to_owned()
    }

    fn on_quote_alice(&mut self, number: u64) {
        self.number(number);
    }

    fn share(&mut self) -> u64 {
        SHARE
    }

    fn on_accepted(&mut self) {
        self.signal();
    }

    fn pay(&mut self) -> u64 {
        SHARE
    }

    fn on_declined(&mut self) {
        self.signal();
    }
}

impl Bob for Person {
    fn on_quote_bob(&mut self, number: u64) {
        self.number(number);
    }

    fn on_share(&mut self, number: u64) {
        self.number(number);
    }

    fn verdict(&mut self) -> Verdict {
        if self.agrees() { Verdict::Accept(ADDRESS.to_owned()) } else { Verdict::Decline }
    }

    fn accepted(&mut self) {}

    fn on_delivery(&mut self, number: u64) {
        self.number(number);
    }

    fn declined(&mut self) {}
}

impl Seller for Person {
    fn on_title(&mut self, text: String) {
        self.text(&text);
    }

    fn quote(&mut self) -> u64 {
        QUOTE
    }

    fn on_accept(&mut self, text: String) {
        self.text(&text);
    }

    fn on_pay(&mut self, number: u64) {
        self.number(number);
    }

    fn delivery(&mut self) -> u64 {
        DAYS
    }

    fn on_decline(&mut self) {
        self.signal();
    }
}

/// A boxed object for each role.
pub struct Cast {
    alice: Box<dyn Alice>,
    bob: Box<dyn Bob>,
    seller: Box<dyn Seller>,
}

impl Cast {
    pub(super) fn new(nth: u64) -> Self {
        Self {
            alice: Box::new(Person::new(nth)),
            bob: Box::new(Person::new(nth)),
            seller: Box::new(Person::new(nth)),
        }
    }
}

impl Host for Cast {
    fn title(&mut self) -> String {
        self.alice.title()
    }

    fn on_title(&mut self, text: String) {
        self.seller.on_title(text);
    }

    fn quote(&mut self) -> u64 {
        self.seller.quote()
    }

    fn on_quote_alice(&mut self, number: u64) {
        self.alice.on_quote_alice(number);
    }

    fn on_quote_bob(&mut self, number: u64) {
        self.bob.on_quote_bob(number);
    }

    fn share(&mut self) -> u64 {
        self.alice.share()
    }

    fn on_share(&mut self, number: u64) {
        self.bob.on_share(number);
    }

    fn verdict(&mut self) -> Verdict {
        self.bob.verdict()
    }

    fn on_accept(&mut self, text: String) {
        self.seller.on_accept(text);
    }

    fn accepted(&mut self) {
        self.bob.accepted();
    }

    fn on_accepted(&mut self) {
        self.alice.on_accepted();
    }

    fn pay(&mut self) -> u64 {
        self.alice.pay()
    }

    fn on_pay(&mut self, number: u64) {
        self.seller.on_pay(number);
    }

    fn delivery(&mut self) -> u64 {
        self.seller.delivery()
    }

    fn on_delivery(&mut self, number: u64) {
        self.bob.on_delivery(number);
    }

    fn on_decline(&mut self) {
        self.seller.on_decline();
    }

    fn declined(&mut self) {
        self.bob.declined();
    }

    fn on_declined(&mut self) {
        self.alice.on_declined();
    }
}
