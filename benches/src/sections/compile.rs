//! How much longer the compiler takes: `cargo check` of generated crates after their source was touched.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::measure::{self, Effort};
use crate::table::{Table, goal, grouped, none, times};

/// Milliseconds over an empty crate, for one small protocol.
const ONE_GOAL: f64 = 60.0;
/// How many times as long as with one protocol, with ten of them.
const TEN_GOAL: f64 = 2.0;

/// A crate that is generated.
struct Crate {
    name: &'static str,
    /// What is in it.
    what: &'static str,
    items: fn() -> String,
}

const CRATES: [Crate; 6] = [
    Crate { name: "empty", what: "nothing", items: String::new },
    Crate { name: "one", what: "two_buyer", items: || choreography(&two_buyer(0)) },
    Crate { name: "ten", what: "10 protocols like it", items: || choreography(&many(10)) },
    Crate { name: "hundred", what: "100 protocols like it", items: || choreography(&many(100)) },
    Crate {
        name: "few_labels",
        what: "2,000 statements, 10 labels",
        items: || choreography(&long(2_000, 10)),
    },
    Crate {
        name: "many_labels",
        what: "2,000 statements, 2,000 labels",
        items: || choreography(&long(2_000, 2_000)),
    },
];

pub fn print(effort: Effort) {
    let crates = &CRATES[..effort.either(CRATES.len(), 3)];
    let workspace = Workspace::create(crates);
    // Dependencies are checked here, once for all.
    for one in crates {
        workspace.check(one.name);
    }
    let check = |one: &Crate| {
        workspace.touch(one.name);
        workspace.check(one.name)
    };
    let mut checks: Vec<_> = crates.iter().map(|one| move || check(one)).collect();
    let mut samplers: Vec<&mut dyn FnMut() -> f64> =
        checks.iter_mut().map(|check| check as &mut dyn FnMut() -> f64).collect();
    let costs = measure::by_turns(&mut samplers, effort.samples.min(3));
    let over: Vec<f64> = costs.iter().map(|cost| cost - costs[0]).collect();

    println!(
        "compile: milliseconds of `cargo check` after a touch, and bytes of source that are generated"
    );
    let mut table = Table::new(["", "check", "over nothing", "/two_buyer", "goal", "generated"]);
    for (at, one) in crates.iter().enumerate() {
        table.row(
            one.what,
            [
                format!("{:.0}", costs[at]),
                format!("{:.0}", over[at]),
                times(costs[at] / costs[1]),
                match one.name {
                    "one" => goal(over[at], ONE_GOAL, |ms| format!("{ms:.0} ms")),
                    "ten" => goal(costs[at] / costs[1], TEN_GOAL, times),
                    _ => none(),
                },
                grouped(workspace.expanded(one.name) as f64),
            ],
        );
    }
    table.print();
}

/// Generated crates that share what they depend on.
struct Workspace(PathBuf);

impl Workspace {
    fn create(crates: &[Crate]) -> Self {
        let program = std::env::current_exe().expect("a path");
        let target = program.ancestors().nth(2).expect("a target directory");
        let workspace = Self(target.join("compile"));
        let members: Vec<&str> = crates.iter().map(|one| one.name).collect();
        let root = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n");
        write(&workspace.0.join("Cargo.toml"), &root);
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock");
        fs::copy(lock, workspace.0.join("Cargo.lock")).expect("a copy of the versions used here");
        for Crate { name, items, .. } in crates {
            let vm = concat!(env!("CARGO_MANIFEST_DIR"), "/../telltale-vm");
            let manifest = format!(
                "[package]\nname = {name:?}\nedition = \"2024\"\n\n[dependencies]\ntelltale-vm = {{ path = {vm:?} }}\n"
            );
            write(&workspace.0.join(name).join("Cargo.toml"), &manifest);
            write(&workspace.main(name), &source(&items()));
        }
        workspace
    }

    fn main(&self, name: &str) -> PathBuf {
        self.0.join(name).join("src/main.rs")
    }

    fn touch(&self, name: &str) {
        let source = fs::read_to_string(self.main(name)).expect("a source");
        write(&self.main(name), &source);
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.args(arguments).args(["--offline", "--quiet"]);
        cargo.current_dir(&self.0).env("CARGO_TARGET_DIR", self.0.join("target"));
        cargo
    }

    /// The milliseconds that a check takes.
    fn check(&self, name: &str) -> f64 {
        let start = Instant::now();
        let status = self.cargo(&["check", "--package", name]).status().expect("cargo runs");
        assert!(status.success(), "`{name}` does not compile");
        start.elapsed().as_secs_f64() * 1e3
    }

    /// How many bytes of source the macros of a crate generate.
    fn expanded(&self, name: &str) -> usize {
        let arguments = ["rustc", "--profile", "check", "--package", name];
        let mut cargo = self.cargo(&arguments);
        cargo.args(["--", "-Zunpretty=expanded"]).env("RUSTC_BOOTSTRAP", "1");
        let output = cargo.stderr(Stdio::inherit()).output().expect("cargo runs");
        assert!(output.status.success(), "`{name}` does not expand");
        output.stdout.len()
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    fs::write(path, text).expect("a file");
}

fn source(items: &str) -> String {
    format!("#![allow(dead_code)]\n\n{items}\nfn main() {{}}\n")
}

fn choreography(protocols: &str) -> String {
    format!("telltale_vm::choreography! {{\n{protocols}}}\n")
}

fn many(count: usize) -> String {
    (0..count).map(two_buyer).collect()
}

/// The protocol of the corpus under another name.
fn two_buyer(nth: usize) -> String {
    const TEXT: &str = include_str!("../../../conformance/corpus/two_buyer.tell");
    let (_, protocol) = TEXT.split_once("protocol TwoBuyer").expect("it is the protocol's name");
    format!("pub protocol TwoBuyer{nth}{protocol}\n")
}

fn long(statements: usize, labels: usize) -> String {
    let mut text = "pub protocol Long(Alice, Bob) {\n".to_owned();
    for nth in 0..statements {
        let (from, to) = if nth % 2 == 0 { ("Alice", "Bob") } else { ("Bob", "Alice") };
        let _ = writeln!(text, "{from} -> {to}: M{}(u64);", nth % labels);
    }
    text + "}\n"
}
