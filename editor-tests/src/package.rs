//! A package outside of this workspace that uses the library as a user would.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

/// A package with one file.
#[derive(Clone, Debug)]
pub struct Package {
    directory: PathBuf,
    file: PathBuf,
}

impl Package {
    /// Writes a package into a directory. It needs nothing that this workspace does not have.
    ///
    /// # Panics
    ///
    /// When the directory cannot be written.
    pub fn write(directory: &Path, program: &str) -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it is a member");
        let library = workspace.join("telltale-vm").display().to_string();
        let manifest = format!(
            "[package]\nname = \"fixture\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\ntelltale-vm.path = {library:?}\n\n[workspace]\n"
        );
        let file = directory.join("src/main.rs");
        fs::create_dir_all(directory.join("src")).expect("there is room");
        fs::write(directory.join("Cargo.toml"), manifest).expect("there is room");
        fs::write(&file, program).expect("there is room");
        let lock = directory.join("Cargo.lock");
        fs::copy(workspace.join("Cargo.lock"), lock).expect("the workspace has a lock file");
        Self { directory: directory.to_owned(), file }
    }

    /// Whether a program compiles, or else what the compiler says.
    ///
    /// # Errors
    ///
    /// What the compiler says.
    ///
    /// # Panics
    ///
    /// When there is no compiler.
    pub fn check(&self, program: &str) -> Result<(), String> {
        fs::write(&self.file, program).expect("there is room");
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let Output { status, stderr, .. } = self
            .with_surroundings(Command::new(cargo).args(["check", "--quiet"]))
            .output()
            .expect("there is a compiler");
        if status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&stderr).into_owned()) }
    }

    /// Runs a command in the package, which downloads nothing and builds beside the package.
    pub(crate) fn with_surroundings<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .current_dir(&self.directory)
            .env("CARGO_TARGET_DIR", self.directory.join("target"))
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("RUSTFLAGS")
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(&self.file).expect("the package was written")
    }
}
