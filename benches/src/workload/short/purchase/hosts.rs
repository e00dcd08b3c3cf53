//! Where the state machine's payloads come from and go to: a handler for all sessions.

use super::{ADDRESS, DAYS, QUOTE, SHARE, TITLE};
use crate::workload::Failure;
use crate::workload::short::Books;

/// What Bob decides.
pub enum Verdict {
    Accept(String),
    Decline,
}

pub(super) trait Host {
    fn title(&mut self) -> Result<String, Failure>;
    fn on_title(&mut self, text: String) -> Result<(), Failure>;
    fn quote(&mut self) -> Result<u64, Failure>;
    fn on_quote_alice(&mut self, number: u64) -> Result<(), Failure>;
    fn on_quote_bob(&mut self, number: u64) -> Result<(), Failure>;
    fn share(&mut self) -> Result<u64, Failure>;
    fn on_share(&mut self, number: u64) -> Result<(), Failure>;
    fn verdict(&mut self) -> Result<Verdict, Failure>;
    fn on_accept(&mut self, text: String) -> Result<(), Failure>;
    fn accepted(&mut self) -> Result<(), Failure>;
    fn on_accepted(&mut self) -> Result<(), Failure>;
    fn pay(&mut self) -> Result<u64, Failure>;
    fn on_pay(&mut self, number: u64) -> Result<(), Failure>;
    fn delivery(&mut self) -> Result<u64, Failure>;
    fn on_delivery(&mut self, number: u64) -> Result<(), Failure>;
    fn on_decline(&mut self) -> Result<(), Failure>;
    fn declined(&mut self) -> Result<(), Failure>;
    fn on_declined(&mut self) -> Result<(), Failure>;
}

/// Plays all roles of all sessions.
pub trait Handler {
    fn title(&self) -> Result<String, Failure>;
    fn on_title(&self, text: String) -> Result<(), Failure>;
    fn quote(&self) -> Result<u64, Failure>;
    fn on_quote_alice(&self, number: u64) -> Result<(), Failure>;
    fn on_quote_bob(&self, number: u64) -> Result<(), Failure>;
    fn share(&self) -> Result<u64, Failure>;
    fn on_share(&self, number: u64) -> Result<(), Failure>;
    fn verdict(&self) -> Result<Verdict, Failure>;
    fn on_accept(&self, text: String) -> Result<(), Failure>;
    fn accepted(&self) -> Result<(), Failure>;
    fn on_accepted(&self) -> Result<(), Failure>;
    fn pay(&self) -> Result<u64, Failure>;
    fn on_pay(&self, number: u64) -> Result<(), Failure>;
    fn delivery(&self) -> Result<u64, Failure>;
    fn on_delivery(&self, number: u64) -> Result<(), Failure>;
    fn on_decline(&self) -> Result<(), Failure>;
    fn declined(&self) -> Result<(), Failure>;
    fn on_declined(&self) -> Result<(), Failure>;
}

impl Handler for Books {
    fn title(&self) -> Result<String, Failure> {
        Ok(TITLE.to_owned())
    }

    fn on_title(&self, text: String) -> Result<(), Failure> {
        self.text(&text);
        Ok(())
    }

    fn quote(&self) -> Result<u64, Failure> {
        Ok(QUOTE)
    }

    fn on_quote_alice(&self, number: u64) -> Result<(), Failure> {
        self.number(number);
        Ok(())
    }

    fn on_quote_bob(&self, number: u64) -> Result<(), Failure> {
        self.number(number);
        Ok(())
    }

    fn share(&self) -> Result<u64, Failure> {
        Ok(SHARE)
    }

    fn on_share(&self, number: u64) -> Result<(), Failure> {
        self.number(number);
        Ok(())
    }

    fn verdict(&self) -> Result<Verdict, Failure> {
        Ok(if self.agrees() { Verdict::Accept(ADDRESS.to_owned()) } else { Verdict::Decline })
    }

    fn on_accept(&self, text: String) -> Result<(), Failure> {
        self.text(&text);
        Ok(())
    }

    fn accepted(&self) -> Result<(), Failure> {
        Ok(())
    }

    fn on_accepted(&self) -> Result<(), Failure> {
        self.signal();
        Ok(())
    }

    fn pay(&self) -> Result<u64, Failure> {
        Ok(SHARE)
    }

    fn on_pay(&self, number: u64) -> Result<(), Failure> {
        self.number(number);
        Ok(())
    }

    fn delivery(&self) -> Result<u64, Failure> {
        Ok(DAYS)
    }

    fn on_delivery(&self, number: u64) -> Result<(), Failure> {
        self.number(number);
        Ok(())
    }

    fn on_decline(&self) -> Result<(), Failure> {
        self.signal();
        Ok(())
    }

    fn declined(&self) -> Result<(), Failure> {
        Ok(())
    }

    fn on_declined(&self) -> Result<(), Failure> {
        self.signal();
        Ok(())
    }
}

impl Host for &dyn Handler {
    fn title(&mut self) -> Result<String, Failure> {
        Handler::title(*self)
    }

    fn on_title(&mut self, text: String) -> Result<(), Failure> {
        Handler::on_title(*self, text)
    }

    fn quote(&mut self) -> Result<u64, Failure> {
        Handler::quote(*self)
    }

    fn on_quote_alice(&mut self, number: u64) -> Result<(), Failure> {
        Handler::on_quote_alice(*self, number)
    }

    fn on_quote_bob(&mut self, number: u64) -> Result<(), Failure> {
        Handler::on_quote_bob(*self, number)
    }

    fn share(&mut self) -> Result<u64, Failure> {
        Handler::share(*self)
    }

    fn on_share(&mut self, number: u64) -> Result<(), Failure> {
        Handler::on_share(*self, number)
    }

    fn verdict(&mut self) -> Result<Verdict, Failure> {
        Handler::verdict(*self)
    }

    fn on_accept(&mut self, text: String) -> Result<(), Failure> {
        Handler::on_accept(*self, text)
    }

    fn accepted(&mut self) -> Result<(), Failure> {
        Handler::accepted(*self)
    }

    fn on_accepted(&mut self) -> Result<(), Failure> {
        Handler::on_accepted(*self)
    }

    fn pay(&mut self) -> Result<u64, Failure> {
        Handler::pay(*self)
    }

    fn on_pay(&mut self, number: u64) -> Result<(), Failure> {
        Handler::on_pay(*self, number)
    }

    fn delivery(&mut self) -> Result<u64, Failure> {
        Handler::delivery(*self)
    }

    fn on_delivery(&mut self, number: u64) -> Result<(), Failure> {
        Handler::on_delivery(*self, number)
    }

    fn on_decline(&mut self) -> Result<(), Failure> {
        Handler::on_decline(*self)
    }

    fn declined(&mut self) -> Result<(), Failure> {
        Handler::declined(*self)
    }

    fn on_declined(&mut self) -> Result<(), Failure> {
        Handler::on_declined(*self)
    }
}
