//! The state machine by hand (D2).

use super::hosts::{Host, Verdict};
use crate::workload::Failure;
use crate::workload::short::{Slot, Steps};

enum Message {
    Title(String),
    Quote(u64),
    Share(u64),
    Accept(String),
    Accepted,
    Pay(u64),
    Delivery(u64),
    Decline,
    Declined,
}

#[derive(Clone, Copy, PartialEq)]
enum Alice {
    SendTitle,
    AwaitQuote,
    SendShare,
    AwaitVerdict,
    SendPay,
    Done,
}

#[derive(Clone, Copy, PartialEq)]
enum Bob {
    AwaitQuote,
    AwaitShare,
    Decide,
    SendAccepted,
    AwaitDelivery,
    SendDeclined,
    Done,
}

#[derive(Clone, Copy, PartialEq)]
enum Seller {
    AwaitTitle,
    QuoteAlice,
    QuoteBob,
    AwaitVerdict,
    AwaitPay,
    SendDelivery,
    Done,
}

pub struct Machine {
    alice_to_bob: Slot<Message>,
    alice_to_seller: Slot<Message>,
    bob_to_alice: Slot<Message>,
    bob_to_seller: Slot<Message>,
    seller_to_alice: Slot<Message>,
    seller_to_bob: Slot<Message>,
    alice: Alice,
    bob: Bob,
    seller: Seller,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            alice_to_bob: Slot::default(),
            alice_to_seller: Slot::default(),
            bob_to_alice: Slot::default(),
            bob_to_seller: Slot::default(),
            seller_to_alice: Slot::default(),
            seller_to_bob: Slot::default(),
            alice: Alice::SendTitle,
            bob: Bob::AwaitQuote,
            seller: Seller::AwaitTitle,
        }
    }
}

impl Machine {
    #[inline(always)]
    pub(super) fn run(
        &mut self,
        host: &mut impl Host,
        steps: &mut impl Steps,
    ) -> Result<(), Failure> {
        while !self.is_done() && steps.are_left() {
            while steps.are_left() && self.step_alice(host)? {
                steps.take();
            }
            while steps.are_left() && self.step_bob(host)? {
                steps.take();
            }
            while steps.are_left() && self.step_seller(host)? {
                steps.take();
            }
        }
        Ok(())
    }

    pub(super) fn is_done(&self) -> bool {
        self.alice == Alice::Done && self.bob == Bob::Done && self.seller == Seller::Done
    }

    #[inline(always)]
    fn step_alice(&mut self, host: &mut impl Host) -> Result<bool, Failure> {
        self.alice = match self.alice {
            Alice::SendTitle => {
                self.alice_to_seller.put(Message::Title(host.title()?));
                Alice::AwaitQuote
            }
            Alice::AwaitQuote => match self.seller_to_alice.take() {
                Some(Message::Quote(quote)) => {
                    host.on_quote_alice(quote)?;
                    Alice::SendShare
                }
                Some(_) => unreachable!("a quote comes"),
                None => return Ok(false),
            },
            Alice::SendShare => {
                self.alice_to_bob.put(Message::Share(host.share()?));
                Alice::AwaitVerdict
            }
            Alice::AwaitVerdict => match self.bob_to_alice.take() {
                Some(Message::Accepted) => {
                    host.on_accepted()?;
                    Alice::SendPay
                }
                Some(Message::Declined) => {
                    host.on_declined()?;
                    Alice::Done
                }
                Some(_) => unreachable!("a verdict comes"),
                None => return Ok(false),
            },
            Alice::SendPay => {
                self.alice_to_seller.put(Message::Pay(host.pay()?));
                Alice::Done
            }
            Alice::Done => return Ok(false),
        };
        Ok(true)
    }

    #[inline(always)]
    fn step_bob(&mut self, host: &mut impl Host) -> Result<bool, Failure> {
        self.bob = match self.bob {
            Bob::AwaitQuote => match self.seller_to_bob.take() {
                Some(Message::Quote(quote)) => {
                    host.on_quote_bob(quote)?;
                    Bob::AwaitShare
                }
                Some(_) => unreachable!("a quote comes"),
                None => return Ok(false),
            },
            Bob::AwaitShare => match self.alice_to_bob.take() {
                Some(Message::Share(share)) => {
                    host.on_share(share)?;
                    Bob::Decide
                }
                Some(_) => unreachable!("a share comes"),
                None => return Ok(false),
            },
            Bob::Decide => match host.verdict()? {
                Verdict::Accept(address) => {
                    self.bob_to_seller.put(Message::Accept(address));
                    Bob::SendAccepted
                }
                Verdict::Decline => {
                    self.bob_to_seller.put(Message::Decline);
                    Bob::SendDeclined
                }
            },
            Bob::SendAccepted => {
                host.accepted()?;
                self.bob_to_alice.put(Message::Accepted);
                Bob::AwaitDelivery
            }
            Bob::AwaitDelivery => match self.seller_to_bob.take() {
                Some(Message::Delivery(days)) => {
                    host.on_delivery(days)?;
                    Bob::Done
                }
                Some(_) => unreachable!("a delivery comes"),
                None => return Ok(false),
            },
            Bob::SendDeclined => {
                host.declined()?;
                self.bob_to_alice.put(Message::Declined);
                Bob::Done
            }
            Bob::Done => return Ok(false),
        };
        Ok(true)
    }

    #[inline(always)]
    fn step_seller(&mut self, host: &mut impl Host) -> Result<bool, Failure> {
        self.seller = match self.seller {
            Seller::AwaitTitle => match self.alice_to_seller.take() {
                Some(Message::Title(title)) => {
                    host.on_title(title)?;
                    Seller::QuoteAlice
                }
                Some(_) => unreachable!("a title comes"),
                None => return Ok(false),
            },
            Seller::QuoteAlice => {
                self.seller_to_alice.put(Message::Quote(host.quote()?));
                Seller::QuoteBob
            }
            Seller::QuoteBob => {
                self.seller_to_bob.put(Message::Quote(host.quote()?));
                Seller::AwaitVerdict
            }
            Seller::AwaitVerdict => match self.bob_to_seller.take() {
                Some(Message::Accept(address)) => {
                    host.on_accept(address)?;
                    Seller::AwaitPay
                }
                Some(Message::Decline) => {
                    host.on_decline()?;
                    Seller::Done
                }
                Some(_) => unreachable!("a verdict comes"),
                None => return Ok(false),
            },
            Seller::AwaitPay => match self.alice_to_seller.take() {
                Some(Message::Pay(pay)) => {
                    host.on_pay(pay)?;
                    Seller::SendDelivery
                }
                Some(_) => unreachable!("a payment comes"),
                None => return Ok(false),
            },
            Seller::SendDelivery => {
                self.seller_to_bob.put(Message::Delivery(host.delivery()?));
                Seller::Done
            }
            Seller::Done => return Ok(false),
        };
        Ok(true)
    }
}
