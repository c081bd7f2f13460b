//! Builds the binaries before they run, so that no test runs an outdated binary.

use std::path::PathBuf;

use tokio::{process::Command, sync::OnceCell};

use crate::environment::{built_into, repository, set_by_cargo};

/// The folder of the binaries, which cargo has checked or built, once per process.
pub async fn binaries() -> PathBuf {
    static BUILT: OnceCell<()> = OnceCell::const_new();
    BUILT.get_or_init(build).await;
    built_into()
}

async fn build() {
    let folder = built_into();
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let mut cargo = Command::new(env!("CARGO"));
    // All packages, as `cargo test --workspace` builds them: for one alone cargo would choose other features of the
    // dependencies, and compile them all again.
    cargo.args(["build", "--locked", "--workspace", "--bins", "--profile", profile, "--target-dir"]);
    cargo.arg(folder.parent().expect("a profile is in the target folder")).current_dir(repository());
    for variable in set_by_cargo() {
        cargo.env_remove(variable);
    }
    let output = cargo.output().await.expect("cargo runs");
    assert!(
        output.status.success(),
        "the functions do not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
