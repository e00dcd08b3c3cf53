//! Recordings whose lines somebody has removed, doubled, swapped or altered, and which say of themselves that they are whole.

use std::sync::OnceLock;

use serde_json::{Value as Json, json};

use crate::choices::Choices;
use crate::edit::{EDITS, edit};
use crate::{recording, scenes};

/// The bytes choose a recording and what is done to its lines; then it is as with [`recording`].
///
/// # Panics
///
/// When it is not so.
pub fn holds(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let [Some(lines), Some(other)] = [(); 2].map(|()| choices.of(recorded())) else { return };
    let (mut lines, other) = (lines.clone(), Json::Array(other.clone()));
    let _ = (0..EDITS).try_for_each(|_| alter(&mut lines, &other, &mut choices));
    let text = |line: &Json| format!("{line}\n");
    recording::holds(lines.iter().map(text).collect::<String>().as_bytes());
}

/// Does something to a line.
fn alter(lines: &mut Vec<Json>, other: &Json, choices: &mut Choices<'_>) -> Option<()> {
    let kind = choices.among(8)?;
    let at = choices.among(lines.len())?;
    match kind {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at].clone()),
        2 => {
            let to = choices.among(lines.len())?;
            lines.swap(at, to);
        }
        3 => lines.insert(at, other[choices.among(other.as_array()?.len())?].clone()),
        4 => lines.truncate(at),
        _ => edit(&mut lines[at], other, choices)?,
    }
    if let Some(last) = lines.last().filter(|last| last["end"].is_number()) {
        let end = json!({ "end": lines.len() - 1 });
        if *last != end && choices.among(4)? != 0 {
            *lines.last_mut()? = end;
        }
    }
    Some(())
}

/// Recordings, line by line.
fn recorded() -> &'static [Vec<Json>] {
    static RECORDED: OnceLock<Vec<Vec<Json>>> = OnceLock::new();
    RECORDED.get_or_init(|| {
        let line = |line: &str| serde_json::from_str(line).expect("it is JSON");
        scenes::recordings().iter().map(|text| text.lines().map(line).collect()).collect()
    })
}
