//! Rotations that have not succeeded in time.

use super::{Desk, OPERATIONS, Section, postgres};

#[tokio::test(flavor = "multi_thread")]
async fn a_function_looks_at_once_which_of_its_rotations_are_overdue() {
    let server = postgres().await;
    let section = Section::on(server, OPERATIONS, "A rotation that is overdue");
    let desk = Desk::rotated_by(server, "single-user").await;
    desk.stand_in("PREFIX", "rotate");
    // An option of version 2 of the AWS CLI: version 1, which is fetched for the tests, takes a payload as it is.
    desk.stand_in("--cli-binary-format raw-in-base64-out ", "");
    desk.set("AWS_ENDPOINT_URL_LAMBDA", desk.functions.url());
    let seen = desk.sh(section.sh("aws lambda invoke")).await;
    assert!(seen.contains(r#""Secrets":1"#) && seen.contains(r#""Overdue":0"#), "{seen}");
    // Only version 2 has it, and local-aws keeps no logs.
    section.excuse("aws logs tail");
}
