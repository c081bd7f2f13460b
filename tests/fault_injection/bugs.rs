//! The invariants of fault injection are tested as well: with a seeded bug, they report a violation.

use async_trait::async_trait;
use rotation::ports::{
    AlternationOutcome, Change, Database, Evidence, Move, PairView, ProofOfOtherUser, Put, SecretStore,
    SignIn, SuperuserSession, UserSession, Verification, Wanted,
};
use rotation::{
    Alternation, CallError, Error, OldPassword, Password, RotationToken, SecretId, SecretText, Server, SetBy,
    Stage, Target, Username, VersionId, Versions,
};
use stress::faults::{CrashAtACall, FaultRun, Row, RunStep};
use testbed::crash::{Crash, Crashing};
use testbed::mysql::{run, text};
use testbed::{Application, Credentials, InProcess, MySql, MySqlVersion, mysql_versions};

/// Between them and the first violation.
const CRASHES: usize = 120;

/// A mistake that a change of the functions could make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    None,
    /// A crash between the two leaves a user that signs in and lacks privileges.
    PasswordBeforeGrants,
    /// A repeat puts the new password in both places.
    RetainWithoutReplace,
    /// As after an abandoned rotation.
    PromotesWithoutTheLabel,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_set_before_the_grants_is_a_violation() {
    let Some(row) = faults("mysql-alternating-users", Bug::PasswordBeforeGrants).await else { return };
    assert!(row.violations[0].contains("which differs from its base"), "{:?}", row.violations);
}

#[tokio::test(flavor = "multi_thread")]
async fn retain_without_replace_is_a_violation() {
    let Some(row) = faults("mysql-dual-password", Bug::RetainWithoutReplace).await else { return };
    assert!(row.violations[0].contains("sign"), "{:?}", row.violations);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_that_does_not_look_at_the_label_is_a_violation() {
    let Some(row) = faults("mysql-alternating-users", Bug::PromotesWithoutTheLabel).await else { return };
    assert!(row.violations[0].starts_with("finishSecret of a rotation that was given up"), "{row:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_bug_there_is_no_violation() {
    for function in ["mysql-single-user", "mysql-alternating-users", "mysql-dual-password"] {
        faults(function, Bug::None).await;
    }
}

/// Crashes until there is a violation, or until there were enough crashes. `None` if MySQL is not tested.
async fn faults(function: &str, bug: Bug) -> Option<Row> {
    if !mysql_versions().contains(&MySqlVersion::MySql97) {
        return None;
    }
    let server = MySql::shared(MySqlVersion::MySql97).await;
    let cases = if bug == Bug::None { 20 } else { CRASHES };
    let faults = FaultRun::new(server, function, CrashAtACall::any(7, bug), 8).until_a_violation();
    let row = faults.run(&|row| row.cases() >= cases, &mut |_| ()).await;
    println!("{bug:?}: {row:?}");
    assert_eq!(row.violations.is_empty(), bug == Bug::None, "{bug:?}: {row:?}");
    Some(row)
}

#[async_trait]
impl RunStep<MySql> for Bug {
    async fn step(
        &self,
        function: &InProcess,
        application: &Application<'_, MySql>,
        step: &str,
        version: &str,
        crash: &Crash,
    ) -> Result<(), Error> {
        let store = Crashing { adapter: function.store(), crash: crash.clone() };
        let database = Crashing { adapter: function.database(), crash: crash.clone() };
        let promotes = *self == Self::PromotesWithoutTheLabel && step == "finishSecret";
        let version_id = VersionId(version.to_owned());
        let store = BuggyStore { adapter: &store, adds_the_label: promotes.then_some(version_id) };
        let database = BuggyDatabase { adapter: &database, bug: *self };
        function.step_with(application, step, version, &store, &database).await
    }
}

struct BuggyStore<'a> {
    adapter: &'a dyn SecretStore,
    /// Has this version look as if it were pending.
    adds_the_label: Option<VersionId>,
}

#[async_trait]
impl SecretStore for BuggyStore<'_> {
    async fn describe(&self, secret: &SecretId) -> Result<Versions, CallError> {
        let mut versions = self.adapter.describe(secret).await?;
        if let Some(version) = &self.adds_the_label {
            versions.stages.entry(version.clone()).or_default().push(Stage::Pending.name().to_owned());
        }
        Ok(versions)
    }

    async fn value(&self, secret: &SecretId, wanted: Wanted<'_>) -> Result<Option<SecretText>, CallError> {
        self.adapter.value(secret, wanted).await
    }

    async fn put_pending(
        &self,
        secret: &SecretId,
        version: &VersionId,
        text: &SecretText,
        token: Option<&RotationToken>,
    ) -> Result<Put, CallError> {
        self.adapter.put_pending(secret, version, text, token).await
    }

    async fn unlabelled(&self, secret: &SecretId) -> Result<Vec<VersionId>, CallError> {
        self.adapter.unlabelled(secret).await
    }

    async fn move_current(
        &self,
        secret: &SecretId,
        from: &VersionId,
        to: &VersionId,
    ) -> Result<Move, CallError> {
        self.adapter.move_current(secret, from, to).await
    }
}

