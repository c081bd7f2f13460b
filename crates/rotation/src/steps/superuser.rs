//! The superuser: reached only after a stored version proved itself, and only at the secret's own server.

use crate::cause::Cause;
use crate::error::{CallError, Error, Refusal};
use crate::ports::{SignIn, SuperuserSession, Topology, Wanted};
use crate::secret::{SuperuserSecret, Tls};
use crate::server::{Endpoint, Server};
use crate::{Password, Rotation, SecretId, Username};

use super::failed;

/// Who the superuser of the secret's server is. Nothing was sent to that server yet.
pub(super) struct Superuser {
    pub(super) username: Username,
    pub(super) server: Server,
    password: Password,
}

impl Rotation<'_> {
    /// Reads the superuser's secret `id`, and refuses unless its server is `ours`, or `ours` is a reader of it.
    ///
    /// Only after a stored version proved itself, which it cannot without TLS: whoever is on the way could have answered.
    /// Host, port, TLS and database come from the superuser's own secret or from RDS, never from the application's: whoever
    /// may write that one must not choose where a superuser's password is sent.
    pub(super) async fn superuser(&self, id: &SecretId, ours: &Server) -> Result<Superuser, Error> {
        if ours.tls == Tls::Forbidden {
            return Err(Refusal::SuperuserNeedsTls.into());
        }
        let doing = format!("read the superuser's secret {id}");
        let text =
            self.progress.of(&*doing, self.store.value(id, Wanted::Labelled(crate::Stage::Current))).await?;
        let text = text.ok_or_else(|| {
            failed(&*doing, CallError::failed(Cause::SecretNotFound, "it has no AWSCURRENT value"))
        })?;
        let which = format!("superuser's secret {id}");
        let secret = SuperuserSecret::parse(&text, &which, self.database.engines())?;
        self.passwords.remember(&secret.password);
        let endpoint = self.superuser_endpoint(id, &secret).await?;
        self.check_same_server(id, &ours.endpoint, &endpoint).await?;
        let server = Server { endpoint, tls: secret.tls, database: secret.database };
        Ok(Superuser { username: secret.username, server, password: secret.password })
    }

    /// Signs in as the superuser.
    pub(super) async fn sign_in_superuser(
        &self,
        superuser: &Superuser,
    ) -> Result<Box<dyn SuperuserSession>, Error> {
        let Superuser { username, server, password } = superuser;
        let doing = format!("sign in to {} as the superuser {username}", server.endpoint);
        let sign_in = || self.database.sign_in_superuser(server, username, password);
        match self.progress.of(&*doing, self.patiently(server, sign_in)).await? {
            SignIn::Accepted(session) => Ok(session),
            SignIn::Rejected(answer) => Err(failed(doing, CallError::failed(Cause::SignInRefused, answer))),
            SignIn::Expired(answer) => Err(failed(doing, CallError::failed(Cause::PasswordExpired, answer))),
        }
    }

    /// The secret's own host, or for a secret made by RDS the server in its tag.
    async fn superuser_endpoint(&self, id: &SecretId, secret: &SuperuserSecret) -> Result<Endpoint, Error> {
        if let Some(host) = &secret.host {
            let port = secret.port.unwrap_or(self.database.default_port());
            return Ok(Endpoint { host: host.clone(), port });
        }
        let versions = self.progress.of(format!("describe {id}"), self.store.describe(id)).await?;
        let arn = versions.made_for.ok_or_else(|| Refusal::Secret {
            which: format!("superuser's secret {id}"),
            problems: vec![crate::Problem::new(
                "host",
                "is missing, and no tag of RDS says which server it is for",
            )],
        })?;
        let doing = format!("find the server that RDS made {id} for");
        let (endpoint, engine) = self.progress.of(doing, self.servers()?.server_of(&arn)).await?;
        if self.database.engines().contains(&engine.as_str()) {
            return Ok(endpoint);
        }
        Err(Refusal::Secret {
            which: format!("superuser's secret {id}"),
            problems: vec![crate::Problem::new(
                "engine",
                "is another than this function's, by what RDS says",
            )],
        }
        .into())
    }

    /// Which server is which.
    fn servers(&self) -> Result<&dyn Topology, Error> {
        self.topology.ok_or_else(|| {
            failed(
                "find the superuser's server",
                CallError::failed(Cause::Rds, "this function asks RDS nothing"),
            )
        })
    }

    async fn check_same_server(
        &self,
        id: &SecretId,
        ours: &Endpoint,
        theirs: &Endpoint,
    ) -> Result<(), Error> {
        if ours == theirs {
            return Ok(());
        }
        let doing = format!("compare {ours} with the replicas of the superuser's server");
        if self.progress.of(doing, self.servers()?.is_reader_of(ours, theirs)).await? {
            return Ok(());
        }
        Err(Refusal::SuperuserElsewhere { superuser: id.clone(), ours: ours.to_string() }.into())
    }
}
