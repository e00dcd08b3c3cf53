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

async fn buy(me: customer::Ask) -> Result<(), SessionError> {
    let first = me.ask("tea".to_owned()).await?;
    let second = me.ask("coffee".to_owned()).await?;
    first.price().await?.1.leave().await?.close();
    second.price().await?.1.leave().await?.close();
    Ok(())
}

async fn sell(me: shop::Ask) -> Result<(), SessionError> {
    let (_, me) = me.ask().await?;
    me.price(20).await?.next().await.map(drop)
}

fn main() {}
