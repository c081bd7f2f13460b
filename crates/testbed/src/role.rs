//! The operations that a function's role allows. Every [`Application`](crate::Application) checks its function's calls.

use std::collections::BTreeSet;

use local_aws::Caller;

use crate::secrets_manager::FUNCTIONS_KEY;

/// The resource of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// Every secret of the account, of which the function sees no value.
    EverySecret,
    /// A secret that the function rotates.
    OwnSecret,
    /// The secret of a superuser.
    SuperusersSecret,
    /// An instance or cluster of RDS.
    Servers,
}

/// An operation of the API, and its resource.
pub type Call = (On, &'static str);

/// The calls that every function makes. It lists secrets for a watch, and versions if none with a label can be used.
const OWN: [Call; 6] = [
    (On::EverySecret, "ListSecrets"),
    (On::OwnSecret, "DescribeSecret"),
    (On::OwnSecret, "GetSecretValue"),
    (On::OwnSecret, "ListSecretVersionIds"),
    (On::OwnSecret, "PutSecretValue"),
    (On::OwnSecret, "UpdateSecretVersionStage"),
];

/// The calls of those that may need a superuser.
const FOR_A_SUPERUSER: [Call; 4] = [
    (On::SuperusersSecret, "DescribeSecret"),
    (On::SuperusersSecret, "GetSecretValue"),
    (On::Servers, "DescribeDBClusters"),
    (On::Servers, "DescribeDBInstances"),
];

/// All calls that a function makes, on whatever path. The template's roles allow these and no more.
#[must_use]
pub fn calls_of(function: &str) -> BTreeSet<Call> {
    let superuser = if function.ends_with("dual-password") { &[][..] } else { &FOR_A_SUPERUSER };
    OWN.iter().chain(superuser).copied().collect()
}

/// The calls that a function made which rotates `own`.
pub(crate) fn seen(callers: BTreeSet<Caller>, own: &str) -> BTreeSet<(On, String)> {
    let by_function = callers.into_iter().filter(|caller| caller.access_key == *FUNCTIONS_KEY);
    by_function
        .map(|caller| {
            let on = match caller.secret_id.as_deref() {
                _ if caller.operation.starts_with("DescribeDB") => On::Servers,
                _ if caller.operation == "ListSecrets" => On::EverySecret,
                Some(id) if id == own => On::OwnSecret,
                _ => On::SuperusersSecret,
            };
            (on, caller.operation)
        })
        .collect()
}
