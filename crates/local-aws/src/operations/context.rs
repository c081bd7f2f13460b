use time::OffsetDateTime;

use crate::events::{Event, EventLog, EventName};
use crate::secrets::{Account, Author, Refusal, Region, Secret, Secrets};
use crate::service::Settings;

/// What an operation works on, besides its request. The state is locked for as long as this exists.
pub(crate) struct Context<'a> {
    pub(crate) account: &'a mut Account,
    /// The region of the request's signature.
    pub(crate) region: &'a Region,
    pub(crate) caller: Caller,
    pub(crate) function: FunctionCheck,
    pub(crate) now: OffsetDateTime,
    pub(crate) settings: &'a Settings,
    pub(crate) events: &'a EventLog,
}

/// Who calls, by the access key of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A rotation function: it has one of the functions' keys.
    Function,
    /// Anyone else.
    Person,
    /// The server has no keys for functions, so that nobody can tell.
    Unknown,
}

/// Whether the service can call the function that a `RotateSecret` is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FunctionCheck {
    Callable,
    NotCallable,
}

impl Context<'_> {
    /// The secrets of the caller's region.
    pub(crate) fn secrets(&mut self) -> &mut Secrets {
        self.account.region(self.region)
    }

    /// The secret that `id` names; refuses one that is marked for deletion.
    pub(crate) fn find_live(&mut self, id: &str) -> Result<&mut Secret, Refusal> {
        super::limits::secret_id(id)?;
        self.secrets().find_live(id)
    }

    /// As `find_primary`, for the operations of rotation, which have another text for a deleted secret (moto; not recorded).
    pub(crate) fn find_to_rotate(&mut self, id: &str) -> Result<&mut Secret, Refusal> {
        if self.find_any(id)?.deleted.is_some() {
            return Err(Refusal::invalid_request(
                "You tried to perform the operation on a secret that's currently marked deleted.",
            ));
        }
        self.find_primary(id)
    }

    /// As `find_live`, to change what is replicated; refuses a replica.
    pub(crate) fn find_primary(&mut self, id: &str) -> Result<&mut Secret, Refusal> {
        let secret = self.find_live(id)?;
        secret.role.replicas_mut()?;
        Ok(secret)
    }

    /// The secret that `id` names, even if it is marked for deletion.
    pub(crate) fn find_any(&mut self, id: &str) -> Result<&mut Secret, Refusal> {
        super::limits::secret_id(id)?;
        self.secrets().find_any(id)
    }
}

/// Who writes a value: the function has its own key, and a caller that sends the token of a step acts for it (user guide,
/// "Troubleshoot rotation"). Without keys for functions, every caller may be one.
pub(super) fn author(caller: Caller, secret: &Secret, rotation_token: Option<&str>) -> Author {
    match caller {
        Caller::Function | Caller::Unknown => Author::Function,
        Caller::Person if secret.issued(rotation_token) => Author::Function,
        Caller::Person => Author::Other,
    }
}

/// Applies what a new value of a person does to a rotation: it abandons one that is under way, so that `RotateSecret` is
/// accepted again. AWSPENDING leaves its version, which keeps its value (user guide, "Troubleshoot rotation"; Terraform's
/// acceptance tests rely on it).
pub(super) fn after_current_value(
    secret: &mut Secret,
    by: Caller,
    rotation_token: Option<&str>,
    now: OffsetDateTime,
    events: &EventLog,
) {
    let is_of_rotation = match by {
        Caller::Function => true,
        Caller::Person => secret.issued(rotation_token),
        Caller::Unknown => rotation_token.is_some(),
    };
    let abandoned = if is_of_rotation { None } else { secret.versions.abandon_rotation() };
    if let Some(version) = abandoned {
        let (name, arn) = (EventName::RotationAbandoned, secret.arn.clone());
        events.emit(&Event { name, arn, version, error: None, at: now });
    }
    // Recorded: a value that is put while rotation is on counts as a rotation.
    if secret.rotates() {
        secret.rotated = Some(now);
    }
}
