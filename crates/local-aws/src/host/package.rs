//! A packaged function.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;
use zip::ZipArchive;
use zip::result::ZipError;

/// The most that a package may contain, in bytes (AWS Lambda quotas, "Deployment package (.zip file archive) size", unzipped).
const MAX_SIZE: u64 = 250 * 1024 * 1024;

/// Why a package cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// It cannot be read, or the folder cannot be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is not a zip, or is compressed in a way that Lambda does not know.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// Lambda would refuse it.
    #[error("it contains {0} bytes, and Lambda takes at most 262144000")]
    TooLarge(u64),
}

/// Unpacks a zip into a folder that no other user can enter, which is removed with the value. No entry is written outside
/// of that folder.
///
/// # Errors
/// If it is no zip or more than 250 MiB, or the folder cannot be written.
pub(super) fn unpack(zip: &Path) -> Result<TempDir, PackageError> {
    let mut archive = ZipArchive::new(File::open(zip)?)?;
    let size = (0..archive.len()).try_fold(0, |sum: u64, entry| {
        archive.by_index_raw(entry).map(|entry| sum.saturating_add(entry.size()))
    })?;
    if size > MAX_SIZE {
        return Err(PackageError::TooLarge(size));
    }
    let folder = tempfile::Builder::new()
        .prefix("local-aws-function-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()?;
    archive.extract(folder.path())?;
    Ok(folder)
}
