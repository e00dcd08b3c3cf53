//! The program of the README: three roles, one choice, and nobody is left waiting.
//!
//! ```text
//! cargo run --example purchase
//! ```

use std::error::Error;

use telltale_vm::{HandlerResult, choreography};

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

use purchase::Answer;

struct Customer {
    wants: &'static str,
    money: u64,
    price: u64,
    parcel: Option<u32>,
}

impl purchase::Customer for Customer {
    fn ask(&mut self) -> HandlerResult<String> {
        Ok(self.wants.to_owned())
    }
    fn on_price(&mut self, price: u64) -> HandlerResult<()> {
        self.price = price;
        Ok(())
    }
    fn answer(&mut self) -> HandlerResult<Answer> {
        if self.price > self.money {
            return Ok(Answer::Leave);
        }
        Ok(Answer::Buy { address: "Rose Street 7".to_owned() })
    }
    fn on_parcel(&mut self, parcel: u32) -> HandlerResult<()> {
        self.parcel = Some(parcel);
        Ok(())
    }
}

struct Shop {
    asked_for: String,
    address: String,
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

struct Warehouse {
    next_parcel: u32,
}

impl purchase::Warehouse for Warehouse {
    fn on_pack(&mut self, pack: String) -> HandlerResult<()> {
        println!("The warehouse packs {pack}.");
        Ok(())
    }
    fn parcel(&mut self) -> HandlerResult<u32> {
        Ok(self.next_parcel)
    }
    fn on_rest(&mut self) -> HandlerResult<()> {
        println!("The warehouse has nothing to do.");
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    for wants in ["a teapot", "a piano"] {
        let customer = Customer { wants, money: 30, price: 0, parcel: None };
        let shop = Shop { asked_for: String::new(), address: String::new() };
        let warehouse = Warehouse { next_parcel: 4711 };

        let roles = purchase::Roles { customer, shop, warehouse }.play()?;
        match roles.customer.parcel {
            Some(parcel) => println!("The customer has {wants}, in parcel {parcel}."),
            None => println!("The customer has left without {wants}."),
        }
    }
    Ok(())
}
