//! A machine goes on in another one, through a snapshot.

use telltale_vm::VM;
use telltale_vm::loader::CodeImage;
use telltale_vm::snapshot::{Snapshot, SnapshotError};

/// The machine that is resumed from what is written down of another one, unless that has payloads that cannot be written down.
///
/// # Errors
///
/// When the snapshot cannot be read or resumed, or that machine written down is another one.
pub fn relay(vm: &VM, images: &[CodeImage]) -> Result<Option<VM>, String> {
    let snapshot = match vm.snapshot() {
        Ok(snapshot) => snapshot,
        Err(SnapshotError::Unwritable { .. }) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let read = Snapshot::from_bytes(&snapshot.to_bytes()).map_err(|error| error.to_string())?;
    let resumed = read.resume(images).map_err(|error| format!("{error}\n{vm}"))?;
    let again = resumed.snapshot().map_err(|error| error.to_string())?;
    if again == snapshot {
        Ok(Some(resumed))
    } else {
        Err(format!("what is resumed is another machine: {resumed}\nand not {vm}"))
    }
}
