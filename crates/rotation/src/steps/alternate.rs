//! setSecret under alternating users: the superuser installs the password of the user whose turn it is.

use tracing::{info, warn};

use super::SIGN_INS;
use super::create_secret::no_superuser;
use super::other_versions::{Candidate, SignIns};
use super::superuser::Superuser;
use crate::cause::Cause;
use crate::error::{Error, Refusal};
use crate::ports::{
    AlternationOutcome, Evidence, OwnedObjects, PairView, ProofOfOtherUser, SignIn, SuperuserSession,
    Unproven,
};
use crate::server::Server;
use crate::strategies::{Alternation, Target};
use crate::{Rotation, RotationEvent, Secret, SecretText, Stage, VersionId};

/// The versions of the secret that a turn is about.
pub(super) struct StoredSecrets<'a> {
    pub(super) current: &'a Secret,
    pub(super) pending: &'a Secret,
    /// Where it was read already.
    pub(super) previous: Option<SecretText>,
}

/// Current proves itself before the superuser's secret is touched: else whoever may write this secret could borrow the
/// superuser. And the other user, where its account exists, is shown to be the application's before it gets anything.
pub(super) async fn alternate(
    rotation: &Rotation<'_>,
    event: &RotationEvent,
    stored: StoredSecrets<'_>,
    alternation: &Alternation,
) -> Result<(), Error> {
    let StoredSecrets { current, pending, previous } = stored;
    let mut server = current.server(rotation.database.default_port());
    let view = view_as_current(rotation, event, &server, current, alternation).await?;

    let id = current.superuser.as_ref().ok_or_else(|| no_superuser(event))?;
    let superuser = rotation.superuser(id, &server).await?;
    // From here on the writer is spoken to, which need not be where the application reads.
    server.endpoint = superuser.server.endpoint.clone();

    let mut others = OtherUser { rotation, event, server: &server, current, pending, alternation, previous };
    let evidence = others.evidence(&view, &superuser).await?;
    if let Some(objection) = view.objection {
        return Err(objection.into());
    }
    let session = rotation.sign_in_superuser(&superuser).await?;
    if let (Target::Base, Some(owned)) = (alternation.target, &view.owned) {
        reassign_owned(rotation, &server, alternation, current, &**owned).await?;
    }
    others.set_up_next_user(session, evidence).await?;
    if let (Target::Clone, Some(owned)) = (alternation.target, &view.owned) {
        reassign_owned(rotation, &server, alternation, pending, &**owned).await?;
    }
    Ok(())
}

async fn view_as_current(
    rotation: &Rotation<'_>,
    event: &RotationEvent,
    server: &Server,
    current: &Secret,
    alternation: &Alternation,
) -> Result<PairView, Error> {
    let mut session = match rotation.sign_in(server, current, Stage::Current).await? {
        SignIn::Accepted(session) => session,
        SignIn::Rejected(answer) | SignIn::Expired(answer) => {
            let username = current.username.clone();
            let remedy = rotation.database.manual_remedy(&username);
            return Err(Refusal::CurrentDoesNotSignIn { username, answer, remedy }.into());
        }
    };
    let doing = format!("compare {} with {}", alternation.clone, alternation.base);
    let view = rotation.progress.of(doing, session.view_pair(alternation, &event.secret_id)).await?;
    rotation.close(session.close()).await;
    Ok(view)
}

/// The user whose turn it is, and what may show that its account is the application's.
struct OtherUser<'a> {
    rotation: &'a Rotation<'a>,
    event: &'a RotationEvent,
    server: &'a Server,
    current: &'a Secret,
    pending: &'a Secret,
    alternation: &'a Alternation,
    previous: Option<SecretText>,
}

