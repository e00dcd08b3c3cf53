//! Files and pipes that are written to.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::Failure;

/// A pipe that somebody may stop reading; the rest is not written, and the verdict is what it would have been.
pub(crate) struct Quiet<W>(pub(crate) W);

impl<W: Write> Write for Quiet<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        unless_closed(self.0.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        unless_closed(self.0.flush(), ())
    }
}

fn unless_closed<T>(result: io::Result<T>, otherwise: T) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(otherwise),
        result => result,
    }
}

/// Where errors and remarks are written to.
pub(crate) fn stderr() -> impl Write {
    Quiet(anstream::stderr())
}

/// Writes a file as a whole, or leaves it as it was.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = match fs::metadata(path) {
        Ok(old) if old.is_file() => replace(path, &old, text),
        // There is nothing to lose: a new file, or a device.
        _ => fs::write(path, text),
    };
    written.map_err(|error| Failure::Write { path: path.to_owned(), error })
}

/// Writes beside a file what then takes its place, so that a full disk costs nothing.
fn replace(path: &Path, old: &Metadata, text: &str) -> io::Result<()> {
    // Who may not write to a file may not replace it either.
    OpenOptions::new().write(true).open(path)?;
    // Where the path is a link, the file that it leads to.
    let path = path.canonicalize()?;
    let mut new = NamedTempFile::new_in(path.parent().unwrap_or(&path))?;
    new.write_all(text.as_bytes())?;
    keep_owner(new.as_file(), old);
    new.as_file().set_permissions(old.permissions())?;
    new.as_file().sync_all()?;
    new.persist(path)?;
    Ok(())
}

/// As far as the system lets whoever runs the command: a file of somebody else stays theirs.
#[cfg(unix)]
fn keep_owner(file: &File, old: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let _ = fchown(file, Some(old.uid()), Some(old.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) {}
