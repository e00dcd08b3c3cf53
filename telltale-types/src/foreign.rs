//! Texts that strangers have written: what a name may be, and how anything is shown in a sentence.

use std::fmt::{self, Write};

/// Whether a character is seen, stays on its line, and leaves what stands around it in its order.
fn is_plain(character: char) -> bool {
    let is_invisible = matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    !character.is_control() && !is_invisible
}

/// The beginning of what something looks like, of at most so many characters; what is not plain is escaped, so that it stays on
/// one line and does nothing to a terminal. The rest is not even written.
///
/// Everything that comes from outside is shown so in errors: it may be anything, and as long as a stranger wants.
///
/// ```
/// use telltale_types::foreign::clipped;
///
/// assert_eq!(clipped("Ask(String)", 100), "Ask(String)");
/// assert_eq!(clipped("red\u{1b}[31m\nnext line", 11), r"red\u{1b}[31m\nne…");
/// ```
pub fn clipped(shown: impl fmt::Display, most: usize) -> String {
    let mut clip = Clip { text: String::new(), left: most };
    if write!(clip, "{shown}").is_err() {
        clip.text.push('…');
    }
    clip.text
}

struct Clip {
    text: String,
    left: usize,
}

impl Write for Clip {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        for character in more.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            if is_plain(character) {
                self.text.push(character);
            } else {
                self.text.extend(character.escape_default());
            }
        }
        Ok(())
    }
}

/// How much of what a library says is shown.
const SENTENCE: usize = 400;

/// What a library says of a text, which it may quote as it is and from beginning to end. The place at the end is kept.
pub fn sentence(error: impl fmt::Display) -> String {
    let text = error.to_string();
    let (said, place) = text.split_at(place_in(&text));
    clipped(said, SENTENCE) + place
}

/// The same without the place, for whoever knows it better.
///
/// ```
/// use telltale_types::foreign::said;
///
/// let error = "unknown field `x at line 1 column 2` at line 1 column 30";
/// assert_eq!(said(error), "unknown field `x at line 1 column 2`");
/// ```
pub fn said(error: impl fmt::Display) -> String {
    let text = error.to_string();
    clipped(&text[..place_in(&text)], SENTENCE)
}

/// Where a sentence begins to say at which place of a text something is.
fn place_in(sentence: &str) -> usize {
    let place = sentence.rfind(" at line ").filter(|&at| {
        let is_digit_or_word = |c: char| c.is_ascii_digit() || " atlinecoum".contains(c);
        sentence[at..].chars().all(is_digit_or_word)
    });
    place.unwrap_or(sentence.len())
}

/// How many characters of a name are shown.
pub(crate) const NAME: usize = 100;

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A role, or a label: an identifier.
    Word,
    /// The type of a payload.
    Payload,
    /// An effect or an import: something that a program written by hand names.
    Other,
}

/// What is wrong with a name that comes from outside, if anything is. What the language can write is right; and nothing is
/// that looks like something else where types and programs are shown, or could not be read again.
pub fn misspelt(name: &str, of: Named) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if !name.chars().all(is_plain) {
        return Some("it has control characters, line breaks or others that are not seen");
    }
    if name.contains('`') {
        return Some("it has a backtick");
    }
    match of {
        Named::Word if !is_word(name) => {
            Some("it is no identifier, of letters, digits and `_`, beginning with no digit")
        }
        _ if name.trim() != name => Some("it begins or ends with a space"),
        _ => None,
    }
}

/// Whether it is an identifier, maybe a raw one.
fn is_word(name: &str) -> bool {
    let word = name.strip_prefix("r#").unwrap_or(name);
    let is_of_words = |character: char| character == '_' || is_letter(character);
    let first = word.chars().next();
    first.is_some_and(|first| !first.is_numeric()) && word.chars().all(is_of_words)
}

/// Letters, digits, and what stands above and below letters. (Which marks there are the standard library does not say; but
/// neither arrows nor other signs are in these blocks.)
fn is_letter(character: char) -> bool {
    let is_mark = matches!(
        character,
        '\u{300}'..='\u{1fff}' | '\u{a000}'..='\u{abff}' | '\u{fe20}'..='\u{fe2f}' | '\u{10000}'..='\u{1efff}'
    );
    character.is_alphanumeric() || is_mark
}

