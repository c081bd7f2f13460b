//! What is revoked, and what the world says of it now.

use std::time::{Duration, Instant};

use aws::{Aws, Begun, SecretsManager};
use databases::{Limits, MySql, Postgres, Revokes};
use rotation::ports::{SecretStore as _, SignIn, Wanted};
use rotation::{
    CallError, Cause, Endpoint, Password, PasswordsInUse, Secret, SecretId, Server, Stage, SuperuserSecret,
    Username, VersionId, Versions,
};

use super::failure::Failure;
use crate::environment::Environment;

/// How often a rotation is looked at.
const POLL: Duration = Duration::from_millis(250);

/// The secret, its store and its engines.
pub(super) struct World<'a> {
    pub(super) secret: SecretId,
    store: SecretsManager,
    postgres: Postgres,
    mysql: MySql,
    passwords: &'a PasswordsInUse,
}

/// A version of the secret and what it holds.
pub(super) struct Version {
    pub(super) id: VersionId,
    pub(super) secret: Secret,
}

impl<'a> World<'a> {
    pub(super) fn new(
        environment: &Environment,
        secret: SecretId,
        passwords: &'a PasswordsInUse,
    ) -> Result<Self, Failure> {
        let aws = Aws::connect(environment.aws.clone(), environment.aws_authorities.clone());
        let aws = aws.map_err(|error| Failure::Environment(vec![error.to_string()]))?;
        Ok(Self {
            secret,
            store: aws.secrets_manager(),
            postgres: Postgres::new(environment.trusted.clone(), Limits::default()),
            mysql: MySql::new(environment.trusted.clone(), Limits::default()),
            passwords,
        })
    }

    fn engines(&self) -> [&dyn Revokes; 2] {
        [&self.postgres, &self.mysql]
    }

