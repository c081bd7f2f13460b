//! A server that asks for no proof of a password gets no trust, and one that asks for the plain text does not get it.

mod mysql;
mod postgres;