impl OtherUser<'_> {
    /// What there is without the superuser's session. Whatever can be shown without it is: a stranger's account then brings
    /// no superuser to the server.
    async fn evidence(&mut self, view: &PairView, superuser: &Superuser) -> Result<Evidence, Error> {
        let text = self.previous.take();
        let previous = || self.rotation.previous_in(self.event, text, self.current);
        match (&view.membership, self.rotation.database.proof_of_other_user()) {
            (_, ProofOfOtherUser::StoredVerifier) => {
                let previous = previous();
                let labelled = previous.iter().chain([self.pending]).filter(|version| self.is_next(version));
                let passwords = labelled.map(|version| version.password.clone()).collect();
                Ok(Evidence::Passwords(passwords))
            }
            (Some(membership), ProofOfOtherUser::MembershipOrSignIn)
                if !membership.grantors.contains(&superuser.username) =>
            {
                self.signs_in(&membership.unproven).await?;
                Ok(Evidence::SignedIn)
            }
            (_, ProofOfOtherUser::MembershipOrSignIn) => Ok(Evidence::None),
        }
    }

    /// Whether a version is the user's whose turn it is: passwords that the other one had may have leaked.
    fn is_next(&self, version: &Secret) -> bool {
        version.username == *self.alternation.next_user()
    }

    /// Signs in as the other user with what the secret holds: AWSPREVIOUS; AWSPENDING, after an earlier attempt; then
    /// versions without a label.
    async fn signs_in(&self, unproven: &Unproven) -> Result<(), Error> {
        let previous = self.rotation.previous(self.event, self.current).await?;
        let labelled = previous.iter().map(|previous| (Stage::Previous.to_string(), previous));
        let labelled = labelled.chain([(Stage::Pending.to_string(), self.pending)]);
        // AWSCURRENT has signed in.
        let mut sign_ins = SignIns::of(self.alternation.next_user(), &[], SIGN_INS - 1);
        for (name, version) in labelled {
            if sign_ins.candidate(version) == Candidate::Try && self.is_proven_by(&name, version).await? {
                return Ok(());
            }
        }
        let unlabelled = self.rotation.unlabelled(self.event, self.current).await?;
        let mut untried = Vec::new();
        for (id, version) in &unlabelled.read {
            match sign_ins.candidate(version) {
                Candidate::Try if self.is_proven_by(&format!("version {id}"), version).await? => {
                    return Ok(());
                }
                Candidate::Try | Candidate::PassOver => {}
                Candidate::LeaveUntried => untried.push(id.clone()),
            }
        }
        untried.extend(unlabelled.unread);
        Err(self.refusal(unproven.clone(), untried))
    }

    /// A server says that an account is locked only to who has its password.
    async fn is_proven_by(&self, name: &str, version: &Secret) -> Result<bool, Error> {
        let user = &version.username;
        let proven = match self.rotation.sign_in(self.server, version, name).await {
            Ok(SignIn::Accepted(session)) => {
                self.rotation.close(session.close()).await;
                true
            }
            Ok(SignIn::Expired(_)) => true,
            Ok(SignIn::Rejected(_)) => false,
            Err(Error::Call { source, .. }) if source.cause() == Some(Cause::Locked) => true,
            Err(error) => return Err(error),
        };
        if proven {
            info!(db.user = %user, "{name} signs in as this user, so the account is the application's");
        }
        Ok(proven)
    }

    async fn set_up_next_user(
        &self,
        mut superuser: Box<dyn SuperuserSession>,
        evidence: Evidence,
    ) -> Result<(), Error> {
        let mut outcome = self.set_up_with(&mut superuser, &evidence).await?;
        let mut unread = Vec::new();
        if let AlternationOutcome::NeedsProof(unproven) = &outcome {
            let further = match evidence {
                // Comparing verifiers signs nobody in: all versions that were read serve at once.
                Evidence::Passwords(mut passwords) => {
                    let unlabelled = self.rotation.unlabelled(self.event, self.current).await?;
                    let ours = unlabelled.read.iter().filter(|(_, version)| self.is_next(version));
                    passwords.extend(ours.map(|(_, version)| version.password.clone()));
                    unread = unlabelled.unread;
                    Evidence::Passwords(passwords)
                }
                // The session grants as another role than the one that signed in.
                Evidence::None | Evidence::SignedIn => {
                    self.signs_in(unproven).await?;
                    Evidence::SignedIn
                }
            };
            outcome = self.set_up_with(&mut superuser, &further).await?;
        }
        self.rotation.close(superuser.close()).await;
        match outcome {
            AlternationOutcome::Done => Ok(()),
            AlternationOutcome::NeedsProof(unproven) => Err(self.refusal(unproven, unread)),
        }
    }

    async fn set_up_with(
        &self,
        superuser: &mut Box<dyn SuperuserSession>,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, Error> {
        let doing = format!("set up {} and its password", self.pending.username);
        let turned = superuser.set_up_next_user(
            self.alternation,
            &self.event.secret_id,
            &self.pending.password,
            evidence,
        );
        self.rotation.progress.of(doing, turned).await
    }

    fn refusal(&self, unproven: Unproven, untried: Vec<VersionId>) -> Error {
        Refusal::NotTheOtherUser {
            user: self.alternation.next_user().clone(),
            unproven: Box::new(unproven),
            secret: self.event.secret_id.clone(),
            untried,
        }
        .into()
    }
}

/// What an earlier function's clone owns goes to the base, before the version is promoted.
async fn reassign_owned(
    rotation: &Rotation<'_>,
    server: &Server,
    alternation: &Alternation,
    clone: &Secret,
    owned: &dyn OwnedObjects,
) -> Result<(), Error> {
    let databases = owned.databases();
    warn!(?databases, "{} owns objects; reassigning them to {}", alternation.clone, alternation.base);
    let doing = format!("reassign the objects of {} to {}", alternation.clone, alternation.base);
    rotation.progress.of(doing, owned.reassign(server, &clone.password)).await
}
