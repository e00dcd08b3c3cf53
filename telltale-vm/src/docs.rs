//! The pages of the guide, `docs/`: their examples are compiled and run with the tests of the documentation.
//!
//! `examples/tests/guide.rs` sees to it that no page is missing here. Those about tests are in `telltale-testing`.

#[doc = include_str!("../../docs/README.md")]
mod introduction {}

#[doc = include_str!("../../docs/00_getting_started.md")]
mod getting_started {}

#[doc = include_str!("../../docs/01_language.md")]
mod language {}

#[doc = include_str!("../../docs/02_projection.md")]
mod projection {}

#[doc = include_str!("../../docs/03_designing.md")]
mod designing {}

#[doc = include_str!("../../docs/04_roles_and_errors.md")]
mod roles_and_errors {}

#[doc = include_str!("../../docs/05_many_sessions.md")]
mod many_sessions {}

#[doc = include_str!("../../docs/07_servers.md")]
mod servers {}

#[doc = include_str!("../../docs/08_words.md")]
mod words {}

#[cfg(feature = "serde")]
#[doc = include_str!("../../docs/20_images_from_outside.md")]
mod images_from_outside {}

#[doc = include_str!("../../docs/09_vm_overview.md")]
mod overview {}

#[doc = include_str!("../../docs/10_bytecode_instructions.md")]
mod instructions {}

#[doc = include_str!("../../docs/11_vm_scheduling.md")]
mod scheduling {}

#[doc = include_str!("../../docs/12_session_lifecycle.md")]
mod lifecycle {}

#[doc = include_str!("../../docs/13_effects.md")]
mod effects {}

#[doc = include_str!("../../docs/14_parts.md")]
mod parts {}

#[cfg(feature = "serde")]
#[doc = include_str!("../../docs/16_snapshots.md")]
mod snapshots {}

#[doc = include_str!("../../docs/performance.md")]
mod performance {}

/// The README says what is printed when a role gives up:
///
/// ```
/// # use telltale_vm::{HandlerResult, choreography};
/// # choreography! {
/// #     pub protocol Purchase(Customer, Shop) {
/// #         Customer -> Shop: Ask(String);
/// #         Shop -> Customer: Price(u64);
/// #     }
/// # }
/// # struct Customer;
/// # impl purchase::Customer for Customer {
/// #     fn ask(&mut self) -> HandlerResult<String> {
/// #         Ok("a teapot".to_owned())
/// #     }
/// #     fn on_price(&mut self, _: u64) -> HandlerResult<()> {
/// #         Ok(())
/// #     }
/// # }
/// # struct Shop;
/// # impl purchase::Shop for Shop {
/// #     fn on_ask(&mut self, _: String) -> HandlerResult<()> {
/// #         Ok(())
/// #     }
/// #     fn price(&mut self) -> HandlerResult<u64> {
/// #         Err("the price list is empty".into())
/// #     }
/// # }
/// # fn main() {
/// const README: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md"));
///
/// let error = purchase::Roles { customer: Customer, shop: Shop }.play().err();
/// let error = error.expect("the shop gives up");
/// assert!(README.contains(&format!("\nError: {error:?}\n")), "the README does not say {error}");
/// # }
/// ```
mod readme {}

