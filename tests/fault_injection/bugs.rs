//! The invariants of fault injection are tested as well: with a seeded bug, they report a violation.

use async_trait::async_trait;
use rotation::ports::{Change, Evidence, SuperuserSession, UserSession};
use rotation::{
    Alternation, CallError, Error, OldPassword, Password, Stage, Target, Username, VersionId, Versions,
};
use stress::faults::{CrashAtACall, FaultRun, Row, RunStep};
use testbed::crash::Crash;
use testbed::mysql::{name, run, text};
use testbed::{Application, ChangedBy, Credentials, Hooks, InProcess, MySql, MySqlVersion, mysql_versions};

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
    /// Without a superuser: the application's user is changed beside the idle one.
    SetsTheCurrentUser,
    /// The version is current, so the retry has nothing left to do.
    PromotesBeforeTheChange,
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
async fn a_promotion_before_the_password_is_set_is_a_violation() {
    let Some(row) = faults("mysql-single-user", Bug::PromotesBeforeTheChange).await else { return };
    assert!(row.violations[0].contains("AWSCURRENT does not sign in"), "{row:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_awscurrents_user_is_a_violation() {
    let Some(row) = faults("mysql-alternating-users", Bug::SetsTheCurrentUser).await else { return };
    assert!(row.violations[0].contains("does not sign in"), "{row:?}");
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
    let changed_by =
        if bug == Bug::SetsTheCurrentUser { ChangedBy::Themselves } else { ChangedBy::Superuser };
    let faults = FaultRun::new(server, function, CrashAtACall::any(7, bug), 8).until_a_violation();
    let faults = faults.changed_by(changed_by);
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
        if (*self, step) == (Self::PromotesBeforeTheChange, "setSecret") {
            function.step(application, "finishSecret", version, crash).await?;
        }
        let seeded = Seeded { bug: *self, finishes: (step == "finishSecret").then(|| version.to_owned()) };
        function.step(application, step, version, &crash.clone().with(seeded)).await?;
        if (*self, step) == (Self::SetsTheCurrentUser, "setSecret") {
            let current = application.credentials("AWSCURRENT").await.expect("a current version");
            let (user, password) = (name(&current.user), text(&Credentials::new("").password));
            application.server.execute(&format!("ALTER USER {user}@'%' IDENTIFIED BY {password}")).await;
        }
        Ok(())
    }
}

/// A bug in one step of a rotation.
struct Seeded {
    bug: Bug,
    /// The version, in finishSecret.
    finishes: Option<String>,
}

#[async_trait]
impl Hooks for Seeded {
    fn versions(&self, mut versions: Versions) -> Versions {
        if let (Bug::PromotesWithoutTheLabel, Some(version)) = (self.bug, &self.finishes) {
            let labels = versions.stages.entry(VersionId(version.clone())).or_default();
            labels.push(Stage::Pending.name().to_owned());
        }
        versions
    }

    async fn change_own_password(
        &self,
        session: &mut dyn UserSession,
        user: &Username,
        (used, next): (&Password, &Password),
        old: OldPassword,
    ) -> Result<Change, CallError> {
        if self.bug != Bug::RetainWithoutReplace {
            return session.change_own_password(user, used, next, old).await;
        }
        let as_user = Credentials { user: user.0.clone(), password: used.expose().to_owned() };
        let server = MySql::shared(MySqlVersion::MySql97).await;
        let mut own = server.sign_in(&as_user, "").await.expect("the user signs in");
        let next = text(next.expose());
        let retain = format!("ALTER USER USER() IDENTIFIED BY {next} RETAIN CURRENT PASSWORD");
        run(&mut own, &retain).await.expect("the user may");
        Ok(Change::Made)
    }

    async fn before_set_up(
        &self,
        superuser: &mut dyn SuperuserSession,
        alternation: &Alternation,
        password: &Password,
        evidence: &Evidence,
    ) -> Result<(), CallError> {
        if self.bug == Bug::PasswordBeforeGrants && alternation.target == Target::Clone {
            let Evidence::Passwords(known) = evidence else { panic!("this is of MySQL") };
            for used in known {
                // A clone that is not there yet has no password.
                let _ = superuser.install_password(alternation.next_user(), used, password).await;
            }
        }
        Ok(())
    }
}
