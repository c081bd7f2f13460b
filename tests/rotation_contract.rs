//! What Secrets Manager and AWS's own functions define: the rotation token, `RotateImmediately=false`, the fields of a secret, and the
//! settings for its password.

mod mysql;
mod postgres;
