//! Three tasks buy and sell: each role is straight-line code, and its states are types.
//!
//! ```text
//! cargo run --example purchase_async
//! ```

use std::error::Error;
use std::time::Duration;

use telltale_net::Host;
use telltale_vm::{SessionError, choreography};
use tokio::time::sleep;

choreography! {
    /// A customer asks for a price, and buys or leaves.
    #[endpoints]
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

use purchase::{customer, shop, warehouse};

async fn buy(me: customer::Ask, wants: &str, money: u64) -> Result<(), SessionError> {
    let me = me.ask(wants.to_owned()).await?;
    let (price, me) = me.price().await?;
    if price > money {
        println!("customer: {price} is too much for {wants}");
        me.leave().await?.close();
        return Ok(());
    }
    let (parcel, me) = me.buy("Rose Street 7".to_owned()).await?.parcel().await?;
    println!("customer: parcel {parcel} has come");
    me.close();
    Ok(())
}

async fn sell(me: shop::Ask) -> Result<(), SessionError> {
    let (what, me) = me.ask().await?;
    // A shop looks its prices up, and nobody is held up by that.
    sleep(Duration::from_millis(10)).await;
    let price = if what == "a teapot" { 25 } else { 1_000 };
    match me.price(price).await?.next().await? {
        shop::AnswerBranch::Buy { address, me } => {
            me.pack(format!("{what} for {address}")).await?.close();
        }
        shop::AnswerBranch::Leave(me) => me.rest().await?.close(),
    }
    Ok(())
}

async fn pack(me: warehouse::Answer, is_open: bool) -> Result<(), SessionError> {
    if !is_open {
        // Whoever drops its endpoint ends the session, and the others are told.
        return Ok(());
    }
    match me.next().await? {
        warehouse::AnswerBranch::Pack(what, me) => {
            println!("warehouse: packs {what}");
            me.parcel(1).await?.close();
        }
        warehouse::AnswerBranch::Rest(me) => me.close(),
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let host = Host::new();
    for (wants, is_open) in [("a teapot", true), ("a yacht", true), ("a teapot", false)] {
        let roles = purchase::endpoints(&host)?;
        let shop = tokio::spawn(sell(roles.shop));
        let warehouse = tokio::spawn(pack(roles.warehouse, is_open));
        if let Err(error) = buy(roles.customer, wants, 100).await {
            println!("customer: {error}");
        }
        if let Err(error) = shop.await? {
            println!("shop: {error}");
        }
        warehouse.await??;
    }
    Ok(())
}
