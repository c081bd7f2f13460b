//! Ends the sessions that were opened with the password, and proves that it signs in nowhere.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use databases::{Accepts, EndsSessions, Revokes};
use rotation::ports::SignIn;
use rotation::{Password, Secret, SecretId, Server, Tls, Username};

use super::failure::Failure;
use super::say::say;
use super::world::{Version, World, failed};

/// How often sessions and replicas are looked at.
const POLL: Duration = Duration::from_secs(1);
/// How long a session may take to end, and a replica to follow.
const PATIENCE: Duration = Duration::from_secs(60);

/// A password that is dead at the secret's own server, and what it is to be tried with.
pub(super) struct Proof<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) leaked: &'a Version,
    pub(super) current: &'a Version,
    /// The other versions with a label.
    pub(super) others: &'a [Version],
    /// Where there may be sessions: the secret's own server first.
    pub(super) servers: &'a [Server],
}

impl Proof<'_> {
    fn engine(&self) -> &dyn Revokes {
        self.world.engine_of(&self.current.secret)
    }

    fn password(&self) -> &Password {
        &self.leaked.secret.password
    }

    fn username(&self) -> &Username {
        &self.leaked.secret.username
    }

    /// The users of the secret, the one whose password leaked first.
    fn users(&self) -> Vec<&Username> {
        let mut users = vec![self.username()];
        for version in [self.current].into_iter().chain(self.others) {
            if !users.contains(&&version.secret.username) {
                users.push(&version.secret.username);
            }
        }
        users
    }

    /// The sessions that began before now, at every server; the password signs in at none of them.
    pub(super) async fn end_sessions(&self) -> Result<(), Failure> {
        // A server that fails leaves no session open at the others. One after another, although each is waited for: two names may be
        // of one server, where the session under one name would end that under the other.
        let mut result = Ok(());
        for (index, server) in self.servers.iter().enumerate() {
            let ended = async {
                // The first one has just rejected it, and a server may count rejected sign-ins.
                if index > 0 {
                    self.until_rejected(server).await?;
                }
                self.end_sessions_at(server).await
            };
            let username = self.username();
            match ended.await {
                Ok(0) => say(&format!("no session of {username} at {} is older than that", server.endpoint)),
                Ok(1) => say(&format!("1 session of {username} at {} was ended", server.endpoint)),
                Ok(ended) => {
                    say(&format!("{ended} sessions of {username} at {} were ended", server.endpoint));
                }
                Err(failure) => result = result.and(Err(failure)),
            }
        }
        result
    }

    /// A replica follows a little later.
    async fn until_rejected(&self, server: &Server) -> Result<(), Failure> {
        let until = Instant::now() + PATIENCE;
        while self.signs_in(server, self.username()).await? {
            if Instant::now() > until {
                let (username, endpoint) = (self.username().clone(), server.endpoint.clone());
                return Err(Failure::NotFollowed { username, endpoint });
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn signs_in(&self, server: &Server, username: &Username) -> Result<bool, Failure> {
        self.world.is_password(self.engine(), server, username, self.password()).await
    }

    /// How many were ended.
    async fn end_sessions_at(&self, server: &Server) -> Result<usize, Failure> {
        let (username, endpoint) = (self.username(), &server.endpoint);
        let doing = || format!("end the sessions of {username} at {endpoint}");
        let mut session = self.session(server).await?;
        let begun = Instant::now();
        let longest = session.longest_sign_in().await.map_err(|error| failed(doing(), error))?;
        say(&format!(
            "ending the sessions of {username} at {endpoint} that began before, and for {} s those of sign-ins that had begun",
            longest.as_secs()
        ));
        let mut ended = BTreeSet::new();
        loop {
            let ids = session.end_older().await.map_err(|error| failed(doing(), error))?;
            ended.extend(ids.iter().copied());
            if begun.elapsed() >= longest && ids.is_empty() {
                session.close().await;
                return Ok(ended.len());
            }
            if begun.elapsed() > longest + PATIENCE {
                let (username, endpoint) = (username.clone(), endpoint.clone());
                return Err(Failure::SessionsGoOn { username, endpoint, ids });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// A session as the user itself, with another password than the leaked one.
    async fn session(&self, server: &Server) -> Result<Box<dyn EndsSessions>, Failure> {
        let (username, leaked) = (self.username(), self.password());
        let is_usable =
            |secret: &Secret| secret.username == *username && secret.password.expose() != leaked.expose();
        for version in [self.current].into_iter().chain(self.others) {
            if !is_usable(&version.secret) {
                continue;
            }
            let password = &version.secret.password;
            let signed_in = self.engine().sign_in_to_end_sessions(server, username, password).await;
            let doing = || format!("sign in to {} as {username}", server.endpoint);
            if let SignIn::Accepted(session) = signed_in.map_err(|error| failed(doing(), error))? {
                return Ok(session);
            }
        }
        Err(Failure::NobodySignsInAs { username: username.clone(), endpoint: server.endpoint.clone() })
    }

    /// Signs in as the user that is not AWSCURRENT's, whose clients a server may lock out after so many rejected sign-ins.
    async fn forget_rejection(&self, server: &Server, username: &Username) -> Result<(), Failure> {
        for version in self.others {
            let secret = &version.secret;
            let is_idle = secret.username == *username && secret.username != self.current.secret.username;
            if is_idle && secret.password.expose() != self.password().expose() {
                let signed_in = self.world.sign_in(self.engine(), server, username, &secret.password);
                if signed_in.await?.is_ok() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Tries the password at every server as every user of the secret, and compares it with every account that an administrator
    /// sees.
    pub(super) async fn prove(&self, administrator: Option<&SecretId>) -> Result<(), Failure> {
        let users = self.users();
        let current = &self.current.secret;
        for server in self.servers {
            for username in &users {
                if self.signs_in(server, username).await? {
                    let (username, endpoint) = ((*username).clone(), server.endpoint.clone());
                    return Err(Failure::NotFollowed { username, endpoint });
                }
                self.forget_rejection(server, username).await?;
            }
            let signed_in = self.world.sign_in(self.engine(), server, &current.username, &current.password);
            if let Err(response) = signed_in.await? {
                let (username, endpoint) = (current.username.clone(), server.endpoint.clone());
                return Err(Failure::CurrentIsRejected { username, endpoint, response });
            }
        }
        let names = users.iter().map(|user| user.0.as_str()).collect::<Vec<_>>().join(" and ");
        let at = self.servers.iter().map(|server| server.endpoint.to_string()).collect::<Vec<_>>();
        say(&format!(
            "proven: the password of version {} is rejected as {names} at {}, where AWSCURRENT signs in",
            self.leaked.id,
            at.join(", ")
        ));
        let named = self.world.server_of(&self.leaked.secret);
        if self.servers.iter().all(|server| server.endpoint != named.endpoint) {
            say(&format!(
                "not proven: that it is rejected at {}, which version {} names; if that is another server that goes on, end it there",
                named.endpoint, self.leaked.id
            ));
        }
        if self.engine().has_accounts_by_host() {
            self.compare_accounts(&users, administrator).await?;
        }
        Ok(())
    }

    /// A user name may have accounts at hosts that this machine is not.
    async fn compare_accounts(
        &self,
        users: &[&Username],
        administrator: Option<&SecretId>,
    ) -> Result<(), Failure> {
        let server = self.world.server_of(&self.current.secret);
        let Some(id) = administrator else {
            say(
                "not proven: accounts of these users at other hosts, which only an administrator sees; name the secret of one by \
                 ADMINISTRATOR=SECRET, and run the same command again",
            );
            return Ok(());
        };
        if server.tls == Tls::Forbidden {
            say(
                "not proven: accounts of these users at other hosts; the secret says \"ssl\": false, and no administrator signs in \
                 without TLS",
            );
            return Ok(());
        }
        let secret = self.world.administrator(id, &server).await?;
        let credentials = (&secret.username, &secret.password);
        let accounts = self.engine().accounts_of(&server, credentials, users, self.password()).await;
        let doing = || format!("look at the accounts as {} at {}", secret.username, server.endpoint);
        let accounts = match accounts.map_err(|error| failed(doing(), error))? {
            SignIn::Accepted(accounts) => accounts,
            SignIn::Rejected(response) | SignIn::Expired(response) => {
                let (username, endpoint) = (secret.username, server.endpoint);
                return Err(Failure::Administrator { username, endpoint, response });
            }
        };
        let open: Vec<_> = accounts.iter().filter(|account| account.accepts == Accepts::Yes).collect();
        if !open.is_empty() {
            return Err(Failure::Accounts {
                accounts: open.iter().map(|account| account.account.clone()).collect(),
                locks: open.iter().map(|account| account.lock.clone()).collect(),
            });
        }
        let names = accounts.iter().map(|account| account.account.as_str()).collect::<Vec<_>>().join(", ");
        say(&format!("proven: the password is that of none of the accounts {names}"));
        for account in accounts.iter().filter(|account| account.accepts == Accepts::Unknown) {
            say(&format!(
                "not proven: {} signs in by a method whose passwords cannot be compared here",
                account.account
            ));
        }
        Ok(())
    }
}
