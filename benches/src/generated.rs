//! Crates that are generated and compiled, as a user of Telltale would have them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Generated crates that share what they depend on.
pub struct Workspace(PathBuf);

impl Workspace {
    /// Writes crates down, in a folder of that name: for each, its name and its `main.rs`.
    pub fn create(folder: &str, crates: &[(&str, String)]) -> Self {
        let program = std::env::current_exe().expect("a path");
        let target = program.ancestors().nth(2).expect("a target directory");
        let workspace = Self(target.join(folder));
        let members: Vec<&str> = crates.iter().map(|(name, _)| *name).collect();
        let root = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n");
        write(&workspace.0.join("Cargo.toml"), &root);
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock");
        fs::copy(lock, workspace.0.join("Cargo.lock")).expect("a copy of the versions used here");
        for (name, source) in crates {
            let vm = concat!(env!("CARGO_MANIFEST_DIR"), "/../telltale-vm");
            let manifest = format!(
                "[package]\nname = {name:?}\nedition = \"2024\"\n\n[dependencies]\ntelltale-vm = {{ path = {vm:?} }}\n"
            );
            write(&workspace.0.join(name).join("Cargo.toml"), &manifest);
            write(&workspace.main(name), source);
        }
        workspace
    }

    fn main(&self, name: &str) -> PathBuf {
        self.0.join(name).join("src/main.rs")
    }

    /// Its source is newer now than what was made of it.
    pub fn touch(&self, name: &str) {
        let source = fs::read_to_string(self.main(name)).expect("a source");
        write(&self.main(name), &source);
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.args(["--offline", "--quiet"]).args(arguments);
        cargo.current_dir(&self.0).env("CARGO_TARGET_DIR", self.0.join("target"));
        cargo
    }

    /// The milliseconds that a check takes.
    pub fn check(&self, name: &str) -> f64 {
        let start = Instant::now();
        let status = self.cargo(&["check", "--package", name]).status().expect("cargo runs");
        assert!(status.success(), "`{name}` does not compile");
        start.elapsed().as_secs_f64() * 1e3
    }

    /// How many bytes of source the macros of a crate generate.
    pub fn expanded(&self, name: &str) -> usize {
        let arguments = ["rustc", "--profile", "check", "--package", name];
        let mut cargo = self.cargo(&arguments);
        cargo.args(["--", "-Zunpretty=expanded"]).env("RUSTC_BOOTSTRAP", "1");
        let output = cargo.stderr(Stdio::inherit()).output().expect("cargo runs");
        assert!(output.status.success(), "`{name}` does not expand");
        output.stdout.len()
    }

    /// How many bytes the program of a crate has when it is built for release, with its symbols or without.
    pub fn size(&self, name: &str, symbols: bool) -> u64 {
        let strip = if symbols { "-Cstrip=debuginfo" } else { "-Cstrip=symbols" };
        let mut cargo = self.cargo(&["rustc", "--release", "--package", name, "--", strip]);
        // In pieces, as they are built when little changes, a program is larger.
        let status = cargo.env("CARGO_INCREMENTAL", "0").status().expect("cargo runs");
        assert!(status.success(), "`{name}` does not compile");
        let program = format!("target/release/{name}{}", std::env::consts::EXE_SUFFIX);
        fs::metadata(self.0.join(program)).expect("it was built").len()
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    fs::write(path, text).expect("a file");
}
