//! Folders and files that other users cannot enter or read, for passwords, keys, logs and events.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use tempfile::TempDir;

/// Creates a folder with mode 0700. Missing parents get the usual mode.
///
/// # Panics
/// If it exists, because another user may have created it.
pub fn folder(path: &Path) {
    let above = path.parent().expect("a folder is in a folder");
    let made = fs::create_dir_all(above).and_then(|()| DirBuilder::new().mode(0o700).create(path));
    made.unwrap_or_else(|error| panic!("cannot create the folder {}: {error}", path.display()));
}

/// Creates a folder in `within` with mode 0700 and a unique name that begins with `prefix`. Dropping the value
/// removes it.
pub fn temporary_folder(within: &Path, prefix: &str) -> TempDir {
    let mut builder = tempfile::Builder::new();
    // tempfile's default is 0777 less the umask.
    let made = builder.prefix(prefix).permissions(Permissions::from_mode(0o700)).tempdir_in(within);
    made.unwrap_or_else(|error| panic!("cannot create a folder in {}: {error}", within.display()))
}

/// Creates a file with mode 0600. It replaces an existing file or link of that name and never follows a link.
pub fn file(path: &Path) -> File {
    // An existing file would keep its mode, and a process that has it open could read the new text.
    let _ = fs::remove_file(path);
    let made = File::options().write(true).create_new(true).mode(0o600).open(path);
    made.unwrap_or_else(|error| panic!("cannot create the file {}: {error}", path.display()))
}

/// Writes `text` to a new file with mode 0600, see [`file()`].
pub fn write(path: &Path, text: &str) -> File {
    let mut file = file(path);
    file.write_all(text.as_bytes())
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    file
}
