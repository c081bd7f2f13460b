//! Names and passwords with any characters.

mod mysql;
mod postgres;
