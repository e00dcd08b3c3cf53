//! One protocol, played by async code.

use telltale_net::Host;
use telltale_vm::{SessionError, choreography};

choreography! {
    #[endpoints]
    pub protocol Purchase(Customer, Shop) {
        Customer -> Shop: Ask(String);
        Shop -> Customer: Price(u64);
        choice Answer at Customer {
            Customer -> Shop: Buy(String);
            Shop -> Customer: Parcel(String);
        } or {
            Customer -> Shop: Leave;
        }
    }
}

use purchase::{customer, shop};

async fn buy(me: customer::Ask, limit: u64) -> Result<Option<String>, SessionError> {
    let me = me.ask("tea".to_owned()).await?;
    let (price, me) = me.price().await?;
    if price > limit {
        me.leave().await?.close();
        return Ok(None);
    }
    let me = me.buy("12 High Street".to_owned()).await?;
    let (parcel, me) = me.parcel().await?;
    me.close();
    Ok(Some(parcel))
}

async fn sell(me: shop::Ask) -> Result<(), SessionError> {
    let (what, me) = me.ask().await?;
    let me = me.price(20).await?;
    match me.next().await? {
        shop::AnswerBranch::Buy(address, me) => {
            me.parcel(format!("{what} for {address}")).await?.close();
        }
        shop::AnswerBranch::Leave(me) => me.close(),
    }
    Ok(())
}

#[test]
fn two_threads() {
    let host = Host::new();
    for limit in [10, 30] {
        let purchase::Endpoints { customer, shop } =
            purchase::endpoints(&host).expect("there is room");
        let shop = std::thread::spawn(|| pollster::block_on(sell(shop)));
        let parcel = pollster::block_on(buy(customer, limit)).expect("nobody gives up");
        assert_eq!(parcel.as_deref(), (limit > 20).then_some("tea for 12 High Street"));
        shop.join().expect("no panic").expect("nobody gives up");
        assert_eq!(host.open_sessions(), 0);
    }
}
