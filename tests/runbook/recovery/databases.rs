//! A database that is restored, switched over or failed over.

use serde_json::json;
use testbed::{App, MySqlVersion, mysql_versions, postgres_versions};

use crate::runbook::address::Address;
use crate::runbook::copies::{self, Copied};
use crate::runbook::{Desk, RECOVERY, Section, error_of};

/// The strategies of a server, each with a desk, at an address that may be switched to a copy.
async fn desks<'a, S: Copied>(original: &'a S, address: &Address) -> Vec<(&'static str, Desk<'a, S>)> {
    let mut desks = Vec::new();
    for setup in original.setups().iter().filter(|setup| setup.changed_by == testbed::ChangedBy::Superuser) {
        let strategy = setup.function.split_once('-').expect("engine and strategy").1;
        desks.push((strategy, Desk::rotated_at(original, address.port, strategy).await));
    }
    desks
}

fn apps<'d, S: Copied>(desks: &'d [(&str, Desk<'_, S>)]) -> Vec<&'d App> {
    desks.iter().map(|(_, desk)| &desk.app).collect()
}

fn is_postgres<S: Copied>(server: &S) -> bool {
    server.name().starts_with("postgres")
}

/// Stores the credentials of the superuser at a copy, at this port.
async fn store_superuser<S: Copied>(desk: &Desk<'_, S>, copy: &S, port: u16) {
    let mut superuser = desk.server.superuser_at(copy).await;
    superuser["port"] = json!(port);
    let put = desk.client.put_secret_value().secret_id("superuser");
    put.secret_string(superuser.to_string()).send().await.expect("it is stored");
}

/// Gives the server at the address the password of AWSCURRENT, by the page.
async fn set_password_of_current<S: Copied>(section: &Section, desk: &Desk<'_, S>, at: &S) {
    let shown = desk
        .sh(section.sh("get-secret-value --secret-id app --query SecretString --output text | jq -r"))
        .await;
    let [user, password] = shown.lines().collect::<Vec<_>>()[..] else { panic!("{shown}") };
    let block = section.sql(if is_postgres(at) { "\\password" } else { "ALTER USER" });
    let block = if user == desk.app.user() { block.to_owned() } else { block.replace("app", "app_clone") };
    desk.sql_at(at, &block, password).await;
    assert!(desk.signs_in_at(at, "AWSCURRENT").await, "{user} on {}", at.name());
}

/// The server is as it was `back` rotations ago.
async fn restored_to_an_earlier_time<S: Copied>((original, copy): (S, S), back: usize) {
    let section = Section::on(&original, RECOVERY, "A database restored to an earlier time");
    let before = Section::on(&original, RECOVERY, "Before you begin");
    let address = Address::of(original.port()).await;
    let desks = desks(&original, &address).await;
    original.restore(&copy, &apps(&desks)).await;
    for (strategy, desk) in &desks {
        for _rotation in 0..back {
            desk.attach(strategy).await;
        }
        let shown = desk.sh(before.sh("cancel-rotate-secret")).await;
        assert!(!shown.contains("AWSPENDING") || shown.contains("AWSCURRENT"), "{shown}");
    }
    address.switch_to(copy.port());
    for (strategy, desk) in &desks {
        let context = format!("{strategy} on {}, {back} back", original.name());
        if strategy.starts_with("alternating") {
            store_superuser(desk, &copy, address.port).await;
        }
        let rotation = desk.rotate(section.sh("rotate-secret")).await;
        let is_found = *strategy != "alternating-users" && back < 4;
        assert_eq!(rotation.succeeded, is_found, "{context}: {rotation:#?}");
        if !is_found {
            let refusal = error_of(&rotation);
            assert!(refusal.contains("sign"), "{context}: {refusal}");
            set_password_of_current(&section, desk, &copy).await;
            desk.rotate_ok(section.sh("rotate-secret")).await;
        }
        assert!(desk.signs_in_at(&copy, "AWSCURRENT").await, "{context}");
        desk.attach(strategy).await;
        assert!(desk.signs_in_at(&copy, "AWSCURRENT").await, "{context}");
    }
    no_clone(&section, &address, &original, &copy).await;
}

/// The restored server is older than the clone that is current.
async fn no_clone<S: Copied>(section: &Section, address: &Address, original: &S, copy: &S) {
    let desk = Desk::rotated_at(original, original.port(), "alternating-users").await;
    store_superuser(&desk, copy, address.port).await;
    let mut current = desk.stored("AWSCURRENT").await.expect("a value");
    current["port"] = json!(address.port);
    desk.put(&current).await;
    // The user of that time.
    let app = &desk.app;
    if is_postgres(copy) {
        original.run_at(copy, "postgres", &format!("CREATE ROLE {} LOGIN", app.user())).await;
        original.run_at(copy, "postgres", &format!("CREATE DATABASE {}", app.database)).await;
    } else {
        let user = app.user();
        original.run_at(copy, "", &format!("CREATE DATABASE {}; CREATE USER {user}@'%' IDENTIFIED BY 'of that time'; GRANT SELECT ON {}.* TO {user}@'%'", app.database, app.database)).await;
    }
    let refusal = error_of(&desk.rotate(section.sh("rotate-secret")).await);
    assert!(refusal.contains("AWSCURRENT does not sign in as"), "{refusal}");
    desk.stand_in("\"app\"", &format!("\"{}\"", app.user()));
    desk.sh(section.sh("umask 077")).await;
    set_password_of_current(section, &desk, copy).await;
    for user in [desk.clone_name(), app.user().to_owned()] {
        desk.rotate_ok(section.sh("rotate-secret")).await;
        assert_eq!(desk.credentials("AWSCURRENT").await.expect("a version").user, user);
        assert!(desk.signs_in_at(copy, "AWSCURRENT").await, "on {}", original.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_server_that_is_restored_to_an_earlier_time_is_rotated_again() {
    for (version, back) in postgres_versions().into_iter().zip([1, 4]) {
        restored_to_an_earlier_time(copies::postgres(version).await, back).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mysql_server_that_is_restored_to_an_earlier_time_is_rotated_again() {
    for (version, back) in mysql_versions().into_iter().zip([1, 4]) {
        restored_to_an_earlier_time(copies::mysql(version).await, back).await;
    }
}

/// Also a clone that a person made (without a superuser).
async fn restored_under_a_new_name<S: Copied>((original, copy): (S, S)) {
    let section = Section::on(&original, RECOVERY, "A database under a new name");
    let before = Section::on(&original, RECOVERY, "Before you begin");
    let address = Address::of(original.port()).await;
    let mut desks = desks(&original, &address).await;
    // Once more with alternating users that need no superuser any more.
    let without = Desk::rotated_at(&original, address.port, "alternating-users").await;
    let mut secret = without.stored("AWSCURRENT").await.expect("a value");
    secret.as_object_mut().expect("an object").remove("masterarn");
    without.put(&secret).await;
    without.attach("alternating-users").await;
    desks.push(("alternating-users", without));
    original.restore(&copy, &apps(&desks)).await;
    for (strategy, desk) in &desks {
        let context = format!("{strategy} on {}", original.name());
        desk.stand_in("new.db.example.com", "localhost");
        desk.stand_in("5432", &copy.port().to_string());
        desk.sh(before.sh("cancel-rotate-secret")).await;
        desk.sh(section.sh("umask 077\nfor")).await;
        assert_eq!(desk.stored("AWSCURRENT").await.expect("a value")["port"], copy.port());
        assert_eq!(desk.stored("AWSPREVIOUS").await.expect("a value")["port"], copy.port());
        desk.sh(section.sh("umask 077\naws secretsmanager get-secret-value --secret-id superuser")).await;
        if !is_postgres(&original) {
            // As RDS does, the restored server has another superuser.
            store_superuser(desk, &copy, copy.port()).await;
        }
        desk.rotate_ok(section.sh("rotate-secret")).await;
        for _turn in 0..2 {
            desk.attach(strategy).await;
            assert!(desk.signs_in_at(&copy, "AWSCURRENT").await, "{context}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_follows_a_restored_server_to_its_new_name() {
    for version in postgres_versions().into_iter().take(1) {
        restored_under_a_new_name(copies::postgres(version).await).await;
    }
    for version in two_of_mysql() {
        restored_under_a_new_name(copies::mysql(version).await).await;
    }
}

async fn switched_over<S: Copied>((blue, green): (S, S)) {
    let section = Section::on(&blue, RECOVERY, "A blue/green switchover");
    let before = Section::on(&blue, RECOVERY, "Before you begin");
    let address = Address::of(blue.port()).await;
    let desks = desks(&blue, &address).await;
    for (_, desk) in &desks {
        desk.sh(before.sh("cancel-rotate-secret")).await;
    }
    blue.restore(&green, &apps(&desks)).await;
    address.switch_to(green.port());
    for (strategy, desk) in &desks {
        store_superuser(desk, &green, address.port).await;
        for options in
            ["rotate-secret --secret-id app --no-rotate-immediately", "rotate-secret --secret-id app\n"]
        {
            desk.rotate_ok(section.sh(options)).await;
            assert!(desk.signs_in_at(&green, "AWSCURRENT").await, "{strategy} on {}", blue.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rotations_that_were_stopped_for_a_switchover_go_on_at_the_other_server() {
    switched_over(copies::postgres(postgres_versions()[0]).await).await;
    for version in two_of_mysql() {
        switched_over(copies::mysql(version).await).await;
    }
}

/// The newest of each product, by default.
fn two_of_mysql() -> Vec<MySqlVersion> {
    mysql_versions().into_iter().take(2).collect()
}

/// The primary ends between two steps.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_a_failover_interrupted_goes_on_at_the_new_primary() {
    let (primary, standby) = copies::postgres(postgres_versions()[0]).await;
    let section = Section::on(&primary, RECOVERY, "A failover");
    let address = Address::of(primary.port()).await;
    let desks = desks(&primary, &address).await;
    for (strategy, desk) in &desks {
        desk.stop_before(strategy, "testSecret").await;
    }
    primary.restore(&standby, &[]).await;
    primary.stop();
    address.switch_to(standby.port());
    for (strategy, desk) in &desks {
        desk.rotate_ok(section.sh("rotate-secret")).await;
        assert!(desk.signs_in_at(&standby, "AWSCURRENT").await, "{strategy}");
        desk.attach(strategy).await;
        assert!(desk.signs_in_at(&standby, "AWSCURRENT").await, "{strategy}");
    }
    for version in two_of_mysql() {
        let (server, _) = copies::mysql(version).await;
        let address = Address::of(server.port()).await;
        let desks = self::desks(&server, &address).await;
        for (strategy, desk) in &desks {
            desk.stop_before(strategy, "testSecret").await;
        }
        server.kill();
        server.start_again().await;
        for (strategy, desk) in &desks {
            desk.rotate_ok(section.sh("rotate-secret")).await;
            assert!(desk.signs_in("AWSCURRENT").await, "{strategy} on {version}");
        }
    }
}
