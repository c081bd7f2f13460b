//! Real database servers, the real Lambda binaries under a Lambda Runtime API, and a proxy between them that makes
//! connections fail: for the tests, the demo and the load and fault injection programs.
//!
//! Everything listens on loopback and lives in a folder of its own below the system's temporary folder. It stops with the
//! process that started it, however that process ends. Other users cannot read what it writes, and no server runs as root.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a part of a test that does not start stops the test"
)]

mod app;
mod application;
pub mod authority;
mod cargo_lambda;
mod concurrently;
pub mod crash;
mod credentials;
mod engine;
pub mod environment;
pub mod fault_proxy;
mod folder;
pub mod functions;
mod hooks;
mod in_process;
mod malformed_server;
pub mod memory;
mod ministack;
mod moto;
pub mod mysql;
pub mod postgres;
pub mod private;
mod reachable;
mod relay_from;
mod remedy;
pub mod role;
mod secrets_manager;
mod server;
mod server_log;
mod server_user;
mod setup;
mod stored;
pub mod stub_server;
mod template;
mod tried;

pub use app::App;
pub use application::{Application, STEPS};
pub use authority::Certificate;
pub use cargo_lambda::CargoLambda;
pub use concurrently::run_concurrently;
pub use credentials::Credentials;
pub use engine::Engine;
pub use environment::{mysql_versions, postgres_versions};
pub use fault_proxy::FaultProxy;
pub use functions::{FunctionError, Functions};
pub use hooks::Hooks;
pub use in_process::InProcess;
pub use malformed_server::MalformedServer;
pub use ministack::MiniStack;
pub use moto::Moto;
pub use mysql::{MySql, MySqlOptions, MySqlVersion};
pub use postgres::{Postgres, PostgresOptions};
pub use remedy::{Remedy, remedies, remedy};
pub use secrets_manager::{
    FUNCTIONS_KEY, OWN_KEY, aws_as, aws_at, secrets_manager, secrets_manager_as, start_local_aws,
};
pub use server::Server;
pub use server_log::ServerLog;
pub use setup::{ChangedBy, Setup};
pub use stored::{credentials, store};
pub use stub_server::StubServer;
