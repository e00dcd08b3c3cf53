//! Two buyers haggle over who pays how much of a book: loops, choices and payloads of real types.
//!
//! ```text
//! cargo run --example two_buyer
//! ```

use std::error::Error;

use chrono::NaiveDate;
use telltale_vm::{HandlerResult, choreography};
use two_buyer::Verdict;

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

/// Wants a book, and begins by offering a third of its price.
#[derive(Default)]
struct Alice {
    title: &'static str,
    purse: u64,
    share: u64,
}

impl two_buyer::Alice for Alice {
    fn title(&mut self) -> HandlerResult<String> {
        say("Alice", &format!("I am looking for “{}”.", self.title));
        Ok(self.title.to_owned())
    }
    fn on_quote(&mut self, quote: u64) -> HandlerResult<()> {
        self.share = (quote / 3).min(self.purse);
        Ok(())
    }
    fn share(&mut self) -> HandlerResult<u64> {
        let all = if self.share == self.purse { "; that is all I have" } else { "" };
        say("Alice", &format!("Bob, I can give {}{all}.", self.share));
        Ok(self.share)
    }
    fn on_counter(&mut self, counter: u64) -> HandlerResult<()> {
        // Half-way towards what Bob asks for, as long as there is money.
        self.share = u64::midpoint(self.share, counter + 1).min(self.purse);
        Ok(())
    }
    fn on_accepted(&mut self) -> HandlerResult<()> {
        Ok(())
    }
    fn on_declined(&mut self) -> HandlerResult<()> {
        say("Alice", "A pity.");
        Ok(())
    }
}

/// Would like to read it too. He begins with half of what he has and adds a little each time.
#[derive(Default)]
struct Bob {
    address: &'static str,
    purse: u64,
    offer: u64,
    quote: u64,
    share: u64,
    is_stuck: bool,
    delivery: Option<NaiveDate>,
}

impl two_buyer::Bob for Bob {
    fn on_quote(&mut self, quote: u64) -> HandlerResult<()> {
        self.quote = quote;
        self.offer = self.purse / 2;
        Ok(())
    }
    fn on_share(&mut self, share: u64) -> HandlerResult<()> {
        self.is_stuck = share == self.share && self.quote - share > self.purse;
        self.share = share;
        Ok(())
    }
    fn verdict(&mut self) -> HandlerResult<Verdict> {
        let rest = self.quote - self.share;
        if rest <= self.offer {
            say("Bob", &format!("Then I give {rest}. Send it to {}, please.", self.address));
            return Ok(Verdict::Accept { address: self.address.to_owned() });
        }
        if self.is_stuck {
            say("Bob", "Then it is more than we have. No, thank you.");
            return Ok(Verdict::Decline);
        }
        let counter = self.quote - self.offer;
        say("Bob", &format!("{rest} is too much for me. Could you make it {counter}?"));
        self.offer = (self.offer + 5).min(self.purse);
        Ok(Verdict::Counter(counter))
    }
    fn on_delivery(&mut self, delivery: NaiveDate) -> HandlerResult<()> {
        self.delivery = Some(delivery);
        Ok(())
    }
}

/// Knows the price, and delivers within three days.
struct Seller {
    price: u64,
    today: NaiveDate,
    sold_to: Option<String>,
}

impl two_buyer::Seller for Seller {
    fn on_title(&mut self, title: String) -> HandlerResult<()> {
        say("Seller", &format!("“{title}” costs {}.", self.price));
        Ok(())
    }
    fn quote(&mut self) -> HandlerResult<u64> {
        Ok(self.price)
    }
    fn on_accept(&mut self, address: String) -> HandlerResult<()> {
        self.sold_to = Some(address);
        Ok(())
    }
    fn delivery(&mut self) -> HandlerResult<NaiveDate> {
        let day = self.today + chrono::Days::new(3);
        say("Seller", &format!("It will be there on {}.", day.format("%A, %-d %B %Y")));
        Ok(day)
    }
    fn on_decline(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

fn say(who: &str, words: &str) {
    println!("  {who:>6}: {words}");
}

fn main() -> Result<(), Box<dyn Error>> {
    let today = NaiveDate::from_ymd_opt(2026, 5, 29).ok_or("there is no such day")?;
    for (title, price) in [("A Pattern Language", 95), ("The Domesday Book", 140)] {
        let alice = Alice { title, purse: 60, ..Alice::default() };
        let bob = Bob { address: "Rose Street 7", purse: 50, ..Bob::default() };
        let seller = Seller { price, today, sold_to: None };

        let two_buyer::Roles { alice, bob, seller } =
            two_buyer::Roles { alice, bob, seller }.play()?;
        match (bob.delivery, seller.sold_to) {
            (Some(day), Some(address)) => {
                let (alice, bob) = (alice.share, bob.quote - alice.share);
                println!("Alice paid {alice}, Bob {bob}; the book comes to {address} on {day}.\n");
            }
            _ => println!("Nobody has bought anything.\n"),
        }
    }
    Ok(())
}
