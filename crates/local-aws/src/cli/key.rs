use super::CliError;
use crate::AccessKey;

/// The variable that holds the server's access key. What runs under another user reads a process's arguments, and not
/// its environment (proc(5), `/proc/PID/cmdline` and `environ`).
pub(super) const VARIABLE: &str = "LOCAL_AWS_ACCESS_KEY";

/// Said at the end of `--help`.
pub(super) const HELP: &str = "\
The environment variable LOCAL_AWS_ACCESS_KEY holds the server's access key, which every request must carry. `serve` makes \
a random key and prints it, unless the variable is set; the other commands need it.";

/// Below this length a key is refused (IAM API reference, `AccessKey`: 16 to 128 letters, digits and underscores).
const SHORTEST: usize = 16;

/// The server's access key, for `serve` as for the commands that talk to it.
#[derive(clap::Args)]
pub(super) struct Key {
    // clap binds a variable to an option only. The option is not shown, since its value would be.
    #[arg(long, env = VARIABLE, hide = true, hide_env_values = true)]
    access_key: Option<String>,
}

impl Key {
    /// The key that was chosen; `None` if none was.
    pub(super) fn chosen(&self) -> Result<Option<AccessKey>, CliError> {
        let Some(text) = &self.access_key else { return Ok(None) };
        let key = AccessKey::new(text).filter(|_| text.len() >= SHORTEST);
        key.map(Some).ok_or(CliError::BadKey)
    }

    /// The key of the server that runs.
    pub(super) fn required(&self) -> Result<AccessKey, CliError> {
        self.chosen()?.ok_or(CliError::NoKey)
    }
}
