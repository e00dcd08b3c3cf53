//! What is said about each mistake, word for word.
//!
//! The cases stand in `tests/mistakes/*.txt`, one file per topic: `=== name`, a protocol, `---`, and
//! what is printed about it. `TELLTALE_BLESS=1` writes what is printed now into the files.

use std::fs;
use std::path::{Path, PathBuf};

use telltale_syntax::{Style, analyse_str, render};

#[test]
fn every_mistake_is_explained() {
    let mut files = case_files();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let before = fs::read_to_string(&file).expect("the file can be read");
        let now: String = before.split("=== ").skip(1).map(answer).collect();
        if std::env::var_os("TELLTALE_BLESS").is_some() {
            fs::write(&file, now).expect("the file can be written");
        } else {
            assert_same(&before, &now, &file);
        }
    }
}

fn case_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let entries = fs::read_dir(folder).expect("the folder can be read");
    entries.map(|entry| entry.expect("the entry can be read").path()).collect()
}

/// A case with what is printed about it now.
fn answer(case: &str) -> String {
    let (name, rest) = case.split_once('\n').expect("a case begins with its name");
    let source = rest.split_once("---\n").map_or(rest, |(source, _)| source);
    let analysis = analyse_str(source);
    assert!(!analysis.diagnostics.is_empty(), "`{name}` is not a mistake");
    let printed = render(&analysis.diagnostics, "protocol", source, Style::Plain);
    format!("=== {name}\n{source}---\n{printed}\n")
}

fn assert_same(before: &str, now: &str, file: &Path) {
    for (before, now) in before.split("=== ").zip(now.split("=== ")) {
        assert!(before == now, "in {}, expected\n{before}\nbut got\n{now}", file.display());
    }
    assert_eq!(before, now);
}
