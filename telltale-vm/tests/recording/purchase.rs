//! A protocol, roles that play it, and what is said of a recording of it.

use telltale_vm::loader::CodeImage;
use telltale_vm::recording::{Divergence, Recorded, Recorder, Replay};
use telltale_vm::{HandlerResult, NoHandler, ObsEvent, VM, choreography, normalize_trace};

choreography! {
    /// A customer asks until the price is right.
    #[serde]
    pub(super) protocol Purchase(Customer, Shop, Store) {
        loop {
            Customer -> Shop: Ask { what: String, amount: u8 };
            Shop -> Customer: Price(u64);
            choice Answer at Customer {
                Customer -> Shop: Buy(String, u32);
                Shop -> Store: Pack(Vec<String>);
                Store -> Customer: Parcel;
                break;
            } or {
                Customer -> Shop: Again;
                Shop -> Store: Rest;
            }
        }
    }
}

/// The same a year later: prices are signed, and nobody asks again.
pub(super) mod later {
    use super::choreography;

    choreography! {
        #[serde]
        pub(crate) protocol Purchase(Customer, Shop, Store) {
            Customer -> Shop: Ask { what: String, amount: u8 };
            Shop -> Customer: Price(i64);
            Customer -> Shop: Buy(String, u32);
            Shop -> Store: Pack(Vec<String>);
            Store -> Customer: Parcel;
        }
    }
}

pub(super) struct Customer {
    pub(super) asked: u8,
}

impl purchase::Customer for Customer {
    fn ask(&mut self) -> HandlerResult<purchase::Ask> {
        self.asked += 1;
        Ok(purchase::Ask { what: "tea".to_owned(), amount: self.asked })
    }
    fn on_price(&mut self, _: u64) -> HandlerResult<()> {
        Ok(())
    }
    fn answer(&mut self) -> HandlerResult<purchase::Answer> {
        Ok(match self.asked {
            2 => purchase::Answer::Buy("Rose Street".to_owned(), 7),
            _ => purchase::Answer::Again,
        })
    }
    fn on_parcel(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

pub(super) struct Shop {
    pub(super) price: u64,
    pub(super) amount: u8,
}

impl purchase::Shop for Shop {
    fn on_ask(&mut self, _: String, amount: u8) -> HandlerResult<()> {
        self.amount = amount;
        Ok(())
    }
    fn price(&mut self) -> HandlerResult<u64> {
        Ok(self.price * u64::from(self.amount))
    }
    fn on_buy(&mut self, _: (String, u32)) -> HandlerResult<()> {
        Ok(())
    }
    fn pack(&mut self) -> HandlerResult<Vec<String>> {
        Ok(vec!["tea".to_owned(); self.amount.into()])
    }
    fn on_again(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

pub(super) struct Store;

impl purchase::Store for Store {
    fn on_pack(&mut self, _: Vec<String>) -> HandlerResult<()> {
        Ok(())
    }
    fn on_rest(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

pub(super) type Roles = purchase::Roles<Customer, Shop, Store>;

pub(super) fn roles(price: u64) -> Roles {
    let shop = Shop { price, amount: 0 };
    purchase::Roles { customer: Customer { asked: 0 }, shop, store: Store }
}

/// One session, then.
pub(super) fn recording() -> String {
    let recorder = Recorder::new(&NoHandler);
    roles(25).play_with(&recorder).expect("it is complete");
    text(recorder)
}

pub(super) fn text(recorder: Recorder<'_>) -> String {
    String::from_utf8(recorder.finish().expect("all can be written down")).expect("it is text")
}

pub(super) fn read(text: &str) -> Recorded {
    Recorded::read(text.as_bytes()).expect("it is a recording")
}

pub(super) fn not_read(text: &str) -> String {
    Recorded::read(text.as_bytes()).expect_err("it is no recording").to_string()
}

/// What a session of these roles is found to do instead of what was then.
pub(super) fn diverging(text: &str, roles: Roles) -> String {
    let then = read(text);
    let (replay, mut vm) = (Replay::new(&then), VM::new(then.config()));
    roles.open_detached(&mut vm).expect("there is room");
    shown(&replay.run(&mut vm).expect_err("it is something else"))
}

/// Without hashes, which are others with every format of images.
pub(super) fn without_hashes(text: String) -> String {
    let hashes = [&purchase::IMAGE, &later::purchase::IMAGE].map(|image| image.hash().to_string());
    hashes.iter().fold(text, |text, hash| text.replace(hash, "HASH").replace(&hash[..8], "HASH"))
}

/// Without the line of this file either, which moves.
pub(super) fn shown(divergence: &Divergence) -> String {
    assert_eq!(format!("{divergence:?}"), divergence.to_string());
    let text = without_hashes(divergence.to_string());
    let Some((before, place)) = text.split_once("purchase.rs:") else { return text };
    let behind = place.trim_start_matches(|digit: char| digit.is_ascii_digit());
    assert!(behind.len() < place.len(), "{text}");
    format!("{before}purchase.rs:N{behind}")
}

pub(super) fn replayed(image: &CodeImage, text: &str) -> Vec<ObsEvent> {
    let then = read(text);
    let mut vm = VM::new(then.config());
    for _ in then.sessions() {
        vm.load_choreography(image).expect("there is room");
    }
    Replay::new(&then).run(&mut vm).unwrap_or_else(|error| panic!("{error}\n{text}"));
    vm.trace()
}

pub(super) fn events(trace: &[ObsEvent]) -> Vec<String> {
    normalize_trace(trace).iter().map(ToString::to_string).collect()
}

/// What is found where nobody plays but a recording that does not agree with itself, or with the protocol.
pub(super) fn refused(image: &CodeImage, text: &str) -> Divergence {
    let (then, mut vm) = (read(text), VM::default());
    vm.load_choreography(image).expect("there is room");
    Replay::new(&then).run(&mut vm).expect_err("it is something else")
}
