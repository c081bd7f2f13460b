//! The rotations of one implementation: an application of its own, and proxies that count and delay.

use std::path::PathBuf;
use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use local_aws::LocalAws;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::BenchError;
use super::change_time::ChangeTime;
use super::condition::{Condition, ProcessAge, Share};
use super::delay_proxy::DelayProxy;
use super::figure::Sample;
use super::guard::Guard;
use super::implementation::Implementation;
use super::limit::Limits;
use super::process::Process;
use super::tls_proxy::TlsProxy;
use testbed::FUNCTIONS_KEY;
use testbed::{App, Certificate, STEPS, environment, functions, store};

/// Rotations before the first that is measured. Under alternating users the first creates the clone, and the second
/// returns to the base.
const UNCOUNTED: usize = 2;

/// The parts that all measurements of a function share.
pub(super) struct Shared {
    pub(super) function: String,
    pub(super) server: Box<dyn ChangeTime>,
    pub(super) local: LocalAws,
    pub(super) client: Client,
    pub(super) limits: Option<Limits>,
    pub(super) guard: Arc<Guard>,
}

pub(super) struct Measurement<'a> {
    shared: &'a Shared,
    pub(super) implementation: Implementation,
    condition: Condition,
    program: PathBuf,
    environment: Vec<(String, String)>,
    app: App,
    arn: String,
    tls_proxy: TlsProxy,
    delay_proxy: DelayProxy,
    process: Option<Process>,
    pub(super) samples: Vec<Sample>,
}

impl<'a> Measurement<'a> {
    /// Returns when the first rotation can be measured.
    pub(super) async fn start(
        shared: &'a Shared,
        implementation: &Implementation,
        program: PathBuf,
        condition: Condition,
    ) -> Result<Self, BenchError> {
        let tls_proxy = TlsProxy::of(shared.local.port(), condition.api, Certificate::Good).await;
        let delay_proxy = DelayProxy::to(shared.server.port(), condition.database).await;
        let app = shared.server.create_app("bench").await;
        if shared.function.ends_with("dual-password") {
            shared.server.allow_two_passwords(&app).await;
        }
        let arn = shared.store(&app, delay_proxy.port).await;
        let mut environment = environment(&shared.function, &program, &tls_proxy.url, &*shared.server);
        if *implementation == Implementation::OursPromotingInSetSecret {
            environment.push(("PROMOTE_IN_SET_SECRET".to_owned(), "true".to_owned()));
        }
        let (implementation, samples) = (implementation.clone(), Vec::new());
        let mut measurement = Self {
            shared,
            implementation,
            condition,
            program,
            environment,
            app,
            arn,
            tls_proxy,
            delay_proxy,
            process: None,
            samples,
        };
        // Without a limit, because these rotations are not measured.
        let mut process = measurement.begin_process().await?;
        for _uncounted in 0..UNCOUNTED {
            measurement.measure(&mut process).await?;
        }
        if condition.process == ProcessAge::Warm {
            measurement.limit(&mut process)?;
            measurement.process = Some(process);
        }
        Ok(measurement)
    }

    /// Measures one more rotation.
    pub(super) async fn rotate(&mut self) -> Result<(), BenchError> {
        let sample = match self.process.take() {
            Some(mut process) => {
                let sample = self.measure(&mut process).await?;
                self.process = Some(process);
                Sample { ready: None, ready_cpu: None, ..sample }
            }
            None => {
                let mut process = self.begin_process().await?;
                // Lambda does not limit the start.
                self.limit(&mut process)?;
                self.measure(&mut process).await?
            }
        };
        self.samples.push(sample);
        Ok(())
    }

    async fn begin_process(&self) -> Result<Process, BenchError> {
        let (function, guard) = (&self.shared.function, &self.shared.guard);
        Process::start(&self.program, function, &self.environment, guard).await
    }

    fn limit(&self, process: &mut Process) -> Result<(), BenchError> {
        match self.condition.share {
            Share::Whole => Ok(()),
            Share::Fourteenth => process.limit_by(self.shared.limits.as_ref().expect("found before")),
        }
    }

