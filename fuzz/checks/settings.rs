//! The result of SHOW CREATE USER on MySQL or MariaDB.

use databases::fuzzing::show_create_user;

/// Parses it. The statements that give a clone the same settings parse to the same settings.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    match show_create_user(text) {
        Ok(read) => {
            let again = show_create_user(&read.statements.concat());
            // A clone has its own authentication, lock and default roles. A server prints the subjects of certificates in
            // another form than it parses them.
            let kept = |line: &&String| {
                ![
                    "IDENTIFIED",
                    "ACCOUNT LOCK",
                    "DEFAULT ROLE",
                    "REQUIRE ISSUER",
                    "REQUIRE SUBJECT",
                    "REQUIRE CIPHER",
                ]
                .iter()
                .any(|other| line.starts_with(other))
            };
            if read.lines.iter().any(|line| line.starts_with("REQUIRE ") && !kept(&line)) {
                return;
            }
            let again = again.map(|again| again.lines).unwrap_or_else(|unread| panic!("{unread}: {read:?}"));
            assert!(
                read.lines.iter().filter(kept).eq(again.iter().filter(kept)),
                "{read:?}, again {again:?}"
            );
        }
        Err(unread) => assert!(!unread.to_lowercase().contains("hunter2"), "{unread}"),
    }
}
