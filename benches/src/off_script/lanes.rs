//! Ping-pong twice at once, between the same two roles.

use telltale_vm::choreography;
use telltale_vm::loader::CodeImage;

choreography! {
    protocol TwiceAtOnce(Alice, Bob) {
        par {
            loop {
                Alice -> Bob: Ping(u64);
                Bob -> Alice: Pong(u64);
            }
        } and {
            loop {
                Alice -> Bob: Ping(u64);
                Bob -> Alice: Pong(u64);
            }
        }
    }
}

pub(super) fn twice_at_once() -> &'static CodeImage {
    &twice_at_once::IMAGE
}