/// A reader of what derived code reads as a struct, where that has to be an object with names: derived code takes a list of its
/// fields as well, whose order nobody has promised. (Formats that are not for people write structs as lists.)
#[cfg(feature = "serde")]
#[derive(Debug)]
pub struct Object<D>(pub D);

#[cfg(feature = "json")]
impl Object<()> {
    /// Reads JSON to its end, which is an object where it is a struct.
    ///
    /// # Errors
    ///
    /// What `serde_json` says.
    pub fn from_json<'t, T: serde::Deserialize<'t>>(text: &'t [u8]) -> serde_json::Result<T> {
        let mut reader = serde_json::Deserializer::from_slice(text);
        let read = T::deserialize(Object(&mut reader))?;
        reader.end().map(|()| read)
    }
}

#[cfg(feature = "serde")]
mod object {
    use std::fmt;

    use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
    use serde::forward_to_deserialize_any;

    use super::Object;

    impl<'de, D: Deserializer<'de>> Deserializer<'de> for Object<D> {
        type Error = D::Error;

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            name: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, D::Error> {
            let takes_lists = !self.0.is_human_readable();
            self.0.deserialize_struct(name, fields, Fields { visitor, takes_lists })
        }

        fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.deserialize_any(visitor)
        }

        fn is_human_readable(&self) -> bool {
            self.0.is_human_readable()
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    /// The visitor of a struct.
    struct Fields<V> {
        visitor: V,
        takes_lists: bool,
    }

    impl<'de, V: Visitor<'de>> Visitor<'de> for Fields<V> {
        type Value = V::Value;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.visitor.expecting(f)
        }

        fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<V::Value, M::Error> {
            self.visitor.visit_map(map)
        }

        fn visit_seq<S: SeqAccess<'de>>(self, seq: S) -> Result<V::Value, S::Error> {
            if self.takes_lists {
                return self.visitor.visit_seq(seq);
            }
            Err(serde::de::Error::invalid_type(serde::de::Unexpected::Seq, &self))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_is_shown_and_what_is_long_ends_in_dots() {
        let exact = "ä".repeat(40);
        assert_eq!(clipped(&exact, 40), exact);
        assert_eq!(clipped(format_args!("{exact}{exact}"), 40), format!("{exact}…"));
    }

    #[test]
    fn the_place_stays_at_the_end_of_a_sentence() {
        let said = |text: &str| sentence(text);
        assert_eq!(
            said("unknown field `x` at line 3 column 14"),
            "unknown field `x` at line 3 column 14"
        );
        let long = format!("unknown field `{}` at line 3 column 14", "k".repeat(1_000));
        let shown = said(&long);
        assert!(shown.ends_with("k… at line 3 column 14") && shown.len() < 450, "{shown}");
        assert_eq!(said("`\n at line \u{1b}`"), r"`\n at line \u{1b}`");
        assert_eq!(said(""), "");
    }

    #[test]
    fn names_are_what_the_language_writes() {
        for name in ["A", "r#type", "_x1", "Käufer", "购买", "हिन्दी", "par", "end"]
        {
            assert_eq!(misspelt(name, Named::Word), None, "{name}");
        }
        let types = ["()", "Vec<(u8, &'static str)>", "{ a: u8 }", "fn(u8) -> u8", "[u8; 4]"];
        for name in types {
            assert_eq!(misspelt(name, Named::Payload), None, "{name}");
        }
        assert_eq!(misspelt("roll of dice", Named::Other), None);
        let never =
            ["", "a\nb", "a\rb", "\u{1b}[2J", "\u{202e}A", "A\u{200b}", "A` and `B", " A", "A "];
        for name in never {
            for of in [Named::Word, Named::Payload, Named::Other] {
                assert!(misspelt(name, of).is_some(), "{name:?}");
            }
        }
        let words = [
            "end or A",
            "A!B",
            "A -> B: X -> 1, A",
            "r0.role 1",
            "X(u8)",
            "1st",
            "r#",
            "A→B",
            "A\u{3000}B",
        ];
        for name in words {
            assert!(misspelt(name, Named::Word).is_some(), "{name:?}");
        }
    }
}
