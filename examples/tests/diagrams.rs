//! Every protocol of an example has a diagram, which is current and stands in `README.md`.
//!
//! `diagrams/*.svg` is what `telltale diagram` draws. `TELLTALE_BLESS=1` draws them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use telltale_diagram::{Page, Sequence};
use telltale_syntax::analyse_str;

const REMEDY: &str =
    "`TELLTALE_BLESS=1 cargo test -p telltale-examples --test diagrams` draws the diagrams anew";

#[test]
fn every_diagram_is_current() {
    let now = drawn();
    assert!(!now.is_empty());
    if std::env::var_os("TELLTALE_BLESS").is_some() {
        bless(&now);
    }
    for (name, svg) in &now {
        let stored = fs::read_to_string(diagram(name)).unwrap_or_default();
        assert!(stored == *svg, "`diagrams/{name}.svg` is not what its example says; {REMEDY}");
    }
    for name in names(&folder().join("diagrams"), "svg") {
        assert!(now.contains_key(&name), "`diagrams/{name}.svg` is of no example; {REMEDY}");
    }
}

#[test]
fn every_example_is_explained_with_its_diagrams() {
    let readme = read(&folder().join("README.md"));
    for example in names(folder(), "rs") {
        assert!(
            readme.contains(&format!("]({example}.rs)")),
            "`README.md` does not link `{example}.rs`"
        );
    }
    for name in drawn().keys() {
        let shown = format!("](diagrams/{name}.svg)");
        assert!(readme.contains(&shown), "`README.md` does not show `diagrams/{name}.svg`");
    }
}

/// The diagrams of all protocols, by the names of their files: example and protocol.
fn drawn() -> BTreeMap<String, String> {
    let mut drawn = BTreeMap::new();
    for example in names(folder(), "rs") {
        let program = read(&folder().join(&example).with_extension("rs"));
        for block in program.split("\nchoreography! {").skip(1) {
            let (inside, _) = block.split_once("\n}").expect("the choreography ends");
            for protocol in &analyse_str(inside).ast.protocols {
                let svg = Sequence::of_protocol(protocol).svg(Page::File) + "\n";
                drawn.insert(format!("{example}-{}", protocol.name), svg);
            }
        }
    }
    drawn
}

fn bless(now: &BTreeMap<String, String>) {
    for name in names(&folder().join("diagrams"), "svg") {
        if !now.contains_key(&name) {
            fs::remove_file(diagram(&name)).expect("the diagram can be removed");
        }
    }
    for (name, svg) in now {
        fs::write(diagram(name), svg).expect("the diagram can be written");
    }
}

/// The files in a folder that end like this, without their ending.
fn names(folder: &Path, extension: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("the entry can be read").path());
    let paths = paths.filter(|path| path.extension().is_some_and(|found| found == extension));
    let stem = |path: PathBuf| path.file_stem().expect("it has a name").display().to_string();
    let mut names: Vec<String> = paths.map(stem).collect();
    names.sort();
    names
}

fn diagram(name: &str) -> PathBuf {
    folder().join(format!("diagrams/{name}.svg"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
