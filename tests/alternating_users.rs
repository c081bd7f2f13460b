//! Alternating users: two users take turns, so that the application's password is valid throughout a rotation.

mod mysql;
mod postgres;

use testbed::{Application, Server, Setup};

async fn take_turns_and_both_sign_in<S: Server>(server: &S, setup: Setup<'_>) {
    let application = Application::start(server, setup).await;
    let base = application.app.user().to_owned();
    for expected in [format!("{base}_clone"), base.clone(), format!("{base}_clone")] {
        application.rotate_ok().await;
        let current = application.credentials("AWSCURRENT").await.expect("a current version");
        assert_eq!(current.user, expected);
        assert!(application.signs_in("AWSCURRENT").await, "on {}", server.name());
        assert!(application.signs_in("AWSPREVIOUS").await, "on {}", server.name());
    }
}
