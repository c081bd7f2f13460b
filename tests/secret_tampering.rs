//! A person who can write a secret reaches no other server and no other user through these functions.

mod mysql;
mod postgres;
