//! The server's sessions, from SHOW PROCESSLIST.

use std::net::IpAddr;

use super::connection::Connection;
use super::errors::Failure;

/// Sessions by their ids.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// Sessions of the user in question.
    pub(super) open: Vec<u64>,
    /// Sign-ins that may still become one.
    pub(super) signing_in: Vec<u64>,
}

/// A row of SHOW PROCESSLIST.
struct Process {
    id: u64,
    user: Option<String>,
    /// An address or its name, and a port.
    from: String,
    is_signed_in: bool,
}

/// The sessions of a user, and the sign-ins that may become one. To see those of others needs PROCESS.
pub(super) async fn sessions_of(connection: &mut Connection, user: &str) -> Result<Sessions, Failure> {
    let mut sessions = Sessions::default();
    for process in processes(connection).await? {
        match process.user.as_deref() {
            Some(name) if name == user && process.is_signed_in => sessions.open.push(process.id),
            Some(name) if name == user || name == "unauthenticated user" => {
                sessions.signing_in.push(process.id);
            }
            Some(_) | None => {}
        }
    }
    Ok(sessions)
}

/// The addresses from which a user has sessions, among those that this session sees. Addresses that the server shows by name are
/// left out.
pub(super) async fn addresses_of(connection: &mut Connection, user: &str) -> Result<Vec<IpAddr>, Failure> {
    let processes = processes(connection).await?.into_iter();
    let sessions = processes.filter(|process| process.is_signed_in && process.user.as_deref() == Some(user));
    Ok(sessions.filter_map(|Process { from, .. }| from.rsplit_once(':')?.0.parse().ok()).collect())
}

async fn processes(connection: &mut Connection) -> Result<Vec<Process>, Failure> {
    let mut processes = Vec::new();
    for row in &connection.fetch("SHOW PROCESSLIST").await? {
        let column = |index| connection.column(row, index);
        let (id, user, from, command) = (column(0)?, column(1)?, column(2)?, column(4)?);
        let Some(Ok(id)) = id.map(|id| id.parse()) else { continue };
        // MariaDB shows the name that a client has given before it has proven it.
        let is_signed_in = command.as_deref() != Some("Connect");
        processes.push(Process { id, user, from: from.unwrap_or_default(), is_signed_in });
    }
    Ok(processes)
}
