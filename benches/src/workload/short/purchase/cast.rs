//! Where the state machine's payloads come from and go to: a boxed object for each role.

use super::hosts::{Host, Verdict};
use super::{ADDRESS, DAYS, QUOTE, SHARE, TITLE};
use crate::workload::Failure;
use crate::workload::short::Person;

trait Alice {
    fn title(&mut self) -> Result<String, Failure>;
    fn on_quote_alice(&mut self, number: u64) -> Result<(), Failure>;
    fn share(&mut self) -> Result<u64, Failure>;
    fn on_accepted(&mut self) -> Result<(), Failure>;
    fn pay(&mut self) -> Result<u64, Failure>;
    fn on_declined(&mut self) -> Result<(), Failure>;
}

trait Bob {
    fn on_quote_bob(&mut self, number: u64) -> Result<(), Failure>;
    fn on_share(&mut self, number: u64) -> Result<(), Failure>;
    fn verdict(&mut self) -> Result<Verdict, Failure>;
    fn accepted(&mut self) -> Result<(), Failure>;
    fn on_delivery(&mut self, number: u64) -> Result<(), Failure>;
    fn declined(&mut self) -> Result<(), Failure>;
}

trait Seller {
    fn on_title(&mut self, text: String) -> Result<(), Failure>;
    fn quote(&mut self) -> Result<u64, Failure>;
    fn on_accept(&mut self, text: String) -> Result<(), Failure>;
    fn on_pay(&mut self, number: u64) -> Result<(), Failure>;
    fn delivery(&mut self) -> Result<u64, Failure>;
    fn on_decline(&mut self) -> Result<(), Failure>;
}

impl Alice for Person {
    fn title(&mut self) -> Result<String, Failure> {
        Ok(TITLE.to_owned())
    }

    fn on_quote_alice(&mut self, number: u64) -> Result<(), Failure> {
        self.number(number);
        Ok(())
    }

    fn share(&mut self) -> Result<u64, Failure> {
        Ok(SHARE)
    }

    fn on_accepted(&mut self) -> Result<(), Failure> {
        self.signal();
        Ok(())
    }

    fn pay(&mut self) -> Result<u64, Failure> {
        Ok(SHARE)
    }

    fn on_declined(&mut self) -> Result<(), Failure> {
        self.signal();
        Ok(())
    }
}

impl Bob for Person {
    fn on_quote_bob(&mut self, number: u64) -> Result<(), Failure> {
        self.number(number);
        Ok(())
    }

    fn on_share(&mut self, number: u64) -> Result<(), Failure> {
        self.number(number);
        Ok(())
    }

    fn verdict(&mut self) -> Result<Verdict, Failure> {
        Ok(if self.agrees() { Verdict::Accept(ADDRESS.to_owned()) } else { Verdict::Decline })
    }

    fn accepted(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    fn on_delivery(&mut self, number: u64) -> Result<(), Failure> {
        self.number(number);
        Ok(())
    }

    fn declined(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

impl Seller for Person {
    fn on_title(&mut self, text: String) -> Result<(), Failure> {
        self.text(&text);
        Ok(())
    }

    fn quote(&mut self) -> Result<u64, Failure> {
        Ok(QUOTE)
    }

    fn on_accept(&mut self, text: String) -> Result<(), Failure> {
        self.text(&text);
        Ok(())
    }

    fn on_pay(&mut self, number: u64) -> Result<(), Failure> {
        self.number(number);
        Ok(())
    }

    fn delivery(&mut self) -> Result<u64, Failure> {
        Ok(DAYS)
    }

    fn on_decline(&mut self) -> Result<(), Failure> {
        self.signal();
        Ok(())
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
    fn title(&mut self) -> Result<String, Failure> {
        self.alice.title()
    }

    fn on_title(&mut self, text: String) -> Result<(), Failure> {
        self.seller.on_title(text)
    }

    fn quote(&mut self) -> Result<u64, Failure> {
        self.seller.quote()
    }

    fn on_quote_alice(&mut self, number: u64) -> Result<(), Failure> {
        self.alice.on_quote_alice(number)
    }

    fn on_quote_bob(&mut self, number: u64) -> Result<(), Failure> {
        self.bob.on_quote_bob(number)
    }

    fn share(&mut self) -> Result<u64, Failure> {
        self.alice.share()
    }

    fn on_share(&mut self, number: u64) -> Result<(), Failure> {
        self.bob.on_share(number)
    }

    fn verdict(&mut self) -> Result<Verdict, Failure> {
        self.bob.verdict()
    }

    fn on_accept(&mut self, text: String) -> Result<(), Failure> {
        self.seller.on_accept(text)
    }

    fn accepted(&mut self) -> Result<(), Failure> {
        self.bob.accepted()
    }

    fn on_accepted(&mut self) -> Result<(), Failure> {
        self.alice.on_accepted()
    }

    fn pay(&mut self) -> Result<u64, Failure> {
        self.alice.pay()
    }

    fn on_pay(&mut self, number: u64) -> Result<(), Failure> {
        self.seller.on_pay(number)
    }

    fn delivery(&mut self) -> Result<u64, Failure> {
        self.seller.delivery()
    }

    fn on_delivery(&mut self, number: u64) -> Result<(), Failure> {
        self.bob.on_delivery(number)
    }

    fn on_decline(&mut self) -> Result<(), Failure> {
        self.seller.on_decline()
    }

    fn declined(&mut self) -> Result<(), Failure> {
        self.bob.declined()
    }

    fn on_declined(&mut self) -> Result<(), Failure> {
        self.alice.on_declined()
    }
}
