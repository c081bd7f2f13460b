//! Ends a password that others may know: rotates as often as the strategy needs, ends the sessions that were opened with it, and
//! proves that it signs in nowhere. What is next is derived from the world, so a run that broke off is simply run again.

mod arguments;
mod failure;
mod next;
mod proof;
mod say;
mod world;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser as _;
use rotation::ports::SignIn;
use rotation::{Endpoint, PasswordsInUse, SecretId, Server, Stage, Strategy, Username, VersionId, Versions};

use self::arguments::{Arguments, Run, endpoint};
use self::failure::Failure;
use self::next::{Holder, Next, State, next};
use self::proof::Proof;
use self::say::say;
use self::world::{Version, World, failed};
use crate::environment::Environment;
use crate::program;

/// Rotations after which a password that still signs in is not the strategy's doing: alternating users need two, and one more ends
/// a rotation that somebody else began.
const MOST_ROTATIONS: usize = 3;

/// Reads the arguments and runs.
pub async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("revoke", async |passwords| run(&arguments, passwords).await).await
}

async fn run(arguments: &Arguments, passwords: &PasswordsInUse) -> Result<(), Failure> {
    let environment = Environment::read().map_err(Failure::Environment)?;
    let also = arguments.also.iter().map(|text| endpoint(text)).collect::<Result<Vec<_>, _>>()?;
    let world = World::new(&environment, SecretId(arguments.secret.clone()), passwords)?;
    let versions = world.describe().await?;
    let leaked = match &arguments.leaked {
        Some(version) => world.version(&VersionId(version.clone())).await?,
        None => world.current(&versions).await?,
    };
    let revocation = Revocation { world, leaked, also, arguments };
    match arguments.run {
        None => revocation.plan(&versions).await,
        Some(_) if arguments.leaked.is_none() => {
            Err(Failure::WhichVersion { current: revocation.leaked.id, secret: revocation.world.secret })
        }
        Some(run) => revocation.run(run).await,
    }
}

struct Revocation<'a> {
    world: World<'a>,
    leaked: Version,
    also: Vec<(String, Option<u16>)>,
    arguments: &'a Arguments,
}

