//! What the environment says to the bed, and where the project's own folders are.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::MySqlVersion;

/// The major versions of PostgreSQL to test, newest first: `TESTBED_POSTGRES`, or 18 and 13.
#[must_use]
pub fn postgres_versions() -> Vec<u16> {
    let versions = variable("TESTBED_POSTGRES").unwrap_or_else(|| "18,13".to_owned());
    versions
        .split(',')
        .map(|version| {
            version.trim().parse().expect("TESTBED_POSTGRES is a list of major versions, such as 18,13")
        })
        .collect()
}

/// The folder of an installed PostgreSQL, with `bin/postgres` in it: `TESTBED_POSTGRES_18`, or what `make tools` fetched.
#[must_use]
pub fn postgres_programs(version: u16) -> PathBuf {
    let named = format!("TESTBED_POSTGRES_{version}");
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

/// The versions of MySQL and MariaDB to test, the main one first: `TESTBED_MYSQL`, or all.
#[must_use]
pub fn mysql_versions() -> Vec<MySqlVersion> {
    let Some(versions) = variable("TESTBED_MYSQL") else { return MySqlVersion::ALL.to_vec() };
    let of = |name: &str| MySqlVersion::ALL.into_iter().find(|version| version.to_string() == name.trim());
    let names = versions.split(',');
    names
        .map(|name| of(name).expect("TESTBED_MYSQL is a list such as mysql-9.7,mariadb-11.8,mariadb-10.11"))
        .collect()
}

/// The folder of an unpacked MySQL or MariaDB, with `usr/sbin` in it: `TESTBED_MYSQL_9_7` and so on, or what `make tools`
/// fetched.
#[must_use]
pub fn mysql_programs(version: MySqlVersion) -> PathBuf {
    let named = format!("TESTBED_{}", version.to_string().to_uppercase().replace(['-', '.'], "_"));
    let folder =
        variable(&named).map_or_else(|| repository().join(format!("target/tools/{version}")), PathBuf::from);
    assert!(
        folder.join("usr/sbin").is_dir(),
        "no {version} in {}: run `make tools`, or set {named} to the folder of an unpacked one",
        folder.display()
    );
    folder
}

/// The file of the exact versions that all tests have passed on: `TESTBED_TRIED_VERSIONS`, or the repository's own.
pub(crate) fn tried_versions() -> PathBuf {
    variable("TESTBED_TRIED_VERSIONS")
        .map_or_else(|| repository().join("tests/tools/tried-versions"), PathBuf::from)
}

/// The folder of packaged functions (`NAME/bootstrap`, from the repository's root) to run instead of those that cargo
/// builds here: `TESTBED_PACKAGE`.
pub(crate) fn package() -> Option<PathBuf> {
    variable("TESTBED_PACKAGE").map(|folder| repository().join(folder))
}

/// How many cases each random walk of `tests/clone_privileges/mysql/random.rs` takes: the variable `PRIVILEGE_CASES`.
#[must_use]
pub fn mirrored_cases() -> Option<usize> {
    variable("PRIVILEGE_CASES").map(|cases| cases.parse().expect("PRIVILEGE_CASES is a number"))
}

/// Whether tests that compare a file with what it is generated from write it: `UPDATE=1`.
#[must_use]
pub fn updates() -> bool {
    variable("UPDATE").is_some()
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
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the package lies in the repository")
}

/// The variables that cargo sets for the program it runs. A cargo call inside must not inherit them: build scripts
/// that watch them would run again.
pub(crate) fn set_by_cargo() -> impl Iterator<Item = String> {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
}

/// Where programs are looked for.
#[must_use]
pub fn path() -> String {
    variable("PATH").unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "the one place in the bed that reads the environment")]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}
