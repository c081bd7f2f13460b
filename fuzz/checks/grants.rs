//! The result of SHOW GRANTS on MySQL or MariaDB, one row per line.

use databases::fuzzing::show_grants;

/// Parses rows. The statements that give these privileges to another account parse to the same privileges, so that no name
/// escapes from its quotes.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let rows: Vec<String> = text.lines().map(str::to_owned).collect();
    for version in ["9.7.0", "10.11.11-MariaDB", "11.8.2-MariaDB"] {
        match show_grants(version, &rows) {
            Ok(read) => {
                let again = show_grants(version, &read.statements);
                assert_eq!(again.map(|again| again.lines), Ok(read.lines), "{:?}", read.statements);
            }
            Err(unread) => assert!(!unread.to_lowercase().contains("hunter2"), "{unread}"),
        }
    }
}
