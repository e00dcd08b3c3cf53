//! What the projection says of every protocol of the corpus is what its file says.

use std::collections::BTreeSet;

use telltale_conformance::corpus::{Broken, entries, entries_of_lanes};
use telltale_syntax::{Analysed, analyse_str, project_all};
use telltale_theory::oracle::violated;
use telltale_theory::{Options, ProjectionError, check_with};
use telltale_types::GlobalType;

#[test]
fn every_verdict_is_the_one_in_its_file() {
    let entries = [entries(), entries_of_lanes()].concat();
    assert!(entries.len() >= 60, "there are only {} protocols", entries.len());
    let mut wrong = Vec::new();
    for entry in entries {
        let analysis = analyse_str(&entry.text);
        assert!(analysis.diagnostics.is_empty(), "{}: {:?}", entry.name, analysis.diagnostics);
        let (last, parts) = analysis.protocols.split_last().expect("a file has a protocol");
        for part in parts {
            assert_eq!(broken(part), BTreeSet::new(), "{}", entry.name);
        }
        let found = broken(last);
        if found != entry.verdict {
            wrong.push(format!("{}: {found:?} and not {:?}", entry.name, entry.verdict));
        }
        assert_eq!(by_definition(last), found, "{} by definition", entry.name);
        let projected = project_all(&analysis).pop().expect("a file has a protocol");
        assert_eq!(projected.is_ok(), found.is_empty(), "{}", entry.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn faulty_protocols_have_remedies_that_repair() {
    for entry in entries().into_iter().filter(|entry| !entry.verdict.is_empty()) {
        let analysis = analyse_str(&entry.text);
        let protocol = analysis.protocols.last().expect("a file has a protocol");
        let options = options(protocol);
        let mut global = lowered(protocol).clone();
        for _ in 0..8 {
            let Err(error) = check_with(&global, &options) else { break };
            let remedies = error.violations().iter().map(|found| &found.remedy);
            let remedy = remedies.into_iter().find(|remedy| !remedy.insertions.is_empty());
            let remedy = remedy.unwrap_or_else(|| panic!("{} has no remedy: {error}", entry.name));
            global = remedy.apply(&global).expect("a remedy gives a protocol");
        }
        check_with(&global, &options).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
    }
}

fn lowered(protocol: &Analysed) -> &GlobalType {
    &protocol.lowered.as_ref().expect("what has no mistakes has a meaning").global
}

fn options(protocol: &Analysed) -> Options {
    Options { allow_silent_end: protocol.attributes.silent_end, ..Options::default() }
}

fn broken(protocol: &Analysed) -> BTreeSet<Broken> {
    let global = lowered(protocol);
    let error = check_with(global, &options(protocol)).err();
    let violations = error.iter().flat_map(ProjectionError::violations);
    let named = |role| global.names().role(role).to_owned();
    violations.map(|found| (found.condition, named(found.role))).collect()
}

fn by_definition(protocol: &Analysed) -> BTreeSet<Broken> {
    let global = lowered(protocol);
    let allowed = protocol.attributes.silent_end;
    let named = |role| global.names().role(role).to_owned();
    let found = violated(global).into_iter();
    found
        .map(|(role, condition)| (condition, named(role)))
        .filter(|(condition, _)| !(allowed && *condition == telltale_theory::Condition::SilentEnd))
        .collect()
}
