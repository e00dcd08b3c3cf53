//! A bid and an answer, again and again, until the seller has heard enough: between two messages and twelve.

use telltale_vm::loader::CodeImage;
use telltale_vm::{HandlerResult, VM, choreography};

use super::{Account, ByObjects, Failure, Left, Person, Slot, Steps};

choreography! {
    pub protocol Haggle(Buyer, Seller) {
        loop {
            Buyer -> Seller: Bid(u64);
            choice Reply at Seller {
                Seller -> Buyer: More(u64);
            } or {
                Seller -> Buyer: Sold(u64);
                break;
            }
        }
    }
}

/// What all messages carry.
const NUMBER: u64 = 7;

/// How many bids the seller of the session of that number hears.
fn bids(nth: u64) -> u64 {
    nth % 6 + 1
}

pub struct Bids;

impl ByObjects for Bids {
    const NAME: &'static str = "2 to 12 numbers, 2 roles";

    type Objects = (Machine, RoleObjects);

    fn objects(nth: u64) -> Self::Objects {
        let cast =
            RoleObjects { buyer: Box::new(Person::new(nth)), seller: Box::new(Person::new(nth)) };
        (Machine::default(), cast)
    }

    #[inline(never)]
    fn visit((machine, cast): &mut Self::Objects, mut steps: Left) -> Result<bool, Failure> {
        machine.run(cast, &mut steps)?;
        Ok(machine.is_done())
    }

    fn image() -> &'static CodeImage {
        &haggle::IMAGE
    }

    fn open(vm: &mut VM, nth: u64) {
        haggle::Roles { buyer: Person::new(nth), seller: Person::new(nth) }
            .open_detached(vm)
            .expect("room");
    }

    fn due(sessions: u64) -> Account {
        let messages = (0..sessions).map(|nth| 2 * bids(nth)).sum();
        Account { messages, sum: messages * NUMBER, text: 0 }
    }
}

enum Message {
    Bid(u64),
    More(u64),
    Sold(u64),
}

enum Reply {
    More(u64),
    Sold(u64),
}

#[derive(Clone, Copy, PartialEq)]
enum BuyerState {
    SendBid,
    AwaitReply,
    Done,
}

#[derive(Clone, Copy, PartialEq)]
enum SellerState {
    AwaitBid,
    SendReply,
    Done,
}

/// By hand.
pub struct Machine {
    to_seller: Slot<Message>,
    to_buyer: Slot<Message>,
    buyer: BuyerState,
    seller: SellerState,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            to_seller: Slot::default(),
            to_buyer: Slot::default(),
            buyer: BuyerState::SendBid,
            seller: SellerState::AwaitBid,
        }
    }
}

impl Machine {
    #[inline(always)]
    fn run(&mut self, cast: &mut RoleObjects, steps: &mut impl Steps) -> Result<(), Failure> {
        while !self.is_done() && steps.are_left() {
            while steps.are_left() && self.step_buyer(cast)? {
                steps.take();
            }
            while steps.are_left() && self.step_seller(cast)? {
                steps.take();
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.buyer == BuyerState::Done && self.seller == SellerState::Done
    }

    #[inline(always)]
    fn step_buyer(&mut self, cast: &mut RoleObjects) -> Result<bool, Failure> {
        self.buyer = match self.buyer {
            BuyerState::SendBid => {
                self.to_seller.put(Message::Bid(cast.buyer.bid()?));
                BuyerState::AwaitReply
            }
            BuyerState::AwaitReply => match self.to_buyer.take() {
                Some(Message::More(more)) => {
                    cast.buyer.on_more(more)?;
                    BuyerState::SendBid
                }
                Some(Message::Sold(sold)) => {
                    cast.buyer.on_sold(sold)?;
                    BuyerState::Done
                }
                Some(Message::Bid(_)) => unreachable!("a reply comes"),
                None => return Ok(false),
            },
            BuyerState::Done => return Ok(false),
        };
        Ok(true)
    }

    #[inline(always)]
    fn step_seller(&mut self, cast: &mut RoleObjects) -> Result<bool, Failure> {
        self.seller = match self.seller {
            SellerState::AwaitBid => {
                let Some(message) = self.to_seller.take() else { return Ok(false) };
                let Message::Bid(bid) = message else { unreachable!("a bid comes") };
                cast.seller.on_bid(bid)?;
                SellerState::SendReply
            }
            SellerState::SendReply => match cast.seller.reply()? {
                Reply::More(more) => {
                    self.to_buyer.put(Message::More(more));
                    SellerState::AwaitBid
                }
                Reply::Sold(sold) => {
                    self.to_buyer.put(Message::Sold(sold));
                    SellerState::Done
                }
            },
            SellerState::Done => return Ok(false),
        };
        Ok(true)
    }
}

trait Buyer {
    fn bid(&mut self) -> Result<u64, Failure>;
    fn on_more(&mut self, more: u64) -> Result<(), Failure>;
    fn on_sold(&mut self, sold: u64) -> Result<(), Failure>;
}

trait Seller {
    fn on_bid(&mut self, bid: u64) -> Result<(), Failure>;
    fn reply(&mut self) -> Result<Reply, Failure>;
}

/// A boxed object for each role.
pub struct RoleObjects {
    buyer: Box<dyn Buyer>,
    seller: Box<dyn Seller>,
}

impl Person {
    /// Whether the seller has heard enough.
    fn has_sold(&self) -> bool {
        self.account.messages == bids(self.nth)
    }
}

impl Buyer for Person {
    fn bid(&mut self) -> Result<u64, Failure> {
        Ok(NUMBER)
    }

    fn on_more(&mut self, more: u64) -> Result<(), Failure> {
        self.number(more);
        Ok(())
    }

    fn on_sold(&mut self, sold: u64) -> Result<(), Failure> {
        self.number(sold);
        Ok(())
    }
}

impl Seller for Person {
    fn on_bid(&mut self, bid: u64) -> Result<(), Failure> {
        self.number(bid);
        Ok(())
    }

    fn reply(&mut self) -> Result<Reply, Failure> {
        Ok(if self.has_sold() { Reply::Sold(NUMBER) } else { Reply::More(NUMBER) })
    }
}

impl haggle::Buyer for Person {
    fn bid(&mut self) -> HandlerResult<u64> {
        Ok(NUMBER)
    }

    fn on_more(&mut self, more: u64) -> HandlerResult<()> {
        self.number(more);
        Ok(())
    }

    fn on_sold(&mut self, sold: u64) -> HandlerResult<()> {
        self.number(sold);
        Ok(())
    }
}

impl haggle::Seller for Person {
    fn on_bid(&mut self, bid: u64) -> HandlerResult<()> {
        self.number(bid);
        Ok(())
    }

    fn reply(&mut self) -> HandlerResult<haggle::Reply> {
        let reply = if self.has_sold() { haggle::Reply::Sold } else { haggle::Reply::More };
        Ok(reply(NUMBER))
    }
}
