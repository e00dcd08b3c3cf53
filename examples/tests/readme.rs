//! The README says what is so: its code runs, and the compiler says what it says there.
//!
//! `TELLTALE_BLESS=1` writes what the compiler says now into it.

use std::fs;
use std::path::{Path, PathBuf};

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

    assert_eq!(explained(right), "");

    let shown = blocks(&readme, "text")[0];
    let (_, place) = shown.split_once("\n --> ").expect("the compiler says where it is");
    let said = explained(&right.replace(forgotten, ""))
        .replace('\n', "\n       ")
        .replace("       \n", "\n");
    let now = format!("error: {said}\n --> {place}");
    if std::env::var_os("TELLTALE_BLESS").is_some() {
        fs::write(path("../README.md"), readme.replace(shown, &now)).expect("it can be written");
    } else {
        assert_eq!(shown, now);
    }
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

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).expect("the file can be read")
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
