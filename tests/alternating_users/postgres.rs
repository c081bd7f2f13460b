//! Alternating users on PostgreSQL.

use testbed::{Postgres, Setup, postgres_versions};

use super::take_turns_and_both_sign_in;

#[tokio::test(flavor = "multi_thread")]
async fn alternating_users_take_turns_and_both_sign_in() {
    for version in postgres_versions() {
        take_turns_and_both_sign_in(Postgres::shared(version).await, Setup::alternating_users()).await;
    }
}