    /// What a secret's `engine` may be.
    fn engine_names(&self) -> Vec<&'static str> {
        self.engines().map(|engine| engine.engines()).concat()
    }

    /// The engine of a version's secret.
    pub(super) fn engine_of(&self, secret: &Secret) -> &dyn Revokes {
        let [first, second] = self.engines();
        if first.engines().contains(&secret.engine.as_str()) { first } else { second }
    }

    /// The server of a version's secret.
    pub(super) fn server_of(&self, secret: &Secret) -> Server {
        secret.server(self.engine_of(secret).default_port())
    }

    pub(super) async fn describe(&self) -> Result<Versions, Failure> {
        let versions = self.store.describe(&self.secret).await;
        versions.map_err(|error| failed(format!("describe {}", self.secret), error))
    }

    /// A version by its id.
    pub(super) async fn version(&self, id: &VersionId) -> Result<Version, Failure> {
        let missing = || Failure::NoVersion { what: format!("version {id}"), secret: self.secret.clone() };
        self.value(id).await?.ok_or_else(missing)
    }

    /// A version by its id, if it has a value: that of a rotation which has just begun has none.
    async fn value(&self, id: &VersionId) -> Result<Option<Version>, Failure> {
        let value = self.store.value(&self.secret, Wanted::Version(id)).await;
        let value = value.map_err(|error| failed(format!("read version {id} of {}", self.secret), error))?;
        let Some(value) = value else { return Ok(None) };
        let secret = Secret::parse(&value, &format!("version {id}"), &self.engine_names())?;
        self.passwords.remember(&secret.password);
        Ok(Some(Version { id: id.clone(), secret }))
    }

    /// The version that has a label, if one does and has a value.
    pub(super) async fn labelled(
        &self,
        versions: &Versions,
        stage: Stage,
    ) -> Result<Option<Version>, Failure> {
        match versions.holder(stage) {
            Some(id) => self.value(id).await,
            None => Ok(None),
        }
    }

    /// The version that applications read.
    pub(super) async fn current(&self, versions: &Versions) -> Result<Version, Failure> {
        let missing =
            || Failure::NoVersion { what: "AWSCURRENT version".into(), secret: self.secret.clone() };
        self.labelled(versions, Stage::Current).await?.ok_or_else(missing)
    }

    /// Rotates, and waits until the version that it makes is AWSCURRENT.
    pub(super) async fn rotate(&self, versions: &Versions, limit: Duration) -> Result<VersionId, Failure> {
        if versions.schedule.function.is_none() {
            let made_for = versions.made_for.clone();
            return Err(Failure::NoFunction { secret: self.secret.clone(), made_for });
        }
        let begun = self.store.rotate(&self.secret).await;
        let version = match begun.map_err(|error| failed(format!("rotate {}", self.secret), error))? {
            Begun::New(version) => version,
            Begun::Again => {
                let versions = self.describe().await?;
                // It may have ended just now.
                let pending = versions.holder(Stage::Pending).or(versions.holder(Stage::Current));
                pending.cloned().ok_or_else(|| Failure::NoVersion {
                    what: "AWSPENDING version".into(),
                    secret: self.secret.clone(),
                })?
            }
        };
        let late = || Failure::NotFinished {
            version: version.clone(),
            secret: self.secret.clone(),
            seconds: limit.as_secs(),
        };
        let mut failure = late();
        let until = Instant::now() + limit;
        while Instant::now() < until {
            match self.describe().await {
                // Another rotation may have ended since.
                Ok(versions)
                    if [Stage::Current, Stage::Previous]
                        .iter()
                        .any(|stage| versions.holder(*stage) == Some(&version)) =>
                {
                    return Ok(version);
                }
                Ok(_) => failure = late(),
                // The rotation goes on.
                Err(error) => failure = error,
            }
            tokio::time::sleep(POLL).await;
        }
        Err(failure)
    }

    /// Whether this is the user's password. An expired one is: it signs in again once that is undone. A locked account is an error,
    /// because no rotation goes on until it is unlocked.
    pub(super) async fn is_password(
        &self,
        engine: &dyn Revokes,
        server: &Server,
        username: &Username,
        password: &Password,
    ) -> Result<bool, Failure> {
        let response = Self::response(engine, server, username, password).await?;
        Ok(!matches!(response, SignIn::Rejected(_)))
    }

    /// Whether these credentials sign in; if not, what the server says.
    pub(super) async fn sign_in(
        &self,
        engine: &dyn Revokes,
        server: &Server,
        username: &Username,
        password: &Password,
    ) -> Result<Result<(), String>, Failure> {
        Ok(match Self::response(engine, server, username, password).await? {
            SignIn::Accepted(_) => Ok(()),
            SignIn::Rejected(response) | SignIn::Expired(response) => Err(response),
        })
    }

    /// Signs in and out.
    async fn response(
        engine: &dyn Revokes,
        server: &Server,
        username: &Username,
        password: &Password,
    ) -> Result<SignIn<()>, Failure> {
        let doing = || format!("sign in to {} as {username}", server.endpoint);
        let response = engine.sign_in(server, username, password).await;
        Ok(match response.map_err(|error| failed(doing(), error))? {
            SignIn::Accepted(session) => {
                session.close().await;
                SignIn::Accepted(Box::new(()))
            }
            SignIn::Rejected(response) => SignIn::Rejected(response),
            SignIn::Expired(response) => SignIn::Expired(response),
        })
    }

    /// The secret of an administrator of `server`, which no other server gets.
    pub(super) async fn administrator(
        &self,
        id: &SecretId,
        server: &Server,
    ) -> Result<SuperuserSecret, Failure> {
        let doing = || format!("read the administrator's secret {id}");
        let value = self.store.value(id, Wanted::Labelled(Stage::Current)).await;
        let missing = || CallError::failed(Cause::SecretNotFound, "it has no AWSCURRENT value");
        let value = value.and_then(|value| value.ok_or_else(missing));
        let value = value.map_err(|error| failed(doing(), error))?;
        let which = format!("administrator's secret {id}");
        let secret = SuperuserSecret::parse(&value, &which, &self.engine_names())?;
        self.passwords.remember(&secret.password);
        let theirs = secret
            .host
            .clone()
            .map(|host| Endpoint { host, port: secret.port.unwrap_or(server.endpoint.port) });
        match theirs {
            Some(theirs) if theirs != server.endpoint => Err(Failure::Argument(format!(
                "the administrator's secret {id} is for {theirs}, and the password was for {}: name the secret of an administrator \
                 of that server by ADMINISTRATOR=SECRET, and run the same command again",
                server.endpoint
            ))),
            _ => Ok(secret),
        }
    }
}

pub(super) fn failed(doing: String, error: CallError) -> Failure {
    Failure::Call { doing, error }
}
