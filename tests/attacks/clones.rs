//! Who is a clone: neither a name proves it, nor a mark that its holder can write, nor a membership that others can grant.

mod mysql;
pub(super) mod postgres;
