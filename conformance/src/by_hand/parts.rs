//! The protocols that random programs are written for, and those that they open.

use std::sync::LazyLock;

use telltale_types::{GlobalType, Names};
use telltale_vm::loader::CodeImage;

use crate::image::images;

/// One of each kind: with one message, with endpoints on their way, with choices of one and of
/// several senders, with an end and without.
const TEXT: &str = "
    protocol Ping(X, Y) { X -> Y: Ping; }
    protocol Carry(X, Y) { X -> Y: Carry(Any); }
    protocol Seats(X, Y) { X -> Y: Seat(Endpoint); Y -> X: Back(Endpoint); }
    protocol Stream(X, Y) {
        loop { choice at X { X -> Y: More(Any); } or { X -> Y: Stop; break; } }
    }
    protocol Relay(X, Y, Z) {
        choice at X { X -> Y: Number(u64); Y -> Z: Number(u64); }
        or { X -> Y: Thing(Any); Y -> Z: Thing(Any); }
    }
    protocol Either(X, Y, Z) {
        choice at X { X -> Y: Go; Y -> Z: Done(Any); } or { X -> Y: Stay; X -> Z: Here(Any); }
    }
    protocol Endless(X, Y) { loop { X -> Y: Tick(u64); Y -> X: Tock(Any); } }
    protocol Crossing(X, Y) { X -> Y: There(Any); Y -> X: Text(String); X -> Y: Again(Any); }
";

/// The images of all of them, then one without roles and one without messages.
pub static PARTS: LazyLock<Vec<CodeImage>> = LazyLock::new(|| {
    let others = images(TEXT).into_iter();
    let others = others.map(|(name, image)| image.unwrap_or_else(|| panic!("{name} is refused")));
    others.chain([silent(&[]), silent(&ROLES)]).collect()
});

/// What the parts are called, in their order.
pub const NAMES: [&str; 10] = [
    "Ping", "Carry", "Seats", "Stream", "Relay", "Either", "Endless", "Crossing", "Nobody",
    "Silent",
];

/// Nobody says anything.
fn silent(roles: &[&str]) -> CodeImage {
    let names = Names::new(roles, []).expect("distinct names");
    let global = GlobalType::new(names, vec![Vec::new()]).expect("a protocol");
    let locals = telltale_theory::project_all(&global).expect("nothing can go wrong");
    CodeImage::from_local_types(&locals.into_iter().collect(), &global)
}

/// The part with one message without payload.
pub const PING: usize = 0;

/// The part with one message that carries anything.
pub const CARRY: usize = 1;

/// The parts on whose messages endpoints can be handed on.
pub const MOVES: [usize; 3] = [CARRY, 2, 7];

/// The part with all roles and no messages.
pub const SILENT: usize = 9;

/// The part that has no end.
pub const ENDLESS: usize = 6;

/// What the roles of all of them are called.
pub const ROLES: [&str; 3] = ["X", "Y", "Z"];

/// The protocol of those who do nothing wrong.
pub static GAME: LazyLock<CodeImage> = LazyLock::new(|| {
    let text = "protocol Game(Ping, Pong) {
        loop {
            choice at Ping { Ping -> Pong: Ball(u64); Pong -> Ping: Ball(u64); }
            or { Ping -> Pong: Over(Box<str>); break; }
        }
    }";
    images(text).remove(0).1.expect("the protocol projects")
});

/// What its roles are called.
pub const PLAYERS: [&str; 2] = ["Ping", "Pong"];
