//! What is written down.

use std::io::Write;

use insta::assert_snapshot;
use telltale_vm::recording::{Recorded, Recorder, RecordingError, Replay};
use telltale_vm::wire::{Codec, CodecError};
use telltale_vm::{
    Branch, ByHandler, Context, EffectHandler, HandlerResult, LabelId, NoHandler, Observed, Picked,
    Policy, RoleId, SessionStatus, VM, VMConfig, Value, choreography,
};

use super::handlers::{CHAT, Cups, Moody};
use super::purchase::{
    purchase, read, recording, refused, replayed, roles, shown, text, without_hashes,
};
use crate::support::{self, Seeded};

choreography! {
    protocol Twice(Alice, Bob) {
        par {
            Alice -> Bob: One(u64);
        } and {
            Alice -> Bob: Two(String);
        }
        choice at Bob {
            Bob -> Alice: Yes;
        } or {
            Bob -> Alice: No;
        }
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Hole(Vec<Hole>);

choreography! {
    #[serde]
    protocol Deep(Digger, Watcher) {
        Digger -> Watcher: Hole(Hole);
    }
}

/// Bytes that no JSON is.
struct Backwards;

impl Codec for Backwards {
    fn encode<T: serde::Serialize>(payload: &T, to: &mut Vec<u8>) -> Result<(), CodecError> {
        let mut json = serde_json::to_vec(payload)?;
        json.reverse();
        to.extend(json);
        Ok(())
    }

    fn decode<T: serde::de::DeserializeOwned>(from: &[u8]) -> Result<T, CodecError> {
        let json: Vec<u8> = from.iter().rev().copied().collect();
        Ok(serde_json::from_slice(&json)?)
    }
}

choreography! {
    #[serde(codec = Backwards)]
    protocol Binary(Alice, Bob) {
        Alice -> Bob: Number(u64);
        choice at Bob { Bob -> Alice: Text(String); } or { Bob -> Alice: Nothing; }
    }
}

#[test]
fn a_recording_can_be_read() {
    assert_snapshot!(without_hashes(recording()));
}

#[test]
fn what_is_recorded_again_is_the_same() {
    let text = recording();
    let then = read(&text);
    let replay = Replay::new(&then);
    let recorder = Recorder::new(&replay);
    let mut vm = VM::default();
    vm.load_choreography(&purchase::IMAGE).expect("there is room");
    vm.run(&recorder, 1_000).expect("it is what was recorded");
    replay.finish().expect("it is what was recorded");
    assert_eq!(self::text(recorder), text);
}

#[test]
fn an_opaque_payload_is_an_error_of_the_recording_and_not_of_the_run() {
    let image = support::image_of("A→B:Of. B→A:Back", "Cup");
    let recorder = Recorder::new(&Cups);
    let (mut vm, session) = support::open(VMConfig::default(), &image);
    vm.run(&recorder, 10).expect("the run goes on");
    assert_eq!(vm.status(session).ok(), Some(SessionStatus::Closed));
    let error: RecordingError = recorder.finish().expect_err("it cannot be written down");
    assert_eq!(
        error.to_string(),
        "session #0, from `A` to `B`: `Of(Cup)` cannot be written down: it carries a value of type \
         `recording::recording::purchase::Store`, and its protocol is not marked `#[serde]`; images that were read have no codecs either"
    );
}

/// What could not be read again is an error when it is written, and not when it is needed.
#[test]
fn a_payload_that_could_not_be_read_again_is_an_error_of_the_recording() {
    struct Digger(usize);
    impl deep::Digger for Digger {
        fn hole(&mut self) -> HandlerResult<Hole> {
            Ok((0..self.0).fold(Hole(Vec::new()), |hole, _| Hole(vec![hole])))
        }
    }
    struct Watcher;
    impl deep::Watcher for Watcher {
        fn on_hole(&mut self, _: Hole) -> HandlerResult<()> {
            Ok(())
        }
    }
    for (depth, is_read) in [(100, true), (126, true), (128, false), (1_000, false)] {
        let recorder = Recorder::new(&NoHandler);
        deep::Roles { digger: Digger(depth), watcher: Watcher }
            .play_with(&recorder)
            .expect("the run goes on");
        let finished = recorder.finish();
        assert_eq!(finished.is_ok(), is_read, "{depth}");
        match finished {
            Ok(text) => {
                let then = Recorded::read(&text[..]).expect("it has been written by us");
                let mut vm = VM::default();
                deep::Roles { digger: ByHandler, watcher: Watcher }
                    .open_detached(&mut vm)
                    .expect("there is room");
                Replay::new(&then).run(&mut vm).expect("the same");
            }
            Err(error) => assert!(error.to_string().contains("recursion limit"), "{error}"),
        }
    }
}

#[test]
fn a_full_disk_is_an_error_and_the_run_goes_on() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let recorder = Recorder::to(&NoHandler, Full(700));
    roles(25).play_with(&recorder).expect("it is complete");
    let error = recorder.finish().err().expect("the disk is full");
    assert_eq!(error.to_string(), "no storage space");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn events_are_written_down_with_names() {
    let mut vm = VM::new(VMConfig { policy: Policy::RoundRobin, ..VMConfig::default() });
    vm.load_choreography(&twice::IMAGE).expect("there is room");
    vm.run(&Seeded, 100).expect("nobody faults");
    vm.load_choreography(&twice::IMAGE).expect("there is room");
    let moody = Moody { fails: Some(1), defers: Some(0), ..Moody::default() };
    vm.run(&moody, 100).expect_err("it fails at the second call");
    let _ = vm.load_choreography(&twice::IMAGE).map(|session| vm.cancel(session, "enough"));
    let trace = vm.trace();
    let lines = trace.iter().map(|event| serde_json::to_string(event).expect("it is data"));
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_event_is_a_line_with_names() {
    let mut vm = VM::default();
    vm.load_choreography(&twice::IMAGE).expect("there is room");
    let opened = vm.trace().remove(0);
    let (from, to, role) = (RoleId(0), RoleId(1), RoleId(0));
    let label = LabelId(0);
    let lines = [
        (
            Observed::Dropped { from, to, label },
            r#""event":"drop","sender":"Alice","receiver":"Bob""#,
        ),
        (Observed::Deferred { from, to, label }, r#""event":"defer","sender":"Alice""#),
        (Observed::Injected { from, to, label }, r#""event":"inject","sender":"Alice""#),
        (
            Observed::Chosen { role, to, label },
            r#""event":"choose","role":"Alice","receiver":"Bob""#,
        ),
        (Observed::Invoked { role, effect: 3 }, r#""event":"invoke","role":"Alice","effect":3"#),
        (Observed::Halted { role }, r#""event":"halt","role":"Alice""#),
        (Observed::Cancelled, r#""event":"cancel""#),
        (Observed::Closed, r#""event":"close""#),
    ];
    for (what, expected) in lines {
        let mut event = opened.clone();
        event.what = what;
        let line = serde_json::to_string(&event).expect("names and numbers");
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
fn payloads_of_other_codecs_are_bytes() {
    let recorder = Recorder::new(&Seeded);
    let mut vm = VM::new(VMConfig { seed: 2, ..VMConfig::default() });
    vm.load_choreography(&binary::IMAGE).expect("there is room");
    vm.run(&recorder, 100).expect("it is complete");
    let text = text(recorder);
    assert!(text.contains("\"bytes\":\"") && !text.contains("\"payload\""), "{text}");
    assert_eq!(replayed(&binary::IMAGE, &text), vm.trace());

    // The digits of the number, the other way round.
    let bytes = text.split("\"bytes\":\"").nth(1).expect("there are bytes");
    let (first, second) = (&bytes[..2], if bytes.starts_with("31") { "32" } else { "31" });
    let altered =
        text.replacen(&format!("\"bytes\":\"{first}"), &format!("\"bytes\":\"{second}"), 1);
    let error = shown(&refused(&binary::IMAGE, &altered));
    assert!(error.contains("expected `Bob` to receive `Number` from `Alice` with "), "{error}");

    let digits = bytes.split('"').next().expect("they end");
    let broken = text.replace(digits, "00");
    let error = shown(&refused(&binary::IMAGE, &broken));
    assert!(error.contains("`Number(u64)` cannot be read"), "{error}");
}

#[test]
fn what_the_machine_refuses_is_recorded_as_a_failure() {
    struct Wrong(usize);
    impl EffectHandler for Wrong {
        fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
            Ok(Value::from(true))
        }
        fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
            Ok(())
        }
        fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
            Ok(Picked { branch: self.0, value: Value::from(true) })
        }
    }
    let image = &support::image_of(CHAT, "u64");
    for (branch, why) in [(0, "expected `u64`, found `true`"), (7, "branch 7 of 2 was chosen")] {
        let wrong = Wrong(branch);
        let recorder = Recorder::new(&wrong);
        let (mut vm, _) = support::open(VMConfig::default(), image);
        vm.run(&recorder, 10).expect_err("it is no answer");
        let text = text(recorder);
        assert!(text.contains("\"chooses_among\":[\"more\",\"stop\"],\"fails\":"), "{text}");
        assert!(text.contains(why) && text.contains("\"ends\":\"faulted\""), "{text}");
        assert_eq!(replayed(image, &text).len(), vm.trace().len());
    }
}
