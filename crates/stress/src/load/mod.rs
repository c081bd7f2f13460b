//! A fleet: many secrets on one server, rotated at once under AWS's limit of writes. What `make load` runs, and tests
//! in small.
//!
//! The secrets share a Secrets Manager, and the functions with all of their processes, as in one account and region.

mod machine;
mod many_users;
mod member;
mod row;
mod rss;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use local_aws::{LocalAws, Options, Rotation};
use serde_json::json;

use self::machine::Processors;
use self::member::{Member, Verdict};
pub use self::{
    many_users::ManyUsers,
    row::{Row, report, summary},
    rss::Rss,
};
use crate::faults::Strategy;
use testbed::{Functions, Setup, at_once, secrets_manager, start_local_aws, store};

/// As the template has it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How many secrets are checked at once.
const CHECKS: usize = 8;

/// How large a fleet is, and how it is rotated.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many secrets, each of which is rotated once.
    pub secrets: usize,
    /// How many rotations are under way at once, at most.
    pub in_flight: usize,
    /// How many writes Secrets Manager admits a second.
    pub writes_per_second: u32,
    /// What the way to Secrets Manager adds to each call.
    pub latency: Duration,
}

struct Load<S> {
    server: S,
    local: LocalAws,
    functions: Functions,
    client: Client,
    members: Vec<Member>,
}

/// Rotates a new fleet on a server of its own, and checks every secret of it. `told` learns of every rotation's end.
pub async fn rotate<S: ManyUsers>(server: S, plan: &Plan, told: &mut (dyn FnMut(&Row) + Send)) -> Row {
    let load = Arc::new(Load::start(server, plan).await);
    let mut row = Row::new(load.server.name(), plan);
    let (signed_in, refused) = load.server.sign_ins();
    let (processors, began) = (Processors::now(), Instant::now());
    let mut rotations = vec![Rotation::default(); plan.secrets];
    let rotate = |number| Arc::clone(&load).rotate(number);
    at_once(plan.in_flight, (0..plan.secrets).map(rotate), |(number, rotation)| {
        row.ended(&rotation);
        told(&row);
        rotations[number] = rotation;
    })
    .await;
    row.elapsed = began.elapsed();
    row.busy = Processors::now().busy_since(processors);
    let now = load.server.sign_ins();
    (row.sign_ins, row.refused) = (now.0 - signed_in, now.1 - refused);
    row.count(&load.local.calls());
    for Setup { function, .. } in load.server.setups() {
        row.memory.extend(load.functions.memory(function).iter().filter_map(Rss::of));
    }
    let judge = |number: usize| Arc::clone(&load).judge(number, rotations[number].clone());
    at_once(CHECKS, (0..plan.secrets).map(judge), |verdict| row.note(verdict)).await;
    row
}

impl<S: ManyUsers> Load<S> {
    async fn start(server: S, plan: &Plan) -> Self {
        let options = Options {
            writes_per_second: Some(plan.writes_per_second),
            latency: plan.latency,
            // Lambda answers first.
            invoke_timeout: TIMEOUT * 2,
            ..Options::default()
        };
        let local = start_local_aws(options).await;
        let client = secrets_manager(&local.url());
        let functions = start_functions(&server, &local).await;
        let members = enlist(&server, &client, plan.secrets).await;
        Self { server, local, functions, client, members }
    }

    async fn rotate(self: Arc<Self>, number: usize) -> (usize, Rotation) {
        (number, self.members[number].rotate(&self.client, &self.local).await)
    }

    async fn judge(self: Arc<Self>, number: usize, rotation: Rotation) -> Verdict {
        self.members[number].judge(&self.client, &self.server, &rotation).await
    }
}

async fn start_functions<S: ManyUsers>(server: &S, local: &LocalAws) -> Functions {
    let functions = Functions::between(&local.url(), server).await;
    for Setup { function, .. } in server.setups() {
        functions.add(function, &[], TIMEOUT).await;
    }
    local.set_lambda_url(functions.url());
    functions
}

/// Users and their secrets, to each function its share.
async fn enlist<S: ManyUsers>(server: &S, client: &Client, secrets: usize) -> Vec<Member> {
    let superuser = store(client, "superuser", &server.superuser_secret().await).await;
    let mut members = Vec::new();
    let functions = server.setups().into_iter().map(|setup| setup.function).cycle();
    for (app, function) in server.create_users(secrets).await.into_iter().zip(functions) {
        let mut secret = app.secret(server);
        match Strategy::of(function) {
            Strategy::SingleUser => {}
            Strategy::AlternatingUsers => secret["masterarn"] = json!(superuser),
            Strategy::DualPassword => server.allow_two_passwords(&app).await,
        }
        let arn = store(client, app.user(), &secret).await;
        members.push(Member { app, function, arn });
    }
    members
}
