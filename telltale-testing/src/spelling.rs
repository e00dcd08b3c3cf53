//! Types by their names, as protocols spell them.

use std::borrow::Cow;

/// The type of what travels for a payload: that of a single named field, a tuple of several.
pub(crate) fn carried(payload: &str) -> Cow<'_, str> {
    let fields = payload.strip_prefix("{ ").and_then(|fields| fields.strip_suffix(" }"));
    let Some(fields) = fields else { return payload.into() };
    let types: Vec<&str> = parts(fields)
        .into_iter()
        .map(|field| field.split_once(": ").map_or(field, |(_, ty)| ty))
        .collect();
    match types[..] {
        [one] => one.into(),
        _ => format!("({})", types.join(", ")).into(),
    }
}

/// What stands between commas that are outside of all brackets.
fn parts(list: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, sign) in list.char_indices() {
        depth += i32::from("(<[{".contains(sign)) - i32::from(")>]}".contains(sign));
        if sign == ',' && depth == 0 {
            parts.push(list[start..at].trim());
            start = at + 1;
        }
    }
    parts.push(list[start..].trim());
    parts
}

/// A type without the paths to its names, without lifetimes and spaces: `a::B<c::D>` is `B<D>`.
pub(crate) fn without_paths(ty: &str) -> String {
    let mut short = String::new();
    let mut word = String::new();
    let mut rest = ty.chars().peekable();
    while let Some(sign) = rest.next() {
        if sign.is_alphanumeric() || sign == '_' {
            word.push(sign);
        } else if sign == ':' && rest.next_if_eq(&':').is_some() {
            word.clear();
        } else if sign == '\'' {
            while rest.next_if(|sign| sign.is_alphanumeric() || *sign == '_').is_some() {}
        } else {
            short.push_str(&word);
            word.clear();
            if !sign.is_whitespace() {
                short.push(sign);
            }
        }
    }
    short + &word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_fields_are_carried_without_their_names() {
        for (payload, ty) in [
            ("u64", "u64"),
            ("(u8, String)", "(u8, String)"),
            ("{ address: String }", "String"),
            ("{ at: (u8, u8), of: Vec<Option<u8>> }", "((u8, u8), Vec<Option<u8>>)"),
        ] {
            assert_eq!(carried(payload), ty);
        }
    }

    #[test]
    fn paths_are_left_out() {
        for (ty, short) in [
            ("u64", "u64"),
            ("alloc::vec::Vec<alloc::string::String>", "Vec<String>"),
            ("Vec<String>", "Vec<String>"),
            ("(u8, chrono::DateTime<chrono::Utc>)", "(u8,DateTime<Utc>)"),
            ("&'static str", "&str"),
            ("::std::option::Option<[u8; 4]>", "Option<[u8;4]>"),
        ] {
            assert_eq!(without_paths(ty), short);
        }
    }
}
