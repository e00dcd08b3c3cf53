//! What the user may have meant.

/// How many characters a name may have for others to be compared with it.
const LONGEST: usize = 64;

/// How many names are compared with one.
const COMPARED: usize = 1_000;

/// Up to this length, names are told apart by a letter; one is no slip of another.
const SHORT: usize = 2;

/// The known name that is closest to one that is not known, if it is close.
pub(crate) fn similar<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let length = name.chars().count();
    if length > LONGEST {
        return None;
    }
    let is_long = |known: &&str| known.chars().count() > SHORT && length > SHORT;
    let is_same = |known: &&str| known.to_lowercase() == name.to_lowercase();
    let near = 1 + length / 4;
    known
        .into_iter()
        .take(COMPARED)
        .filter(|known| is_long(known) || is_same(known))
        .map(|known| (distance(name, known, near), known))
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known.to_owned())
}

/// How many letters are to be added, removed, replaced or swapped with a neighbour.
fn distance(from: &str, to: &str, near: usize) -> usize {
    let from: Vec<char> = from.chars().flat_map(char::to_lowercase).collect();
    let to: Vec<char> = to.chars().flat_map(char::to_lowercase).collect();
    if from.len().abs_diff(to.len()) > near {
        return usize::MAX;
    }
    let mut before_last = vec![0; to.len() + 1];
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for row in 1..=from.len() {
        let mut current = vec![row; to.len() + 1];
        for column in 1..=to.len() {
            let replaced = last[column - 1] + usize::from(from[row - 1] != to[column - 1]);
            current[column] = replaced.min(last[column] + 1).min(current[column - 1] + 1);
            let swapped = row > 1
                && column > 1
                && from[row - 1] == to[column - 2]
                && from[row - 2] == to[column - 1];
            if swapped {
                current[column] = current[column].min(before_last[column - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised() {
        let known = ["Alice", "Bob", "Seller"];
        assert_eq!(similar("Alcie", known).as_deref(), Some("Alice"));
        assert_eq!(similar("alice", known).as_deref(), Some("Alice"));
        assert_eq!(similar("Bobb", known).as_deref(), Some("Bob"));
        assert_eq!(similar("Carol", known), None);
    }

    #[test]
    fn short_names_are_no_slips_of_each_other() {
        let known = ["A", "Bo", "Bob"];
        for name in ["C", "Ba", "Bx", "AB"] {
            assert_eq!(similar(name, known), None, "{name}");
        }
        assert_eq!(similar("a", known).as_deref(), Some("A"));
    }
}
