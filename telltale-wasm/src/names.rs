//! What is called how in JavaScript.

/// `on_quote` → `onQuote`. Two names stay two: where a word begins with what has no upper case, the underscore stays.
pub(crate) fn camel(snake: &str) -> String {
    let snake = snake.strip_prefix("r#").unwrap_or(snake);
    let mut camel = String::with_capacity(snake.len());
    let mut signs = snake.chars().peekable();
    while let Some(sign) = signs.next() {
        let upper = signs.peek().and_then(|next| upper(*next));
        match upper {
            Some(upper) if sign == '_' && !camel.is_empty() => {
                camel.push(upper);
                signs.next();
            }
            _ => camel.push(sign),
        }
    }
    camel
}

/// The upper case of a letter that is the only one with that upper case.
fn upper(sign: char) -> Option<char> {
    sign.is_ascii_lowercase().then(|| sign.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::camel;

    #[test]
    fn names_stay_apart() {
        let names = ["on_quote", "r#type", "a_1", "a1", "_x", "a__b", "a_b", "on_ä", "x_"];
        let camels = names.map(camel);
        assert_eq!(camels, ["onQuote", "type", "a_1", "a1", "_x", "a_B", "aB", "on_ä", "x_"]);
    }
}
