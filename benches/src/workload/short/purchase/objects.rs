//! The same roles as objects in the VM.

use telltale_vm::HandlerResult;

use super::two_buyers::{self, Verdict};
use super::{ADDRESS, DAYS, QUOTE, SHARE, TITLE};
use crate::workload::short::Person;

impl two_buyers::Alice for Person {
    fn title(&mut self) -> HandlerResult<String> {
        Ok(TITLE.to_owned())
    }

    fn on_quote(&mut self, number: u64) -> HandlerResult<()> {
        self.number(number);
        Ok(())
    }

    fn share(&mut self) -> HandlerResult<u64> {
        Ok(SHARE)
    }

    fn on_accepted(&mut self) -> HandlerResult<()> {
        self.signal();
        Ok(())
    }

    fn pay(&mut self) -> HandlerResult<u64> {
        Ok(SHARE)
    }

    fn on_declined(&mut self) -> HandlerResult<()> {
        self.signal();
        Ok(())
    }
}

impl two_buyers::Bob for Person {
    fn on_quote(&mut self, number: u64) -> HandlerResult<()> {
        self.number(number);
        Ok(())
    }

    fn on_share(&mut self, number: u64) -> HandlerResult<()> {
        self.number(number);
        Ok(())
    }

    fn verdict(&mut self) -> HandlerResult<Verdict> {
        let accept = || Verdict::Accept(ADDRESS.to_owned());
        Ok(if self.agrees() { accept() } else { Verdict::Decline })
    }

    fn accepted(&mut self) -> HandlerResult<()> {
        Ok(())
    }

    fn on_delivery(&mut self, number: u64) -> HandlerResult<()> {
        self.number(number);
        Ok(())
    }

    fn declined(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

impl two_buyers::Seller for Person {
    fn on_title(&mut self, text: String) -> HandlerResult<()> {
        self.text(&text);
        Ok(())
    }

    fn quote(&mut self) -> HandlerResult<u64> {
        Ok(QUOTE)
    }

    fn on_accept(&mut self, text: String) -> HandlerResult<()> {
        self.text(&text);
        Ok(())
    }

    fn on_pay(&mut self, number: u64) -> HandlerResult<()> {
        self.number(number);
        Ok(())
    }

    fn delivery(&mut self) -> HandlerResult<u64> {
        Ok(DAYS)
    }

    fn on_decline(&mut self) -> HandlerResult<()> {
        self.signal();
        Ok(())
    }
}
