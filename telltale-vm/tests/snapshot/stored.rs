//! Snapshots that were written long ago: those of this version are resumed, for ever, and those of others are refused.
//!
//! `stored/` holds machines in both formats, `what.v1.bin` and `what.v1.json`, and what happens when they go on, `what.v1.txt`.
//! `TELLTALE_BLESS=1` writes those that are missing; files that are there stay as they are.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use telltale_vm::loader::CodeImage;
use telltale_vm::snapshot::{Snapshot, SnapshotError, VERSION};
use telltale_vm::{EffectHandler, VM, VMConfig, choreography};

use super::steps::{Between, Moody, deliver, wake_all};
use super::{endpoints, objects};
use crate::support::Seeded;

/// A machine in the middle of something, and how it goes on.
struct Scene {
    name: &'static str,
    machine: fn() -> Snapshot,
    goes_on: fn(Snapshot) -> VM,
}

const SCENES: [Scene; 3] = [
    Scene {
        name: "role_objects",
        machine: objects::kept_in_the_middle,
        goes_on: objects::goes_on_with_what_was_kept,
    },
    Scene {
        name: "endpoints",
        machine: endpoints::in_the_middle,
        goes_on: |snapshot| run(snapshot, &endpoints::all_images(), &endpoints::Counting),
    },
    Scene { name: "off_script", machine: off_script, goes_on: off_script_goes_on },
];

choreography! {
    protocol Shared(Ann, Ben, Cas) {
        par {
            loop {
                choice Talk at Ann { Ann -> Ben: Say(u64); } or { Ann -> Ben: Leave; break; }
            }
        } and {
            Ann -> Ben: Other(String);
            Ben -> Cas: Data(Vec<u8>);
            Cas -> Ann: Thanks;
        }
        Ben -> Ann, Cas: Bye(bool);
    }
}

/// Sessions have left their scripts, have messages on their way and aside, and wait for their handler.
fn off_script() -> Snapshot {
    let config = VMConfig { quantum: 2, capacity: 2, seed: 11, ..VMConfig::default() };
    let mut vm = VM::new(config);
    for _ in 0..4 {
        vm.load_choreography(&shared::IMAGE).expect("there is room");
    }
    vm.run(&Moody::new(Between::SlowMessages), 3).expect("nobody faults");
    vm.run(&Moody::new(Between::LateAnswers), 1).expect("nobody faults");
    vm.pause("Cas");
    vm.snapshot().expect("no payload is a Rust value")
}

fn off_script_goes_on(snapshot: Snapshot) -> VM {
    let mut vm = snapshot.resume([&shared::IMAGE]).expect("it fits");
    vm.resume("Cas");
    for _ in 0..20 {
        // Where a message was lost, its session gets stuck.
        drop(vm.run(&Seeded, 10));
        wake_all(&mut vm);
        deliver(&mut vm);
    }
    vm
}

fn run(snapshot: Snapshot, images: &[CodeImage], handler: &dyn EffectHandler) -> VM {
    let mut vm = snapshot.resume(images).expect("it fits");
    vm.run(handler, 1_000).expect("nothing goes wrong");
    vm
}

/// The trace of a machine that has gone on, and what it says of itself.
fn text(vm: &VM) -> String {
    let mut text = String::new();
    for event in vm.trace() {
        writeln!(text, "{} {event}", event.tick).expect("a string has room");
    }
    writeln!(text, "{vm}").expect("a string has room");
    text
}

#[test]
fn those_of_this_version_are_resumed() {
    for scene in SCENES {
        let file = |extension| folder().join(format!("{}.v{VERSION}.{extension}", scene.name));
        let [bin, json, txt] = ["bin", "json", "txt"].map(file);
        if std::env::var_os("TELLTALE_BLESS").is_some() && !bin.exists() {
            let snapshot = (scene.machine)();
            fs::write(&bin, snapshot.to_bytes()).expect("the file can be written");
            let pretty = serde_json::to_string_pretty(&snapshot).expect("JSON");
            fs::write(&json, pretty).expect("the file can be written");
            fs::write(&txt, text(&(scene.goes_on)(snapshot))).expect("the file can be written");
        }
        let expected = read(&txt);
        let expected = String::from_utf8(expected).expect("it is text");
        let binary = Snapshot::from_bytes(&read(&bin)).expect("it is of this version");
        assert_eq!(text(&(scene.goes_on)(binary.clone())), expected, "{}", scene.name);
        let from_text: Snapshot = serde_json::from_slice(&read(&json)).expect("of this version");
        assert_eq!(from_text, binary, "{}", scene.name);
    }
}

#[test]
fn those_of_other_versions_are_refused() {
    for scene in SCENES {
        let mut bytes = read(&folder().join(format!("{}.v{VERSION}.bin", scene.name)));
        for other in [0, VERSION + 1, u32::MAX] {
            bytes[8..12].copy_from_slice(&other.to_le_bytes());
            let error = Snapshot::from_bytes(&bytes).expect_err("it is of another version");
            assert!(matches!(error, SnapshotError::Version { found, .. } if found == other));
            let expected = format!(
                "this is a snapshot of version {other}, and version {VERSION} is read here"
            );
            assert_eq!(error.to_string(), expected);
        }
    }
}

fn read(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshot/stored")
}
