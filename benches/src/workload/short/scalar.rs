//! Four numbers to and fro.

use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked, RoleId, VM,
    Value, choreography,
};

use super::{Account, Books, ByObjects, Failure, Left, Person, Short, Slot, Steps, Unlimited};

choreography! {
    pub protocol Deal(Buyer, Seller) {
        Buyer -> Seller: Ask(u64);
        Seller -> Buyer: Offer(u64);
        Buyer -> Seller: Pay(u64);
        Seller -> Buyer: Receipt(u64);
    }
}

/// What all four messages carry.
const NUMBER: u64 = 40;

pub struct Scalar;

impl ByObjects for Scalar {
    const NAME: &'static str = "4 numbers, 2 roles";

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
        &deal::IMAGE
    }

    fn open(vm: &mut VM, nth: u64) {
        deal::Roles { buyer: Person::new(nth), seller: Person::new(nth) }
            .open_detached(vm)
            .expect("room");
    }

    fn due(sessions: u64) -> Account {
        Account { messages: 4 * sessions, sum: 4 * NUMBER * sessions, text: 0 }
    }
}

impl Short for Scalar {
    type Handler = dyn Handler;
    type Typed = Machine;
    type Effects = Numbers;

    fn handler(books: &Books) -> &Self::Handler {
        books
    }

    #[inline(never)]
    fn run_typed(session: &mut Machine, mut handler: &dyn Handler) -> Result<(), Failure> {
        session.run(&mut handler, &mut Unlimited)
    }

    #[inline(never)]
    fn run_objects((machine, cast): &mut Self::Objects) -> Result<(), Failure> {
        machine.run(cast, &mut Unlimited)
    }
}

enum Message {
    Ask(u64),
    Offer(u64),
    Pay(u64),
    Receipt(u64),
}

#[derive(Clone, Copy, PartialEq)]
enum BuyerState {
    SendAsk,
    AwaitOffer,
    SendPay,
    AwaitReceipt,
    Done,
}

#[derive(Clone, Copy, PartialEq)]
enum SellerState {
    AwaitAsk,
    SendOffer,
    AwaitPay,
    SendReceipt,
    Done,
}

/// D2.
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
            buyer: BuyerState::SendAsk,
            seller: SellerState::AwaitAsk,
        }
    }
}

