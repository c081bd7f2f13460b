//! How a transaction begins: with all that keeps the settings of a role or a database out of it.

/// What a transaction may do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Access {
    Read,
    /// Explicit, since a role may carry `default_transaction_read_only`. So is the isolation: under a stricter one, what
    /// another attempt did while this session waited for its lock would not be seen. So is who acts: a `role` setting of its
    /// own may have made the user somebody else.
    WriteAsItself,
    /// The same as a superuser, who acts as itself or as what its own `role` setting says, and not as a role that a database
    /// or ALL gives to everybody.
    WriteAsSuperuser,
}

/// What follows BEGIN. Settings of a role or a database would shorten our time, spell what we read another way, end the session
/// at an error that we go on from, or answer a COMMIT that a crash undoes.
const LOCAL_SETTINGS: &str = "; SET LOCAL search_path = pg_catalog; SET LOCAL lock_timeout = '2s'; \
    SET LOCAL statement_timeout = '15s'; SET LOCAL idle_in_transaction_session_timeout = '10s'; \
    SET LOCAL quote_all_identifiers = off; SET LOCAL exit_on_error = off; \
    SELECT pg_catalog.set_config('synchronous_commit', 'on', true) \
    WHERE pg_catalog.current_setting('synchronous_commit') = 'off'";
/// A setting of its own wins over the database's and everybody's.
const OWN_ROLE: &str = "; SELECT pg_catalog.set_config('role', 'none', true) WHERE current_user <> session_user AND NOT EXISTS ( \
    SELECT FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_roles r ON r.oid = s.setrole \
    CROSS JOIN pg_catalog.unnest(s.setconfig) c \
    WHERE r.rolname = session_user AND c = 'role=' || current_user AND s.setdatabase IN (0, ( \
        SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())))";

/// BEGIN and what belongs to it, one message, so that no setting comes in between. `version` as in `server_version_num`.
pub(super) fn begin(access: Access, version: u32) -> String {
    let begin = match access {
        Access::Read => "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
        Access::WriteAsItself | Access::WriteAsSuperuser => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    };
    let transaction_timeout = if version >= 170_000 { "; SET LOCAL transaction_timeout = 0" } else { "" };
    // What a superuser creates makes it no member of that with rights of its own.
    let self_grant = if version >= 160_000 { "; SET LOCAL createrole_self_grant = ''" } else { "" };
    let own_role = match access {
        Access::WriteAsSuperuser => OWN_ROLE,
        Access::WriteAsItself => "; SET LOCAL ROLE NONE",
        Access::Read => "",
    };
    [begin, transaction_timeout, LOCAL_SETTINGS, self_grant, own_role].concat()
}
