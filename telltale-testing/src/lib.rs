//! Takes role objects of a protocol; gives them peers that do what a test says, or anything that the protocol allows, in every
//! order and over networks that lose messages.
//!
//! # Why
//!
//! The compiler has checked the protocol, so a role never gets a message that it does not expect, and never waits for one
//! that nobody sends. What it cannot check is what a role *does*: whether the shop charges what it said, what it
//! makes of an address that is empty, whether it minds that the warehouse is slow. To find that out, the role needs
//! peers, and writing an object for each of them, for each test, is tedious. And as roles run side by side, a
//! test that has passed once may have been lucky.
//!
//! | to see | use |
//! |---|---|
//! | what one role does in a situation that you have in mind | [`Script`] |
//! | what it does in situations that nobody had in mind | [`Random`], [`for_every_seed`] |
//! | that it does not matter who acts when | [`for_every_schedule`], [`Schedules`] |
//! | what becomes of it when a message is late or never comes | [`delay_each_message`], [`lose_each_message`] |
//! | that it still does what it did in a session that was recorded | `replay` |
//! | which messages, branches and ends of the protocol the tests have come to | `Coverage` |
//! | whether what has been logged somewhere is what the protocol says | [`Monitor`], `json_lines` |
//! | whether programs that are released can be played with what is written now | `Lock` |
//!
//! # A role under test
//!
//! This is the shop of the README, and all that is tested of it. The other roles are
//! [`ByHandler`](const@telltale_vm::ByHandler): the handler plays them.
//!
//! ```
//! use telltale_testing::{Random, Script, for_every_schedule, for_every_seed, lose_each_message};
//! use telltale_vm::{ByHandler, HandlerResult, choreography};
//!
//! choreography! {
//!     /// A customer asks for a price, and buys or leaves.
//!     pub protocol Purchase(Customer, Shop, Warehouse) {
//!         Customer -> Shop: Ask(String);
//!         Shop -> Customer: Price(u64);
//!         choice Answer at Customer {
//!             Customer -> Shop: Buy { address: String };
//!             Shop -> Warehouse: Pack(String);
//!             Warehouse -> Customer: Parcel(u32);
//!         } or {
//!             Customer -> Shop: Leave;
//!             Shop -> Warehouse: Rest;
//!         }
//!     }
//! }
//!
//! #[derive(Default)]
//! struct Shop {
//!     asked_for: String,
//!     address: String,
//! }
//!
//! impl purchase::Shop for Shop {
//!     fn on_ask(&mut self, ask: String) -> HandlerResult<()> {
//!         self.asked_for = ask;
//!         Ok(())
//!     }
//!     fn price(&mut self) -> HandlerResult<u64> {
//!         Ok(if self.asked_for == "a teapot" { 25 } else { 1_000 })
//!     }
//!     fn on_buy(&mut self, address: String) -> HandlerResult<()> {
//!         self.address = address;
//!         Ok(())
//!     }
//!     fn pack(&mut self) -> HandlerResult<String> {
//!         Ok(format!("{} for {}", self.asked_for, self.address))
//!     }
//!     fn on_leave(&mut self) -> HandlerResult<()> {
//!         Ok(())
//!     }
//! }
//!
//! fn roles() -> purchase::Roles<ByHandler, Shop, ByHandler> {
//!     purchase::Roles { customer: ByHandler, shop: Shop::default(), warehouse: ByHandler }
//! }
//!
//! /// The lines of a role come in its order; different roles are independent.
//! fn somebody_buys_a_teapot() -> Script {
//!     Script::new()
//!         .send("Customer", "Ask", "a teapot")
//!         .expect("Customer", "Price", 25)
//!         .choose("Customer", "Buy", "Rose Street 7")
//!         .expect("Warehouse", "Pack", "a teapot for Rose Street 7")
//!         .send("Warehouse", "Parcel", 4711)
//!         .expect("Customer", "Parcel", 4711)
//! }
//!
//! // #[test]
//! fn a_teapot_is_sold() -> Result<(), Box<dyn std::error::Error>> {
//!     let script = somebody_buys_a_teapot();
//!     let roles = roles().play_with(&script)?;
//!     script.finish()?;
//!     assert_eq!(roles.shop.address, "Rose Street 7");
//!     Ok(())
//! }
//!
//! // #[test]
//! fn whatever_customers_say() {
//!     for_every_seed(200, |seed| {
//!         roles().play_with(&Random::new(seed))?;
//!         Ok(())
//!     });
//! }
//!
//! // #[test]
//! fn in_whatever_order() {
//!     let address = for_every_schedule(|vm| {
//!         let script = somebody_buys_a_teapot();
//!         let session = roles().open(vm)?;
//!         vm.run(&script)?;
//!         script.finish()?;
//!         Ok(session.into_roles(vm)?.shop.address)
//!     });
//!     assert_eq!(address, "Rose Street 7");
//! }
//!
//! // #[test]
//! fn whatever_is_lost() {
//!     let runs = lose_each_message(|vm| {
//!         let session = roles().open(vm)?;
//!         vm.run(&somebody_buys_a_teapot())?;
//!         session.into_roles(vm)?;
//!         Ok(())
//!     });
//!     for run in &runs {
//!         assert_eq!(run.panic(), None, "{run}");
//!     }
//!     assert_eq!(
//!         runs[0].fate().to_string(),
//!         "is stuck: `Customer` waits for `Shop`, `Shop` waits for `Customer`, `Warehouse` waits for `Shop`"
//!     );
//! }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! #     whatever_customers_say();
//! #     in_whatever_order();
//! #     whatever_is_lost();
//! #     a_teapot_is_sold()
//! # }
//! ```
//!
//! When something is not as it should be, the message says what, and where to look. If the teapot costs 30:
//!
//! ```text
//! expected `Customer` to receive `Price` with 25 (tests/shop.rs:57:10), but it received `Price` with 30
//! ```
//!
//! # Replaying
//!
//! Nothing here depends on time or on the machine. A failure names the seed or prints the schedule with which it
//! happens again: `TELLTALE_SEED=17 cargo test`, `Schedules::only(Schedule { … })`.
//!
//! # Features
//!
//! - `coverage` (default): `Coverage`, with lines of sources and pictures.
//! - `files` (default): `replay`, `Lock` and `json_lines`, for what is kept in files.
//! - `proptest`: `strategy` makes payloads from the strategies of [`proptest`](https://docs.rs/proptest).
//!
//! What this crate does not do: it does not look for all behaviours of a protocol (that it has none that go wrong has been
//! checked), and it does not shrink what it finds.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "coverage")]
mod coverage;
#[cfg(doctest)]
mod docs;
mod failure;
#[cfg(feature = "files")]
mod lock;
mod machine;
mod messages;
mod network;
mod payload;
mod random;
#[cfg(feature = "files")]
mod replay;
mod schedule;
mod script;
mod spelling;

#[cfg(feature = "coverage")]
pub use coverage::{Coverage, CoverageError};
pub use failure::Failure;
#[cfg(feature = "files")]
pub use lock::{Break, Lock, LockError};
pub use machine::TestVM;
pub use messages::{Fate, Lost, delay_each_message, lose_each_message};
pub use network::SentMessage;
pub use random::draw::Draw;
#[cfg(feature = "proptest")]
pub use random::strategy;
pub use random::{Random, for_every_seed};
#[cfg(feature = "files")]
pub use replay::{ReplayError, replay};
pub use schedule::{Schedule, Schedules, for_every_schedule};
pub use script::Script;
pub use script::error::ScriptError;
#[cfg(feature = "files")]
pub use telltale_theory::{CompareError, Comparison, compare};
#[cfg(feature = "files")]
pub use telltale_types::json_lines;
pub use telltale_types::{Accepted, EventKind, LineError, LogError, LogEvent, Monitor, Unfit};
#[cfg(feature = "coverage")]
pub use telltale_types::{Covered, RoleCoverage};
