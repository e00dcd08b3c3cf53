//! The guide in `docs/` is whole: no link is dead, no page is forgotten, and the compiler says what it says there.
//!
//! `TELLTALE_BLESS=1` writes what the compiler says now into the pages.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use telltale_syntax::{analyse_str, project_all};

#[test]
fn every_link_leads_somewhere() {
    let mut dead = Vec::new();
    let root =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md"];
    let root = root.map(|name| folder().join(name));
    for page in pages().into_iter().chain(root) {
        for link in links(&read(&page)) {
            if !leads_somewhere(&page, &link) {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "dead links:\n{}", dead.join("\n"));
}

#[test]
fn a_page_of_the_book_links_to_pages_only() {
    for page in pages() {
        for link in links(&read(&page)) {
            assert!(!link.starts_with(".."), "{}: {link} is not in the book", page.display());
        }
    }
}

#[test]
fn every_page_is_in_the_book_and_in_the_tests() {
    let summary = read(&folder().join("docs/SUMMARY.md"));
    let tested = [
        "telltale-vm",
        "telltale-net",
        "telltale-postgres",
        "telltale-testing",
        "telltale-diagram",
        "telltale-wasm",
    ];
    let tested = tested.map(|tests| read(&folder().join(tests).join("src/docs.rs"))).concat();
    for page in pages() {
        let name = page.file_name().expect("a file has a name").display().to_string();
        if name == "SUMMARY.md" {
            continue;
        }
        assert!(summary.contains(&format!("]({name})")), "`SUMMARY.md` does not list {name}");
        assert!(tested.contains(&format!("/docs/{name}\"")), "no `docs.rs` tests {name}");
    }
}

#[test]
fn every_example_is_run() {
    for page in pages() {
        for block in blocks(&read(&page)) {
            let is_code = block.info.starts_with("rust");
            let is_run = matches!(block.info, "rust" | "rust,compile_fail" | "rust,should_panic");
            assert!(!is_code || is_run, "{}: nobody runs `{}`", page.display(), block.info);
        }
    }
}

#[test]
fn every_refusal_is_explained_as_it_is_there() {
    let mut refusals = 0;
    for page in pages() {
        let mut text = read(&page);
        let before = text.clone();
        let blocks = blocks(&before);
        for pair in blocks.windows(2) {
            let [refused, shown] = pair else { unreachable!("windows of two") };
            if refused.info != "rust,compile_fail" {
                continue;
            }
            refusals += 1;
            let now = format!("error: {}", explained(refused.inside));
            let begins = shown.info == "text" && shown.inside.starts_with("error: ");
            assert!(begins, "{}: no message follows\n{}", page.display(), refused.inside);
            if std::env::var_os("TELLTALE_BLESS").is_some() {
                let after = format!("{}```\n\n", refused.inside);
                let (start, rest) = text.split_once(&after).expect("the block is there");
                let rest = rest.replacen(shown.inside, &now, 1);
                text = format!("{start}{after}{rest}");
            } else {
                assert_eq!(shown.inside, now, "{}", page.display());
            }
        }
        if text != before {
            fs::write(&page, text).expect("the page can be written");
        }
    }
    assert!(refusals > 0);
}

/// What is wrong with the choreography in a program, one mistake after the other.
fn explained(program: &str) -> String {
    // What stands around the choreography becomes empty lines, so that all lines keep their numbers.
    let (before, rest) = program.split_once("choreography! {").expect("there is a choreography");
    let (inside, _) = rest.split_once("\n}").expect("the choreography ends");
    let analysis = analyse_str(&("\n".repeat(before.lines().count()) + inside));
    let projected = project_all(&analysis).into_iter().filter_map(Result::err).flatten();
    let said = analysis.diagnostics.into_iter().chain(projected);
    let said: Vec<String> = said.map(|diagnostic| indented(&diagnostic.text())).collect();
    said.join("\nerror: ") + "\n"
}

/// As the compiler indents what follows the first line.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n       ").replace("       \n", "\n")
}

struct Block<'a> {
    info: &'a str,
    inside: &'a str,
}

/// The blocks of code of a page.
fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, block)) = rest.split_once("\n```") {
        let (info, after) = block.split_once('\n').expect("a block begins with a line");
        let (inside, next) = if let Some(next) = after.strip_prefix("```") {
            ("", next)
        } else {
            let end = after.find("\n```").expect("a block ends");
            (&after[..=end], &after[end + 4..])
        };
        blocks.push(Block { info, inside });
        rest = next;
    }
    blocks
}

/// A page without its blocks of code.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            prose += line;
            prose += "\n";
        }
    }
    prose
}

/// Where the links of a page lead, but for those into the net.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let inside = |target: &str| !target.starts_with("http");
    targets.map(|(target, _)| target.to_owned()).filter(|target| inside(target)).collect()
}

fn leads_somewhere(page: &Path, link: &str) -> bool {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => page.to_owned(),
        file => page.parent().expect("a page is in a folder").join(file),
    };
    target.exists() && (anchor.is_empty() || anchors(&read(&target)).contains_key(anchor))
}

/// The headings of a page, as links name them.
fn anchors(text: &str) -> BTreeMap<String, String> {
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let headings = headings.map(|line| line.trim_start_matches('#').trim());
    headings.map(|heading| (anchor(heading), heading.to_owned())).collect()
}

fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let name: String = heading.to_lowercase().chars().filter(kept).collect();
    name.replace(' ', "-")
}

fn pages() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder().join("docs")).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("the entry can be read").path());
    let mut pages: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|found| found == "md")).collect();
    pages.sort();
    pages
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
