//! Files with protocols.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::error::Failure;
use crate::output::stderr;

/// A text, and where it is from.
#[derive(Debug)]
pub(crate) struct Source {
    /// What to call it.
    pub(crate) name: String,
    /// The file, unless it is the standard input.
    pub(crate) path: Option<PathBuf>,
    /// All of it, without the mark that some editors put in front of UTF-8.
    pub(crate) text: String,
    /// Whether that mark was there.
    pub(crate) is_marked: bool,
}

impl Source {
    /// Whether protocols stand in `choreography!`. The standard input has no name that says so.
    pub(crate) fn is_rust(&self) -> bool {
        match &self.path {
            Some(path) => path.extension().is_some_and(|ending| ending == "rs"),
            None => self.text.contains("choreography!"),
        }
    }
}

/// Looks at the files that are meant, one after the other. Those that cannot be read are named, and are why the command fails in the end.
pub(crate) fn each(
    paths: &[PathBuf],
    mut see: impl FnMut(&Source) -> Result<(), Failure>,
) -> Result<Option<Failure>, Failure> {
    let mut unread = 0;
    for source in sources(paths) {
        match source {
            Ok(source) => see(&source)?,
            Err(failure) => {
                writeln!(stderr(), "error: {failure}")?;
                unread += 1;
            }
        }
    }
    Ok((unread > 0).then_some(Failure::Unread { count: unread }))
}

/// The files that are meant, each one once and those of folders in the order of their names, or why one cannot be read.
pub(crate) fn sources(paths: &[PathBuf]) -> impl Iterator<Item = Result<Source, Failure>> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    let files: Vec<Result<PathBuf, Failure>> = paths.iter().flat_map(|path| files(path)).collect();
    files.into_iter().map(|file| file.and_then(|path| read(&path)))
}

fn files(path: &Path) -> Vec<Result<PathBuf, Failure>> {
    if !path.is_dir() {
        return vec![Ok(path.to_owned())];
    }
    let found = walk(path);
    if found.is_empty() { vec![Err(Failure::NoFile(path.to_owned()))] } else { found }
}

fn walk(path: &Path) -> Vec<Result<PathBuf, Failure>> {
    let walk = WalkBuilder::new(path).sort_by_file_name(Ord::cmp).build();
    let is_read =
        |path: &Path| path.extension().is_some_and(|ending| ending == "rs" || ending == "tell");
    let file = |entry: Result<ignore::DirEntry, ignore::Error>| match entry {
        Ok(entry) => {
            // A pipe would be waited for. Where a link leads nowhere, reading says so.
            let is_file = entry.path().metadata().map_or(true, |kind| kind.is_file());
            let short = entry.path().strip_prefix(".").unwrap_or(entry.path()).to_owned();
            (is_file && is_read(entry.path())).then_some(Ok(short))
        }
        Err(error) => {
            let error = error
                .into_io_error()
                .unwrap_or_else(|| std::io::Error::other("it cannot be walked through"));
            Some(Err(Failure::Read { path: path.to_owned(), error }))
        }
    };
    walk.filter_map(file).collect()
}

/// Whether a path means the standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// What to call something that is read.
pub(crate) fn name(path: &Path) -> String {
    if is_standard(path) { "standard input".to_owned() } else { path.display().to_string() }
}

fn read(path: &Path) -> Result<Source, Failure> {
    let is_input = is_standard(path);
    let failed = |error| Failure::Read { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    if is_input {
        std::io::stdin().read_to_end(&mut bytes).map_err(failed)?;
    } else {
        bytes = std::fs::read(path).map_err(failed)?;
    }
    let text = String::from_utf8(bytes).map_err(|error| Failure::NotText {
        path: path.to_owned(),
        at: error.utf8_error().valid_up_to(),
    })?;
    let (text, is_marked) = match text.strip_prefix('\u{feff}') {
        Some(text) => (text.to_owned(), true),
        None => (text, false),
    };
    Ok(Source { name: name(path), path: (!is_input).then(|| path.to_owned()), text, is_marked })
}
