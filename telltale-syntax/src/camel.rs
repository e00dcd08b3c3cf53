//! `UpperCamelCase` for what the user writes, `snake_case` for what is made of it.

use proc_macro2::Ident;
use syn::ext::IdentExt;

use crate::diagnostic::Diagnostic;
use crate::keyword::is_keyword;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;

/// A mistake unless the name is written like a type.
pub(crate) fn check_camel_case(noun: &'static str, name: &Ident, mistakes: &mut Mistakes) {
    let text = name.unraw().to_string();
    let starts_small = text.chars().next().is_some_and(char::is_lowercase);
    if starts_small || text.contains('_') {
        let better = Some(to_camel_case(&text)).filter(|better| is_name(better));
        let mistake = Mistake::NotCamelCase { noun, name: text, better };
        mistakes.push(Diagnostic::new(mistake, name));
    }
}

/// Whether something can be a name as it is.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(char::is_alphabetic) && !is_keyword(text)
}

/// A name as a type would be written.
pub(crate) fn to_camel_case(name: &str) -> String {
    let mut camel = String::new();
    for word in name.split('_') {
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.push_str(letters.as_str());
    }
    camel
}

/// `TwoBuyer` as `two_buyer`, `HTTPGet2` as `http_get2`.
pub(crate) fn to_snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(at + 1);
        let begins_word = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if begins_word {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parted() {
        for (camel, snake) in [
            ("TwoBuyer", "two_buyer"),
            ("HTTPGet2", "http_get2"),
            ("V2Message", "v2_message"),
            ("A", "a"),
            ("AB", "ab"),
            ("Überweisung", "überweisung"),
        ] {
            assert_eq!(to_snake_case(camel), snake);
        }
        assert_eq!(to_camel_case("two_buyer"), "TwoBuyer");
        assert_eq!(to_camel_case("quote"), "Quote");
    }
}
