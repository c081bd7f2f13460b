//! What a rotation asks of a database server. The only crate that speaks SQL.
//!
//! One folder an engine, with the same file names and the same items in the same order.

mod connect;
mod dial;
mod mysql;
mod postgres;
mod roots;
mod tls;

pub use connect::Limits;
pub use mysql::MySql;
#[doc(hidden)]
pub use mysql::fuzzing;
pub use postgres::Postgres;
pub use tls::{AuthorityError, TrustAnchors};
