//! Snapshots that somebody has edited, and whose checksum is right: what is behind the checksum has to find whatever does not fit.

use std::sync::OnceLock;

use serde_json::Value as Json;
use telltale_vm::snapshot::{SessionSnapshot, Snapshot};

use crate::choices::Choices;
use crate::edit::{EDITS, edit};
use crate::scenes;
use crate::snapshot::{Written, try_as};

/// The bytes choose a snapshot and what is done to it; then it is as with [`snapshot`](mod@crate::snapshot).
///
/// # Panics
///
/// When it is not so.
pub fn holds(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let [machines, sessions] = written();
    let Some(is_session) = choices.among(4).map(|one| one == 0) else { return };
    let seeds = if is_session { sessions } else { machines };
    let [Some(one), Some(other)] = [(); 2].map(|()| choices.of(seeds)) else { return };
    let mut edited = one.clone();
    let mut edit = || edit(&mut edited["content"], &other["content"], &mut choices);
    let _ = (0..EDITS).try_for_each(|_| edit());
    let text = edited.to_string();
    if is_session {
        try_as::<SessionSnapshot>(text.as_bytes());
    } else {
        try_as::<Snapshot>(text.as_bytes());
    }
}

/// Machines, and sessions.
fn written() -> &'static [Vec<Json>; 2] {
    static WRITTEN: OnceLock<[Vec<Json>; 2]> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        [
            scenes::machines().iter().map(json).collect(),
            scenes::sessions().iter().map(json).collect(),
        ]
    })
}

fn json(written: &impl Written) -> Json {
    serde_json::to_value(written).expect("it can be written")
}
