//! Everything that one function rotates with.

use crate::idle_user::{IdleUserSessions, OnIdleUserSessions};
use crate::password::PasswordPolicy;
use crate::ports::{Clock, Database, SecretStore, Topology};
use crate::progress::Progress;
use crate::promotion::Promotion;
use crate::redaction::PasswordsInUse;
use crate::strategy::Strategy;

/// Everything that one function rotates with: its ports, its strategy, its rules for new passwords.
#[expect(
    missing_debug_implementations,
    reason = "the ports are traits without Debug: what they hold is secret"
)]
#[derive(Clone, Copy)]
pub struct Rotation<'a> {
    /// Secrets Manager.
    pub store: &'a dyn SecretStore,
    /// The engine that this function rotates.
    pub database: &'a dyn Database,
    /// RDS: which address belongs to which server. Only a superuser's server is looked up there, so it is `None` under a
    /// strategy without one.
    pub topology: Option<&'a dyn Topology>,
    /// Time left, and waiting.
    pub clock: &'a dyn Clock,
    /// Whose password comes next, and who sets it.
    pub strategy: Strategy,
    /// Which step makes the pending version current.
    pub promotion: Promotion,
    /// Whether an alternation goes on while the user whose password it changes has open sessions.
    pub on_idle_user_sessions: OnIdleUserSessions,
    /// How many of those were found.
    pub sessions_of_idle_user: &'a IdleUserSessions,
    /// What a new password is made of.
    pub policy: &'a PasswordPolicy,
    /// A limit on user names below the engine's own (`USERNAME_CHARACTER_LIMIT`), in characters.
    pub username_limit: Option<usize>,
    /// What is being waited for, so that the error at the deadline can name it.
    pub progress: &'a Progress,
    /// What no error and no log line may repeat.
    pub passwords: &'a PasswordsInUse,
}
