use crate::AccessKey;

/// The variable that holds the server's access key. Other users can read a process's arguments, but not its environment
/// (proc(5), `/proc/PID/cmdline` and `environ`).
pub(super) const VARIABLE: &str = "LOCAL_AWS_ACCESS_KEY";

/// The variable that holds the key of rotation functions.
pub(super) const FUNCTION_VARIABLE: &str = "LOCAL_AWS_FUNCTION_KEY";

/// The end of `--help`.
pub(super) const HELP: &str = "\
The environment variable LOCAL_AWS_ACCESS_KEY holds the server's access key, which every request must carry. If it is not \
set, `serve` and `run` make a random key, which `serve` and `run --watch` print; the other commands need the variable. \
Rotation functions have a key of their own, in LOCAL_AWS_FUNCTION_KEY or random: by it the server tells a function's calls \
from a person's.";

/// The shortest key that is accepted (IAM API reference, `AccessKey`: 16 to 128 letters, digits and underscores).
const SHORTEST: usize = 16;

/// Why there is no access key to use.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyError {
    #[error("{VARIABLE} is not set: copy its `export` line from what `local-aws serve` printed at its start")]
    Missing,
    // Without the value: it may be a mistyped key.
    #[error("{0} is not an access key: set it to 16 to 128 letters, digits and underscores")]
    Malformed(&'static str),
}

/// The server's access key, for `serve` and for the commands that call it.
#[derive(clap::Args, Clone)]
pub(super) struct Key {
    // clap reads a variable only for an option. The option is hidden, because arguments are public.
    #[arg(long, env = VARIABLE, hide = true, hide_env_values = true)]
    access_key: Option<String>,
}

impl Key {
    /// As if the variable held this key.
    pub(super) fn of(key: &AccessKey) -> Self {
        Key { access_key: Some(key.expose().to_owned()) }
    }

    /// The key in the variable; `None` if it is not set.
    pub(super) fn chosen(&self) -> Result<Option<AccessKey>, KeyError> {
        read(self.access_key.as_deref(), VARIABLE)
    }

    /// The key of the running server.
    pub(super) fn required(&self) -> Result<AccessKey, KeyError> {
        self.chosen()?.ok_or(KeyError::Missing)
    }
}

/// The key of the functions that a server runs with.
#[derive(clap::Args)]
pub(super) struct FunctionKey {
    #[arg(long, env = FUNCTION_VARIABLE, hide = true, hide_env_values = true)]
    function_key: Option<String>,
}

impl FunctionKey {
    /// The key in the variable; `None` if it is not set.
    pub(super) fn chosen(&self) -> Result<Option<AccessKey>, KeyError> {
        read(self.function_key.as_deref(), FUNCTION_VARIABLE)
    }
}

fn read(text: Option<&str>, variable: &'static str) -> Result<Option<AccessKey>, KeyError> {
    let Some(text) = text else { return Ok(None) };
    let key = AccessKey::new(text).filter(|_| text.len() >= SHORTEST);
    key.map(Some).ok_or(KeyError::Malformed(variable))
}
