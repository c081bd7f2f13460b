//! Which exact versions of the servers all tests have passed on: tests/tools/tried-versions.

use std::{
    collections::BTreeSet,
    fs, panic,
    process::Command,
    sync::{Mutex, PoisonError},
};

use crate::environment::tried_versions;

/// Adds a note to every panic message of this process from now on, and so to the output of a failing test, if the list does
/// not have the version of this server. The first call for a server runs `program` with `--version`; later calls do nothing.
pub(crate) fn note_if_untried(server: &str, program: &[String]) {
    static KNOWN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    // Held until the end, so that no other test starts this server before the note is set.
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if !known.insert(server.to_owned()) {
        return;
    }
    let list = fs::read_to_string(tried_versions()).expect("the file of the tried versions");
    let Some(note) = judge(&list, server, &version(program)) else { return };
    let print_message = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        print_message(panic);
        print(&note);
    }));
}

#[expect(clippy::print_stderr, reason = "panic messages go there too; libtest shows it for tests that fail")]
fn print(note: &str) {
    eprintln!("{note}");
}

fn version(program: &[String]) -> String {
    let output = Command::new(&program[0]).args(&program[1..]).arg("--version").output();
    let output = output.expect("the server's program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    number(&text).unwrap_or_else(|| panic!("{program:?} prints no version: {text}{complaint}")).to_owned()
}

/// The version in what a server's program prints, without what MariaDB and Debian append to it.
fn number(text: &str) -> Option<&str> {
    let (_, after) = text.split_once(" Ver ").or_else(|| text.split_once(" (PostgreSQL) "))?;
    after.split([' ', '-', '\n']).next()
}

/// The note about this version of a server. `None` if the list has it.
fn judge(list: &str, server: &str, version: &str) -> Option<String> {
    let tried = list.lines().find_map(|line| line.strip_prefix(server)?.strip_prefix(' ')).unwrap_or("none");
    let is_tried = tried.split(' ').any(|one| one == version);
    (!is_tried).then(|| format!("note: {server} is {version} here, which nobody has tried (tried: {tried})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_what_the_program_prints_before_what_is_appended() {
        for (said, expected) in [
            ("postgres (PostgreSQL) 18.4\n", Some("18.4")),
            ("postgres (PostgreSQL) 19rc1 (Debian 19~rc1-1)\n", Some("19rc1")),
            ("/9.9 x/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))\n", Some("9.7.4")),
            ("mariadbd  Ver 11.8.9-MariaDB-0+deb13u1 from Debian for debian-linux-gnu\n", Some("11.8.9")),
            ("mysqld: not today\n", None),
        ] {
            assert_eq!(number(said), expected, "{said}");
        }
    }

    #[test]
    fn a_version_is_tried_only_if_the_list_has_exactly_it_for_that_server() {
        let list = "# mysql-9.7 9.9.9\nmysql-9.7 9.7.4\nmariadb-11.8 11.8.6 11.8.9\n";
        for (server, version) in
            [("mysql-9.7", "9.7.4"), ("mariadb-11.8", "11.8.6"), ("mariadb-11.8", "11.8.9")]
        {
            assert_eq!(judge(list, server, version), None);
        }
        for (server, version, tried) in [
            ("mysql-9.7", "9.7.5", "9.7.4"),
            ("mysql-9.7", "9.7", "9.7.4"),
            ("mysql-9.7", "9.9.9", "9.7.4"),
            ("mysql-9", "9.7.4", "none"),
            ("mariadb-11.8", "11.8.7", "11.8.6 11.8.9"),
            ("postgres-18", "18.4", "none"),
        ] {
            let note = format!("note: {server} is {version} here, which nobody has tried (tried: {tried})");
            assert_eq!(judge(list, server, version), Some(note));
        }
    }
}
