//! Takes a choreography as tokens; gives Rust items: per protocol a module with its image, a trait
//! for each role and a function that opens sessions.
//!
//! This crate is a shell. What the language is stands in `telltale-syntax`, what is sound in
//! `telltale-theory`, what runs in `telltale-bytecode`; here is only how it becomes Rust.
//!
//! Use it through `telltale-vm`, which re-exports it and which the generated code speaks of.

mod emit;
mod expand;
mod mend;

use proc_macro::TokenStream;

/// Protocols between several roles, checked while your program is compiled.
///
/// For each protocol it generates a module, named like the protocol in snake case, with:
///
/// - a trait for each role, its methods in the order of the protocol: one for each message that the role sends (it gives
///   the payload) or receives (`on_…`, it takes the payload), and one for each choice that it makes;
/// - an enum for each choice, with one variant for each branch, carrying that branch's first payload;
/// - a struct for each message with named fields that is sent outside of choices;
/// - `Roles`, with one object for each role by name: `Roles { … }.play()?` runs one session to its end and gives the
///   objects back, `Roles { … }.open(&mut vm)?` opens one in a VM;
/// - `Role`, the names of the roles, and `IMAGE`, the protocol as bytecode, in the read-only data of your binary.
///
/// A protocol that some role cannot play is a compile error that shows the run that goes wrong.
///
/// ```
/// use telltale_vm::{HandlerResult, choreography};
///
/// choreography! {
///     /// Bob may ask once.
///     pub protocol Price(Bob, Seller) {
///         choice at Bob {
///             Bob -> Seller: Ask(String);
///             Seller -> Bob: Quote(u64);
///         } or {
///             Bob -> Seller: Leave;
///         }
///     }
/// }
///
/// struct Bob(Option<u64>);
///
/// impl price::Bob for Bob {
///     fn choose(&mut self) -> HandlerResult<price::BobChoice> {
///         Ok(price::BobChoice::Ask("A Pattern Language".to_owned()))
///     }
///     fn on_quote(&mut self, quote: u64) -> HandlerResult<()> {
///         self.0 = Some(quote);
///         Ok(())
///     }
/// }
///
/// struct Seller;
///
/// impl price::Seller for Seller {
///     fn on_ask(&mut self, ask: String) -> HandlerResult<()> {
///         println!("how much is {ask}?");
///         Ok(())
///     }
///     fn quote(&mut self) -> HandlerResult<u64> {
///         Ok(40)
///     }
///     fn on_leave(&mut self) -> HandlerResult<()> {
///         Ok(())
///     }
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let roles = price::Roles { bob: Bob(None), seller: Seller }.play()?;
///     assert_eq!(roles.bob.0, Some(40));
///     Ok(())
/// }
/// ```
///
/// The module that is generated for this one:
///
/// ```text
/// pub mod price {
///     pub trait Bob: Send {
///         fn choose(&mut self) -> HandlerResult<BobChoice>;
///         fn on_quote(&mut self, quote: u64) -> HandlerResult<()>;
///     }
///     pub trait Seller: Send {
///         fn on_ask(&mut self, ask: String) -> HandlerResult<()>;
///         fn quote(&mut self) -> HandlerResult<u64>;
///         fn on_leave(&mut self) -> HandlerResult<()>;
///     }
///     pub enum BobChoice { Ask(String), Leave }
///     pub struct Roles<Bob, Seller> { pub bob: Bob, pub seller: Seller }
///     impl<Bob: self::Bob, Seller: self::Seller> Roles<Bob, Seller> {
///         pub fn play(self) -> Result<Self, PlayError<Self>>;
///         pub fn play_with(self, handler: &dyn EffectHandler) -> Result<Self, PlayError<Self>>;
///         pub fn open(self, vm: &mut VM) -> Result<Session<Self>, VMError>;
///         pub fn open_detached(self, vm: &mut VM) -> Result<SessionId, VMError>;
///     }
///     pub enum Role { Bob, Seller }
///     pub static IMAGE: CodeImage;
/// }
/// ```
///
/// In front of a protocol there can be:
///
/// - `///`, which is copied to what is generated, as it is in front of roles, messages, choices and branches;
/// - `#[endpoints]`, for roles that are played as async code, state by state (see the crate `telltale-net`), and, in front of a
///   message or a choice, `#[state(Name)]`, which names the state in which it comes next;
/// - `#[allow(silent_end)]`, when a role may be left waiting for a message that does not come;
/// - `#[derive(…)]`, for the enums and structs that are generated; it can stand in front of a choice or a message as well.
///   `Debug` is there in any case;
/// - `#[telltale(crate = path)]`, when `telltale_vm` has another name or is reached through another crate;
/// - `#[serde]`, when payloads are to be written down: as JSON, or with `#[serde(codec = path)]` as that codec does it. Every payload type has
///   to be `Serialize` and `Deserialize` then. `#[serde(version = 2)]` says that what is behind their names has changed.
///
/// Protocols stand at the level of a module, beside the functions that use them: what is local to a
/// function cannot be seen from the generated module.
#[proc_macro]
pub fn choreography(tokens: TokenStream) -> TokenStream {
    expand::expand(tokens.into()).into()
}
