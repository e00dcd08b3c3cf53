//! What is said when some role cannot know what to do, and whether it helps.
//!
//! The cases stand in `tests/projection/*.txt`, one file per topic: `=== name`, a choreography, `---`, and what is
//! said about it. `TELLTALE_BLESS=1` writes what is said now into the files.

use std::fs;
use std::path::{Path, PathBuf};

use telltale_syntax::{Diagnostic, analyse_str, project_all};

#[test]
fn every_violation_is_explained() {
    for_each_case(|name, source| {
        let diagnostics = diagnostics(source);
        assert!(!diagnostics.is_empty(), "`{name}` projects");
        diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect::<Vec<_>>().join("\n")
    });
}

/// What is wrong with a choreography that can be analysed.
fn diagnostics(source: &str) -> Vec<Diagnostic> {
    let analysis = analyse_str(source);
    let mistakes: Vec<String> = analysis.diagnostics.iter().map(ToString::to_string).collect();
    assert!(mistakes.is_empty(), "{}\n\n{source}", mistakes.join("\n\n"));
    project_all(&analysis).into_iter().filter_map(Result::err).flatten().collect()
}

fn for_each_case(said: impl Fn(&str, &str) -> String) {
    for file in case_files() {
        let before = fs::read_to_string(&file).expect("the file can be read");
        let answer = |case: &str| {
            let (name, rest) = case.split_once('\n').expect("a case begins with its name");
            let source = rest.split_once("---\n").map_or(rest, |(source, _)| source);
            format!("=== {name}\n{source}---\n{}\n", said(name, source))
        };
        let now: String = before.split("=== ").skip(1).map(answer).collect();
        if std::env::var_os("TELLTALE_BLESS").is_some() {
            fs::write(&file, now).expect("the file can be written");
        } else {
            assert_same(&before, &now, &file);
        }
    }
}

fn case_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projection");
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the entry can be read").path()).collect();
    files.sort();
    files
}

fn assert_same(before: &str, now: &str, file: &Path) {
    for (before, now) in before.split("=== ").zip(now.split("=== ")) {
        assert!(before == now, "in {}, expected\n{before}\nbut got\n{now}", file.display());
    }
    assert_eq!(before, now);
}
