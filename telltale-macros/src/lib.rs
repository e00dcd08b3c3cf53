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
/// - `IMAGE`, the protocol as bytecode, in the read-only data of your binary;
/// - a trait for each role: a method for each message that the role sends (it gives the payload) or
///   receives (`on_…`, it takes the payload), and one for each choice that it makes;
/// - an enum for each choice, with one variant for each branch, carrying that branch's first payload;
/// - a struct for each message with named fields that is sent outside of choices;
/// - `open`, which starts a session with one object per role, `open_detached` for those who do not
///   ask how it ends, and `Session` and `Ended`, which give the objects back.
///
/// A protocol that some role cannot play is a compile error that shows the run that goes wrong.
///
/// ```
/// use telltale_vm::{HandlerResult, NoHandler, VM, VMConfig, choreography};
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
///     let mut vm = VM::new(VMConfig::default());
///     let session = price::Roles { bob: Bob(None), seller: Seller }.open(&mut vm)?;
///     vm.run(&NoHandler, 100)?;
///     assert_eq!(session.take(&mut vm)?.bob.0, Some(40));
///     Ok(())
/// }
/// ```
///
/// The module that is generated for this one:
///
/// ```text
/// pub mod price {
///     pub static IMAGE: CodeImage;
///     pub enum Role { Bob, Seller }
///     pub trait Bob: Send + 'static {
///         fn on_quote(&mut self, quote: u64) -> HandlerResult<()>;
///         fn choose(&mut self) -> HandlerResult<BobChoice>;
///     }
///     pub trait Seller: Send + 'static {
///         fn quote(&mut self) -> HandlerResult<u64>;
///         fn on_ask(&mut self, ask: String) -> HandlerResult<()>;
///         fn on_leave(&mut self) -> HandlerResult<()>;
///     }
///     pub enum BobChoice { Ask(String), Leave }
///     pub fn open(host, bob: impl Bob, seller: impl Seller) -> Result<Session<…>, VMError>;
/// }
/// ```
///
/// In front of a protocol there can be:
///
/// - `///`, which is copied to what is generated, as it is in front of roles, messages, choices and branches;
/// - `#[allow(silent_end)]`, when a role may be left waiting for a message that does not come;
/// - `#[telltale(crate = path)]`, when `telltale_vm` has another name or is reached through another crate;
/// - `#[serde]`, which is accepted and changes nothing so far.
///
/// Protocols stand at the level of a module, beside the functions that use them: what is local to a
/// function cannot be seen from the generated module.
#[proc_macro]
pub fn choreography(tokens: TokenStream) -> TokenStream {
    expand::expand(tokens.into()).into()
}
