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
    me.ask("tea".to_owned()).await?.price().await?.1.leave().await?.close();
    Ok(())
}

async fn sell(me: shop::Ask) -> Result<(), SessionError> {
    let (_, me) = me.ask().await?;
    match me.price(20).await?.next().await? {
        shop::AnswerBranch::Buy(_, me) => me.close(),
    }
    Ok(())
}

fn main() {}
