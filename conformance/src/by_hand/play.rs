//! Plays a scene, and looks whether what must hold holds.
//!
//! - The machine does not panic, and what it says of itself fits together.
//! - Those who do nothing wrong do what they do when they are alone.
//! - Every session ends once, and nothing happens in it afterwards. None remains whose endpoints nobody
//!   holds, and none that cannot be cancelled.
//! - The machine can be written down, and what is resumed is the same machine.
//! - Afterwards the machine is as good as new: it has room for as many sessions as ever, it has dropped
//!   every payload, and the same scene goes the same way again.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use telltale_vm::loader::CodeImage;
use telltale_vm::{ObsEvent, Policy, SessionId, VM};

use super::census::Census;
use super::moody::Moody;
use super::parts::{PARTS, PING};
use super::scene::Scene;
use super::stage::Stage;

/// What is wrong.
pub type Wrong = String;

/// Plays a scene twice in one machine.
///
/// # Errors
///
/// Says what does not hold.
pub fn play(scene: &Scene) -> Result<(), Wrong> {
    let played = catch_unwind(AssertUnwindSafe(|| play_twice(scene)));
    played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        let place = PANICKED.take();
        Err(format!("the machine panics at {place}: {}", text.unwrap_or_default()))
    })
}

thread_local! {
    /// Where the last panic of this thread was.
    static PANICKED: RefCell<String> = RefCell::default();
}

/// From now on, panics say nothing; [`play`] says where they were.
pub fn note_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        PANICKED.with(|panicked| *panicked.borrow_mut() = place);
    }));
}

fn play_twice(scene: &Scene) -> Result<(), Wrong> {
    let images = scene.code();
    let mut vm = VM::new(scene.config.clone());
    PARTS.iter().chain(&images).for_each(|image| vm.provide(image));
    let (first, errors) = once(&mut vm, scene, &images)?;
    let memory = vm.session_memory();
    let (second, other) = once(&mut vm, scene, &images)?;
    if scene.config.policy != Policy::Random {
        // Chance goes on where it was, so it goes another way and needs other room.
        goes_the_same_way(&first, &second)?;
        let second_memory = vm.session_memory();
        if second_memory > memory {
            // The buffers of channels may have to find those who use them.
            once(&mut vm, scene, &images)?;
        }
        if vm.session_memory() > second_memory {
            return Err("it takes more memory every time".to_owned());
        }
    }
    drop(vm);
    is_none("errors when the machine is gone", errors.alive() + other.alive())
}

fn goes_the_same_way(first: &[Happened], second: &[Happened]) -> Result<(), Wrong> {
    if first == second {
        return Ok(());
    }
    let at = first.iter().zip(second).position(|(one, other)| one != other);
    let at = at.unwrap_or(first.len().min(second.len()));
    let (one, other) = (first.get(at), second.get(at));
    Err(format!("the second time it goes another way: {one:?} became {other:?}"))
}

/// The session, the tick and what happened, counted from the start of the scene.
type Happened = (u64, u64, String);

/// Plays it once, to its end; gives what happened.
fn once(
    vm: &mut VM,
    scene: &Scene,
    images: &[CodeImage],
) -> Result<(Vec<Happened>, Census), Wrong> {
    let mut stage = Stage::new(vm, scene, images);
    let (known, start) = (stage.known, stage.vm.clock().now());
    for act in &scene.acts {
        stage.act(act)?;
        stage.fits_together()?;
    }
    stage.wind_up()?;
    stage.end_all()?;
    let (first, errors) = (stage.first, stage.handler.errors.clone());
    is_none("payloads when all sessions have ended", stage.handler.census.alive())?;
    let trace = vm.trace().split_off(known);
    let line = |event: &ObsEvent| {
        let text = event.to_string();
        let what = text.split_once(' ').map_or("", |(_, what)| what).to_owned();
        (event.session.ordinal() - first, event.tick - start, what)
    };
    let lines = trace.iter().map(line).collect();
    room_for_as_many_as_ever(vm)?;
    Ok((lines, errors))
}

fn is_none(what: &str, count: isize) -> Result<(), Wrong> {
    if count == 0 { Ok(()) } else { Err(format!("there are {count} {what}")) }
}

/// Fills the machine to its limit, and empties it again.
fn room_for_as_many_as_ever(vm: &mut VM) -> Result<(), Wrong> {
    let config = vm.config();
    let room = config.max_sessions.min(config.max_coroutines / 2);
    let full = |place, error| format!("there is room for {place} of {room} sessions: {error}");
    let opened = (0..room)
        .map(|place| vm.load_choreography(&PARTS[PING]).map_err(|error| full(place, error)));
    let opened: Vec<SessionId> = opened.collect::<Result<_, _>>()?;
    if vm.load_choreography(&PARTS[PING]).is_ok() {
        return Err(format!("there is room for more than {room} sessions"));
    }
    for session in opened {
        vm.cancel(session, "it was only a test").map_err(|error| error.to_string())?;
    }
    vm.run(&Moody::calm(0), 1).map_err(|error| error.to_string())?;
    is_none("sessions left", vm.open_sessions().cast_signed())
}
