#![deny(unused)]
use telltale_vm::{SessionError, choreography};

choreography! {
    #[endpoints]
    pub protocol Purchase(Customer, Shop) {
        Customer -> Shop: Ask(String);
        Shop -> Customer: Price(u64);
        choice Answer at Customer {
            Customer -> Shop: Buy(String);
        } or {
            Customer -> Shop: Leave;
        }
    }
}

use purchase::{customer, shop};

pub async fn buy(me: customer::Ask) -> Result<(), SessionError> {
    let (price, me) = me.ask("tea".to_owned()).await?.price().await?;
    if price > 20 {
        return Ok(());
    }
    me.buy("12 High Street".to_owned());
    Ok(())
}

pub async fn sell(me: shop::Ask) -> Result<(), SessionError> {
    let (_, me) = me.ask().await?;
    me.price(20).await?;
    Ok(())
}

fn main() {}
