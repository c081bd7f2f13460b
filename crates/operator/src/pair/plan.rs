//! What makes the pair.

use databases::{ClonePlan, Limits, MySql, PlansClones, Postgres};
use rotation::ports::{SignIn, check_username};
use rotation::{
    Alternation, PasswordsInUse, Refusal, Secret, SecretId, SecretText, Server, SetBy, Stage, Strategy,
    Target,
};

use super::failure::Failure;
use super::stored::{Previous, Stored};
use crate::environment::Environment;

/// What makes the pair.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) alternation: Alternation,
    pub(crate) server: Server,
    /// The client that runs the statements, and stops at the first that fails.
    pub(crate) client: &'static str,
    pub(crate) sql: String,
    /// What the base has and the clone is not given.
    pub(crate) left_out: Vec<String>,
    /// The clone's version of the secret.
    pub(crate) previous: SecretText,
}

/// Plans the pair. Changes nothing.
pub(crate) async fn plan(
    environment: &Environment,
    secret: &SecretId,
    stored: &Stored,
    passwords: &PasswordsInUse,
) -> Result<Plan, Failure> {
    let postgres = Postgres::new(environment.trusted.clone(), Limits::default());
    let mysql = MySql::new(environment.trusted.clone(), Limits::default());
    let databases: [(&dyn PlansClones, _); 2] =
        [(&postgres, "psql -v ON_ERROR_STOP=1"), (&mysql, "mysql (or mariadb)")];
    let engines = databases.map(|(database, _)| database.engines()).concat();
    let current = Secret::parse(&stored.current, "AWSCURRENT version", &engines)?;
    passwords.remember(&current.password);
    let is_of = |database: &dyn PlansClones| database.engines().contains(&current.engine.as_str());
    let [first, second] = databases;
    let (database, client) = if is_of(first.0) { first } else { second };
    let alternation = alternation(&current)?;
    check_username(database, &alternation.clone, &current.engine, environment.username_limit)?;
    check_is_no_pair(stored, &alternation, secret, &engines)?;

    let server = current.server(database.default_port());
    let previous = current.next_version(&alternation.clone, &environment.policy)?;
    let next = Secret::parse(&previous, "clone's version", &engines)?.password;
    passwords.remember(&next);
    let plan = database.plan_clone(&server, &current.password, &alternation, secret, &next).await;
    let doing = || format!("plan the clone of {} at {}", alternation.base, server.endpoint);
    let plan = match plan.map_err(|error| Failure::Call { doing: doing(), error })? {
        SignIn::Accepted(plan) => plan,
        SignIn::Rejected(response) | SignIn::Expired(response) => {
            let remedy = database.manual_remedy(&current.username, Stage::Current);
            return Err(Refusal::CurrentDoesNotSignIn { username: current.username, response, remedy }.into());
        }
    };
    let ClonePlan { statements, left_out } = *plan;
    let sql = statements.iter().map(|statement| format!("{statement};\n")).collect();
    Ok(Plan { alternation, server, client, sql, left_out, previous })
}

/// The alternation to the clone, which the secret has to be ready for.
fn alternation(current: &Secret) -> Result<Alternation, Failure> {
    if current.superuser.is_some() {
        return Err(Failure::HasSuperuser);
    }
    let strategy = Strategy::AlternatingUsers;
    let next = strategy.next_user(&current.username);
    match strategy.set_by(&next, None) {
        SetBy::IdleUser(alternation) if alternation.target == Target::Clone => Ok(alternation),
        SetBy::IdleUser(Alternation { base, clone, .. }) => Err(Failure::IsClone { clone, base }),
        SetBy::User(_) | SetBy::Superuser(..) => Err(Failure::HasSuperuser),
    }
}

/// Refuses if AWSPREVIOUS is the clone's: its password may be the one that works.
fn check_is_no_pair(
    stored: &Stored,
    alternation: &Alternation,
    secret: &SecretId,
    engines: &[&str],
) -> Result<(), Failure> {
    let Previous::Version(version, Some(text)) = &stored.previous else { return Ok(()) };
    match Secret::parse(text, "AWSPREVIOUS version", engines) {
        Ok(previous) if previous.username == alternation.clone => Err(Failure::IsPair {
            clone: alternation.clone.clone(),
            previous: version.clone(),
            secret: secret.0.clone(),
        }),
        // Of the base, or nothing that a rotation would use.
        Ok(_) | Err(_) => Ok(()),
    }
}
