//! The command on protocols whose verdicts are known.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn telltale(arguments: &[&str], path: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_telltale"));
    command.args(arguments).arg(path).output().expect("it ends")
}

fn corpus() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance");
    let folders = ["corpus", "lanes"].map(|folder| std::fs::read_dir(root.join(folder)));
    let files = folders.into_iter().flat_map(|folder| folder.expect("the corpus is there"));
    let paths: Vec<_> = files.map(|file| file.expect("it can be read").path()).collect();
    assert!(paths.len() > 100, "{}", paths.len());
    paths
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("it can be read")
}

/// `send validity at Buyer; mixed choice at Buyer`, as pairs of what `--format json` says.
fn verdict(text: &str) -> BTreeSet<(String, String)> {
    let (_, rest) = text.split_once("// Verdict: ").expect("it has a verdict");
    let line = rest.lines().next().unwrap_or_default();
    let violations = line.split("; ").filter(|part| *part != "implementable");
    let violation = |part: &str| {
        let (condition, role) = part.split_once(" at ").expect("it is at a role");
        let word = condition.split(' ').next().unwrap_or_default();
        (word.to_owned(), role.to_owned())
    };
    violations.map(violation).collect()
}

#[test]
fn verdicts_are_those_of_the_corpus() {
    for path in corpus() {
        let output = telltale(&["check", "--format", "json"], &path);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        let said: BTreeSet<(String, String)> = report
            .as_array()
            .expect("it is an array")
            .iter()
            .flat_map(|protocol| protocol["errors"].as_array().expect("it is an array"))
            .map(|error| {
                let word = |name: &str| error[name].as_str().expect("it is a text").to_owned();
                (word("condition"), word("role"))
            })
            .collect();
        let known = verdict(&read(&path));
        // A role that violates two conditions at one decision is explained once.
        let roles = |pairs: &BTreeSet<(String, String)>| -> BTreeSet<String> {
            pairs.iter().map(|(_, role)| role.clone()).collect()
        };
        assert!(said.is_subset(&known), "{}: {said:?} {known:?}", path.display());
        assert_eq!(roles(&said), roles(&known), "{}", path.display());
        let expected = i32::from(!known.is_empty());
        assert_eq!(output.status.code(), Some(expected), "{}", path.display());
    }
}

/// Formatting changes no type and loses no line of comment, and a second time it changes nothing.
#[test]
fn formatting_keeps_what_is_meant() {
    let folder = tempfile::tempdir().expect("there is room");
    let shown = |path: &Path| {
        let text = String::from_utf8(telltale(&["show"], path).stdout).expect("it is UTF-8");
        // Without the lines at which protocols stand.
        text.lines().filter(|line| line.starts_with("  ")).collect::<Vec<_>>().join("\n")
    };
    let comments = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.split_once("//"));
        lines.map(|(_, comment)| comment.trim().to_owned()).collect()
    };
    for path in corpus() {
        let copy = folder.path().join("copy.tell");
        let before = read(&path);
        // Anything is better laid out than this.
        let squeezed: Vec<&str> = before.lines().map(str::trim).collect();
        std::fs::write(&copy, squeezed.join("\n")).expect("there is room");
        let output = telltale(&["fmt"], &copy);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*said), (Some(0), ""), "{}", path.display());
        let once = read(&copy);
        assert_eq!(shown(&path), shown(&copy), "{}", path.display());
        assert_eq!(comments(&before), comments(&once), "{}", path.display());
        assert_eq!(telltale(&["fmt", "--check"], &copy).status.code(), Some(0), "{once}");
    }
}

/// Every protocol that is sound runs with every seed, and can be explored; none is refused by one command and taken by another.
#[test]
fn what_is_sound_runs() {
    for path in corpus() {
        let sound = Some(i32::from(!verdict(&read(&path)).is_empty()));
        let commands: [&[&str]; 5] = [
            &["simulate", "--runs", "20", "--rounds", "50"],
            &["explore", "--states", "2000"],
            &["show"],
            &["disasm"],
            &["diagram", "--kind", "state"],
        ];
        for arguments in commands {
            let output = telltale(arguments, &path);
            let several = String::from_utf8_lossy(&output.stderr).contains("several protocols");
            let is_as_known = output.status.code() == sound || several;
            assert!(is_as_known, "{arguments:?} {}: {output:?}", path.display());
        }
    }
}

/// What a simulation writes down is a run of the protocol, and exercises something of each role that does something in it.
#[test]
fn simulated_logs_are_accepted() {
    let folder = tempfile::tempdir().expect("there is room");
    let log = folder.path().join("run.jsonl");
    let text = log.to_str().expect("it is UTF-8");
    let mut count = 0;
    for path in corpus() {
        let is_one = read(&path).matches("\nprotocol ").count()
            + read(&path).matches("\npub protocol ").count()
            == 1;
        if !is_one || !verdict(&read(&path)).is_empty() {
            continue;
        }
        let arguments = ["simulate", "--runs", "1", "--rounds", "50", "--draw", text];
        assert_eq!(telltale(&arguments, &path).status.code(), Some(0), "{}", path.display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_telltale"));
        let output = command.arg("accepts").arg(&path).arg(&log).output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{}: {output:?}", path.display());

        let mut command = Command::new(env!("CARGO_BIN_EXE_telltale"));
        command.args(["coverage", "--format", "json"]).arg(&path).arg(&log);
        let output = command.output().expect("it ends");
        let roles: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        let actions = roles.as_array().expect("it is an array").iter();
        let actions = actions.flat_map(|role| role["actions"].as_array().expect("it is an array"));
        let counted: u64 =
            actions.map(|action| action["count"].as_u64().expect("it is a number")).sum();
        assert_eq!(counted, read(&log).lines().count() as u64, "{}", path.display());
        count += 1;
    }
    assert!(count > 50, "{count}");
}
