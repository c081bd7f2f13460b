//! Gathers what the checks judge. Reads only.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use crate::cause::Cause;
use crate::error::{CallError, Error, Refusal};
use crate::event::{RotationEvent, Step};
use crate::idle_user::OnIdleUserSessions;
use crate::ports::{Clock, Reached, Surroundings};
use crate::rotation::Rotation;
use crate::secret::Secret;
use crate::steps::{Context, Rehearsal, rehearse};
use crate::versions::{Stage, Versions, describe_version};
use crate::{SecretId, SecretText, VersionId};

/// What is left of the time for the report itself.
const REPORT: Duration = Duration::from_secs(1);

/// A step that sees this much time left signs in once, and waits 5 s for it: a diagnosis says that a server does not respond, and
/// does not wait until it does.
const PATIENCE: Duration = Duration::from_secs(25);

/// What was seen. `None` where what came before prevented it.
pub(super) struct Facts {
    pub(super) secret: SecretId,
    /// The ARN by which the function was invoked.
    pub(super) function: String,
    pub(super) now: SystemTime,
    pub(super) time_limit: Duration,
    /// How much later than it is due a rotation may succeed.
    pub(super) overdue_after: Duration,
    pub(super) strategy: crate::Strategy,
    pub(super) password_length: usize,
    pub(super) on_idle_user_sessions: OnIdleUserSessions,
    /// `None` if the time was over before their names were resolved.
    pub(super) services: Option<Vec<Service>>,
    pub(super) described: Result<Versions, Error>,
    /// The secret's versions, if this is the function that rotates it.
    pub(super) versions: Option<StoredVersions>,
    pub(super) reached: Option<Result<Reached, Error>>,
    pub(super) rehearsal: Rehearsal,
    /// What was waited for when the time was over.
    pub(super) gave_up: Option<String>,
}

/// A service of AWS, as this function reaches it.
pub(super) struct Service {
    /// As in "Secrets Manager".
    pub(super) name: &'static str,
    /// Whether every rotation calls it.
    pub(super) is_always_called: bool,
    /// The host of its endpoint.
    pub(super) host: String,
    /// The addresses of that host.
    pub(super) addresses: Result<Vec<IpAddr>, CallError>,
}

/// What is stored, parsed.
pub(super) struct StoredVersions {
    pub(super) current: Result<Secret, Error>,
    /// The version with AWSPENDING, if it is another one than AWSCURRENT's.
    pub(super) pending: Option<(VersionId, Result<Option<Secret>, Error>)>,
    /// When the pending version was made.
    pub(super) begun: Option<SystemTime>,
    /// Whether the pending version is older than the current one.
    pub(super) is_pending_older: bool,
    pub(super) previous: Result<Option<Secret>, Error>,
    /// How many versions have no label.
    pub(super) unlabelled: Result<usize, Error>,
}

/// Gathers within the time that there is.
pub(super) async fn gather(
    rotation: &Rotation<'_>,
    surroundings: &dyn Surroundings,
    secret: &SecretId,
) -> Facts {
    let clock = Impatient(rotation.clock);
    let rotation = Rotation { clock: &clock, ..*rotation };
    let mut facts = Facts {
        secret: secret.clone(),
        function: surroundings.function().to_owned(),
        now: surroundings.now(),
        time_limit: surroundings.time_limit(),
        overdue_after: surroundings.overdue_after(),
        strategy: rotation.strategy,
        password_length: rotation.policy.length(),
        on_idle_user_sessions: rotation.on_idle_user_sessions,
        services: None,
        described: Err(gave_up(&format!("describe {secret}"))),
        versions: None,
        reached: None,
        rehearsal: Rehearsal::default(),
        gave_up: None,
    };
    let mut found = None;
    let end = clock.0.left().saturating_sub(REPORT);
    let services = async { found = Some(services(&rotation, surroundings).await) };
    let is_over = tokio::select! {
        ((), ()) = async { tokio::join!(facts.look(&rotation), services) } => false,
        () = clock.0.sleep(end) => true,
    };
    if is_over {
        facts.gave_up = Some(rotation.progress.waiting_to());
    }
    facts.services = found;
    facts
}

impl Facts {
    /// The command that begins a rotation, or goes on with an unfinished one.
    pub(super) fn rotate(&self) -> String {
        format!("aws secretsmanager rotate-secret --secret-id {}", self.secret)
    }

    /// Whether this function is the one that rotates the secret.
    pub(super) fn is_ours(&self) -> Option<bool> {
        self.described.as_ref().ok()?.schedule.is_by(&self.function)
    }

    /// Whether AWSCURRENT names a superuser.
    pub(super) fn has_superuser(&self) -> bool {
        let current = self.versions.as_ref().and_then(|versions| versions.current.as_ref().ok());
        current.is_some_and(|current| current.superuser.is_some())
    }

