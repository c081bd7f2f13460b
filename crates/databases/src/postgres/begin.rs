//! How a transaction begins: with everything that overrides the settings of a role or a database.

/// What a transaction may do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Access {
    Read,
    /// READ WRITE is explicit, because a role may set `default_transaction_read_only`. The isolation is, because under a stricter
    /// one this session would not see what another attempt did while it waited for its lock. The role is, because the user's own
    /// `role` setting may have made it act as another one.
    WriteAsItself,
    /// The same as a superuser, which acts as itself or as its own `role` setting says, and not as a role that is set for a database
    /// or for all roles.
    WriteAsSuperuser,
    /// Acts as the same role, and changes nothing.
    ReadAsSuperuser,
}

/// What follows BEGIN. Settings of a role or a database could shorten the time limits, change the form of what is read, end the
/// session at an error that is tolerated here, or confirm a COMMIT that a crash undoes.
const LOCAL_SETTINGS: &str = "; SET LOCAL search_path = pg_catalog; SET LOCAL lock_timeout = '2s'; \
    SET LOCAL statement_timeout = '15s'; SET LOCAL idle_in_transaction_session_timeout = '10s'; \
    SET LOCAL quote_all_identifiers = off; SET LOCAL exit_on_error = off; \
    SELECT pg_catalog.set_config('synchronous_commit', 'on', true) \
    WHERE pg_catalog.current_setting('synchronous_commit') = 'off'";
/// The role's own setting wins over the database's and the one for all roles.
const OWN_ROLE: &str = "; SELECT pg_catalog.set_config('role', 'none', true) WHERE current_user <> session_user AND NOT EXISTS ( \
    SELECT FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_roles r ON r.oid = s.setrole \
    CROSS JOIN pg_catalog.unnest(s.setconfig) c \
    WHERE r.rolname = session_user AND c = 'role=' || current_user AND s.setdatabase IN (0, ( \
        SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())))";

/// BEGIN and its settings, in one message, so that no statement runs without them. `version` as in `server_version_num`.
pub(super) fn begin(access: Access, version: u32) -> String {
    let begin = match access {
        Access::Read | Access::ReadAsSuperuser => "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
        Access::WriteAsItself | Access::WriteAsSuperuser => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    };
    let transaction_timeout = if version >= 170_000 { "; SET LOCAL transaction_timeout = 0" } else { "" };
    // Keeps a superuser that creates a role from becoming a member of it with further options.
    let self_grant = if version >= 160_000 { "; SET LOCAL createrole_self_grant = ''" } else { "" };
    let own_role = match access {
        Access::WriteAsSuperuser | Access::ReadAsSuperuser => OWN_ROLE,
        Access::WriteAsItself => "; SET LOCAL ROLE NONE",
        Access::Read => "",
    };
    [begin, transaction_timeout, LOCAL_SETTINGS, self_grant, own_role].concat()
}
