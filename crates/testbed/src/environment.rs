//! The environment variables of the testbed, and the project's own folders.

use std::{
    env, fmt,
    path::{Path, PathBuf},
};

use crate::{engine::Engine, mysql::version::MySqlVersion};

/// The oldest major version of PostgreSQL that the functions support.
const OLDEST_POSTGRES: u16 = 13;

/// Why the testbed cannot start: one sentence with what was looked for, what was found and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentError(pub(crate) String);

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EnvironmentError {}

/// Checks the variables that name versions, and that the first version of each of these engines is installed.
///
/// # Errors
/// If a variable cannot be read, or the server's folder does not hold it.
pub fn check(engines: &[Engine]) -> Result<(), EnvironmentError> {
    for engine in engines {
        match engine {
            Engine::Postgres => try_postgres_programs(try_postgres_versions()?[0])?,
            Engine::MySql => try_mysql_programs(try_mysql_versions()?[0])?,
        };
    }
    Ok(())
}

/// The major versions of PostgreSQL to test, newest first: `TESTBED_POSTGRES`, or 18 and 13.
#[must_use]
pub fn postgres_versions() -> Vec<u16> {
    try_postgres_versions().unwrap_or_else(|error| panic!("{error}"))
}

fn try_postgres_versions() -> Result<Vec<u16>, EnvironmentError> {
    postgres_versions_in(&variable("TESTBED_POSTGRES").unwrap_or_else(|| "18,13".to_owned()))
}

fn postgres_versions_in(list: &str) -> Result<Vec<u16>, EnvironmentError> {
    let version = |name: &str| {
        let version = name.trim().parse().map_err(|_| {
            EnvironmentError(format!(
                "TESTBED_POSTGRES is {list:?}: set it to a list of major versions, such as 18,13"
            ))
        })?;
        if version < OLDEST_POSTGRES {
            return Err(EnvironmentError(format!(
                "TESTBED_POSTGRES names PostgreSQL {version}, which is not supported: set it to a list of major \
                 versions from {OLDEST_POSTGRES} on, such as 18,13"
            )));
        }
        Ok(version)
    };
    list.split(',').map(version).collect()
}

/// The folder of an installed PostgreSQL, with `bin/postgres` in it: `TESTBED_POSTGRES_18`, or what `make tools` fetched.
#[must_use]
pub fn postgres_programs(version: u16) -> PathBuf {
    try_postgres_programs(version).unwrap_or_else(|error| panic!("{error}"))
}

fn try_postgres_programs(version: u16) -> Result<PathBuf, EnvironmentError> {
    let name = format!("postgres-{version}");
    let remedy = "run `make tools` (`make test-matrix` fetches all versions)";
    programs(&name, &format!("PostgreSQL {version}"), "bin/postgres", remedy)
}

/// The versions of MySQL and MariaDB to test, the main one first: `TESTBED_MYSQL`, or all.
#[must_use]
pub fn mysql_versions() -> Vec<MySqlVersion> {
    try_mysql_versions().unwrap_or_else(|error| panic!("{error}"))
}

fn try_mysql_versions() -> Result<Vec<MySqlVersion>, EnvironmentError> {
    variable("TESTBED_MYSQL").map_or_else(|| Ok(MySqlVersion::ALL.to_vec()), |list| mysql_versions_in(&list))
}

fn mysql_versions_in(list: &str) -> Result<Vec<MySqlVersion>, EnvironmentError> {
    let version = |name: &str| {
        let known = MySqlVersion::ALL.into_iter().find(|version| version.to_string() == name.trim());
        known.ok_or_else(|| {
            let all = MySqlVersion::ALL.map(|version| version.to_string()).join(",");
            EnvironmentError(format!("TESTBED_MYSQL is {list:?}: set it to a list of some of {all}"))
        })
    };
    list.split(',').map(version).collect()
}

/// The folder of an unpacked MySQL or MariaDB, with `usr/sbin` in it: `TESTBED_MYSQL_9_7` and so on, or what `make tools`
/// fetched.
#[must_use]
pub fn mysql_programs(version: MySqlVersion) -> PathBuf {
    try_mysql_programs(version).unwrap_or_else(|error| panic!("{error}"))
}

fn try_mysql_programs(version: MySqlVersion) -> Result<PathBuf, EnvironmentError> {
    let name = version.to_string();
    programs(&name, &name, "usr/sbin", "run `make tools`")
}

/// The folder of a server such as `postgres-18`: the one that its variable names, or the one below `target/tools`.
/// `part` is a path that such a folder has, and `remedy` says how to get it.
fn programs(name: &str, server: &str, part: &str, remedy: &str) -> Result<PathBuf, EnvironmentError> {
    let variable_name = format!("TESTBED_{}", name.to_uppercase().replace(['-', '.'], "_"));
    let named = variable(&variable_name);
    let folder =
        named.as_ref().map_or_else(|| repository().join("target/tools").join(name), |named| named.into());
    if folder.join(part).exists() {
        return Ok(folder);
    }
    let remedy = match named {
        Some(_) => format!("set {variable_name} to the folder of an installed one, or unset it and {remedy}"),
        None => format!("{remedy}, or set {variable_name} to the folder of an installed one"),
    };
    Err(EnvironmentError(format!("{} has no {part}, so there is no {server}: {remedy}", folder.display())))
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

/// Whether the user wants no colours: `NO_COLOR` is set and not empty (<https://no-color.org>).
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this module alone reads the environment of the testbed")]
pub fn no_color() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// The folder that cargo built this program into, such as `target/debug`.
#[must_use]
pub fn built_into() -> PathBuf {
    let program = env::current_exe().expect("the running program has a path");
    let folder = program.parent().expect("a program is in a folder");
    // Test programs are one folder deeper than the others.
    if folder.ends_with("deps") { folder.parent().expect("deps is in a folder") } else { folder }.to_owned()
}

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the package is in the repository")
}

/// The variables that cargo sets for the program it runs. A cargo call inside must not inherit them: build scripts
/// that watch them would run again.
pub fn set_by_cargo() -> impl Iterator<Item = String> {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
}

/// The variable `PATH`.
#[must_use]
pub fn path() -> String {
    variable("PATH").unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "this module alone reads the environment of the testbed")]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_are_not_supported_are_named_in_one_sentence_with_what_to_set() {
        assert_eq!(postgres_versions_in(" 18, 13"), Ok(vec![18, 13]));
        for (list, cause) in [("12", "names PostgreSQL 12, which is not supported"), ("18,x", "is \"18,x\"")]
        {
            let error = postgres_versions_in(list).unwrap_err().to_string();
            assert!(error.starts_with("TESTBED_POSTGRES ") && error.contains(cause), "{error}");
            assert!(error.ends_with("such as 18,13"), "{error}");
        }
        let list = "mariadb-11.8,mysql-9.7";
        assert_eq!(mysql_versions_in(list), Ok(vec![MySqlVersion::MariaDb118, MySqlVersion::MySql97]));
        let error = mysql_versions_in("mysql-5.5").unwrap_err().to_string();
        assert!(
            error.starts_with("TESTBED_MYSQL is \"mysql-5.5\"") && error.contains("mysql-9.7"),
            "{error}"
        );
    }
}