impl Machine {
    #[inline(always)]
    fn run(&mut self, host: &mut impl Host, steps: &mut impl Steps) -> Result<(), Failure> {
        while !self.is_done() && steps.are_left() {
            while steps.are_left() && self.step_buyer(host)? {
                steps.take();
            }
            while steps.are_left() && self.step_seller(host)? {
                steps.take();
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.buyer == BuyerState::Done && self.seller == SellerState::Done
    }

    #[inline(always)]
    fn step_buyer(&mut self, host: &mut impl Host) -> Result<bool, Failure> {
        self.buyer = match self.buyer {
            BuyerState::SendAsk => {
                self.to_seller.put(Message::Ask(host.ask()?));
                BuyerState::AwaitOffer
            }
            BuyerState::AwaitOffer => {
                let Some(message) = self.to_buyer.take() else { return Ok(false) };
                let Message::Offer(offer) = message else { unreachable!("an offer comes") };
                host.on_offer(offer)?;
                BuyerState::SendPay
            }
            BuyerState::SendPay => {
                self.to_seller.put(Message::Pay(host.pay()?));
                BuyerState::AwaitReceipt
            }
            BuyerState::AwaitReceipt => {
                let Some(message) = self.to_buyer.take() else { return Ok(false) };
                let Message::Receipt(receipt) = message else { unreachable!("a receipt comes") };
                host.on_receipt(receipt)?;
                BuyerState::Done
            }
            BuyerState::Done => return Ok(false),
        };
        Ok(true)
    }

    #[inline(always)]
    fn step_seller(&mut self, host: &mut impl Host) -> Result<bool, Failure> {
        self.seller = match self.seller {
            SellerState::AwaitAsk => {
                let Some(message) = self.to_seller.take() else { return Ok(false) };
                let Message::Ask(ask) = message else { unreachable!("a question comes") };
                host.on_ask(ask)?;
                SellerState::SendOffer
            }
            SellerState::SendOffer => {
                self.to_buyer.put(Message::Offer(host.offer()?));
                SellerState::AwaitPay
            }
            SellerState::AwaitPay => {
                let Some(message) = self.to_seller.take() else { return Ok(false) };
                let Message::Pay(pay) = message else { unreachable!("a payment comes") };
                host.on_pay(pay)?;
                SellerState::SendReceipt
            }
            SellerState::SendReceipt => {
                self.to_buyer.put(Message::Receipt(host.receipt()?));
                SellerState::Done
            }
            SellerState::Done => return Ok(false),
        };
        Ok(true)
    }
}

/// All methods give the same number, or take one; here they are for each way in which they are called.
macro_rules! methods {
    ($($give:ident $take:ident),*; $buyer:ident: $($buyer_give:ident $buyer_take:ident),*;
     $seller:ident: $($seller_give:ident $seller_take:ident),*) => {
        /// Where the state machine's payloads come from and go to.
        trait Host {
            $(
                fn $give(&mut self) -> Result<u64, Failure>;
                fn $take(&mut self, number: u64) -> Result<(), Failure>;
            )*
        }

        /// Plays both roles of all sessions.
        pub trait Handler {
            $(
                fn $give(&self) -> Result<u64, Failure>;
                fn $take(&self, number: u64) -> Result<(), Failure>;
            )*
        }

        impl Handler for Books {
            $(fn $give(&self) -> Result<u64, Failure> {
                Ok(NUMBER)
            }

            fn $take(&self, number: u64) -> Result<(), Failure> {
                self.number(number);
                Ok(())
            })*
        }

        impl Host for &dyn Handler {
            $(fn $give(&mut self) -> Result<u64, Failure> {
                Handler::$give(*self)
            }

            fn $take(&mut self, number: u64) -> Result<(), Failure> {
                Handler::$take(*self, number)
            })*
        }

        trait Buyer {
            $(
                fn $buyer_give(&mut self) -> Result<u64, Failure>;
                fn $buyer_take(&mut self, number: u64) -> Result<(), Failure>;
            )*
        }

        trait Seller {
            $(
                fn $seller_give(&mut self) -> Result<u64, Failure>;
                fn $seller_take(&mut self, number: u64) -> Result<(), Failure>;
            )*
        }

        impl Buyer for Person {
            $(fn $buyer_give(&mut self) -> Result<u64, Failure> {
                Ok(NUMBER)
            }

            fn $buyer_take(&mut self, number: u64) -> Result<(), Failure> {
                self.number(number);
                Ok(())
            })*
        }

        impl Seller for Person {
            $(fn $seller_give(&mut self) -> Result<u64, Failure> {
                Ok(NUMBER)
            }

            fn $seller_take(&mut self, number: u64) -> Result<(), Failure> {
                self.number(number);
                Ok(())
            })*
        }

        impl deal::Buyer for Person {
            $(fn $buyer_give(&mut self) -> HandlerResult<u64> {
                Ok(NUMBER)
            }

            fn $buyer_take(&mut self, number: u64) -> HandlerResult<()> {
                self.number(number);
                Ok(())
            })*
        }

        impl deal::Seller for Person {
            $(fn $seller_give(&mut self) -> HandlerResult<u64> {
                Ok(NUMBER)
            }

            fn $seller_take(&mut self, number: u64) -> HandlerResult<()> {
                self.number(number);
                Ok(())
            })*
        }

        impl Host for RoleObjects {
            $(fn $buyer_give(&mut self) -> Result<u64, Failure> {
                self.buyer.$buyer_give()
            }

            fn $buyer_take(&mut self, number: u64) -> Result<(), Failure> {
                self.buyer.$buyer_take(number)
            })*

            $(fn $seller_give(&mut self) -> Result<u64, Failure> {
                self.seller.$seller_give()
            }

            fn $seller_take(&mut self, number: u64) -> Result<(), Failure> {
                self.seller.$seller_take(number)
            })*
        }
    };
}

methods! {
    ask on_ask, offer on_offer, pay on_pay, receipt on_receipt;
    Buyer: ask on_offer, pay on_receipt;
    Seller: offer on_ask, receipt on_pay
}

/// A boxed object for each role.
pub struct RoleObjects {
    buyer: Box<dyn Buyer>,
    seller: Box<dyn Seller>,
}

/// The handler of the VM.
#[derive(Default)]
pub struct Numbers(Books);

impl AsRef<Books> for Numbers {
    fn as_ref(&self) -> &Books {
        &self.0
    }
}

impl EffectHandler for Numbers {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Uint(NUMBER))
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, value: Value) -> HandlerResult<()> {
        let Value::Uint(number) = value else { return Err(HandlerError::msg("not a number")) };
        self.0.number(number);
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Err(HandlerError::msg("there is nothing to choose"))
    }
}
