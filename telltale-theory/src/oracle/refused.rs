//! Large protocols that are refused.

use telltale_types::GlobalType;

use super::large::{Build, Builder};

/// What is refused in other ways than in [`LARGE`](super::LARGE), some of it for as many reasons as it has lines.
pub const REFUSED: &[(&str, Build)] = &[
    ("loops in which nobody tells the third", untold_loops),
    ("a long tail that every choice may come to", untold_tail),
    ("a third that may stop before every step", untold_stops),
    ("a race among many", race),
];

fn untold_loops(scale: usize) -> GlobalType {
    let mut b = Builder::default();
    let mut at = b.state();
    for _ in 0..400 * scale {
        let going = b.then(at, (0, 1, 0));
        b.exit(going, (2, 1, 2), at);
        at = b.then(at, (0, 1, 1));
    }
    b.then(at, (0, 2, 3));
    b.build()
}

fn untold_tail(scale: usize) -> GlobalType {
    let mut b = Builder::default();
    let mut at = b.state();
    let tail = b.state();
    for nth in 0..300 * scale {
        let going = b.then(at, (0, 1, 0));
        b.exit(at, (0, 1, 1), tail);
        at = b.then(going, (0, 2, nth + 2));
    }
    b.exit(at, (0, 1, 0), tail);
    let mut at = tail;
    for _ in 0..300 * scale {
        at = b.then(at, (0, 1, 0));
    }
    b.then(at, (2, 1, 0));
    b.build()
}

fn untold_stops(scale: usize) -> GlobalType {
    let mut b = Builder::default();
    let mut at = b.state();
    let end = b.state();
    for nth in 0..400 * scale {
        let going = b.then(at, (0, 1, 0));
        b.exit(at, (0, 1, 1), end);
        at = b.then(going, (0, 2, nth % 3));
    }
    b.exit(at, (0, 1, 0), end);
    b.build()
}

fn race(scale: usize) -> GlobalType {
    let mut b = Builder::default();
    let start = b.state();
    let end = b.state();
    for nth in 0..60 * scale {
        let asked = b.then(start, (0, nth + 2, 0));
        let sent = b.then(asked, (nth + 2, 1, 0));
        let asked = b.then(sent, (0, nth + 3, 1));
        b.exit(asked, (nth + 3, 1, 0), end);
    }
    b.build()
}
