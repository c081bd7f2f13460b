//! The benchmark: how long a rotation takes and what it costs. It compares the real binaries with a function that does
//! nothing and, on request, with another implementation. `make bench` runs it at length, and a test in small.
//!
//! Everything is measured from outside the process, so that all implementations are measured alike.

mod change_time;
mod condition;
mod delay_proxy;
mod error;
mod figure;
mod guard;
mod implementation;
mod limit;
mod measurement;
mod process;
mod report;
mod tls_proxy;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use local_aws::Options;

pub(crate) use self::delay_proxy::DelayProxy;
use self::guard::Guard;
use self::limit::Limits;
use self::measurement::{Measurement, Shared};
pub use self::{
    condition::{Condition, ProcessAge, Share},
    error::BenchError,
    figure::{FIGURES, Figure, Sample, Spread, figure},
    implementation::Implementation,
    report::{Report, Row, gap, json, page, picture, table, with_gap},
    tls_proxy::TlsProxy,
};
use testbed::{secrets_manager, start_local_aws};

/// The functions, in the order of tables.
pub const FUNCTIONS: [&str; 5] = [
    "postgres-single-user",
    "postgres-alternating-users",
    "mysql-single-user",
    "mysql-alternating-users",
    "mysql-dual-password",
];

/// What a run measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// Only the gap of single user, in both orders.
    Gap,
}

/// What is measured, and how often.
#[derive(Clone, Debug)]
pub struct Plan {
    /// All of it, or a part.
    pub scope: Scope,
    /// Some of [`FUNCTIONS`].
    pub functions: Vec<String>,
    /// Rotations of each implementation under each condition. The implementations rotate in turns.
    pub rotations: usize,
    /// What is added to the duration of each call of AWS's APIs: each of these in turn.
    pub api: Vec<Duration>,
    /// What is added to each message to the database: each of these in turn.
    pub database: Vec<Duration>,
    /// How much of a core a process may use: each of these in turn.
    pub shares: Vec<Share>,
    /// The pauses between two steps under which the gap of single user is measured: each of these in turn. All else is
    /// measured without a pause.
    pub pauses: Vec<Duration>,
    /// A folder with another implementation.
    pub peer: Option<PathBuf>,
}

/// Measures the plan. Calls `on_progress` with a line for each implementation under each condition.
///
/// # Errors
/// If a function does not rotate. What was measured until then is lost.
pub async fn run(plan: &Plan, on_progress: &mut (dyn FnMut(&str) + Send)) -> Result<Report, BenchError> {
    let implementations = implementation::all(plan.peer.as_deref(), &plan.functions)?;
    let peer = plan.peer.as_deref().and_then(implementation::about);
    let mut shares = plan.shares.clone();
    let mut limits = None;
    let mut no_limit = None;
    if shares.contains(&Share::Fourteenth) {
        match Limits::find() {
            Ok(found) => limits = Some(found),
            Err(why) => {
                on_progress(&format!(
                    "NO FIGURES FOR 128 MB: this machine does not let us limit a process's CPU ({why})"
                ));
                shares.retain(|share| *share == Share::Whole);
                no_limit = Some(why);
            }
        }
    }
    let guard = Arc::new(Guard::start(&limits.as_ref().map(Limits::prefix).unwrap_or_default()));
    let (mut rows, mut gaps) = (Vec::new(), Vec::new());
    for function in &plan.functions {
        let shared = shared(function, limits.clone(), &guard).await;
        for condition in condition::all(&plan.api, &plan.database, &shares) {
            let mut add = async |implementations: &[Implementation], condition, rows: &mut Vec<Row>| {
                let of_condition = measure(&shared, implementations, condition, plan.rotations).await;
                let of_condition = of_condition.map_err(|error| error.during(function))?;
                for row in &of_condition {
                    on_progress(&row.progress());
                }
                rows.extend(of_condition);
                Ok::<_, BenchError>(())
            };
            if plan.scope == Scope::All {
                add(&implementations, condition, &mut rows).await?;
            }
            if function.ends_with("single-user") {
                for &pause in &plan.pauses {
                    add(&implementation::BOTH_ORDERS, Condition { pause, ..condition }, &mut gaps).await?;
                }
            }
        }
    }
    Ok(Report { rotations: plan.rotations, peer, no_limit, rows, gaps })
}

async fn shared(function: &str, limits: Option<Limits>, guard: &Arc<Guard>) -> Shared {
    // The bench sends each step's event itself: nothing listens where the service would call the function.
    let lambda_url = Some("http://127.0.0.1:1".to_owned());
    let functions = Some(vec![function.to_owned()]);
    let options = Options { attempts: 1, pause: Duration::ZERO, lambda_url, functions, ..Options::default() };
    let local = start_local_aws(options).await;
    let client = secrets_manager(&local.url());
    let server = change_time::start(function).await;
    Shared { function: function.to_owned(), server, local, client, limits, guard: Arc::clone(guard) }
}

/// Rotates by all implementations in turn, over and over, so that other work on this machine affects all alike.
async fn measure(
    shared: &Shared,
    implementations: &[Implementation],
    condition: Condition,
    rotations: usize,
) -> Result<Vec<Row>, BenchError> {
    let mut measurements = Vec::new();
    for implementation in implementations {
        let Some(program) = implementation.program(&shared.function).await else { continue };
        let measurement = Box::pin(Measurement::start(shared, implementation, program, condition)).await;
        measurements.push(measurement.map_err(|error| error.during(implementation.name()))?);
    }
    for _rotation in 0..rotations {
        for measurement in &mut measurements {
            Box::pin(measurement.rotate())
                .await
                .map_err(|error| error.during(measurement.implementation.name()))?;
        }
    }
    let row = |measurement: Measurement<'_>| Row {
        function: shared.function.clone(),
        server: shared.server.name(),
        implementation: measurement.implementation.name(),
        condition,
        samples: measurement.samples,
    };
    Ok(measurements.into_iter().map(row).collect())
}
