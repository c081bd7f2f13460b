use super::configuration::Configuration;
use super::program::Program;

/// The `PATH` of a function, which has none of this machine's own folders.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/opt/bin";
/// A secret access key and a session token: a function needs both, and nothing verifies them.
const UNVERIFIED: &str = "an-example-that-opens-nothing";

/// The variables that Lambda sets for a function (AWS Lambda developer guide, "Defined runtime environment variables"),
/// except those of its own file system (`LD_LIBRARY_PATH`, `LAMBDA_RUNTIME_DIR`) and of tracing. The address of the Runtime
/// API is that of an execution environment, so it is not among them.
///
/// `LAMBDA_TASK_ROOT` is the program's folder.
#[must_use]
pub fn set_by_lambda(program: &Program, configuration: &Configuration) -> Vec<(String, String)> {
    let name = configuration.name.as_str();
    let variables = [
        ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", configuration.memory.mebibytes().to_string()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local-aws".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_REGION", configuration.region.clone()),
        ("AWS_DEFAULT_REGION", configuration.region.clone()),
        ("AWS_ACCESS_KEY_ID", configuration.access_key.expose().to_owned()),
        ("AWS_SECRET_ACCESS_KEY", UNVERIFIED.to_owned()),
        ("AWS_SESSION_TOKEN", UNVERIFIED.to_owned()),
        ("_HANDLER", program.handler().to_owned()),
        ("LAMBDA_TASK_ROOT", program.folder().display().to_string()),
        ("PATH", PATH.to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).to_vec()
}
