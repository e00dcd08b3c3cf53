//! The images in `images/`, by the format in which they are written, as JSON and as bytes. Those of the format of today load
//! and run, for ever; those of others are refused, and the error says which format they have.
//!
//! Who raises the format, or adds a protocol, runs these tests once with `TELLTALE_BLESS=1`, which writes what is missing. What is
//! there is never written again: it stands for what people have stored.

use std::fs;
use std::path::{Path, PathBuf};

use telltale_bytecode::FORMAT;
use telltale_conformance::play::{Setting, settings};
use telltale_vm::loader::{ImageError, UntrustedImage};

use crate::{corpus, runs};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("images")
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).expect("the images are in folders");
    let mut paths: Vec<PathBuf> =
        files.map(|file| file.expect("the folder can be listed").path()).collect();
    paths.sort();
    paths
}

/// What is in a file, or what is said of it.
fn read(path: &Path) -> Result<UntrustedImage, String> {
    let bytes = fs::read(path).expect("the file can be read");
    if path.extension().is_some_and(|extension| extension == "json") {
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())
    } else {
        UntrustedImage::from_bytes(&bytes).map_err(|error| error.to_string())
    }
}

#[test]
fn stored_images_run_or_say_which_format_they_have() {
    let few: Vec<Setting> = settings().into_iter().step_by(11).collect();
    for folder in listed(&folder()) {
        let found = folder.file_name().and_then(|name| name.to_str()?.parse().ok());
        let found: u16 = found.expect("a folder for each format");
        for path in listed(&folder) {
            let name = path.display().to_string();
            match read(&path) {
                Ok(image) => {
                    assert_eq!(found, FORMAT, "{name}");
                    let valid = image.validate().unwrap_or_else(|error| panic!("{name}: {error}"));
                    assert_eq!(Some(valid.hash()), image.hash(), "{name}");
                    runs(&name, &valid, &few);
                }
                Err(said) => {
                    let expected = ImageError::Format { expected: FORMAT, found }.to_string();
                    assert!(found != FORMAT && said.contains(&expected), "{name}: {said}");
                }
            }
        }
    }
}

#[test]
fn every_protocol_is_stored_in_the_format_of_today() {
    let folder = folder().join(FORMAT.to_string());
    for (name, image) in corpus() {
        let name = name.replace(" of ", ".");
        let json = serde_json::to_string_pretty(&image).expect("JSON") + "\n";
        for (extension, content) in [("json", json.into_bytes()), ("tti", image.to_bytes())] {
            let path = folder.join(format!("{name}.{extension}"));
            if path.exists() {
                continue;
            }
            assert!(
                std::env::var_os("TELLTALE_BLESS").is_some(),
                "there is no {}; TELLTALE_BLESS=1 writes it",
                path.display()
            );
            fs::create_dir_all(&folder).expect("the folder can be made");
            fs::write(&path, content).expect("the file can be written");
        }
    }
}
