//! Locks: alternations of one user wait for each other, and a lock that any user of the server may take stops no rotation.

mod mysql;
mod postgres;
