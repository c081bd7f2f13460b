//! All tests that need more than one package, in one program: they share the testbed's servers. Each module is a subject; a
//! subject with a folder has its tests on PostgreSQL and on MySQL and MariaDB side by side.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on says so and stops; what it counted is shown where it is asked for"
)]

mod alternating_users;
mod authentication;
mod bench;
mod clone_ownership;
mod clone_privileges;
mod conformance;
mod costs;
mod crash_recovery;
mod deploy;
mod diagnosis;
mod documentation;
mod dual_password;
mod errors;
mod external_changes;
mod fault_injection;
mod fetched_tools;
mod fuzz_corpus;
mod idempotency;
mod import_circles;
mod invalid_input;
mod leaked_passwords;
mod load;
mod local_aws_run;
mod locks;
mod malformed_servers;
mod names_and_passwords;
mod network_faults;
mod open_sessions;
mod owned_objects;
mod pair;
mod planted_objects;
mod promotion;
mod redaction;
mod replicas;
mod revoke;
mod rotation_contract;
mod runbook;
mod secret_tampering;
mod server_restarts;
mod server_settings;
mod single_user;
mod stored_passwords;
mod superuser_privileges;
mod superuser_secret;
mod support;
mod template;
mod testbed_self_tests;
mod timeline;
mod tls;
mod version_labels;
mod watch;
mod without_superuser;
