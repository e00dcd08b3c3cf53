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
    let me = me.ask("tea".to_owned()).await?;
    me.leave().await?.close();
    Ok(())
}

async fn sell(me: shop::Ask) -> Result<(), SessionError> {
    let me = me.price(20).await?;
    me.next().await.map(drop)
}

fn main() {}
