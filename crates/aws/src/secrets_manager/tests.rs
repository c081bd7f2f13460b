//! The adapter against a stub server.

use super::*;
use crate::stub_server::{self, StubServer};

const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:1:secret:shop";

fn secret() -> SecretId {
    SecretId(SECRET.into())
}

fn version(id: &str) -> VersionId {
    VersionId(id.into())
}

async fn put(service: &StubServer) -> Result<Put, CallError> {
    let text = SecretText::new("{}".into());
    service.aws().secrets_manager().put_pending(&secret(), &version("new"), &text, None).await
}

async fn moved(service: &StubServer) -> Result<Move, CallError> {
    service.aws().secrets_manager().move_current(&secret(), &version("old"), &version("new")).await
}

async fn read(service: &StubServer, wanted: Wanted<'_>) -> Result<Option<SecretText>, CallError> {
    service.aws().secrets_manager().value(&secret(), wanted).await
}

#[tokio::test]
async fn a_description_tells_labels_and_the_server_that_it_is_for() {
    for key in ["aws:rds:primaryDBInstanceArn", "aws:rds:primarydbclusterarn"] {
        let tags = format!(r#"[{{"Key":"team","Value":"shop"}},{{"Key":"{key}","Value":"arn:db"}}]"#);
        let service = StubServer::always(
            200,
            &format!(
                r#"{{"RotationEnabled":true,"VersionIdsToStages":{{"new":["AWSPENDING","x"]}},"Tags":{tags}}}"#
            ),
        );
        let versions = service.aws().secrets_manager().describe(&secret()).await.expect("a description");
        assert_eq!(versions.rotation_enabled, Some(true));
        assert_eq!(versions.made_for.as_deref(), Some("arn:db"));
        assert_eq!(versions.stages[&version("new")], ["AWSPENDING", "x"]);
    }
    let service = StubServer::always(200, "{}");
    let versions = service.aws().secrets_manager().describe(&secret()).await.expect("a description");
    assert_eq!((versions.rotation_enabled, versions.made_for), (None, None));
}

#[tokio::test]
async fn a_description_tells_how_far_each_region_is() {
    let entry = |region: &str, status: &str| format!(r#"{{"Region":"{region}","Status":"{status}"}}"#);
    let failed = r#"{"Region":"c","Status":"Failed","StatusMessage":"no key","KmsKeyId":"alias/x"}"#;
    let entries =
        [entry("a", "InSync"), entry("b", "InProgress"), failed.into(), entry("d", "Unheard")].join(",");
    let body = format!(r#"{{"LastChangedDate":1.5,"ReplicationStatus":[{entries}]}}"#);
    let service = StubServer::always(200, &body);
    let Replication { replicas, since_change } =
        service.aws().secrets_manager().describe(&secret()).await.expect("a description").replication;
    let no_key = ReplicaStatus::Failed { message: "no key".into() };
    let (there, coming) = (ReplicaStatus::InSync, ReplicaStatus::InProgress);
    let expected = [("a", there), ("b", coming.clone()), ("c", no_key), ("d", coming)];
    let shown: Vec<_> =
        replicas.iter().map(|replica| (replica.region.as_str(), replica.status.clone())).collect();
    assert_eq!(shown, expected);
    assert_eq!(replicas[2].kms_key.as_deref(), Some("alias/x"));
    assert!(since_change > Some(std::time::Duration::from_secs(1_000_000)), "{since_change:?}");
}

#[tokio::test]
async fn a_value_is_asked_for_by_label_or_as_this_pending_version() {
    let pending = version("new");
    let cases = [
        (Wanted::Labelled(Stage::Previous), r#""VersionStage":"AWSPREVIOUS""#, None),
        (Wanted::Pending(&pending), r#""VersionStage":"AWSPENDING""#, Some(r#""VersionId":"new""#)),
    ];
    for (wanted, stage, id) in cases {
        let service = StubServer::always(200, r#"{"SecretString":"{\"password\":\"hunter2\"}"}"#);
        let text = read(&service, wanted).await.expect("a result").expect("a value");
        assert_eq!(text.expose(), r#"{"password":"hunter2"}"#);
        let request = service.requests().concat();
        assert!(request.contains(stage), "{request}");
        assert_eq!(request.contains("VersionId"), id.is_some(), "{request}");
        assert!(id.is_none_or(|id| request.contains(id)), "{request}");
    }
}

#[tokio::test]
async fn a_version_without_a_value_is_none_and_a_binary_value_an_error() {
    let wanted = || Wanted::Labelled(Stage::Current);
    let service = StubServer::always(400, r#"{"__type":"ResourceNotFoundException"}"#);
    assert!(read(&service, wanted()).await.expect("a result").is_none());

    let service = StubServer::always(200, r#"{"SecretBinary":"aHVudGVyMg=="}"#);
    let error = read(&service, wanted()).await.expect_err("a binary value");
    assert!(error.to_string().contains("binary"), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_write_is_pending_and_carries_version_and_token() {
    let service = StubServer::always(200, "{}");
    let token = "0123456789abcdef0123456789abcdef0123456789";
    let event = serde_event(token);
    let text = SecretText::new(r#"{"password":"hunter2"}"#.into());
    let store = service.aws().secrets_manager();
    let put = store.put_pending(&secret(), &version("new"), &text, event.rotation_token.as_ref()).await;
    assert_eq!(put.expect("a result"), Put::Written);
    let request = service.requests().concat();
    let parts = [
        r#""ClientRequestToken":"new""#,
        r#""VersionStages":["AWSPENDING"]"#,
        r#""SecretString":"{\"password\":\"hunter2\"}""#,
        &format!(r#""RotationToken":"{token}""#),
    ];
    for part in parts {
        assert!(request.contains(part), "{part} is not in {request}");
    }
}

/// The only way to a token is an event.
fn serde_event(token: &str) -> rotation::RotationEvent {
    let event = serde_json::json!({
        "Step": "createSecret",
        "SecretId": SECRET,
        "ClientRequestToken": "11111111-2222-3333-4444-555555555555",
        "RotationToken": token,
    });
    rotation::RotationEvent::parse(event).expect("an event")
}

#[tokio::test]
async fn versions_without_a_label_come_newest_first_from_every_page() {
    let service = StubServer::serve(|request| {
        assert!(request.contains(r#""IncludeDeprecated":true"#), "{request}");
        let labelled = r#"{"VersionId":"current","VersionStages":["AWSCURRENT"],"CreatedDate":9}"#;
        let page = match request.contains("NextToken") {
            false => format!(
                r#"{{"Versions":[{{"VersionId":"old","CreatedDate":1}},{labelled}],"NextToken":"2"}}"#
            ),
            true => r#"{"Versions":[{"VersionId":"new","VersionStages":[],"CreatedDate":1.5}]}"#.to_owned(),
        };
        (200, page)
    });
    let versions = service.aws().secrets_manager().unlabelled(&secret()).await.expect("a list");
    assert_eq!(versions, [version("new"), version("old")]);
}

#[tokio::test]
async fn a_conflict_is_a_result_and_no_error() {
    let exists = StubServer::always(400, r#"{"__type":"ResourceExistsException"}"#);
    assert_eq!(put(&exists).await.expect("a result"), Put::AlreadyWritten);
    let elsewhere = StubServer::always(400, r#"{"__type":"InvalidParameterException"}"#);
    assert_eq!(moved(&elsewhere).await.expect("a result"), Move::NotThere);
    // The same codes at the other call are errors.
    assert!(put(&elsewhere).await.is_err());
    assert!(moved(&exists).await.is_err());
}

#[tokio::test]
async fn a_move_names_both_versions() {
    let service = StubServer::always(200, "{}");
    assert_eq!(moved(&service).await.expect("a result"), Move::Done);
    let request = service.requests().concat();
    for part in
        [r#""RemoveFromVersionId":"old""#, r#""MoveToVersionId":"new""#, r#""VersionStage":"AWSCURRENT""#]
    {
        assert!(request.contains(part), "{part} is not in {request}");
    }
}

/// The SDK refuses FIPS and dual stack beside another address, so a call that sends nothing shows that it knows of them.
#[tokio::test]
async fn the_sdk_knows_of_fips_and_dual_stack() {
    for (use_fips, use_dual_stack) in [(false, false), (true, false), (false, true)] {
        let service = StubServer::always(200, "{}");
        let config =
            stub_server::config().into_builder().use_fips(use_fips).use_dual_stack(use_dual_stack).build();
        let store = stub_server::aws(config, service.url()).secrets_manager();
        let called = store.describe(&SecretId("shop".into())).await;
        let sends = !use_fips && !use_dual_stack;
        assert_eq!((called.is_ok(), service.requests().len()), (sends, usize::from(sends)));
    }
}
