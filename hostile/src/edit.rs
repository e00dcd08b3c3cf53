//! Edits of JSON that leave it JSON.

use serde_json::{Value as Json, json};

use crate::choices::Choices;

/// How many edits there are at most. After many, hardly anything fits, which is soon found out.
pub(crate) const EDITS: usize = 8;

/// How many things there may be in what is edited. Copies of copies would be too many.
const MOST: usize = 20_000;

const NUMBERS: [u64; 14] = [
    0,
    1,
    2,
    7,
    63,
    64,
    255,
    256,
    65_535,
    65_536,
    u32::MAX as u64,
    1 << 59,
    i64::MAX as u64,
    u64::MAX,
];

/// Words that mean something in what is written down, and need not stand in it.
const WORDS: [&str; 20] = [
    "",
    "A",
    "C",
    "Closed",
    "Cancelled",
    "Unit",
    "Uint",
    "Text",
    "Record",
    "Endpoint",
    "Encoded",
    "owned",
    "detached",
    "none",
    "endpoints",
    "coroutines",
    "closed",
    "complete",
    "forked",
    "halted",
];

/// Does something to one thing in it. Copies come from what is edited, and from `other`.
pub(crate) fn edit(json: &mut Json, other: &Json, choices: &mut Choices<'_>) -> Option<()> {
    let count = count(json);
    if count > MOST {
        return None;
    }
    let mut place = choices.among(count)?;
    let from = if choices.among(2)? == 0 { other } else { &json.clone() };
    let here = find_mut(json, &mut place)?;
    match here {
        Json::Number(number) if choices.among(8)? != 0 => {
            let number = number.as_u64().unwrap_or(1);
            let near = [number.wrapping_add(1), number.wrapping_sub(1), number.wrapping_mul(2)];
            let numbers = near.into_iter().chain(NUMBERS).collect::<Vec<_>>();
            *here = json!(choices.of(&numbers)?);
        }
        Json::Bool(is) if choices.among(8)? != 0 => *is = !*is,
        Json::String(text) if choices.among(8)? != 0 => *text = word(from, choices)?,
        Json::Array(all) => array(all, from, choices)?,
        Json::Object(fields) => {
            let at = choices.among(fields.len())?;
            let name = fields.keys().nth(at)?.clone();
            let value = fields.remove(&name)?;
            match choices.among(4)? {
                0 => {}
                1 => drop(fields.insert(name, copy(from, choices)?)),
                _ => drop(fields.insert(word(from, choices)?, value)),
            }
        }
        _ => *here = copy(from, choices)?,
    }
    Some(())
}

fn array(all: &mut Vec<Json>, from: &Json, choices: &mut Choices<'_>) -> Option<()> {
    let kind = choices.among(6)?;
    let at = choices.among(all.len().max(1))?;
    match kind {
        0 if !all.is_empty() => drop(all.remove(at)),
        1 if !all.is_empty() => all.insert(at, all[at].clone()),
        2 if !all.is_empty() => {
            let other = choices.among(all.len())?;
            all.swap(at, other);
        }
        3 => all.truncate(at),
        4 if !all.is_empty() => all[at] = copy(from, choices)?,
        _ => all.insert(at, copy(from, choices)?),
    }
    Some(())
}

/// Something that is in it.
fn copy(from: &Json, choices: &mut Choices<'_>) -> Option<Json> {
    let mut place = choices.among(count(from))?;
    find(from, &mut place).cloned()
}

/// A word that is in it, or another one.
fn word(from: &Json, choices: &mut Choices<'_>) -> Option<String> {
    let mut words: Vec<&str> = WORDS.into();
    collect(from, &mut words);
    choices.of(&words).map(|&word| word.to_owned())
}

fn collect<'j>(json: &'j Json, words: &mut Vec<&'j str>) {
    match json {
        Json::String(word) => words.push(word),
        Json::Array(all) => all.iter().for_each(|inside| collect(inside, words)),
        Json::Object(fields) => {
            for (name, inside) in fields {
                words.push(name);
                collect(inside, words);
            }
        }
        _ => {}
    }
}

/// How many things are in it, itself included.
fn count(json: &Json) -> usize {
    1 + match json {
        Json::Array(all) => all.iter().map(count).sum(),
        Json::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

fn find<'j>(json: &'j Json, place: &mut usize) -> Option<&'j Json> {
    let Some(left) = place.checked_sub(1) else { return Some(json) };
    *place = left;
    match json {
        Json::Array(all) => all.iter().find_map(|inside| find(inside, place)),
        Json::Object(fields) => fields.values().find_map(|inside| find(inside, place)),
        _ => None,
    }
}

fn find_mut<'j>(json: &'j mut Json, place: &mut usize) -> Option<&'j mut Json> {
    let Some(left) = place.checked_sub(1) else { return Some(json) };
    *place = left;
    match json {
        Json::Array(all) => all.iter_mut().find_map(|inside| find_mut(inside, place)),
        Json::Object(fields) => fields.values_mut().find_map(|inside| find_mut(inside, place)),
        _ => None,
    }
}
