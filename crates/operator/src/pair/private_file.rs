//! The file with the clone's credentials.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::failure::Failure;

/// Refuses if there is such a file, before anything else is done. (Writing it checks again.)
pub(crate) fn check_is_new(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(_) => Err(Failure::FileExists { path: path.into() }),
        Err(_) => Ok(()),
    }
}

/// Creates the file, which only its owner may read (mode 0600), and overwrites none.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = created.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            Failure::FileExists { path: path.into() }
        } else {
            Failure::File { path: path.into(), error }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_its_owner_reads_the_file_and_none_is_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("previous.json");
        check_is_new(&path).expect("there is none");
        write(&path, "{}").expect("it is written");
        let mode = path.metadata().expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(check_is_new(&path), Err(Failure::FileExists { .. })));
        assert!(matches!(write(&path, "other"), Err(Failure::FileExists { .. })));
        assert_eq!(std::fs::read_to_string(&path).expect("the file"), "{}");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).expect("a link");
        assert!(matches!(check_is_new(&link), Err(Failure::FileExists { .. })));
        assert!(matches!(write(&link, "other"), Err(Failure::FileExists { .. })), "no link is followed");
    }
}
