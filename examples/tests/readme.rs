//! The README says what is so: its code runs, and the compiler says what it says there.

use std::fs;
use std::path::Path;

use telltale_syntax::{analyse_str, project_all};

#[test]
fn the_code_is_that_of_an_example() {
    let (readme, example) = (read("../README.md"), read("purchase.rs"));
    let blocks = blocks(&readme, "rust");
    assert!(!blocks.is_empty());
    for block in blocks {
        assert!(example.contains(block), "`purchase.rs` does not have these lines:\n{block}");
    }
}

#[test]
fn the_mistake_is_explained_as_it_is_there() {
    let readme = read("../README.md");
    let forgotten = "            Shop -> Warehouse: Rest;\n";
    let right = blocks(&readme, "rust")[0];
    assert!(right.contains(forgotten));

    let said = explained(&right.replace(forgotten, ""));
    let shown = blocks(&readme, "text")[0];
    assert!(!said.is_empty() && said.lines().count() < shown.lines().count());
    let shown = shown.trim_start_matches("error: ").lines().map(str::trim);
    for (said, shown) in said.lines().map(str::trim).zip(shown) {
        assert_eq!(said, shown);
    }
    assert_eq!(explained(right), "");
}

/// What is wrong with the choreography in a program.
fn explained(program: &str) -> String {
    // What stands around the choreography becomes empty lines, so that all lines keep their numbers.
    let (before, rest) = program.split_once("choreography! {").expect("there is a choreography");
    let (inside, _) = rest.split_once("\n}").expect("the choreography ends");
    let analysis = analyse_str(&("\n".repeat(before.lines().count()) + inside));
    let projected = project_all(&analysis).into_iter().filter_map(Result::err).flatten();
    analysis.diagnostics.into_iter().chain(projected).map(|diagnostic| diagnostic.text()).collect()
}

/// The blocks of code in a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let starts = text.split("\n```").filter_map(|block| block.strip_prefix(language));
    starts.filter_map(|block| block.strip_prefix('\n')).collect()
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(path).expect("the file can be read")
}
