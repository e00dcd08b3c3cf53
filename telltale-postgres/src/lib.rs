//! Takes the steps of services; keeps their sessions in PostgreSQL: the engine of [`telltale_net`] for many processes and machines.
//!
//! What a service is, and what it may rely on, is said there. A step of a part is a transaction here: one row for what a part has come to, and one
//! for each message on its way. Inserting a message is delivering it.
//!
//! ```no_run
//! use telltale_net::Start;
//! use telltale_postgres::Postgres;
//! # telltale_vm::choreography! { #[serde] pub protocol Purchase(Customer, Shop) { Customer -> Shop: Ask(String); } }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Postgres::connect("postgres://shop@db.example/orders")?;
//! engine.migrate().await?;
//! Start::of(&purchase::IMAGE).called("order-17").on(&engine).await?;
//! # Ok(())
//! # }
//! ```
//!
//! It is made for tokio, on whose timers and tasks it waits. Everything that it does is a function of the schema `telltale`, whose text is in
//! `migrations/`: one statement, which is one transaction, so there is nothing that a connection could be left in the middle of.

mod claim;
mod commit;
mod counters;
mod database;
#[cfg(doctest)]
mod docs;
mod engine;
mod health;
mod listen;
mod look;
mod refusal;
mod rights;
mod schema;

pub use counters::Counters;
pub use engine::{Postgres, PostgresClaim, PostgresConfig};
pub use rights::Rights;