struct BuggyDatabase<'a> {
    adapter: &'a dyn Database,
    bug: Bug,
}

#[async_trait]
impl Database for BuggyDatabase<'_> {
    fn engines(&self) -> &'static [&'static str] {
        self.adapter.engines()
    }

    fn default_port(&self) -> u16 {
        self.adapter.default_port()
    }

    fn username_error(&self, user: &Username, engine: &str) -> Option<&'static str> {
        self.adapter.username_error(user, engine)
    }

    fn proof_of_other_user(&self) -> ProofOfOtherUser {
        self.adapter.proof_of_other_user()
    }

    fn manual_remedy(&self, user: &Username) -> String {
        self.adapter.manual_remedy(user)
    }

    async fn sign_in(
        &self,
        at: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn UserSession>, CallError> {
        let response = self.adapter.sign_in(at, user, password).await?;
        Ok(response.map::<dyn UserSession>(|session| Box::new(BuggySession { session, bug: self.bug })))
    }

    async fn sign_in_superuser(
        &self,
        at: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn SuperuserSession>, CallError> {
        let response = self.adapter.sign_in_superuser(at, user, password).await?;
        Ok(response.map::<dyn SuperuserSession>(|session| Box::new(BuggySession { session, bug: self.bug })))
    }
}

struct BuggySession<T: ?Sized> {
    session: Box<T>,
    bug: Bug,
}

#[async_trait]
impl UserSession for BuggySession<dyn UserSession> {
    async fn change_own_password(
        &mut self,
        user: &Username,
        used: &Password,
        next: &Password,
        old: OldPassword,
    ) -> Result<Change, CallError> {
        if self.bug != Bug::RetainWithoutReplace {
            return self.session.change_own_password(user, used, next, old).await;
        }
        let as_user = Credentials { user: user.0.clone(), password: used.expose().to_owned() };
        let server = MySql::shared(MySqlVersion::MySql97).await;
        let mut own = server.sign_in(&as_user, "").await.expect("the user signs in");
        let next = text(next.expose());
        let retain = format!("ALTER USER USER() IDENTIFIED BY {next} RETAIN CURRENT PASSWORD");
        run(&mut own, &retain).await.expect("the user may");
        Ok(Change::Made)
    }

    async fn finish_own_change(&mut self, old: OldPassword) -> Result<(), CallError> {
        self.session.finish_own_change(old).await
    }

    async fn view_pair(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
    ) -> Result<PairView, CallError> {
        self.session.view_pair(alternation, secret).await
    }

    async fn verify(&mut self, user: &Username, set_by: &SetBy) -> Result<Verification, CallError> {
        self.session.verify(user, set_by).await
    }

    async fn on_replica(&mut self) -> Result<bool, CallError> {
        self.session.on_replica().await
    }

    async fn close(self: Box<Self>) {
        self.session.close().await;
    }
}

#[async_trait]
impl SuperuserSession for BuggySession<dyn SuperuserSession> {
    async fn install_password(
        &mut self,
        user: &Username,
        used: &Password,
        password: &Password,
    ) -> Result<(), CallError> {
        self.session.install_password(user, used, password).await
    }

    async fn set_up_next_user(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
        password: &Password,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, CallError> {
        if self.bug == Bug::PasswordBeforeGrants && alternation.target == Target::Clone {
            // A clone that is not there yet has no password.
            let Evidence::Passwords(known) = evidence else { panic!("this is of MySQL") };
            for used in known {
                let _ = self.session.install_password(alternation.next_user(), used, password).await;
            }
        }
        self.session.set_up_next_user(alternation, secret, password, evidence).await
    }

    async fn close(self: Box<Self>) {
        self.session.close().await;
    }
}
