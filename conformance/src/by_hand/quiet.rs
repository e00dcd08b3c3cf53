//! Those who do nothing wrong: sessions of [`GAME`], whose traces are known.

use std::sync::LazyLock;

use telltale_vm::{ObsEvent, Recording, VM, VMConfig, normalize_trace};

use super::moody::Moody;
use super::parts::GAME;

/// How many balls are played at most, less one.
pub const BALLS: u64 = 4;

/// The normal form of a session by the number of balls in it.
static TRACES: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| (0..BALLS).map(trace).collect());

fn trace(balls: u64) -> Vec<String> {
    let mut vm = VM::new(VMConfig { recording: Recording::Full, ..VMConfig::default() });
    let handler = Moody::calm(balls);
    vm.load_choreography(&GAME).expect("there is room");
    vm.run(&handler, 100).expect("nobody does anything wrong");
    lines(&vm.trace())
}

/// Events in their normal form, without the number of their session.
fn lines(events: &[ObsEvent]) -> Vec<String> {
    let line = |event: &ObsEvent| {
        let text = event.to_string();
        let what = text.split_once(' ').map_or("", |(_, what)| what);
        format!("{} {what}", event.tick)
    };
    normalize_trace(events).iter().map(line).collect()
}

/// Whether a session did what it does when it is alone.
///
/// # Errors
///
/// Says what it did.
pub fn check(events: &[ObsEvent], balls: u64) -> Result<(), String> {
    let found = lines(events);
    let expected = &TRACES[balls as usize];
    if found == *expected { Ok(()) } else { Err(format!("a game of {balls} balls was {found:#?}")) }
}
