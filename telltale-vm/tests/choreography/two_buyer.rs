//! The example of the language reference.

use std::collections::BTreeMap;

use telltale_vm::{HandlerError, HandlerResult, NoHandler, VM, VMConfig, choreography};

mod chrono {
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct NaiveDate(pub(crate) u32);
}

choreography! {
    /// Two buyers split the price of a book.
    pub protocol TwoBuyer(Alice, Bob, Seller) {
        Alice -> Seller: Title(String);
        Seller -> Alice, Bob: Quote(u64);
        'haggle: loop {
            Alice -> Bob: Share(u64);
            choice Verdict at Bob {
                Bob -> Seller: Accept { address: String };
                Bob -> Alice: Accepted;
                Seller -> Bob: Delivery(chrono::NaiveDate);
                break;
            } or {
                Bob -> Alice: Counter(u64);
            } or {
                Bob -> Seller: Decline;
                Bob -> Alice: Declined;
                break;
            }
        }
    }
}

use two_buyer::Verdict;

#[derive(Debug, Default, PartialEq)]
struct Alice {
    share: u64,
    accepted: Option<bool>,
}

impl two_buyer::Alice for Alice {
    fn title(&mut self) -> HandlerResult<String> {
        Ok("Pattern Languages".to_owned())
    }
    fn share(&mut self) -> HandlerResult<u64> {
        Ok(self.share)
    }
    fn on_quote(&mut self, quote: u64) -> HandlerResult<()> {
        self.share = quote / 4;
        Ok(())
    }
    fn on_accepted(&mut self) -> HandlerResult<()> {
        self.accepted = Some(true);
        Ok(())
    }
    fn on_counter(&mut self, counter: u64) -> HandlerResult<()> {
        self.share = counter;
        Ok(())
    }
    fn on_declined(&mut self) -> HandlerResult<()> {
        self.accepted = Some(false);
        Ok(())
    }
}

#[derive(Debug, Default, PartialEq)]
struct Bob {
    quote: u64,
    share: u64,
    delivery: Option<chrono::NaiveDate>,
}

impl two_buyer::Bob for Bob {
    fn on_quote(&mut self, quote: u64) -> HandlerResult<()> {
        self.quote = quote;
        Ok(())
    }
    fn on_share(&mut self, share: u64) -> HandlerResult<()> {
        self.share = share;
        Ok(())
    }
    fn on_delivery(&mut self, delivery: chrono::NaiveDate) -> HandlerResult<()> {
        self.delivery = Some(delivery);
        Ok(())
    }
    fn verdict(&mut self) -> HandlerResult<Verdict> {
        Ok(if self.quote > 1_000 {
            Verdict::Decline
        } else if self.share < self.quote / 2 {
            Verdict::Counter(self.share + 1)
        } else {
            Verdict::Accept { address: "Rose Street 7".to_owned() }
        })
    }
}

#[derive(Debug, Default, PartialEq)]
struct Seller {
    price: u64,
    sold_to: Option<String>,
}

impl two_buyer::Seller for Seller {
    fn quote(&mut self) -> HandlerResult<u64> {
        Ok(self.price)
    }
    fn on_title(&mut self, title: String) -> HandlerResult<()> {
        if title.is_empty() { Err(HandlerError::msg("no title")) } else { Ok(()) }
    }
    fn on_accept(&mut self, address: String) -> HandlerResult<()> {
        self.sold_to = Some(address);
        Ok(())
    }
    fn on_decline(&mut self) -> HandlerResult<()> {
        self.sold_to = None;
        Ok(())
    }
    fn delivery(&mut self) -> HandlerResult<chrono::NaiveDate> {
        Ok(chrono::NaiveDate(20_000))
    }
}

fn buy(price: u64) -> two_buyer::Roles<Alice, Bob, Seller> {
    let mut vm = VM::new(VMConfig::default());
    let seller = Seller { price, sold_to: None };
    let session = two_buyer::Roles { alice: Alice::default(), bob: Bob::default(), seller }
        .open(&mut vm)
        .expect("there is room for a session");
    vm.run(&NoHandler, 1_000).expect("nothing goes wrong");
    session.into_roles(&mut vm).expect("the session has ended")
}

#[test]
fn a_cheap_book_is_bought() {
    let ended = buy(40);
    assert_eq!(ended.alice, Alice { share: 20, accepted: Some(true) });
    let delivery = Some(chrono::NaiveDate(20_000));
    assert_eq!(ended.bob, Bob { quote: 40, share: 20, delivery });
    assert_eq!(ended.seller.sold_to.as_deref(), Some("Rose Street 7"));
}

#[test]
fn a_dear_book_is_not() {
    let ended = buy(4_000);
    assert_eq!(ended.alice.accepted, Some(false));
    assert_eq!(ended.seller.sold_to, None);
}

#[test]
fn the_static_image_is_the_one_of_run_time() {
    let global = &two_buyer::IMAGE.global_type;
    let locals: BTreeMap<_, _> =
        telltale_theory::project_all(global).expect("it can be projected").into_iter().collect();
    let image = telltale_vm::loader::CodeImage::from_local_types(&locals, global);
    assert_eq!(two_buyer::IMAGE, image);
    assert_eq!(two_buyer::IMAGE.to_string(), image.to_string());
    assert_eq!(two_buyer::IMAGE.hash(), image.hash());
}

#[test]
fn the_image_is_small() {
    assert!(two_buyer::IMAGE.size() < 1_024, "{} bytes", two_buyer::IMAGE.size());
}
