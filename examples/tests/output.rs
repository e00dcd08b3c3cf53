//! Every example prints what it printed before.
//!
//! `expected/*.txt` are transcripts: a command as it is typed at the root, and what it prints.
//! `TELLTALE_BLESS=1` writes what is printed now into them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn every_example_prints_what_is_expected() {
    let mut wrong = Vec::new();
    for file in transcripts() {
        let before = fs::read_to_string(&file).expect("the transcript can be read");
        let command = before.lines().next().and_then(|line| line.strip_prefix("$ "));
        let command = command.expect("a transcript begins with `$ ` and a command");
        let now = format!("$ {command}\n{}", printed(command));
        if std::env::var_os("TELLTALE_BLESS").is_some() {
            fs::write(&file, now).expect("the transcript can be written");
        } else if before != now {
            wrong.push(format!("expected\n{before}\nbut got\n{now}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_example_is_expected_to_print_something() {
    let read = |file| fs::read_to_string(file).expect("the transcript can be read");
    let transcripts: Vec<String> = transcripts().into_iter().map(read).collect();
    for file in files(folder(), "rs") {
        let name = file.file_stem().expect("it has a name").display().to_string();
        let command = format!("$ cargo run --example {name}");
        assert!(transcripts.iter().any(|text| text.starts_with(&command)), "nobody runs `{name}`");
    }
}

/// What a command prints: first what it found out, then what it complains of.
fn printed(command: &str) -> String {
    let arguments = command.strip_prefix("cargo run ").expect("examples are run by cargo");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(folder().join("..")).args(["run", "--quiet"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.args(arguments.split_whitespace()).output().expect("cargo can be run");
    let [out, err] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    out + &err
}

fn transcripts() -> Vec<PathBuf> {
    files(&folder().join("expected"), "txt")
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("the entry can be read").path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    paths.sort();
    paths
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
