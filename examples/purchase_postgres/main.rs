//! Orders that outlive every shop: a service over PostgreSQL in as many processes as you like, and its customers, who are async code.
//!
//! How to play with it in three terminals is in the [README](README.md) beside this file.
//!
//! ```text
//! cargo run --example purchase_postgres -- shop
//! cargo run --example purchase_postgres -- order tea
//! ```

use std::error::Error;
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde::{Deserialize, Serialize};
use telltale_net::engine::{Ending, Engine as _};
use telltale_net::{Client, Server, Service, Start, Step, Ticket};
use telltale_postgres::Postgres;
use telltale_vm::loader::CodeImage;
use telltale_vm::{Elsewhere, HandlerResult, choreography};

choreography! {
    /// A customer asks for things, and pays for what is cheap enough.
    #[serde]
    #[endpoints]
    pub protocol Purchase(Customer, Shop) {
        Customer -> Shop: Ask(String);
        Shop -> Customer: Price(u64);
        choice Answer at Customer {
            Customer -> Shop: Pay(u64);
            Shop -> Customer: Parcel(String);
        } or {
            Customer -> Shop: Leave;
        }
    }

    /// The next version: one may haggle once.
    #[serde]
    #[endpoints]
    pub protocol Haggle(Customer, Shop) {
        Customer -> Shop: Ask(String);
        Shop -> Customer: Price(u64);
        Customer -> Shop: Offer(u64);
        Shop -> Customer: Price(u64);
        choice Answer at Customer {
            Customer -> Shop: Pay(u64);
            Shop -> Customer: Parcel(String);
        } or {
            Customer -> Shop: Leave;
        }
    }
}

/// How long the shop thinks about a price, so that it can be killed meanwhile.
const THINKING: Duration = Duration::from_secs(3);

/// What the shop knows of an order.
#[derive(Default, Serialize, Deserialize)]
struct Shop {
    what: String,
    offered: Option<u64>,
    has_thought: bool,
    #[serde(skip)]
    step: Option<Step>,
}

impl Shop {
    /// The price, when it has thought about it.
    fn think(&mut self) -> HandlerResult<u64> {
        if !self.has_thought {
            println!("shop: thinking about {}", self.what);
            self.has_thought = true;
            if let Some(step) = &self.step {
                step.ask_again_after(THINKING);
            }
            return Err(telltale_vm::HandlerError::pending());
        }
        let price = self.what.chars().count() as u64 * 10;
        Ok(self.offered.map_or(price, |offered| price.max(offered) - price.abs_diff(offered) / 2))
    }

    fn send(&self) -> String {
        println!("shop: sending {}", self.what);
        format!("a box of {}", self.what)
    }
}

