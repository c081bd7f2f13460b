//! Who is on stage: a row for each engine and strategy.

use bed::App;
use serde_json::json;

use crate::stage::Stage;

/// An application, and the function that rotates its secret.
pub(crate) struct Role {
    pub(crate) application: &'static str,
    pub(crate) strategy: &'static str,
    /// A binary of the package `functions`.
    pub(crate) function: &'static str,
    pub(crate) promise: Promise,
}

/// What must hold after every step of a rotation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Some version of the secret signs in.
    SomeVersionSignsIn,
    /// AWSCURRENT signs in. The function needs a superuser for that, whose secret `masterarn` names.
    CurrentSignsIn,
}

pub(crate) const CAST: &[Role] = &[
    Role {
        application: "shop",
        strategy: "single user",
        function: "postgres-single-user",
        promise: Promise::SomeVersionSignsIn,
    },
    Role {
        application: "orders",
        strategy: "alternating users",
        function: "postgres-alternating-users",
        promise: Promise::CurrentSignsIn,
    },
];

impl Role {
    /// Makes the application and its secret; answers the secret's ARN.
    pub(crate) async fn enter(&self, stage: &Stage) -> String {
        let app = App::named(&stage.postgres, self.application).await;
        let mut value = app.secret(&stage.postgres);
        if self.promise == Promise::CurrentSignsIn {
            let superuser = stage.postgres.secret(stage.postgres.admin().await, "postgres");
            value["masterarn"] = json!(stage.create_secret("superuser", &superuser).await);
        }
        stage.create_secret(self.application, &value).await
    }
}