/// The tables of faults and errors say what is printed, for every cause and error below:
///
/// ```
/// # use std::sync::Arc;
/// use telltale_vm::{Cause, Fault, HandlerError, Kind, SessionError, VM, VMConfig, VMError};
/// # use telltale_types::{GlobalTerm, Label};
/// # use telltale_vm::loader::CodeImage;
///
/// const INSTRUCTIONS: &str =
///     include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/10_bytecode_instructions.md"));
/// const LIFECYCLE: &str =
///     include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/12_session_lifecycle.md"));
///
/// /// There is a row of this name, and it says what is printed.
/// fn check(page: &str, name: &str, text: &str) {
///     let row = (format!("| `{name}` |"), format!("| `` {text} `` |"));
///     let is_there = |line: &str| line.starts_with(&row.0) && line.contains(&row.1);
///     assert!(page.lines().any(is_there), "no row says that `{name}` prints {text}");
/// }
///
/// let text = |text: &str| text.to_owned();
/// let ping = || text("Ping(u64)");
/// let (alice, bob) = (|| text("Alice"), || text("Bob"));
/// let waiting = text("`Alice` waits for `Bob`, `Bob` waits for `Alice`");
/// let limit = VMError::TooManySessions { limit: 8 };
/// for cause in [
///     Cause::Handler(HandlerError::msg("no book of this title")),
///     Cause::Panicked { message: text("attempt to subtract with overflow") },
///     Cause::WrongPayload { label: text("Ping"), expected: text("u64"), found: text("`true`, a bool") },
///     Cause::NoSuchBranch { picked: 2, branches: 2 },
///     Cause::UnexpectedMessage { from: alice(), found: text("Pong"), expected: text("`Ping(u64)`") },
///     Cause::ChannelFull { label: ping(), to: bob(), capacity: 4 },
///     Cause::LeftOver { from: alice(), to: bob(), label: ping() },
///     Cause::WrongDelivery { expected: text("message 1 to `Bob`"), found: text("message 2, `Ping(u64)`") },
///     Cause::Stuck { waiting },
///     Cause::NotAllowed { expected: text("`Bob!Ping`"), found: text("halt") },
///     Cause::EmptyRegister { register: 0 },
///     Cause::NotAnEndpoint { register: 0, found: Kind::Uint },
///     Cause::SessionEnded { register: 0 },
///     Cause::EndpointToHandler { what: text("Seat(Endpoint)") },
///     Cause::ImageNotProvided { name: text("Ping") },
///     Cause::CannotOpen(Box::new(limit.clone())),
///     Cause::OutOfProgram,
///     Cause::BadInstruction,
/// ] {
///     let name = format!("{cause:?}");
///     let name = name.split(['(', ' ']).next().expect("the name of a variant");
///     check(INSTRUCTIONS, name, &cause.to_string());
/// }
///
/// let global = GlobalTerm::send("Alice", "Bob", Label::new("Ping"), GlobalTerm::end()).close()?;
/// let locals = telltale_theory::project_all(&global)?.into_iter().collect();
/// let image = CodeImage::from_local_types(&locals, &global);
/// let session = VM::new(VMConfig::default()).load_choreography(&image)?;
/// let fault = Arc::new(Fault {
///     role: Some(alice()),
///     lane: 0,
///     instruction: None,
///     cause: Cause::OutOfProgram,
/// });
/// let late = SessionError::Cancelled { reason: "it is late".into() };
/// for (name, error) in [
///     ("ForeignSession", VMError::ForeignSession { session }),
///     ("StaleSession", VMError::StaleSession { session }),
///     ("StillRunning", VMError::StillRunning { session, state: text("`Alice` can act") }),
///     ("Incomplete", VMError::Incomplete { session, error: late }),
///     ("RolesTaken", VMError::RolesTaken { session }),
///     ("NoHandler", VMError::NoHandler { role: alice() }),
///     ("NoEndpoint", VMError::NoEndpoint),
///     ("HostBusy", VMError::HostBusy),
///     ("FromOutside", VMError::FromOutside { role: alice() }),
///     ("OutsideByHand", VMError::OutsideByHand { role: alice() }),
///     ("SeveralEndpoints", VMError::SeveralEndpoints { role: alice() }),
///     ("Detached", VMError::Detached { session }),
///     ("NotAttached", VMError::NotAttached { session }),
///     ("CannotAttach", VMError::CannotAttach { session, why: "it has its role objects" }),
///     ("TooManySessions", limit),
///     ("TooManyCoroutines", VMError::TooManyCoroutines { given: 3, open: 7, limit: 8 }),
///     ("TooManyRegisters", VMError::TooManyRegisters { given: 16, limit: 8 }),
///     ("TooManyImages", VMError::TooManyImages { limit: 8 }),
///     ("NotInProtocol", VMError::NotInProtocol { session, what: text("role `Carol`") }),
///     ("ChannelFull", VMError::ChannelFull { capacity: 4 }),
///     ("NotPending", VMError::NotPending { session, role: alice() }),
///     ("MachineGone", VMError::MachineGone),
///     ("NotHere", VMError::NotHere { session }),
///     ("Faulted", VMError::Faulted { count: 2, session, fault }),
/// ] {
///     check(LIFECYCLE, name, &error.to_string());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
mod tables {}
