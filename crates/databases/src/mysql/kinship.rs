//! Whether two users are base and clone, and what a turn would cost the application.

use rotation::{EdgeError, Next, Refusal, Turn};

use super::described::{Described, Whose};
use super::dialect::Dialect;
use super::grants::{Statement, difference};
use super::session::MySqlSession;
use super::stored::Stored;

/// The accounts of the two users: one for each host of the base.
#[derive(Debug)]
pub(super) struct Pair {
    /// Equal to each other, but for the host.
    pub(super) base: Vec<Described>,
    /// As far as there are any yet.
    pub(super) clone: Vec<Described>,
}

impl Pair {
    /// Reads both users, as a superuser.
    pub(super) async fn read(session: &mut MySqlSession, turn: &Turn) -> Result<Self, EdgeError> {
        let mut pair = Self { base: Vec::new(), clone: Vec::new() };
        for stored in Stored::of(session, &turn.base.0).await? {
            pair.base.push(Described::read(session, Whose::Of(&stored)).await?);
        }
        for stored in Stored::of(session, &turn.clone.0).await? {
            pair.clone.push(Described::read(session, Whose::Of(&stored)).await?);
        }
        Ok(pair)
    }

    /// The clone's account for a host of the base.
    pub(super) fn clone_at(&self, host: &str) -> Option<&Described> {
        self.clone.iter().find(|clone| clone.account.host.eq_ignore_ascii_case(host))
    }

    /// Refuses where the two are no base and clone, or the base would lack what the clone may do.
    pub(super) fn check(&self, turn: &Turn, dialect: Dialect) -> Result<(), Refusal> {
        let base = self.one_base(turn)?;
        base.method(dialect)?;
        for clone in &self.clone {
            if !self.base.iter().any(|base| base.account.host.eq_ignore_ascii_case(&clone.account.host)) {
                let what = format!("there is a {}, but no {} at that host", clone.account, turn.base);
                let remedy = format!("DROP USER {}, or create {} there as well", clone.account, turn.base);
                return Err(Refusal::Database { what, remedy });
            }
            check_kin(turn, base, clone, dialect)?;
            if turn.next == Next::Base {
                check_base_gives_nothing(turn, base, clone, dialect)?;
                check_nothing_is_lost(base, clone, dialect)?;
            }
        }
        Ok(())
    }

    /// What all accounts of the base are, wherever they come from: the application sees but one of them.
    fn one_base(&self, turn: &Turn) -> Result<&Described, Refusal> {
        let Some((first, others)) = self.base.split_first() else {
            let what = format!("there is no user {}", turn.base);
            let remedy = format!("create {} with the rights of {}, whose base it is", turn.base, turn.clone);
            return Err(Refusal::Database { what, remedy });
        };
        let different: Vec<_> = others.iter().filter(|other| other.lines() != first.lines()).collect();
        if different.is_empty() {
            return Ok(first);
        }
        let lines = different.iter().map(|other| {
            let (ours, theirs) = (first.lines(), other.lines());
            let lines: Vec<_> = ours.symmetric_difference(&theirs).cloned().collect();
            format!("{} and {} in: {}", first.account, other.account, lines.join("; "))
        });
        let what = format!("the accounts of {} differ, {}", turn.base, lines.collect::<Vec<_>>().join(", "));
        Err(Refusal::Database { what, remedy: "make them equal, or drop those that are not used".into() })
    }
}

/// It may be somebody else's account: it is a clone by its mark, or if it holds nothing sweeping that the base lacks.
fn check_kin(turn: &Turn, base: &Described, clone: &Described, dialect: Dialect) -> Result<(), Refusal> {
    let other = match clone.settings.clone_of() {
        Some(of) if of == turn.base.0 => return Ok(()),
        Some(of) => vec![format!("its mark as the clone of {of}")],
        None => clone.grants.sweeping().difference(&base.grants.sweeping()).cloned().collect(),
    };
    if other.is_empty() {
        return Ok(());
    }
    let what = format!("{} is no clone of {}: it holds {}", clone.account, turn.base, other.join("; "));
    let equal = listed(difference(&base.grants, &clone.grants, &clone.account, dialect));
    Err(Refusal::Database {
        what,
        remedy: format!(
            "if it is meant to be one, make it equal ({equal}); if not, rotate a user of another name"
        ),
    })
}

/// Whoever holds the clone gets the base's password at this turn, and a name is no proof: without a mark, which MariaDB
/// never has, it is the clone if it may do all that the base may, or if the secret has signed in as the base as well.
fn check_base_gives_nothing(
    turn: &Turn,
    base: &Described,
    clone: &Described,
    dialect: Dialect,
) -> Result<(), Refusal> {
    let (ours, theirs) = (base.grants.lines(), clone.grants.lines());
    let gained: Vec<_> = ours.difference(&theirs).cloned().collect();
    if turn.owns_base || clone.settings.clone_of().is_some() || gained.is_empty() {
        return Ok(());
    }
    let both = base.grants.union(&clone.grants);
    let grant = listed(difference(&both, &clone.grants, &clone.account, dialect));
    Err(Refusal::NotItsBase {
        base: turn.base.clone(),
        what: format!(
            "nothing proves that {} is the clone of {}: it may not do what that may ({})",
            clone.account,
            turn.base,
            gained.join("; ")
        ),
        remedy: format!(
            "if it is meant to be one, make it equal ({grant}); if not, rotate a user of another name"
        ),
    })
}

/// The application would lose at this turn what it may do now.
fn check_nothing_is_lost(base: &Described, clone: &Described, dialect: Dialect) -> Result<(), Refusal> {
    let (ours, theirs) = (base.grants.lines(), clone.grants.lines());
    let lost: Vec<_> = theirs.difference(&ours).cloned().collect();
    if lost.is_empty() {
        return Ok(());
    }
    let both = base.grants.union(&clone.grants);
    let grant = listed(difference(&both, &base.grants, &base.account, dialect));
    let revoke = listed(difference(&base.grants, &clone.grants, &clone.account, dialect));
    Err(Refusal::Database {
        what: format!("{} may do what {} may not: {}", clone.account, base.account, lost.join("; ")),
        remedy: format!("either give it to the base ({grant}), or take it from the clone ({revoke})"),
    })
}

/// Statements as a person runs them.
fn listed(statements: Vec<Statement>) -> String {
    statements.into_iter().map(|statement| statement.sql).collect::<Vec<_>>().join("; ")
}
