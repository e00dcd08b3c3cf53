//! Programs that must not compile, with exactly what the compiler says, and programs that must.
//!
//! What a compiler says changes from version to version, so this runs with one version only.

use std::process::Command;

/// The version that the texts were written with.
const VERSION: &str = "rustc 1.95.";

#[test]
fn ui() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).arg("--version").output().expect("there is a compiler");
    let version = String::from_utf8_lossy(&output.stdout);
    if !version.starts_with(VERSION) {
        eprintln!("skipped: the texts are those of {VERSION}x, this is {}", version.trim());
        return;
    }
    let cases = trybuild::TestCases::new();
    if cfg!(not(feature = "serde")) {
        cases.compile_fail("tests/ui/without_serde/*.rs");
        return;
    }
    cases.pass("tests/ui/pass/*.rs");
    for mistakes in [
        "protocol",
        "role",
        "session",
        "label",
        "choice",
        "loop",
        "call",
        "par",
        "projection",
        "endpoints",
        "serde",
    ] {
        cases.compile_fail(format!("tests/ui/{mistakes}/*.rs"));
    }
}
