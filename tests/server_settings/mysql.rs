//! On MySQL and MariaDB a server's variables apply to every session, and so do those that `init_connect` sets for all but a few
//! privileged users.

use testbed::{Application, MySql, MySqlOptions, Server, mysql_versions};

use crate::support::setups_that_a_function_keeps_equal;

/// What `init_connect` sets, by what that reaches.
const SETTINGS: &[(&str, &str)] = &[
    (
        "how much is read, and in which form",
        "SET SESSION sql_select_limit = 1, sql_big_selects = 0, max_join_size = 1, group_concat_max_len = 4, max_sort_length = 8, \
         sql_quote_show_create = 0, sql_auto_is_null = 1, character_set_results = latin1, time_zone = '+13:00', \
         lc_messages = 'de_DE', lc_time_names = 'ja_JP', div_precision_increment = 0, session_track_schema = 1, \
         session_track_state_change = 1, session_track_system_variables = '*'; USE information_schema",
    ),
    ("whether anything is read", "SET SESSION sql_select_limit = 0"),
    (
        "how statements are read",
        "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE,PAD_CHAR_TO_FULL_LENGTH', \
         character_set_client = latin1, collation_connection = latin1_german1_ci, sql_safe_updates = 1, sql_warnings = 1, \
         sql_notes = 0, default_week_format = 7, foreign_key_checks = 0; SET ROLE NONE",
    ),
    (
        // No wait_timeout: a function that the machine lets wait before its first statement would be disconnected.
        "transactions and limits of time",
        "SET SESSION autocommit = 0, completion_type = CHAIN, lock_wait_timeout = 1; START TRANSACTION READ ONLY",
    ),
];
const OF_MYSQL: (&str, &str) = (
    "what only MySQL has",
    "SET SESSION max_execution_time = 1, print_identified_with_as_hex = 0, transaction_read_only = 1, transaction_isolation = \
     'SERIALIZABLE', information_schema_stats_expiry = 0, terminology_use_previous = BEFORE_8_0_26, \
     default_collation_for_utf8mb4 = utf8mb4_general_ci, session_track_transaction_info = CHARACTERISTICS, \
     generated_random_password_length = 5, use_secondary_engine = FORCED",
);
const OF_MARIADB: (&str, &str) = (
    "what only MariaDB has",
    "SET SESSION max_statement_time = 0.000001, sql_mode = 'ORACLE,EMPTY_STRING_IS_NULL', idle_transaction_timeout = 1, tx_read_only = 1, \
     old_passwords = 1, old_mode = 'ZERO_DATE_TIME_CAST', system_versioning_asof = '1999-01-01', default_storage_engine = MEMORY, \
     max_session_mem_used = 8192",
);

#[tokio::test(flavor = "multi_thread")]
async fn no_variable_of_a_server_changes_what_a_rotation_reads_and_does() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        server.admin().await;
        let of_product = if version.is_mariadb() { OF_MARIADB } else { OF_MYSQL };
        for (reaches, setting) in SETTINGS.iter().chain([&of_product]) {
            let statement = format!("SET GLOBAL init_connect = {}", testbed::mysql::text(setting));
            rotate_under(&server, &statement, "SET GLOBAL init_connect = ''", reaches).await;
        }
        let back = "SET GLOBAL sql_select_limit = 18446744073709551615";
        rotate_under(&server, "SET GLOBAL sql_select_limit = 0", back, "every session").await;
    }
}

async fn rotate_under(server: &MySql, statement: &str, back: &str, context: &str) {
    for setup in setups_that_a_function_keeps_equal(server) {
        let (function, version) = (setup.function, server.version());
        let alternates = function.contains("alternating");
        let application = Application::start(server, setup.clone()).await;
        server.allow_two_passwords(&application.app).await;
        let (user, database) = (application.app.user(), &application.app.database);
        // Several rows of everything that is read.
        server.execute(&format!("CREATE TABLE {database}.t (a INT, b INT)")).await;
        server.execute(&format!("GRANT SELECT (a, b), UPDATE (b) ON {database}.t TO `{user}`@`%`")).await;
        server.execute(statement).await;
        for _turn in 0..2 {
            let rotation = application.rotate().await;
            assert!(rotation.succeeded, "{context} on {version}, by {function}: {rotation:#?}");
        }
        server.execute(back).await;
        assert!(application.signs_in("AWSCURRENT").await, "{context} on {version}, by {function}");
        if alternates {
            let clone = server.rows_about(&format!("{user}_clone")).await;
            assert_eq!(server.rows_about(user).await, clone, "{context} on {version}");
        }
    }
}

/// A server may make every session of unprivileged users read-only; that does not apply to changes of accounts.
#[tokio::test(flavor = "multi_thread")]
async fn users_whose_transactions_are_read_only_by_default_rotate() {
    let settings = &[("init-connect", "SET SESSION TRANSACTION READ ONLY")];
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions { settings, ..MySqlOptions::default() }).await;
        for setup in server.setups() {
            let application = Application::start(&server, setup).await;
            server.allow_two_passwords(&application.app).await;
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
    }
}
