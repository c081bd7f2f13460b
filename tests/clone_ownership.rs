//! Whose account is the clone: an alternation gives a password or privileges to no account that is not proved to be the
//! application's, and to no other secret that names one of the two users.

mod definers;
mod memberships;
mod mysql;
mod old_sessions;
mod postgres;

use serde_json::json;
use testbed::{Application, MySql, Postgres, Server, Setup, mysql_versions, postgres_versions};

/// An attacker who has one password of a pair (AWSPREVIOUS still signs in) writes it into a secret of their own.
async fn one_password_of_a_pair_takes_it_over<S: Server>(server: &S, setup: Setup<'_>) {
    let victim = Application::start(server, setup.clone()).await;
    victim.rotate_ok().await;
    for _turn in 0..2 {
        let leaked = victim.credentials("AWSPREVIOUS").await.expect("a previous version");
        let attacker = Application::start(server, setup.clone()).await;
        let mut own = victim.stored("AWSPREVIOUS").await.expect("a previous version");
        own["username"] = json!(leaked.user);
        own["masterarn"] = json!(attacker.superuser_arn);
        attacker.store_current(&own).await;
        let refusal = attacker.rotate_expect_err().await;
        assert!(refusal.contains("nothing shows that"), "{refusal}");
        for stage in ["AWSCURRENT", "AWSPREVIOUS"] {
            assert!(victim.signs_in(stage).await, "{stage} on {}", server.name());
        }
        victim.rotate_ok().await;
        assert!(victim.signs_in("AWSCURRENT").await, "on {}", server.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_knows_one_password_of_a_pair_does_not_get_the_other() {
    for version in postgres_versions() {
        one_password_of_a_pair_takes_it_over(Postgres::shared(version).await, Setup::alternating_users())
            .await;
    }
    for version in mysql_versions() {
        one_password_of_a_pair_takes_it_over(MySql::shared(version).await, Setup::mysql_alternating_users())
            .await;
    }
}
