//! The files in `corpus/`: a protocol with its parts, where it is from, and what is to be said of it. Those in `lanes/` have
//! arms that share roles.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use telltale_theory::Condition;

/// One file.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name of the file, without its extension.
    pub name: String,
    /// All of it; comments are none of the language's business.
    pub text: String,
    /// What is to be said of the last protocol in it. Those before are its parts, and implementable.
    pub verdict: BTreeSet<Broken>,
}

/// A condition, and the role for which it does not hold.
pub type Broken = (Condition, String);

/// Every file, in the order of the names.
///
/// # Panics
///
/// When a file cannot be read or has no verdict.
pub fn entries() -> Vec<Entry> {
    entries_in("corpus")
}

/// The protocols whose arms share roles, likewise.
///
/// # Panics
///
/// When a file cannot be read or has no verdict.
pub fn entries_of_lanes() -> Vec<Entry> {
    entries_in("lanes")
}

fn entries_in(folder: &str) -> Vec<Entry> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(&folder).expect("the corpus is a folder");
    let paths = files.map(|file| file.expect("the corpus can be listed").path());
    let mut entries: Vec<Entry> = paths.map(|path| entry(&path)).collect();
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    entries
}

fn entry(path: &Path) -> Entry {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let text = fs::read_to_string(path).expect("the corpus can be read");
    let line = text.lines().find_map(|line| line.strip_prefix("// Verdict: "));
    let line = line.unwrap_or_else(|| panic!("{name} has no verdict"));
    let verdict = verdict(line).unwrap_or_else(|| panic!("{name} has the unknown verdict {line}"));
    Entry { name, text, verdict }
}

/// `implementable`, or conditions and roles: `send validity at Bob; silent end at Carol`.
fn verdict(line: &str) -> Option<BTreeSet<Broken>> {
    if line == "implementable" {
        return Some(BTreeSet::new());
    }
    let broken = line.split("; ").map(|part| {
        let (words, role) = part.split_once(" at ")?;
        let condition = match words {
            "send validity" => Condition::SendValidity,
            "receive validity" => Condition::ReceiveValidity,
            "mixed choice" => Condition::NoMixedChoice,
            "fork" => Condition::Fork,
            "join" => Condition::Join,
            "silent end" => Condition::SilentEnd,
            _ => return None,
        };
        Some((condition, role.to_owned()))
    });
    broken.collect()
}
