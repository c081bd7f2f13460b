//! The superuser: signed in only after a stored version was, and only at the secret's own server.

use super::context::{Context, failed};
use crate::cause::Cause;
use crate::error::{CallError, Error, Problem, Refusal};
use crate::ports::{SignIn, SuperuserSession, Topology, Wanted};
use crate::secret::SuperuserSecret;
use crate::server::{Endpoint, Server, Tls};
use crate::versions::Stage;
use crate::{Password, SecretId, Username};

/// The superuser of the secret's server. Nothing was sent to that server yet.
pub(super) struct Superuser {
    pub(super) username: Username,
    pub(super) server: Server,
    password: Password,
}

impl Context<'_> {
    /// Reads the superuser's secret `id`, and refuses unless its server is `ours`, or `ours` is a reader of it.
    ///
    /// Only after a stored version has signed in, over TLS: without it, anyone on the way could have responded.
    /// Host, port, TLS and database come from the superuser's own secret or from RDS, never from the application's: anyone who
    /// may write that one must not choose where a superuser's password is sent.
    pub(super) async fn superuser(&self, id: &SecretId, ours: &Server) -> Result<Superuser, Error> {
        if ours.tls == Tls::Forbidden {
            return Err(Refusal::SuperuserNeedsTls.into());
        }
        let doing = format!("read the superuser's secret {id}");
        let value = self.rotation.store.value(id, Wanted::Labelled(Stage::Current));
        let text = self.rotation.progress.of(&*doing, value).await?;
        let text = text.ok_or_else(|| {
            failed(&*doing, CallError::failed(Cause::SecretNotFound, "it has no AWSCURRENT value"))
        })?;
        let which = format!("superuser's secret {id}");
        let secret = SuperuserSecret::parse(&text, &which, self.rotation.database.engines())?;
        self.rotation.passwords.remember(&secret.password);
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
        let sign_in = || self.rotation.database.sign_in_superuser(server, username, password);
        match self.rotation.progress.of(&*doing, self.patiently(server, sign_in)).await? {
            SignIn::Accepted(session) => Ok(session),
            SignIn::Rejected(response) => {
                Err(failed(doing, CallError::failed(Cause::SignInRefused, response)))
            }
            SignIn::Expired(response) => {
                Err(failed(doing, CallError::failed(Cause::PasswordExpired, response)))
            }
        }
    }

    /// The secret's own host, or for a secret made by RDS the server in its tag.
    async fn superuser_endpoint(&self, id: &SecretId, secret: &SuperuserSecret) -> Result<Endpoint, Error> {
        if let Some(host) = &secret.host {
            let port = secret.port.unwrap_or(self.rotation.database.default_port());
            return Ok(Endpoint { host: host.clone(), port });
        }
        let describe = self.rotation.store.describe(id);
        let versions = self.rotation.progress.of(format!("describe {id}"), describe).await?;
        let arn = versions.made_for.ok_or_else(|| Refusal::Secret {
            which: format!("superuser's secret {id}"),
            problems: vec![Problem::new("host", "is missing, and no tag of RDS says which server it is for")],
        })?;
        let doing = format!("find the server that RDS made {id} for");
        let (endpoint, engine) = self.rotation.progress.of(doing, self.servers()?.server_of(&arn)).await?;
        if self.rotation.database.engines().contains(&engine.as_str()) {
            return Ok(endpoint);
        }
        Err(Refusal::Secret {
            which: format!("superuser's secret {id}"),
            problems: vec![Problem::new("engine", "is another than this function's, by what RDS says")],
        }
        .into())
    }

    /// Which server is which.
    fn servers(&self) -> Result<&dyn Topology, Error> {
        self.rotation.topology.ok_or_else(|| {
            failed(
                "find the superuser's server",
                CallError::failed(Cause::Rds, "this function does not call RDS"),
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
        if self.rotation.progress.of(doing, self.servers()?.is_reader_of(ours, theirs)).await? {
            return Ok(());
        }
        Err(Refusal::SuperuserElsewhere { superuser: id.clone(), ours: ours.to_string() }.into())
    }
}
