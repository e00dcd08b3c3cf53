//! Snapshots of machines and of sessions, as bytes and as JSON.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use telltale_vm::snapshot::{SessionSnapshot, Snapshot, SnapshotError};
use telltale_vm::{NoHandler, VM, VMConfig};

use crate::anybody::Anybody;
use crate::scenes::{self, Roles, deliver, images};

/// Bytes are refused, also when their checksum is made right; or they are a machine or a session that comes back the same from both
/// formats, and does not fit its images, or goes on. Whatever it does then, it ends.
///
/// # Panics
///
/// When it is not so.
pub fn holds(bytes: &[u8]) {
    try_as::<Snapshot>(bytes);
    try_as::<SessionSnapshot>(bytes);
}

/// Seeds: whatever is written down.
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let machines = scenes::machines();
    let machines =
        machines.iter().enumerate().flat_map(|(nth, it)| both(format!("machine_{nth}"), it));
    let sessions = scenes::sessions();
    let sessions =
        sessions.iter().enumerate().flat_map(|(nth, it)| both(format!("session_{nth}"), it));
    machines.chain(sessions).collect()
}

fn both(name: String, written: &impl Written) -> [(String, Vec<u8>); 2] {
    let json = serde_json::to_vec(written).expect("it can be written");
    [(format!("{name}.json"), json), (name, written.write())]
}

pub(crate) fn try_as<W: Written>(bytes: &[u8]) {
    if let Some(written) = read::<W>(bytes) {
        assert_eq!(W::read(&written.write()).expect("it was written by us"), written);
        let json = serde_json::to_string(&written).expect("it can be written");
        assert_eq!(serde_json::from_str::<W>(&json).expect("it was written by us"), written);
        written.go_on();
    }
}

/// What is written there. If only the checksum is wrong, it is made right.
fn read<W: Written>(bytes: &[u8]) -> Option<W> {
    let refused = match read_as_it_is::<W>(bytes) {
        Ok(written) => return Some(written),
        Err(refused) => refused,
    };
    assert!(!refused.is_empty());
    let is_digit = |char: char| char.is_ascii_hexdigit();
    let checksums = refused.split(|char| !is_digit(char)).filter(|word| word.len() == 64);
    let &[found, expected] = &checksums.collect::<Vec<_>>()[..] else { return None };
    let sealed = match bytes {
        [b'T', ..] => [&bytes[..12], &digits(expected), &bytes[44..]].concat(),
        text => String::from_utf8_lossy(text).replacen(found, expected, 1).into_bytes(),
    };
    read_as_it_is(&sealed).ok()
}

fn read_as_it_is<W: Written>(bytes: &[u8]) -> Result<W, String> {
    match bytes {
        [b'T', ..] => W::read(bytes).map_err(|error| error.to_string()),
        text => serde_json::from_slice(text).map_err(|error| error.to_string()),
    }
}

fn digits(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("two digits");
    (0..text.len()).step_by(2).map(byte).collect()
}

/// What can be written down.
pub(crate) trait Written: Debug + PartialEq + Serialize + DeserializeOwned {
    fn read(bytes: &[u8]) -> Result<Self, SnapshotError>;
    fn write(&self) -> Vec<u8>;
    /// It goes on, if it fits.
    fn go_on(self);
}

impl Written for Snapshot {
    fn read(bytes: &[u8]) -> Result<Self, SnapshotError> {
        Self::from_bytes(bytes)
    }

    fn write(&self) -> Vec<u8> {
        self.to_bytes()
    }

    fn go_on(self) {
        match self.clone().resume(images()) {
            Err(refused) => assert!(!refused.to_string().is_empty()),
            Ok(mut vm) => {
                let again = vm.snapshot().expect("it was written down before");
                let resumed = again.clone().resume(images()).expect("it was resumed before");
                assert_eq!(resumed.snapshot().expect("it was written down before"), again);
                attach(&mut vm, |number| self.roles(number).unwrap_or_else(|_| scenes::roles()));
                play(vm);
            }
        }
    }
}

impl Written for SessionSnapshot {
    fn read(bytes: &[u8]) -> Result<Self, SnapshotError> {
        Self::from_bytes(bytes)
    }

    fn write(&self) -> Vec<u8> {
        self.to_bytes()
    }

    fn go_on(self) {
        let mut vm = VM::new(VMConfig { capacity: 1, ..VMConfig::default() });
        vm.load_choreography(&images()[0]).expect("there is room");
        for is_adopted in [false, true] {
            let before = vm.snapshot().expect("it can be written down");
            let session = self.clone();
            let resumed = if is_adopted {
                session.adopt(&mut vm, images())
            } else {
                session.resume(&mut vm, images())
            };
            if let Err(refused) = resumed {
                assert!(!refused.to_string().is_empty());
                assert_eq!(vm.snapshot().expect("it can be written down"), before);
            }
        }
        attach(&mut vm, |_| self.roles().unwrap_or_else(|_| scenes::roles()));
        play(vm);
    }
}

/// Sessions that wait for role objects get theirs. Those of other protocols wait for ever.
fn attach(vm: &mut VM, roles: impl Fn(u64) -> Roles) {
    for session in vm.unattached().collect::<Vec<_>>() {
        drop(roles(session.ordinal()).attach(vm, session));
    }
}

/// A machine that somebody has made up may do anything, for a while.
fn play(mut vm: VM) {
    let (prompt, moody) = (Anybody::prompt(), Anybody::moody());
    for round in 0..12 {
        match round % 4 {
            0 => drop(vm.run(&moody, 3)),
            1 => drop(vm.step_round(&prompt, 5)),
            2 => drop(vm.step(&moody)),
            _ => drop(vm.run(&prompt, 4)),
        }
        deliver(&mut vm);
        vm.resume("C");
    }
    assert!(!vm.to_string().is_empty());
    let _ = (vm.snapshot(), vm.trace());
    for session in vm.sessions().map(|session| session.id()).collect::<Vec<_>>() {
        drop(vm.cancel(session, "enough"));
    }
    drop(vm.run(&NoHandler, 10));
}
