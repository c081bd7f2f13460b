//! The operations of Secrets Manager, one file each: the members of the request, the checks, the response.

mod batch_get_secret_value;
mod cancel_rotate_secret;
mod context;
mod create_secret;
mod delete_resource_policy;
mod delete_secret;
mod describe_secret;
mod filter;
mod get_random_password;
mod get_resource_policy;
mod get_secret_value;
mod json;
mod kms;
mod limits;
mod list_resource_policies;
mod list_secret_version_ids;
mod list_secrets;
mod page;
mod put_resource_policy;
mod put_secret_value;
mod remove_regions_from_replication;
mod replicate_secret_to_regions;
mod replication;
mod restore_secret;
mod rotate_secret;
mod stop_replication_to_replica;
mod tag_resource;
mod untag_resource;
mod update_secret;
mod update_secret_version_stage;
mod validate_resource_policy;

use std::sync::Arc;

pub(crate) use context::{Caller, Context, FunctionCheck};
pub(crate) use json::parse;
use serde_json::Value as Json;
pub(crate) use tag_resource::set_reserved_tags;

use crate::lock::lock;
use crate::secrets::{Refusal, Region};
use crate::service::Service;

/// Responds to one call. The state is locked from the first check to the last change, so each call is atomic.
pub(crate) fn respond(
    service: &Arc<Service>,
    region: &Region,
    caller: Caller,
    function: FunctionCheck,
    operation: &str,
    body: &[u8],
) -> Result<Json, Refusal> {
    let now = service.clock.now();
    let mut account = lock(&service.account);
    account.expire(now);
    let settings = &service.settings;
    let events = &service.events;
    replication::replicate(&mut account, settings, events, now);
    let context = &mut Context { account: &mut account, region, caller, function, now, settings, events };
    let response = call(service, context, operation, body);
    // RotateSecret may turn rotation on even if it refuses.
    if !is_read(operation) && (response.is_ok() || operation == "RotateSecret") {
        crate::saving::changed(service);
    }
    replication::replicate(&mut account, settings, events, now);
    response
}

/// Whether an operation changes nothing but the time of the last read.
fn is_read(operation: &str) -> bool {
    matches!(
        operation,
        "BatchGetSecretValue"
            | "DescribeSecret"
            | "GetRandomPassword"
            | "GetResourcePolicy"
            | "GetSecretValue"
            | "ListResourcePolicies"
            | "ListSecretVersionIds"
            | "ListSecrets"
            | "ValidateResourcePolicy"
    )
}

fn call(
    service: &Arc<Service>,
    context: &mut Context<'_>,
    operation: &str,
    body: &[u8],
) -> Result<Json, Refusal> {
    match operation {
        "BatchGetSecretValue" => batch_get_secret_value::respond(context, parse(body)?),
        "CancelRotateSecret" => cancel_rotate_secret::respond(context, parse(body)?),
        "CreateSecret" => create_secret::respond(context, parse(body)?),
        "DeleteResourcePolicy" => delete_resource_policy::respond(context, parse(body)?),
        "DeleteSecret" => delete_secret::respond(context, parse(body)?),
        "DescribeSecret" => describe_secret::respond(context, parse(body)?),
        "GetRandomPassword" => get_random_password::respond(parse(body)?),
        "GetResourcePolicy" => get_resource_policy::respond(context, parse(body)?),
        "GetSecretValue" => get_secret_value::respond(context, parse(body)?),
        "ListResourcePolicies" => list_resource_policies::respond(context, parse(body)?),
        "ListSecretVersionIds" => list_secret_version_ids::respond(context, parse(body)?),
        "ListSecrets" => list_secrets::respond(context, parse(body)?),
        "PutResourcePolicy" => put_resource_policy::respond(context, parse(body)?),
        "PutSecretValue" => put_secret_value::respond(context, parse(body)?),
        "RemoveRegionsFromReplication" => remove_regions_from_replication::respond(context, parse(body)?),
        "ReplicateSecretToRegions" => replicate_secret_to_regions::respond(context, parse(body)?),
        "RestoreSecret" => restore_secret::respond(context, parse(body)?),
        "RotateSecret" => {
            let rotate_secret::Outcome { response, run } = rotate_secret::respond(context, parse(body)?);
            if let Some(run) = run {
                crate::rotation::start(service, run);
            }
            response
        }
        "StopReplicationToReplica" => stop_replication_to_replica::respond(context, parse(body)?),
        "TagResource" => tag_resource::respond(context, parse(body)?),
        "UntagResource" => untag_resource::respond(context, parse(body)?),
        "UpdateSecret" => update_secret::respond(context, parse(body)?),
        "UpdateSecretVersionStage" => update_secret_version_stage::respond(context, parse(body)?),
        "ValidateResourcePolicy" => validate_resource_policy::respond(context, parse(body)?),
        _ => Err(unknown(operation)),
    }
}

/// The ARN of the function that a `RotateSecret` is about; `None` if there is none.
pub(crate) fn function_of_rotation(service: &Service, region: &Region, body: &[u8]) -> Option<String> {
    let mut account = lock(&service.account);
    rotate_secret::function(account.region(region), body)
}

fn unknown(operation: &str) -> Refusal {
    let name: String = operation.chars().take(100).collect();
    Refusal::new(
        "UnknownOperationException",
        format!(
            "local-aws does not have the operation \"{name}\": its README lists those that it has \
             (crates/local-aws/README.md)"
        ),
    )
}
