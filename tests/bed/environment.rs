//! What the environment says to the bed, and where the project's own folders are.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The major versions of PostgreSQL to test, newest first: `BED_POSTGRES`, or 18 and 13.
#[must_use]
pub fn postgres_versions() -> Vec<u16> {
    let versions = variable("BED_POSTGRES").unwrap_or_else(|| "18,13".to_owned());
    versions
        .split(',')
        .map(|version| {
            version.trim().parse().expect("BED_POSTGRES is a list of major versions, such as 18,13")
        })
        .collect()
}

/// The folder of an installed PostgreSQL, with `bin/postgres` in it: `BED_POSTGRES_18`, or what `make tools` fetched.
pub(crate) fn postgres_programs(version: u16) -> PathBuf {
    let named = format!("BED_POSTGRES_{version}");
    let folder = variable(&named)
        .map_or_else(|| repository().join(format!("target/tools/postgres-{version}")), PathBuf::from);
    assert!(
        folder.join("bin/postgres").is_file(),
        "no PostgreSQL {version} in {}: run `make tools` (`make test-matrix` fetches all versions), or set {named} to \
         the folder of an installed one",
        folder.display()
    );
    folder
}

/// The folder that cargo built this program into, such as `target/debug`.
#[must_use]
pub fn built_into() -> PathBuf {
    let program = env::current_exe().expect("the running program has a path");
    let folder = program.parent().expect("a program lies in a folder");
    // Test programs lie one folder deeper than the others.
    if folder.ends_with("deps") { folder.parent().expect("deps lies in a folder") } else { folder }.to_owned()
}

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository")
}

/// The variables that cargo sets for the program it runs. A cargo call inside must not inherit them: build scripts
/// that watch them would run again.
pub(crate) fn set_by_cargo() -> impl Iterator<Item = String> {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
}

#[expect(clippy::disallowed_methods, reason = "the one place in the bed that reads the environment")]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}
