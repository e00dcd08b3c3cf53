//! Places in a text, as people write them and as servers do.

use serde_json::{Value, json};

/// The position of the word in marks: within the word, where a cursor would be.
///
/// # Panics
///
/// When the text does not have it.
pub(crate) fn position(text: &str, place: &str) -> Value {
    let (before, rest) = place.split_once('«').expect("a word is marked");
    let unmarked = format!("{before}{}", rest.replace('»', ""));
    let Some(at) = text.find(&unmarked) else { panic!("there is no `{unmarked}` in the text") };
    let before = &text[..at + before.len()];
    let line = before.matches('\n').count();
    let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1);
    json!({ "line": line, "character": column + 1 })
}

/// The line of a range, with the range in marks.
pub(crate) fn marked(text: &str, range: &Value) -> String {
    let (start, end) = (offset(text, &range["start"]), offset(text, &range["end"]));
    let from = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let to = text[start..].find('\n').map_or(text.len(), |end| start + end);
    let end = end.min(to);
    let line = format!("{}«{}»{}", &text[from..start], &text[start..end], &text[end..to]);
    line.trim().to_owned()
}

/// The text after some edits, which do not overlap.
pub(crate) fn edited<'e>(text: &str, edits: impl Iterator<Item = &'e Value>) -> String {
    let part = |edit: &Value| {
        let (start, end) = (&edit["range"]["start"], &edit["range"]["end"]);
        (offset(text, start), offset(text, end), edit["newText"].as_str().map(str::to_owned))
    };
    let mut parts: Vec<_> = edits.map(part).collect();
    parts.sort();
    let mut edited = text.to_owned();
    for (start, end, new) in parts.into_iter().rev() {
        edited.replace_range(start..end, &new.unwrap_or_default());
    }
    edited
}

/// Columns count UTF-16, which in these texts is the same as bytes.
fn offset(text: &str, position: &Value) -> usize {
    let number = |name: &str| position[name].as_u64().and_then(|at| usize::try_from(at).ok());
    let (line, column) = (number("line").unwrap_or(0), number("character").unwrap_or(0));
    let lines = text.split_inclusive('\n').take(line);
    (lines.map(str::len).sum::<usize>() + column).min(text.len())
}
