use serde_json::{Value as Json, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What happened. The names are the service's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventName {
    RotationStarted,
    RotationSucceeded,
    RotationFailed,
    /// A person's value took AWSPENDING off.
    RotationAbandoned,
    TestRotationStarted,
    TestRotationSucceeded,
    TestRotationFailed,
    /// A version was not copied to another region.
    ReplicationFailed,
}

impl EventName {
    fn text(self) -> &'static str {
        match self {
            EventName::RotationStarted => "RotationStarted",
            EventName::RotationSucceeded => "RotationSucceeded",
            EventName::RotationFailed => "RotationFailed",
            EventName::RotationAbandoned => "RotationAbandoned",
            EventName::TestRotationStarted => "TestRotationStarted",
            EventName::TestRotationSucceeded => "TestRotationSucceeded",
            EventName::TestRotationFailed => "TestRotationFailed",
            EventName::ReplicationFailed => "ReplicationFailed",
        }
    }

    /// What the `requestID` begins with.
    fn kind(self) -> &'static str {
        match self {
            EventName::RotationStarted
            | EventName::RotationSucceeded
            | EventName::RotationFailed
            | EventName::RotationAbandoned
            | EventName::TestRotationStarted
            | EventName::TestRotationSucceeded
            | EventName::TestRotationFailed => "Rotation",
            EventName::ReplicationFailed => "Replication",
        }
    }
}

/// One event. It holds no value, no rotation token, and no text of a function.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) name: EventName,
    /// The secret's ARN; the event is one of the account and region that it names.
    pub(crate) arn: String,
    /// The version that is rotated, or replicated.
    pub(crate) version: String,
    /// The service's message, for a failure.
    pub(crate) error: Option<String>,
    pub(crate) at: OffsetDateTime,
}

impl Event {
    /// The event as `EventBridge` sends it.
    pub(super) fn to_json(&self) -> Json {
        let mut parts = self.arn.split(':').skip(3);
        let (region, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let at = whole_seconds(self.at);
        let service = "secretsmanager.amazonaws.com";
        let mut event = json!({
            "version": "0",
            "id": uuid::Uuid::new_v4().to_string(),
            "detail-type": "AWS Service Event via CloudTrail",
            "source": "aws.secretsmanager",
            "account": account,
            "time": at,
            "region": region,
            "resources": [],
            "detail": {
                "eventVersion": "1.08",
                "userIdentity": {"accountId": account, "invokedBy": service},
                "eventTime": at,
                "eventSource": service,
                "eventName": self.name.text(),
                "awsRegion": region,
                "sourceIPAddress": service,
                "userAgent": service,
                "requestParameters": null,
                "responseElements": null,
                "additionalEventData": {"SecretId": self.arn},
                "requestID": format!("{}-{}-{}", self.name.kind(), self.arn, self.version),
                "eventID": uuid::Uuid::new_v4().to_string(),
                "readOnly": false,
                "eventType": "AwsServiceEvent",
                "managementEvent": true,
                "recipientAccountId": account,
                "eventCategory": "Management",
            },
        });
        if let Some(error) = &self.error {
            event["detail"]["errorMessage"] = Json::from(error.as_str());
        }
        event
    }
}

/// The service's message about a step that failed, whatever the function's own error is.
pub(crate) fn step_failed(lambda_arn: &str, step: &str) -> String {
    format!("Error when executing lambda {lambda_arn} during {step} step")
}

/// The service's message about a pending value that someone else than the function wrote.
pub(crate) fn foreign_value(version: &str, arn: &str, lambda_arn: &str) -> String {
    format!(
        "Pending secret version {version} for Secret {arn} was not created by Lambda {lambda_arn}. Remove the AWSPENDING \
         staging label and restart rotation"
    )
}

/// A time such as `2021-08-13T19:17:16Z`.
fn whole_seconds(at: OffsetDateTime) -> String {
    let at = at.replace_nanosecond(0).unwrap_or(at);
    // Only a year beyond 9999 has no such form, and the clock does not reach it.
    at.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_the_members_of_the_recorded_ones() {
        let arn = "arn:aws:secretsmanager:us-west-2:210987654321:secret:app-AbCdEf";
        let event = Event {
            name: EventName::RotationFailed,
            arn: arn.to_owned(),
            version: "7ac47c8c-f328-423b-9698-6926dd1f293e".to_owned(),
            error: Some(step_failed("arn:aws:lambda:us-west-2:210987654321:function:rotate", "createSecret")),
            at: OffsetDateTime::from_unix_timestamp_nanos(1_628_882_236_789_000_000).expect("a time"),
        };
        let mut json = event.to_json();
        for id in [json["id"].take(), json["detail"]["eventID"].take()] {
            assert_eq!(id.as_str().map(str::len), Some(36));
        }
        let service = "secretsmanager.amazonaws.com";
        assert_eq!(
            json,
            json!({
                "version": "0",
                "id": null,
                "detail-type": "AWS Service Event via CloudTrail",
                "source": "aws.secretsmanager",
                "account": "210987654321",
                "time": "2021-08-13T19:17:16Z",
                "region": "us-west-2",
                "resources": [],
                "detail": {
                    "eventVersion": "1.08",
                    "userIdentity": {"accountId": "210987654321", "invokedBy": service},
                    "eventTime": "2021-08-13T19:17:16Z",
                    "eventSource": service,
                    "eventName": "RotationFailed",
                    "awsRegion": "us-west-2",
                    "sourceIPAddress": service,
                    "userAgent": service,
                    "errorMessage": "Error when executing lambda arn:aws:lambda:us-west-2:210987654321:function:rotate during \
                                     createSecret step",
                    "requestParameters": null,
                    "responseElements": null,
                    "additionalEventData": {"SecretId": arn},
                    "requestID": format!("Rotation-{arn}-7ac47c8c-f328-423b-9698-6926dd1f293e"),
                    "eventID": null,
                    "readOnly": false,
                    "eventType": "AwsServiceEvent",
                    "managementEvent": true,
                    "recipientAccountId": "210987654321",
                    "eventCategory": "Management",
                },
            })
        );
    }

    #[test]
    fn only_an_event_with_an_error_has_an_error_message() {
        for (name, error) in [
            (EventName::RotationSucceeded, None),
            (EventName::ReplicationFailed, Some("Replication failed: no such key".to_owned())),
        ] {
            let (arn, version) = (String::new(), String::new());
            let json =
                Event { name, arn, version, error: error.clone(), at: OffsetDateTime::UNIX_EPOCH }.to_json();
            assert_eq!(json["detail"].get("errorMessage").cloned(), error.map(Json::from));
        }
    }
}
