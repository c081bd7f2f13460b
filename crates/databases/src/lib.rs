//! What a rotation asks of a database server. The only crate that speaks SQL.
//!
//! One folder an engine. A file name that both folders have means the same role:
//!
//! - `handshake`: the messages before the session, and how the server asks for the password
//! - `sign_in`: signing in, and what a failure means
//! - `connection`: a signed-in connection, which runs statements
//! - `password`, `alternation`, `clone_check`, `superuser`, `verify`: the work of a rotation, on a connection
//! - `verifier`: what the server stores of a password
//! - `quoting`: names and texts in statements
//! - `errors`: the server's error codes as causes
//! - `examination`: what a diagnosis asks, which changes nothing
//! - `equality`, `clone_plan`: two users that no superuser makes equal, and how a person makes the second one
//! - `revocation`: ending a user's sessions, and where a password signs in
//! - `session`: the port that the steps call, on top of all of these

mod clone_plan;
mod dial;
mod limits;
mod mysql;
mod network_errors;
mod postgres;
mod reach;
mod revocation;
mod roots;
mod tls;

pub use clone_plan::{ClonePlan, PlansClones};
pub use limits::Limits;
pub use mysql::MySql;
#[doc(hidden)]
pub use mysql::fuzzing;
pub use postgres::Postgres;
pub use revocation::{Accepts, AccountOfUser, EndsSessions, Revokes};
pub use tls::{AuthorityError, TrustAnchors};

/// Variables that the PostgreSQL driver reads on its own and that nothing can unset.
pub const FORBIDDEN_VARIABLES: [&str; 3] = ["PGSSLCERT", "PGSSLKEY", "PGOPTIONS"];
