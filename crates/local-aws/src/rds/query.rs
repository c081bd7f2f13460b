use hyper::StatusCode;

use super::servers::Servers;
use super::write;
use super::xml::Xml;
use crate::calls::{Call, shortened};
use crate::failures::Effect;
use crate::http::{Dropped, Response, Signed, Unauthenticated, build_response};
use crate::lock::lock;
use crate::secrets::Refusal;
use crate::service::Service;

/// Responds to one call of the query protocol (form in, XML out), and logs it.
pub(crate) fn respond(service: &Service, signed: &Signed<'_>, body: &[u8]) -> Result<Response, Dropped> {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let action = member(&form, "Action").unwrap_or_default();
    let effect = service.failures.next(action);
    let result = match &effect {
        Some(Effect::Refuse { code, message }) => Err(Refusal::new(code.clone(), message.as_str())),
        Some(Effect::DropRequest) => Err(Refusal::new("Dropped", "")),
        Some(Effect::DropResponse) | None => {
            describe(lock(&service.servers).region(&signed.region), action, &form)
        }
    };
    service.calls.add(Call {
        secret_id: identifier(&form, action).map(shortened),
        error: result.as_ref().err().map(|refusal| refusal.code.to_string()),
        ..Call::of(action, signed.access_key)
    });
    match effect {
        Some(Effect::DropRequest | Effect::DropResponse) => Err(Dropped),
        Some(Effect::Refuse { .. }) | None => Ok(match result {
            Ok(xml) => build_response(StatusCode::OK, "text/xml", xml.into()),
            Err(refusal) => refuse(&refusal),
        }),
    }
}

/// RDS's errors for a request without a signature, and for an unknown access key (RDS API reference, "Common errors").
/// They are the same for every action.
pub(crate) fn refuse_unauthenticated(why: Unauthenticated) -> Response {
    let (code, message) = match why {
        Unauthenticated::Unsigned => {
            ("MissingAuthenticationToken", "Request is missing Authentication Token")
        }
        Unauthenticated::UnknownKey => {
            ("InvalidClientTokenId", "The security token included in the request is invalid.")
        }
        Unauthenticated::NoRegion => {
            ("SignatureDoesNotMatch", "Credential should be scoped to a valid region.")
        }
    };
    refuse(&Refusal::new(code, message))
}

fn describe(servers: &Servers, action: &str, form: &[(String, String)]) -> Result<String, Refusal> {
    match action {
        "DescribeDBInstances" => describe_instances(servers, form),
        "DescribeDBClusters" => describe_clusters(servers, form),
        _ => {
            let message = format!("Could not find operation {action} for version 2014-10-31");
            Err(Refusal::new("InvalidAction", message))
        }
    }
}

fn describe_instances(servers: &Servers, form: &[(String, String)]) -> Result<String, Refusal> {
    let id = identifier(form, "DescribeDBInstances");
    let found: Vec<_> = servers
        .instances()
        .filter(|instance| id.is_none_or(|id| servers.names_instance(id, instance)))
        .filter(|instance| passes(form, "db-instance-id", |value| servers.names_instance(value, instance)))
        .filter(|instance| {
            let cluster = instance.cluster.as_deref();
            passes(form, "db-cluster-id", |value| cluster.is_some_and(|id| names_cluster(value, id)))
        })
        .collect();
    if let Some(id) = id.filter(|_| found.is_empty()) {
        let message = format!("DBInstance {id} not found.");
        return Err(Refusal::new("DBInstanceNotFound", message));
    }
    Ok(envelope("DescribeDBInstances", |xml| {
        xml.element("DBInstances", |xml| {
            found.iter().for_each(|instance| write::instance(xml, instance, servers));
        });
    }))
}

fn describe_clusters(servers: &Servers, form: &[(String, String)]) -> Result<String, Refusal> {
    let id = identifier(form, "DescribeDBClusters");
    let found: Vec<_> = servers
        .clusters()
        .filter(|cluster| id.is_none_or(|id| servers.names_cluster(id, cluster)))
        .filter(|cluster| passes(form, "db-cluster-id", |value| servers.names_cluster(value, cluster)))
        .collect();
    if let Some(id) = id.filter(|_| found.is_empty()) {
        let message = format!("DBCluster {id} not found.");
        return Err(Refusal::new("DBClusterNotFoundFault", message));
    }
    Ok(envelope("DescribeDBClusters", |xml| {
        xml.element("DBClusters", |xml| {
            found.iter().for_each(|cluster| write::cluster(xml, cluster, servers))
        });
    }))
}

/// Whether a filter's value, an identifier or an ARN, names this cluster.
fn names_cluster(value: &str, identifier: &str) -> bool {
    let last = value.rsplit(':').next().unwrap_or(value);
    last.eq_ignore_ascii_case(identifier)
}

/// Whether the filter of this name is absent, or one of its values matches (`Filters.Filter.1.Values.Value.1`).
fn passes(form: &[(String, String)], filter: &str, matches: impl Fn(&str) -> bool) -> bool {
    let Some(name) = form
        .iter()
        .find(|(key, value)| key.starts_with("Filters.") && key.ends_with(".Name") && value == filter)
        .map(|(key, _)| key)
    else {
        return true;
    };
    let values = format!("{}Values.", name.trim_end_matches("Name"));
    form.iter().any(|(key, value)| key.starts_with(&values) && matches(value))
}

fn identifier<'a>(form: &'a [(String, String)], action: &str) -> Option<&'a str> {
    match action {
        "DescribeDBInstances" => member(form, "DBInstanceIdentifier"),
        "DescribeDBClusters" => member(form, "DBClusterIdentifier"),
        _ => None,
    }
}

fn member<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn envelope(action: &str, content: impl FnOnce(&mut Xml)) -> String {
    let mut xml = Xml::default();
    xml.root(&format!("{action}Response"), |xml| {
        xml.element(&format!("{action}Result"), content);
        xml.element("ResponseMetadata", |xml| xml.leaf("RequestId", uuid::Uuid::new_v4()));
    });
    xml.into_text()
}

fn refuse(refusal: &Refusal) -> Response {
    let mut xml = Xml::default();
    xml.root("ErrorResponse", |xml| {
        xml.element("Error", |xml| {
            xml.leaf("Type", "Sender");
            xml.leaf("Code", &refusal.code);
            xml.leaf("Message", &refusal.message);
        });
        xml.leaf("RequestId", uuid::Uuid::new_v4());
    });
    let status = match refusal.code.as_ref() {
        "MissingAuthenticationToken" | "InvalidClientTokenId" => StatusCode::FORBIDDEN,
        "DBInstanceNotFound" | "DBClusterNotFoundFault" => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_REQUEST,
    };
    build_response(status, "text/xml", xml.into_text().into())
}
