//! What the tests share: the program of the README, and a protocol with payloads of any type.
#![allow(dead_code, reason = "every test file uses its own part of this")]
#![allow(missing_docs, reason = "what is generated here is of no use to others")]

use telltale_vm::{ByHandler, HandlerResult, PlayError, choreography};

choreography! {
    /// A customer asks for a price, and buys or leaves.
    pub protocol Purchase(Customer, Shop, Warehouse) {
        Customer -> Shop: Ask(String);
        Shop -> Customer: Price(u64);
        choice Answer at Customer {
            Customer -> Shop: Buy { address: String };
            Shop -> Warehouse: Pack(String);
            Warehouse -> Customer: Parcel(u32);
        } or {
            Customer -> Shop: Leave;
            Shop -> Warehouse: Rest;
        }
    }
}

/// Something that no handler knows.
#[derive(Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: i8,
    pub(crate) y: i8,
}

choreography! {
    /// Somebody draws, over and over, and two others look at it.
    pub(crate) protocol Drawing(Painter, Left, Right) {
        loop {
            Painter -> Left: Line { from: crate::support::Point, to: crate::support::Point };
            Left -> Right: Echo(crate::support::Point);
            choice Next at Painter {
                Painter -> Left: More;
                Left -> Right: More;
                continue;
            } or {
                Painter -> Left: Done;
                Left -> Right: Done;
                break;
            }
        }
    }
}

choreography! {
    /// One of two gets it.
    pub protocol Auction(Broker, Alice, Bob) {
        choice Winner at Broker {
            Broker -> Alice: Award(u32);
            Broker -> Bob: Lost;
        } or {
            Broker -> Bob: Award(u32);
            Broker -> Alice: Lost;
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shop {
    pub(crate) asked_for: String,
    pub(crate) address: String,
}

impl purchase::Shop for Shop {
    fn on_ask(&mut self, ask: String) -> HandlerResult<()> {
        self.asked_for = ask;
        Ok(())
    }
    fn price(&mut self) -> HandlerResult<u64> {
        Ok(if self.asked_for == "a teapot" { 25 } else { 1_000 })
    }
    fn on_buy(&mut self, address: String) -> HandlerResult<()> {
        self.address = address;
        Ok(())
    }
    fn pack(&mut self) -> HandlerResult<String> {
        Ok(format!("{} for {}", self.asked_for, self.address))
    }
    fn on_leave(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

pub(crate) type Roles = purchase::Roles<ByHandler, Shop, ByHandler>;

/// A shop, and a handler for the others.
pub(crate) fn roles() -> Roles {
    purchase::Roles { customer: ByHandler, shop: Shop::default(), warehouse: ByHandler }
}

/// What went wrong, as a sentence.
pub(crate) fn wrong<R>(played: Result<R, PlayError<R>>) -> String {
    played.err().expect("something goes wrong").to_string()
}
