//! The load test: many secrets on one server, rotated concurrently under AWS's limit of writes. `make load` runs it at
//! length, and the tests in small.
//!
//! As in one account and region, all secrets share a Secrets Manager and the processes of the functions.

mod machine;
mod managed_secret;
mod many_users;
mod row;
mod rss;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use local_aws::{LocalAws, Options, Rotation};
use rotation::Strategy;
use serde_json::json;

use self::machine::Processors;
use self::managed_secret::{ManagedSecret, Verdict};
pub use self::{
    many_users::ManyUsers,
    row::{Row, report, summary},
    rss::Rss,
};
use crate::faults::strategy_of;
use testbed::{Functions, run_concurrently, secrets_manager, start_local_aws, store};

/// The timeout of the functions in the template.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How many secrets are checked at once.
const CHECKS: usize = 8;

/// How many secrets are rotated, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many secrets are rotated, each once.
    pub secrets: usize,
    /// How many rotations are under way at once, at most.
    pub in_flight: usize,
    /// How many writes per second Secrets Manager admits.
    pub writes_per_second: u32,
    /// What is added to the duration of each call of Secrets Manager.
    pub latency: Duration,
}

struct Load<S> {
    server: S,
    local: LocalAws,
    functions: Functions,
    client: Client,
    secrets: Vec<ManagedSecret>,
}

/// Creates many secrets on this server, rotates and checks each. Calls `on_progress` after every rotation.
pub async fn rotate<S: ManyUsers>(server: S, plan: &Plan, on_progress: &mut (dyn FnMut(&Row) + Send)) -> Row {
    let load = Arc::new(Load::start(server, plan).await);
    let mut row = Row::new(load.server.name(), plan);
    let (signed_in, refused) = load.server.sign_ins();
    let (processors, began) = (Processors::now(), Instant::now());
    let mut rotations = vec![Rotation::default(); plan.secrets];
    let rotate = |number| Arc::clone(&load).rotate(number);
    run_concurrently(plan.in_flight, (0..plan.secrets).map(rotate), |(number, rotation)| {
        row.ended(&rotation);
        on_progress(&row);
        rotations[number] = rotation;
    })
    .await;
    row.elapsed = began.elapsed();
    row.busy = Processors::now().busy_since(processors);
    let now = load.server.sign_ins();
    (row.sign_ins, row.refused) = (now.0 - signed_in, now.1 - refused);
    row.count(&load.local.calls());
    for function in load.server.functions() {
        row.memory.extend(load.functions.memory(function).iter().filter_map(Rss::of));
    }
    let check = |number: usize| Arc::clone(&load).check(number, rotations[number].clone());
    run_concurrently(CHECKS, (0..plan.secrets).map(check), |verdict| row.add(verdict)).await;
    row
}

impl<S: ManyUsers> Load<S> {
    async fn start(server: S, plan: &Plan) -> Self {
        let options = Options {
            writes_per_second: Some(plan.writes_per_second),
            latency: plan.latency,
            // Lambda's own timeout comes first.
            invoke_timeout: TIMEOUT * 2,
            ..Options::default()
        };
        let local = start_local_aws(options).await;
        let client = secrets_manager(&local.url());
        let functions = start_functions(&server, &local).await;
        let secrets = create_secrets(&server, &client, plan.secrets).await;
        Self { server, local, functions, client, secrets }
    }

    async fn rotate(self: Arc<Self>, number: usize) -> (usize, Rotation) {
        (number, self.secrets[number].rotate(&self.client, &self.local).await)
    }

    async fn check(self: Arc<Self>, number: usize, rotation: Rotation) -> Verdict {
        self.secrets[number].check(&self.client, &self.server, &rotation).await
    }
}

async fn start_functions<S: ManyUsers>(server: &S, local: &LocalAws) -> Functions {
    let functions = Functions::between(&local.url(), server).await;
    for function in server.functions() {
        functions.add(function, &[], TIMEOUT).await;
    }
    local.set_lambda_url(functions.url());
    functions
}

/// Creates users and their secrets, and distributes them among the functions.
async fn create_secrets<S: ManyUsers>(server: &S, client: &Client, count: usize) -> Vec<ManagedSecret> {
    let superuser = store(client, "superuser", &server.superuser_secret().await).await;
    let mut secrets = Vec::new();
    let functions = server.functions().into_iter().cycle();
    for (app, function) in server.create_users(count).await.into_iter().zip(functions) {
        let mut secret = app.secret(server);
        match strategy_of(function) {
            Strategy::SingleUser => {}
            Strategy::AlternatingUsers => secret["masterarn"] = json!(superuser),
            Strategy::DualPassword => server.allow_two_passwords(&app).await,
        }
        let arn = store(client, app.user(), &secret).await;
        secrets.push(ManagedSecret { app, function, arn });
    }
    secrets
}
