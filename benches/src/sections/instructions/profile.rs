//! What `callgrind` has counted, by the source file that it stands in.

use std::collections::BTreeMap;

/// Instructions by source file. Code that was inlined counts where it was written.
pub type Parts = BTreeMap<String, u64>;

/// Reads a profile in callgrind's format.
pub fn read(profile: &str) -> Parts {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let mut parts = Parts::new();
    let mut file = "";
    let mut is_call = false;
    for line in profile.lines() {
        if let Some((key, name)) = line.split_once('=') {
            // `fl`, `fi` and `fe` name a file, `cfl` and `cfi` that of what is called; a name stands behind its
            // number once.
            if matches!(key, "fl" | "fi" | "fe" | "cfl" | "cfi") {
                let (number, name) = name.split_once(' ').unwrap_or((name, ""));
                if !name.is_empty() {
                    names.insert(number, name);
                }
                if !key.starts_with('c') {
                    file = names.get(number).copied().unwrap_or("");
                }
            }
            is_call = key == "calls";
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            // Behind a call stands what it cost inside, which is counted there.
            let count = line.rsplit(' ').next().filter(|_| !is_call);
            if let Some(count) = count.and_then(|count| count.parse::<u64>().ok()) {
                *parts.entry(room(file).to_owned()).or_default() += count;
            }
            is_call = false;
        }
    }
    parts
}

/// What a reader calls a file.
fn room(file: &str) -> &str {
    if let Some((_, inside)) = file.split_once("telltale-vm/src/") {
        inside
    } else if file.ends_with("ours.rs") || file.ends_with("tally.rs") || file.contains("atomic") {
        "the handler"
    } else {
        "everything else"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_go_to_the_file_that_was_named_last() {
        let profile = "events: Ir\nfl=(1) /x/telltale-vm/src/vm.rs\nfn=(1) run\n10 3\n+2 4\n\
                       cfi=(2) /x/src/ours.rs\ncfn=(9) other\ncalls=1 20\n12 900\n13 1\n\
                       fi=(2)\n7 5\nfe=(1)\ntotals: 13\n";
        let parts = read(profile);
        assert_eq!(parts["vm.rs"], 8);
        assert_eq!(parts["the handler"], 5);
        assert_eq!(parts.len(), 2);
    }
}