    /// Describes the secret and, if it is this function's, reads the versions and looks at the server.
    async fn look(&mut self, rotation: &Rotation<'_>) {
        let describe = rotation.store.describe(&self.secret);
        self.described = rotation.progress.of(format!("describe {}", self.secret), describe).await;
        if self.is_ours() != Some(true) {
            return;
        }
        let Ok(described) = &self.described else { return };
        let (pending, current) = (described.unfinished().cloned(), described.holder(Stage::Current));
        let event = RotationEvent {
            step: Step::SetSecret,
            secret_id: self.secret.clone(),
            version_id: pending.clone().or(current.cloned()).unwrap_or_else(|| VersionId(String::new())),
            rotation_token: None,
        };
        let context = Context::new(rotation, &event);
        let (versions, acts_with) = read(&context, rotation, pending).await;
        let Ok(shown) = &self.versions.insert(versions).current else { return };
        let Some((current, pending)) = acts_with else { return };
        let server = context.server(shown);
        let context = Context::new(rotation, &event).with_versions(current, pending);
        let reach = async {
            let reach = rotation.database.reach(&server);
            self.reached = Some(rotation.progress.of(format!("connect to {}", server.endpoint), reach).await);
        };
        tokio::join!(reach, rehearse(&context, shown, &mut self.rehearsal));
    }
}

/// Reads all versions at once. Returns beside them the current and the pending version, for the steps' checks: where no rotation
/// goes on with a pending one, that is a copy of the current one.
async fn read(
    context: &Context<'_>,
    rotation: &Rotation<'_>,
    pending: Option<VersionId>,
) -> (StoredVersions, Option<(Secret, Secret)>) {
    let secret = context.secret_id();
    let parsed = |text: &SecretText, stage| context.parse(text, &describe_version(stage, secret));
    let pending_text = async {
        match &pending {
            Some(_) => Some(context.value(Stage::Pending).await),
            None => None,
        }
    };
    let begun = async {
        let created = async |version| rotation.store.created(secret, version).await.ok().flatten();
        match &pending {
            Some(version) => created(version).await,
            None => None,
        }
    };
    let list =
        rotation.progress.of(format!("list the versions of {secret}"), rotation.store.unlabelled(secret));
    let (current, pending_text, previous, unlabelled, begun) = tokio::join!(
        context.value(Stage::Current),
        pending_text,
        context.value(Stage::Previous),
        list,
        begun
    );
    let current = current.and_then(|text| text.ok_or_else(|| Refusal::NoCurrent.into()));
    let pending_text = pending_text.transpose().map(Option::flatten);
    let is_older = |pending: &SecretText, current: &SecretText| {
        current.created_at().zip(pending.created_at()).is_some_and(|(current, pending)| current > pending)
    };
    let is_pending_older = match (&pending_text, &current) {
        (Ok(Some(pending)), Ok(current)) => is_older(pending, current),
        _ => false,
    };
    let mut acts_with = None;
    if let Ok(text) = &current {
        let parse = |text| parsed(text, Stage::Current).ok();
        let goes_on_with = match &pending_text {
            Ok(Some(pending)) => parse(pending).zip(parse(text)).filter(|(next, now)| {
                next.replaces(now) && next.username == rotation.strategy.next_user(&now.username)
            }),
            Ok(None) | Err(_) => None,
        };
        let pending = goes_on_with.map(|(pending, _)| pending).or_else(|| parse(text));
        acts_with = parse(text).zip(pending);
    }
    let pending_version =
        pending_text.and_then(|text| text.map(|text| parsed(&text, Stage::Pending)).transpose());
    let versions = StoredVersions {
        current: current.and_then(|text| parsed(&text, Stage::Current)),
        pending: pending.map(|version| (version, pending_version)),
        begun,
        is_pending_older,
        previous: previous.and_then(|text| text.map(|text| parsed(&text, Stage::Previous)).transpose()),
        unlabelled: unlabelled.map(|versions| versions.len()),
    };
    (versions, acts_with)
}

/// The services that a rotation may call.
async fn services(rotation: &Rotation<'_>, surroundings: &dyn Surroundings) -> Vec<Service> {
    let hosts = [
        ("Secrets Manager", true, rotation.store.host()),
        ("RDS", false, rotation.topology.and_then(|topology| topology.host())),
    ];
    let mut services = Vec::new();
    for (name, is_always_called, host) in hosts {
        if let Some(host) = host {
            let addresses = surroundings.resolve(&host).await;
            services.push(Service { name, is_always_called, host, addresses });
        }
    }
    services
}

/// Makes a step try once.
struct Impatient<'a>(&'a dyn Clock);

#[async_trait]
impl Clock for Impatient<'_> {
    fn left(&self) -> Duration {
        self.0.left().min(PATIENCE)
    }

    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }
}

/// The error of what did not respond before the time was over.
pub(super) fn gave_up(waiting_to: &str) -> Error {
    let what = "the time of this diagnosis was over before it responded";
    Error::Call { doing: waiting_to.to_owned(), source: CallError::failed(Cause::Deadline, what) }
}
