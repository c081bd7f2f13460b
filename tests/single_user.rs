//! Single user: one user gets a new password.

mod mysql;
mod mysql_hosts;
mod postgres;

use testbed::{Application, Server, Setup};

/// Three rotations: the new password signs in, the former one is rejected.
async fn gives_the_same_user_a_new_password<S: Server>(server: &S, setup: Setup<'_>) {
    let application = Application::start(server, setup).await;
    let first = application.credentials("AWSCURRENT").await.expect("a first version");
    for _ in 0..3 {
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "on {}", server.name());
        assert!(!application.signs_in("AWSPREVIOUS").await, "on {}", server.name());
    }
    let current = application.credentials("AWSCURRENT").await.expect("a current version");
    assert_eq!(current.user, first.user);
    assert_ne!(current.password, first.password);
}
