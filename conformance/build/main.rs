//! Writes the protocols of the corpus and random ones as Rust source: each goes through
//! `choreography!` and gets role objects that answer from a seed.

mod emit;
#[expect(unreachable_pub, dead_code, reason = "it is a module of the library")]
#[path = "../src/grammar.rs"]
mod grammar;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use telltale_syntax::{Analysis, analyse_str, project_all};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=corpus");
    println!("cargo::rerun-if-changed=lanes");
    println!("cargo::rerun-if-changed=src/grammar.rs");
    println!("cargo::rerun-if-env-changed=TELLTALE_RANDOM_PROTOCOLS");

    let mut source = emit::Source::default();
    for path in [files("corpus")?, files("lanes")?].concat() {
        let text = fs::read_to_string(&path)?;
        if let Some(analysis) = accepted(&text) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            source.add(&name, &text, &analysis);
        }
    }
    let count = grammar::random_protocols();
    let plain = random(grammar::choreography).take(count);
    for (seed, text, analysis) in plain.chain(random(grammar::at_once).take(count / 4)) {
        source.add(&format!("seed {seed}"), &text, &analysis);
    }
    let folder = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    fs::write(folder.join("protocols.rs"), source.finish())
}

fn files(within: &str) -> io::Result<Vec<PathBuf>> {
    let folder = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let files = fs::read_dir(Path::new(&folder).join(within))?;
    let mut paths: Vec<PathBuf> = files.map(|file| Ok(file?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

/// Random protocols that are right and in which somebody decides something.
fn random(text: fn(u64) -> String) -> impl Iterator<Item = (u64, String, Analysis)> {
    (0..).filter_map(move |seed| {
        let text = text(seed);
        if !text.contains("choice") {
            return None;
        }
        let analysis = accepted(&text)?;
        Some((seed, text, analysis))
    })
}

/// What a text means, if all its protocols are right.
fn accepted(text: &str) -> Option<Analysis> {
    let analysis = analyse_str(text);
    let is_right =
        analysis.diagnostics.is_empty() && project_all(&analysis).iter().all(Result::is_ok);
    is_right.then_some(analysis)
}
