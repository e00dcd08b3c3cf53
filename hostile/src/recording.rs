//! Recordings, as text.

use std::io::BufRead;

use telltale_vm::recording::{Divergence, Recorded, RecordingError, Replay};
use telltale_vm::{ByHandler, Monitor, ObsEvent, Observed, VM, filter_by_session};

use crate::anybody::Anybody;
use crate::scenes::{self, Counting, deliver, images, talk};

/// A text is refused, or it is a recording that is played again, or differs from what happens now, which is said. Whatever happens then
/// is a run of the protocol, and ends.
///
/// # Panics
///
/// When it is not so.
pub fn holds(bytes: &[u8]) {
    let Some(recorded) = read(bytes, Recorded::read_cut_off) else {
        assert!(read(bytes, Recorded::read).is_none());
        return;
    };
    read(bytes, Recorded::read);
    play(&recorded, &Replay::new(&recorded), open_all);
    for number in recorded.sessions().take(2) {
        let replay = Replay::new(&recorded).of_session(number);
        play(&recorded, &replay, |vm| drop(scenes::roles().open_detached(vm)));
        play(&recorded, &replay, |vm| {
            let roles = talk::Roles { a: ByHandler, b: Counting::default(), c: ByHandler };
            drop(roles.open_detached(vm));
        });
    }
    let live = Anybody::moody();
    play(&recorded, &Replay::new(&recorded).with(&live), open_all);
}

/// Seeds: whatever is recorded.
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let names = ["objects", "moody", "prompt", "cut_off"].map(|name| format!("{name}.jsonl"));
    names.into_iter().zip(scenes::recordings().map(String::into_bytes)).collect()
}

fn read<'b>(
    bytes: &'b [u8],
    read: impl FnOnce(&'b [u8]) -> Result<Recorded, RecordingError>,
) -> Option<Recorded> {
    let lines = BufRead::lines(bytes).count();
    match read(bytes) {
        Ok(recorded) => Some(recorded),
        Err(refused) => {
            assert!(!refused.to_string().is_empty());
            assert!(refused.line().is_none_or(|line| line <= lines.max(1)));
            None
        }
    }
}

/// Sessions of the protocols that were recorded.
fn open_all(vm: &mut VM) {
    for image in &images()[..2] {
        drop(vm.load_choreography(image));
    }
}

fn play(recorded: &Recorded, replay: &Replay<'_>, open: impl Fn(&mut VM)) {
    let mut vm = VM::new(recorded.config());
    open(&mut vm);
    let played = replay.run(&mut vm);
    says(played.as_ref().err());
    keeps_to_its_protocols(&vm);
    // It can be looked at, and goes on, whatever was different.
    says(replay.finish().err().as_ref());
    for _ in 0..3 {
        drop(vm.run(replay, 10));
        deliver(&mut vm);
    }
}

fn says(divergence: Option<&Divergence>) {
    assert!(divergence.is_none_or(|divergence| !divergence.to_string().is_empty()));
}

/// What happened in each session is the beginning of a run, if nobody has lost messages or made some up.
fn keeps_to_its_protocols(vm: &VM) {
    let trace = vm.trace();
    let is_disturbed = |what: &Observed| {
        matches!(
            what,
            Observed::Dropped { .. } | Observed::Deferred { .. } | Observed::Injected { .. }
        )
    };
    if vm.forgotten_events() > 0 || trace.iter().any(|event| is_disturbed(&event.what)) {
        return;
    }
    let opened = trace.iter().filter(|event| event.what == Observed::Opened);
    for session in opened.map(|event| event.session) {
        // They were opened in this order.
        let image = &images()[session.ordinal() as usize];
        let monitor = Monitor::of_roles(&image.global_type, image.local_types.iter());
        let events = filter_by_session(&trace, session);
        let log = events.iter().filter_map(ObsEvent::log_event);
        let checked = monitor.expect("it has its roles").check(log);
        checked.unwrap_or_else(|error| panic!("{error}"));
    }
}
