//! The sessions that a server shows of one user.

use std::fmt;

/// How many clients are listed at the most.
pub const MOST_CLIENTS: usize = 20;

/// The open sessions of one user, but for those of rotation functions as far as they can be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sessions {
    /// How many there are, also of clients that are not listed.
    pub count: u64,
    /// The clients with the oldest sessions, at most [`MOST_CLIENTS`].
    pub clients: Vec<ClientSessions>,
}

/// Sessions that come from one address and name one application. The texts come from the server and the client: an adapter makes
/// them safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSessions {
    /// How many there are.
    pub count: u64,
    /// The client's address without its port, or its name if the server shows that. `None` if the server does not show it.
    pub address: Option<String>,
    /// What the client calls itself. `None` if it gives no name, or the server does not show it.
    pub application: Option<String>,
    /// When the oldest of them began. `None` if the server does not show it.
    pub since: Option<Since>,
}

/// When a session began, in UTC: `2026-11-27T02:03:04Z`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// Then.
    Exactly(String),
    /// Then or earlier. MySQL and MariaDB show for how long a session has been in its present state, and not when it began.
    AtTheLatest(String),
}

impl fmt::Display for Sessions {
    /// Such as `3 sessions: 2 from 10.0.1.7 ("reports", since 2026-11-27T02:03:04Z); 1 from 10.0.1.8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} session{}", self.count, if self.count == 1 { "" } else { "s" })?;
        for (number, client) in self.clients.iter().enumerate() {
            write!(f, "{} {client}", if number == 0 { ":" } else { ";" })?;
        }
        let listed = self.clients.iter().map(|client| client.count).sum();
        match self.count.saturating_sub(listed) {
            0 => Ok(()),
            more => write!(f, "; {more} of other clients"),
        }
    }
}

impl fmt::Display for ClientSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(address) => write!(f, "{} from {address}", self.count)?,
            None => write!(f, "{} from an address that the server does not show", self.count)?,
        }
        // A client chooses its name: none of them looks like the end of one.
        let application = self.application.as_ref().map(|name| name.replace('"', "'"));
        match (application, &self.since) {
            (Some(application), Some(since)) => write!(f, " (\"{application}\", {since})"),
            (Some(application), None) => write!(f, " (\"{application}\")"),
            (None, Some(since)) => write!(f, " ({since})"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(time) => write!(f, "since {time}"),
            Self::AtTheLatest(time) => write!(f, "since {time} or earlier"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(count: u64, address: Option<&str>, application: Option<&str>) -> ClientSessions {
        let text = |text: Option<&str>| text.map(str::to_owned);
        ClientSessions { count, address: text(address), application: text(application), since: None }
    }

    #[test]
    fn the_clients_are_listed_and_those_that_are_not_are_counted() {
        let time = || "2026-11-27T02:03:04Z".to_owned();
        let mut sessions = Sessions::default();
        assert_eq!(sessions.to_string(), "0 sessions");
        sessions.count = 1;
        sessions.clients.push(client(1, None, None));
        assert_eq!(sessions.to_string(), "1 session: 1 from an address that the server does not show");
        sessions.clients = vec![
            ClientSessions {
                since: Some(Since::Exactly(time())),
                ..client(2, Some("10.0.0.1"), Some("reports"))
            },
            ClientSessions { since: Some(Since::AtTheLatest(time())), ..client(1, Some("::1"), None) },
            client(1, None, Some("bil\"ling")),
        ];
        sessions.count = 9;
        assert_eq!(
            sessions.to_string(),
            "9 sessions: 2 from 10.0.0.1 (\"reports\", since 2026-11-27T02:03:04Z); 1 from ::1 (since \
             2026-11-27T02:03:04Z or earlier); 1 from an address that the server does not show (\"bil'ling\"); 5 of other clients"
        );
    }
}
