#![deny(warnings, missing_docs)]
#![forbid(unsafe_code)]

//! Endpoints of a protocol in which much is called like something that is generated.

use telltale_vm::{SessionError, choreography};

/// A payload that is called like a state.
#[derive(Debug)]
pub struct Price(pub u64);

choreography! {
    /// Names that collide.
    #[endpoints]
    pub protocol Purchase(Customer, Shop) {
        Customer -> Shop: Ready(String);
        Shop -> Customer: Price(Price);
        Shop -> Customer: Next { me: u8, next: Vec<Price> };
        loop {
            choice Branch at Customer {
                Customer -> Shop: End;
                break;
            } or {
                Customer -> Shop: Close(self::Price, u8);
                Shop -> Customer: Ok;
            } or {
                Customer -> Shop: Type { r#type: Result<u8, String> };
            }
        }
        Customer -> Shop: End;
    }

    /// Branches that only their receiver or sender tells apart.
    #[endpoints]
    pub protocol Same(A, B, C) {
        choice First at A {
            A -> B: Go(u8);
            A -> C: Stop;
            B -> C: Go(u8);
        } or {
            A -> C: Go(u8);
            A -> B: Stop;
        }
        #[state(Waiting)]
        choice Last at C {
            C -> A, B: Go(u8);
        } or {
            C -> A, B: Stop;
        }
    }
}

use purchase::{customer, shop};

/// Plays the customer.
///
/// # Errors
///
/// When the shop gives up.
pub async fn buy(mut me: customer::Ready) -> Result<(), SessionError> {
    let mut next = me.ready("tea".to_owned()).await?;
    next.ready().await?;
    let (price, next) = next.price().await?;
    let ((_, _), next) = next.next().await?;
    me = customer_again(next.close((price, 1)).await?.ok().await?.r#type(Ok(1)).await?).await?;
    drop(me);
    Ok(())
}

async fn customer_again(me: customer::Branch) -> Result<customer::Ready, SessionError> {
    me.end().await?.end().await?.close();
    Err(SessionError::Closed)
}

/// Plays the shop.
///
/// # Errors
///
/// When the customer gives up.
pub async fn sell(me: shop::Ready) -> Result<(), SessionError> {
    let (_, me) = me.ready().await?;
    let mut me = me.price(Price(1)).await?.next(1, Vec::new()).await?;
    loop {
        match me.next().await? {
            shop::BranchBranch::End(next) => {
                next.end().await?.close();
                return Ok(());
            }
            shop::BranchBranch::Close(Price(_), _, next) => me = next.ok().await?,
            shop::BranchBranch::Type { r#type: _, me: next } => me = next,
        }
    }
}

/// Plays `A`.
///
/// # Errors
///
/// When another gives up.
pub async fn a(me: same::a::First) -> Result<(), SessionError> {
    match me.go_to_b(1).await?.stop().await?.next().await? {
        same::a::WaitingBranch::Go(_, me) | same::a::WaitingBranch::Stop(me) => me.close(),
    }
    Ok(())
}

fn main() {}
