//! A machine goes through a snapshot, in both formats.

use telltale_vm::VM;
use telltale_vm::loader::CodeImage;
use telltale_vm::snapshot::Snapshot;

/// What is written down, read, and the same again.
pub(super) fn there_and_back(snapshot: &Snapshot) -> Snapshot {
    let read = Snapshot::from_bytes(&snapshot.to_bytes()).expect("it was written by us");
    assert_eq!(read, *snapshot);
    let text = serde_json::to_string(snapshot).expect("JSON has a place for all of it");
    let from_text: Snapshot = serde_json::from_str(&text).expect("it was written by us");
    assert_eq!(from_text, *snapshot);
    read
}

/// The machine that goes on for another one. Written down it is the same.
pub(super) fn relay(vm: &VM, images: &[CodeImage]) -> VM {
    let snapshot = vm.snapshot().expect("all payloads can be written down");
    let read = Snapshot::from_bytes(&snapshot.to_bytes()).expect("it was written by us");
    let resumed = read.resume(images);
    let resumed = resumed.unwrap_or_else(|error| panic!("{error}: {snapshot:#?}"));
    assert_same(&resumed, vm);
    resumed
}

/// What is written down of two machines is equal.
pub(super) fn assert_same(one: &VM, other: &VM) {
    let [one, other] = [one, other].map(|vm| vm.snapshot().expect("it can be written down"));
    if one != other {
        let [one, other] = [one, other]
            .map(|snapshot| serde_json::to_string_pretty(&snapshot).expect("it can be written"));
        // The checksum, in the fourth line, is another one anyway.
        let differs = one.lines().zip(other.lines()).skip(4).position(|(one, other)| one != other);
        let around = |text: &str| {
            let first = differs.map_or(0, |at| at.saturating_sub(8));
            text.lines().skip(first).take(28).collect::<Vec<_>>().join("\n")
        };
        panic!("{}\n\nand not\n\n{}", around(&one), around(&other));
    }
}