impl Revocation<'_> {
    /// Says what is next, and changes nothing.
    async fn plan(&self, versions: &Versions) -> Result<(), Failure> {
        let current = self.world.current(versions).await?;
        let (username, server) = (&self.leaked.secret.username, self.world.server_of(&current.secret));
        let signs_in = self.signs_in(&current).await?;
        let whether = if signs_in { "signs in" } else { "does not sign in" };
        say(&format!(
            "version {} has the password of {username}, which {whether} at {}; nothing was changed",
            self.leaked.id, server.endpoint
        ));
        let next = next(self.state(versions, &current, signs_in, true));
        self.is_reached_by(next, None, &current)?;
        self.say_next(next, &current);
        let command = format!("make revoke SECRET={} LEAKED={}", self.world.secret, self.leaked.id);
        let options = self.arguments.options_of_make();
        say(&format!("the next step alone:   {command} RUN=next{options}"));
        say(&format!("all that is needed:    {command} RUN=all{options}"));
        Ok(())
    }

    fn say_next(&self, next: Next, current: &Version) {
        let username = &self.leaked.secret.username;
        say(&match next {
            Next::Rotate if current.secret.username == *username => {
                "next: rotate; clients that have what AWSCURRENT is now are rejected at their next sign-in, at the latest when all is done"
                    .into()
            }
            Next::Rotate => format!(
                "next: rotate, which gives {username} another password; clients that have not read AWSCURRENT yet are rejected then"
            ),
            Next::DiscardOldPassword => format!(
                "next: discard the second password of {username}; clients that have not read AWSCURRENT yet are rejected then"
            ),
            Next::EndSessions => format!(
                "next: end the sessions of {username} that began before, and prove that the password is rejected"
            ),
        });
    }

    async fn run(&self, run: Run) -> Result<(), Failure> {
        let begun = Instant::now();
        let (mut rotations, mut may_be_second) = (0, true);
        let mut before: Option<Username> = None;
        let mut came_back_after = None;
        loop {
            let versions = self.world.describe().await?;
            let current = self.world.current(&versions).await?;
            let signs_in = self.signs_in(&current).await?;
            let next = next(self.state(&versions, &current, signs_in, may_be_second));
            self.is_reached_by(next, before.as_ref(), &current)?;
            match next {
                Next::EndSessions => {
                    say(&format!(
                        "dead: the password is rejected, {:.1} s after the begin",
                        begun.elapsed().as_secs_f64()
                    ));
                    match self.finish(&versions, &current).await {
                        // MySQL accepts the password again after a sign-in that had begun before the rotation and ends after it. It
                        // needs another rotation; if it comes back without one, another server responds at times.
                        Err(Failure::NotFollowed { username, endpoint })
                            if username == self.leaked.secret.username
                                && endpoint == self.world.server_of(&current.secret).endpoint
                                && came_back_after != Some(rotations) =>
                        {
                            came_back_after = Some(rotations);
                            say("the password signs in again");
                            continue;
                        }
                        result => return result,
                    }
                }
                Next::Rotate if rotations == MOST_ROTATIONS => {
                    let (username, endpoint) =
                        (self.leaked.secret.username.clone(), self.world.server_of(&current.secret).endpoint);
                    return Err(Failure::StillSignsIn { username, endpoint, rotations });
                }
                Next::Rotate => {
                    say("rotating");
                    let limit = Duration::from_secs(self.arguments.wait);
                    let version = self.world.rotate(&versions, limit).await?;
                    rotations += 1;
                    before = Some(current.secret.username.clone());
                    say(&format!("rotated: {version} is AWSCURRENT"));
                }
                Next::DiscardOldPassword => {
                    may_be_second = false;
                    if !self.discard_old_password(&current).await? {
                        continue;
                    }
                    say(&format!(
                        "discarded: {} has no other password than AWSCURRENT's",
                        current.secret.username
                    ));
                }
            }
            if run == Run::Next {
                return self.say_what_is_left(may_be_second).await;
            }
        }
    }

    async fn say_what_is_left(&self, may_be_second: bool) -> Result<(), Failure> {
        let versions = self.world.describe().await?;
        let current = self.world.current(&versions).await?;
        let signs_in = self.signs_in(&current).await?;
        self.say_next(next(self.state(&versions, &current, signs_in, may_be_second)), &current);
        Ok(())
    }

    /// Refuses to rotate for a user that rotations do not reach: neither AWSCURRENT's nor the other one of alternating users.
    /// The first rotation tells whether users alternate: `before` was AWSCURRENT's user before it. Until then their names do.
    fn is_reached_by(&self, next: Next, before: Option<&Username>, current: &Version) -> Result<(), Failure> {
        let (user, leaked) = (&current.secret.username, &self.leaked.secret.username);
        let alternates = || match before {
            Some(before) => before != user,
            None => *leaked == Strategy::AlternatingUsers.next_user(user),
        };
        if next != Next::Rotate || leaked == user || alternates() {
            return Ok(());
        }
        let (username, endpoint) = (leaked.clone(), self.world.server_of(&current.secret).endpoint);
        Err(Failure::AnotherUser { username, endpoint })
    }

    fn state<'s>(
        &'s self,
        versions: &Versions,
        current: &'s Version,
        signs_in: bool,
        may_be_second: bool,
    ) -> State<'s> {
        let holder = |version: &'s Version| Holder {
            version: &version.id,
            username: &version.secret.username,
            password: &version.secret.password,
        };
        let may_be_second = may_be_second && self.world.engine_of(&current.secret).has_accounts_by_host();
        let is_pending = versions.unfinished() == Some(&self.leaked.id);
        State { leaked: holder(&self.leaked), current: holder(current), signs_in, may_be_second, is_pending }
    }

    /// Whether the leaked password signs in at the server that AWSCURRENT names.
    async fn signs_in(&self, current: &Version) -> Result<bool, Failure> {
        let (engine, server) = (self.world.engine_of(&current.secret), self.world.server_of(&current.secret));
        let leaked = &self.leaked.secret;
        self.world.is_password(engine, &server, &leaked.username, &leaked.password).await
    }

    async fn discard_old_password(&self, current: &Version) -> Result<bool, Failure> {
        let (engine, server) = (self.world.engine_of(&current.secret), self.world.server_of(&current.secret));
        let (username, password) = (&current.secret.username, &current.secret.password);
        let doing = || format!("discard the second password of {username} at {}", server.endpoint);
        let signed_in = engine.sign_in_to_end_sessions(&server, username, password).await;
        match signed_in.map_err(|error| failed(doing(), error))? {
            SignIn::Accepted(mut session) => {
                let discarded = session.discard_old_password(password).await;
                let discarded = discarded.map_err(|error| failed(doing(), error))?;
                session.close().await;
                Ok(discarded)
            }
            SignIn::Rejected(_) | SignIn::Expired(_) => Ok(false),
        }
    }

    async fn finish(&self, versions: &Versions, current: &Version) -> Result<(), Failure> {
        let mut others = Vec::new();
        for stage in [Stage::Pending, Stage::Previous] {
            if versions.holder(stage).is_some_and(|id| *id != current.id) {
                others.extend(self.world.labelled(versions, stage).await?);
            }
        }
        let server = self.world.server_of(&current.secret);
        let mut servers = vec![server.clone()];
        for (host, port) in &self.also {
            let endpoint = Endpoint { host: host.clone(), port: port.unwrap_or(server.endpoint.port) };
            servers.push(Server { endpoint, ..server.clone() });
        }
        let proof =
            Proof { world: &self.world, leaked: &self.leaked, current, others: &others, servers: &servers };
        proof.end_sessions().await?;
        let named = self.arguments.administrator.clone().map(SecretId);
        proof.prove(named.as_ref().or(current.secret.superuser.as_ref())).await
    }
}