impl purchase::Shop for Shop {
    fn on_ask(&mut self, what: String) -> HandlerResult<()> {
        self.what = what;
        Ok(())
    }
    fn price(&mut self) -> HandlerResult<u64> {
        self.think()
    }
    fn on_pay(&mut self, _: u64) -> HandlerResult<()> {
        Ok(())
    }
    fn parcel(&mut self) -> HandlerResult<String> {
        Ok(self.send())
    }
    fn on_leave(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

impl haggle::Shop for Shop {
    fn on_ask(&mut self, what: String) -> HandlerResult<()> {
        self.what = what;
        Ok(())
    }
    fn price(&mut self) -> HandlerResult<u64> {
        self.think()
    }
    fn on_offer(&mut self, offered: u64) -> HandlerResult<()> {
        self.offered = Some(offered);
        Ok(())
    }
    fn on_pay(&mut self, _: u64) -> HandlerResult<()> {
        Ok(())
    }
    fn parcel(&mut self) -> HandlerResult<String> {
        Ok(self.send())
    }
    fn on_leave(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

/// What a customer pays for a thing at most.
const MOST: u64 = 100;

/// Plays a customer: nothing of that outlives the process, so it is written from the first line to the last.
async fn buy(client: &Client<Postgres>, ticket: &Ticket, what: &str) -> Result<(), Box<dyn Error>> {
    let me = purchase::customer::join(client, ticket).await?;
    let (price, me) = me.ask(what.to_owned()).await?.price().await?;
    if price > MOST {
        me.leave().await?.close();
        return Ok(());
    }
    let (parcel, me) = me.pay(price).await?.parcel().await?;
    me.close();
    println!("customer: {parcel} for {price}");
    Ok(())
}

/// The same in the next version.
async fn haggle(
    client: &Client<Postgres>,
    ticket: &Ticket,
    what: &str,
) -> Result<(), Box<dyn Error>> {
    let me = haggle::customer::join(client, ticket).await?;
    let (price, me) = me.ask(what.to_owned()).await?.price().await?;
    let (price, me) = me.offer(price / 2).await?.price().await?;
    if price > MOST {
        me.leave().await?.close();
        return Ok(());
    }
    let (parcel, me) = me.pay(price).await?.parcel().await?;
    me.close();
    println!("customer: {parcel} for {price}");
    Ok(())
}

/// A service for each version. They differ in their types only.
macro_rules! services {
    ($module:ident, $shops:ident) => {
        struct $shops;

        impl Service for $shops {
            type Roles = $module::Roles<Elsewhere, Shop>;
            type State = Shop;
            fn image(&self) -> &CodeImage {
                &$module::IMAGE
            }
            fn role(&self) -> &'static str {
                "Shop"
            }
            fn restore(&self, step: &Step, state: Option<Shop>) -> Self::Roles {
                let shop = Shop { step: Some(step.clone()), ..state.unwrap_or_default() };
                $module::Roles { customer: Elsewhere, shop }
            }
            fn save(&self, roles: &Self::Roles) -> Shop {
                let Shop { what, offered, has_thought, .. } = &roles.shop;
                let (what, offered, has_thought) = (what.clone(), *offered, *has_thought);
                Shop { what, offered, has_thought, step: None }
            }
        }
    };
}

services!(purchase, Shops);
services!(haggle, HagglingShops);

/// A shop and its customers over PostgreSQL.
#[derive(Parser)]
struct Arguments {
    /// Where the database is
    #[arg(long, env = "DATABASE_URL", default_value = "postgres://postgres@127.0.0.1/postgres")]
    database: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Is a shop for all orders, until it is killed
    Shop {
        /// Also serves those who haggle
        #[arg(long)]
        next: bool,
    },
    /// Orders something, and waits for what comes of it
    Order {
        what: String,
        /// In the next version of the protocol
        #[arg(long)]
        next: bool,
    },
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { database, command } = Arguments::parse();
    let engine = Postgres::connect(&database)?;
    engine.migrate().await?;
    match command {
        Command::Shop { next } => {
            let server = Server::new(engine).serve(Shops);
            let server = if next { server.serve(HagglingShops) } else { server };
            println!("shop: open");
            server.run(tokio::time::sleep, std::future::pending()).await?;
        }
        Command::Order { what, next } => order(engine, &what, next).await?,
    }
    Ok(())
}

/// Starts a session and plays its customer, with the ticket for that.
async fn order(engine: Postgres, what: &str, next: bool) -> Result<(), Box<dyn Error>> {
    let image = if next { &haggle::IMAGE } else { &purchase::IMAGE };
    let start = Start::of(image).within(Duration::from_secs(60)).with_ticket_for("Customer");
    start.on(&engine).await?;
    let ticket = &start.tickets()[0];
    let client = Client::new(engine.clone());
    tokio::spawn(client.run(tokio::time::sleep, std::future::pending()));
    let bought =
        if next { haggle(&client, ticket, what).await } else { buy(&client, ticket, what).await };
    let ending = loop {
        match engine.ending(start.key()).await? {
            Some(ending) => break ending,
            // The shop has still something to do.
            None => drop(bought.as_ref().map_err(ToString::to_string)?),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    match ending {
        Ending::Complete => println!("customer: it is over"),
        ending => println!("customer: {ending}"),
    }
    Ok(())
}
