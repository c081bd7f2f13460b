//! Nothing that an owner of the application's database puts there runs in a superuser's session.

mod mysql;
mod postgres;
