//! A base and its clone on MySQL or MariaDB, compared by the rows of the grant tables.

mod checker;

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

/// A base and its clone, with a superuser of their own. Alternates by the adapter, without the steps of a rotation.
pub(crate) struct UserPair<'a> {
    pub(crate) server: &'a MySql,
    adapter: Box<dyn Database>,
    pub(crate) superuser: Credentials,
    pub(crate) alternation: Alternation,
}

impl<'a> UserPair<'a> {
    pub(crate) fn of(server: &'a MySql, superuser: Credentials, base: &str) -> Self {
        let alternation = Alternation {
            base: Username(base.to_owned()),
            clone: Username(format!("{base}_clone")),
            target: Target::Clone,
        };
        Self { server, adapter: server.adapter(), superuser, alternation }
    }

    pub(crate) async fn set_up_next_user(&self, target: Target, password: &str) -> Result<(), CallError> {
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

    /// Alternates to the clone; where that is refused, runs the statements in the refusal first. Returns the number of GRANTs, and
    /// of refusals.
    pub(crate) async fn turn_to_clone(&self, context: &str) -> (usize, usize) {
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

    /// Alternates to the base; where that is refused, runs one of the remedies in the refusal first. None of them gives either user
    /// what the other lacks. Returns the number of refusals.
    pub(crate) async fn turn_to_base(&self, remedy: usize, context: &str) -> usize {
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

    /// Asserts that no statement in the log gives the clone a privilege that its base lacks. Returns the number of GRANTs.
    pub(crate) async fn gave_nothing_more(&self, log: &str, context: &str) -> usize {
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

    pub(crate) async fn are_equal(&self, context: &str) {
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

    /// Alternates to the clone once more: nothing has changed since, so nothing is granted or revoked.
    pub(crate) async fn nothing_more_to_do(&self, context: &str) {
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

/// Whether this is one of the refusals that may occur here. Each has a remedy.
fn is_refused_with_a_remedy(refusal: &str) -> bool {
    let kinds = [
        "lacks privileges that this rotation needs",
        "restrictions (partial revokes) keep",
        "may hand on PROXY on",
    ];
    kinds.iter().any(|kind| refusal.contains(kind))
}
