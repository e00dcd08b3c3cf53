//! Orders that outlive every process: a shop and its customers over PostgreSQL, in as many processes as you like.
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
use telltale_net::{Server, Service, Start, Step};
use telltale_postgres::Postgres;
use telltale_vm::loader::CodeImage;
use telltale_vm::{Elsewhere, HandlerResult, choreography};

choreography! {
    /// A customer asks for things, and pays for what is cheap enough.
    #[serde]
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

/// Whoever orders.
#[derive(Default, Serialize, Deserialize)]
struct Customer {
    what: String,
    price: u64,
}

/// What a customer pays for a thing at most.
const MOST: u64 = 100;

impl purchase::Customer for Customer {
    fn ask(&mut self) -> HandlerResult<String> {
        Ok(self.what.clone())
    }
    fn on_price(&mut self, price: u64) -> HandlerResult<()> {
        self.price = price;
        Ok(())
    }
    fn answer(&mut self) -> HandlerResult<purchase::Answer> {
        Ok(if self.price <= MOST {
            purchase::Answer::Pay(self.price)
        } else {
            purchase::Answer::Leave
        })
    }
    fn on_parcel(&mut self, parcel: String) -> HandlerResult<()> {
        println!("customer: {parcel} for {}", self.price);
        Ok(())
    }
}

impl haggle::Customer for Customer {
    fn ask(&mut self) -> HandlerResult<String> {
        Ok(self.what.clone())
    }
    fn on_price(&mut self, price: u64) -> HandlerResult<()> {
        self.price = price;
        Ok(())
    }
    fn offer(&mut self) -> HandlerResult<u64> {
        Ok(self.price / 2)
    }
    fn answer(&mut self) -> HandlerResult<haggle::Answer> {
        Ok(if self.price <= MOST { haggle::Answer::Pay(self.price) } else { haggle::Answer::Leave })
    }
    fn on_parcel(&mut self, parcel: String) -> HandlerResult<()> {
        println!("customer: {parcel} for {}", self.price);
        Ok(())
    }
}

/// A service for each version and role. They differ in their types only.
macro_rules! services {
    ($module:ident, $shops:ident, $customers:ident) => {
        struct $shops;
        struct $customers(String);

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

        impl Service for $customers {
            type Roles = $module::Roles<Customer, Elsewhere>;
            type State = Customer;
            fn image(&self) -> &CodeImage {
                &$module::IMAGE
            }
            fn role(&self) -> &'static str {
                "Customer"
            }
            fn restore(&self, _: &Step, state: Option<Customer>) -> Self::Roles {
                let new = || Customer { what: self.0.clone(), price: 0 };
                $module::Roles { customer: state.unwrap_or_else(new), shop: Elsewhere }
            }
            fn save(&self, roles: &Self::Roles) -> Customer {
                Customer { what: roles.customer.what.clone(), price: roles.customer.price }
            }
        }
    };
}

services!(purchase, Shops, Customers);
services!(haggle, HagglingShops, HagglingCustomers);

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

/// Starts a session and plays its customer, who has the ticket for that.
async fn order(engine: Postgres, what: &str, next: bool) -> Result<(), Box<dyn Error>> {
    let image = if next { &haggle::IMAGE } else { &purchase::IMAGE };
    let start = Start::of(image).within(Duration::from_secs(60)).with_ticket_for("Customer");
    start.on(&engine).await?;
    let ticket = &start.tickets()[0];
    let server = Server::new(engine.clone());
    let server = if next {
        server.sit(ticket, HagglingCustomers(what.to_owned()))
    } else {
        server.sit(ticket, Customers(what.to_owned()))
    };
    let ending = loop {
        server.step().await?;
        if let Some(ending) = engine.ending(start.key()).await? {
            break ending;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    match ending {
        Ending::Complete => println!("customer: it is over"),
        ending => println!("customer: {ending}"),
    }
    Ok(())
}