    async fn measure(&self, process: &mut Process) -> Result<Sample, BenchError> {
        let version =
            if self.implementation.rotates() { self.shared.begin(&self.arn).await } else { String::new() };
        self.shared.local.clear_calls();
        let connections = (self.tls_proxy.connections(), self.delay_proxy.connections());
        let cpu = process.cpu()?;
        let mut steps = [std::time::Duration::ZERO; 4];
        for (number, (step, took)) in STEPS.into_iter().zip(&mut steps).enumerate() {
            if number > 0 && !self.condition.pause.is_zero() {
                sleep(self.condition.pause).await;
            }
            let event = json!({
                "Step": step, "SecretId": self.arn, "ClientRequestToken": version,
                "RotationToken": "bench-rotation-token-bench-rotation-token",
            });
            *took = process.handle(&event).await.map_err(|error| error.during(step))?;
        }
        let cpu = process.cpu()?.saturating_sub(cpu);
        let calls = self.shared.local.calls();
        let calls = calls.iter().filter(|call| call.access_key == *FUNCTIONS_KEY).count();
        self.check_rotated(&version).await?;
        Ok(Sample {
            ready: Some(process.ready),
            ready_cpu: Some(process.ready_cpu),
            steps,
            gap: self.gap().await,
            cpu,
            memory_kib: process.peak(),
            calls,
            api_connections: self.tls_proxy.connections() - connections.0,
            database_connections: self.delay_proxy.connections() - connections.1,
        })
    }

    /// From when the database rejected the former password to when AWSCURRENT was the new version. `None` if the former
    /// password continues to sign in.
    async fn gap(&self) -> Option<std::time::Duration> {
        if !self.implementation.rotates() || !self.shared.function.ends_with("single-user") {
            return None;
        }
        let (changed, promoted) = (self.shared.server.changed(&self.app).await?, self.tls_proxy.promoted()?);
        promoted.duration_since(changed).ok()
    }

    async fn check_rotated(&self, version: &str) -> Result<(), BenchError> {
        if !self.implementation.rotates() || self.shared.current(&self.arn).await.as_deref() == Some(version)
        {
            return Ok(());
        }
        let what = "all four steps succeeded, but AWSCURRENT is not the new version";
        Err(BenchError::new(
            what,
            "make it rotate first; a function that does nothing is measured as `nothing`",
        ))
    }
}

impl Shared {
    /// Creates the application's secret, with this port of the server. Returns its ARN.
    async fn store(&self, app: &App, port: u16) -> String {
        // The user's name is unique in this run; a port may be reused.
        let name = app.user();
        let mut secret = app.secret(&*self.server);
        secret["port"] = json!(port);
        if self.function.ends_with("alternating-users") {
            let mut superuser: Value = self.server.superuser_secret().await;
            superuser["port"] = json!(port);
            secret["masterarn"] = json!(store(&self.client, &format!("superuser-{name}"), &superuser).await);
        }
        store(&self.client, name, &secret).await
    }

    /// Begins a rotation without running a step. Returns the pending version, which has no value.
    async fn begin(&self, arn: &str) -> String {
        let function = format!("arn:aws:lambda:us-east-1:123456789012:function:{}", self.function);
        let call = self.client.rotate_secret().secret_id(arn).rotation_lambda_arn(function);
        let response = call.send().await.expect("RotateSecret is accepted");
        let version = response.version_id().expect("the response has a version").to_owned();
        self.local.rotated(arn, &version).await;
        version
    }

    async fn current(&self, arn: &str) -> Option<String> {
        let response =
            self.client.describe_secret().secret_id(arn).send().await.expect("DescribeSecret is accepted");
        let versions = response.version_ids_to_stages()?;
        let holds = |labels: &Vec<String>| labels.iter().any(|label| label == "AWSCURRENT");
        versions.iter().find(|(_, labels)| holds(labels)).map(|(version, _)| version.clone())
    }
}

/// The variables that Lambda sets, and the addresses and certificates of AWS and the database. docs/performance.md lists
/// them for authors of a peer.
fn environment(
    function: &str,
    program: &std::path::Path,
    aws: &str,
    server: &dyn ChangeTime,
) -> Vec<(String, String)> {
    let authority = server.ca_file().display().to_string();
    let folder = program.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    let ours = [
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("LAMBDA_TASK_ROOT", folder.as_str()),
        ("PATH", &environment::path()),
        ("SECRETS_MANAGER_ENDPOINT", aws),
        ("AWS_ENDPOINT_URL_RDS", aws),
        ("AWS_CA_BUNDLE", &authority),
        ("SSL_CERT_FILE", &authority),
        ("DATABASE_CA_FILE", &authority),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    functions::set_by_lambda(function, program).into_iter().chain(ours).collect()
}
