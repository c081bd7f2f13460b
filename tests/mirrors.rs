//! On MySQL and MariaDB a clone is equal to its base, by the grant tables' own account, whatever shape the base has
//! and however it changed.

mod checker;
mod gone;
mod random;
mod restrictions;
mod shapes;
mod superusers;

use rotation::ports::{AlternationOutcome, Database, Evidence, SignIn};
use rotation::{Alternation, CallError, Endpoint, Password, SecretId, Target, Tls, Username};
use testbed::{Credentials, MySql, Server, remedies, remedy};

/// Every password that a base or a clone has here.
const PASSWORDS: [&str; 6] = [
    "pw-Of-the-base-1",
    "pw-Of-the-base-2",
    "pw-Of-the-base-3",
    "pw-Of-the-base-at-another-host",
    "pw-Of-the-clone-1",
    "pw-Of-the-clone-2",
];

/// A base and the clone that it gets, with a superuser of their own, turned without the steps around.
struct UserPair<'a> {
    server: &'a MySql,
    adapter: Box<dyn Database>,
    superuser: Credentials,
    alternation: Alternation,
}

impl<'a> UserPair<'a> {
    fn of(server: &'a MySql, superuser: Credentials, base: &str) -> Self {
        let alternation = Alternation {
            base: Username(base.to_owned()),
            clone: Username(format!("{base}_clone")),
            target: Target::Clone,
        };
        Self { server, adapter: server.adapter(), superuser, alternation }
    }

    async fn set_up_next_user(&self, target: Target, password: &str) -> Result<(), CallError> {
        let server = rotation::Server {
            endpoint: Endpoint { host: self.server.host().into(), port: self.server.port() },
            tls: Tls::Required,
            database: None,
        };
        let (user, own) =
            (Username(self.superuser.user.clone()), Password::new(self.superuser.password.clone()));
        let SignIn::Accepted(mut session) = self.adapter.sign_in_superuser(&server, &user, &own).await?
        else {
            panic!("the superuser signs in");
        };
        let alternation = Alternation { target, ..self.alternation.clone() };
        // What the versions of a secret would hold after the turns before this one.
        let passwords = PASSWORDS.map(|password| Password::new(password.to_owned())).to_vec();
        let evidence = Evidence::Passwords(passwords);
        let (secret, password) = (SecretId("secret".into()), Password::new(password.to_owned()));
        let taken = session.set_up_next_user(&alternation, &secret, &password, &evidence).await;
        session.close().await;
        match taken? {
            AlternationOutcome::Done => Ok(()),
            AlternationOutcome::NeedsProof(unproven) => panic!("{unproven:?}"),
        }
    }

    /// Turns to the clone; where that is refused, by way of the statements in the refusal. Answers how many GRANTs there were, and
    /// how many refusals.
    async fn turn_to_clone(&self, context: &str) -> (usize, usize) {
        let mut refusals = Vec::new();
        let log = self.server.log();
        while let Err(error) = self.set_up_next_user(Target::Clone, "pw-Of-the-clone-1").await {
            let refusal = error.to_string();
            let said = log.text();
            let last: Vec<_> = said.lines().rev().take(6).collect();
            assert!(is_refused_with_a_remedy(&refusal), "{context}: {refusal}\n{last:#?}");
            for statement in remedy(&refusal, "an administrator") {
                self.server.execute(&statement).await;
            }
            refusals.push(refusal.clone());
            assert!(refusals.len() <= 3, "{context}: {refusals:#?}");
        }
        (self.gave_nothing_more(&log.text(), context).await, refusals.len())
    }

    /// Turns to the base; where that is refused, by one of the remedies in the refusal, of which none gives either user what the
    /// other lacks. Answers how many refusals there were.
    async fn turn_to_base(&self, remedy: usize, context: &str) -> usize {
        let Err(error) = self.set_up_next_user(Target::Base, "pw-Of-the-base-2").await else { return 0 };
        let refusal = error.to_string();
        let remedies = remedies(&refusal);
        assert!(refusal.contains(" may not: ") && !remedies.is_empty(), "{context}: {refusal}");
        let statements = &remedies[remedy % remedies.len()].statements;
        let log: String = statements.iter().map(|statement| format!("Query\t{statement}\n")).collect();
        let (base, clone) = (&self.alternation.base.0, &self.alternation.clone.0);
        self.none_gives_more(&log, clone, base, context).await;
        self.none_gives_more(&log, base, clone, context).await;
        for statement in statements {
            self.server.execute(statement).await;
        }
        let taken = self.set_up_next_user(Target::Base, "pw-Of-the-base-2").await;
        taken.unwrap_or_else(|error| panic!("{context}: {error}\nafter {refusal}"));
        1
    }

    /// No statement in the log gives the clone a right that its base lacks. Answers how many GRANTs there are.
    async fn gave_nothing_more(&self, log: &str, context: &str) -> usize {
        self.none_gives_more(log, &self.alternation.clone.0, &self.alternation.base.0, context).await
    }

    async fn none_gives_more(&self, log: &str, clone: &str, base: &str, context: &str) -> usize {
        let hosts = format!("SELECT Host FROM mysql.user WHERE User = {}", testbed::mysql::text(base));
        let mut rows = Vec::new();
        for host in self.server.values(&hosts).await {
            let account = format!("{}@{}", testbed::mysql::name(base), testbed::mysql::name(&host));
            rows.extend(self.server.values(&format!("SHOW GRANTS FOR {account}")).await);
        }
        let (grants, more) = checker::gives_more(log, clone, base, &rows);
        assert!(more.is_empty(), "{context}, on {}: {more:#?}\nfor {rows:#?}", self.server.version());
        grants
    }

    async fn are_equal(&self, context: &str) {
        let base = self.server.rows_about(&self.alternation.base.0).await;
        let clone = self.server.rows_about(&self.alternation.clone.0).await;
        assert!(!base.is_empty(), "{context}: there is no base");
        // A restricted superuser may take PROXY from nobody, so that its option stays as it is (`grants/gifts.rs`).
        let is_restricted = !self.server.version().is_mariadb()
            && self.server.values("SELECT @@partial_revokes").await == ["1"];
        let may_differ = |row: &&String| is_restricted && row.starts_with("proxies_priv: ");
        let differ = base.symmetric_difference(&clone).filter(|row| !may_differ(row));
        let differ: Vec<_> = differ.collect();
        assert!(differ.is_empty(), "{context}, on {}: {differ:#?}", self.server.version());
    }

    /// Turns to the clone once more: nothing has changed since, so no right is granted or revoked.
    async fn nothing_more_to_do(&self, context: &str) {
        let log = self.server.log();
        self.set_up_next_user(Target::Clone, "pw-Of-the-clone-2")
            .await
            .unwrap_or_else(|error| panic!("{context}: {error}"));
        let said = log.text();
        let changes =
            said.lines().filter(|line| line.contains("Query\tGRANT") || line.contains("Query\tREVOKE"));
        let changes: Vec<_> = changes.filter(|line| line.contains(&self.alternation.clone.0)).collect();
        assert!(changes.is_empty(), "{context}: {changes:?}");
    }
}

/// Whether a refusal is of those that a turn to the clone may meet here: each has a remedy.
fn is_refused_with_a_remedy(refusal: &str) -> bool {
    let kinds = [
        "lacks privileges that this turn needs",
        "restrictions (partial revokes) keep",
        "may hand on PROXY on",
    ];
    kinds.iter().any(|kind| refusal.contains(kind))
}
