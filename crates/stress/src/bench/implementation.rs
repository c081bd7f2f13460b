//! What is measured: our functions, another implementation, and a function that does nothing.

use std::path::{Path, PathBuf};

use super::BenchError;
use testbed::functions;

/// An implementation of the functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Implementation {
    /// Our binaries.
    Ours,
    /// The same, with a setSecret that makes the new version current.
    OursPromotingInSetSecret,
    /// Another implementation, as executables in this folder.
    Peer(PathBuf),
    /// A function that does nothing.
    Nothing,
}

impl Implementation {
    /// Its name in tables.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::OursPromotingInSetSecret => "ours, promoted in setSecret",
            Self::Peer(_) => "peer",
            Self::Nothing => "nothing",
        }
    }

    /// Whether it rotates.
    pub(super) fn rotates(&self) -> bool {
        *self != Self::Nothing
    }

    /// The program of this function. `None` if a peer has none for it.
    pub(super) async fn program(&self, function: &str) -> Option<PathBuf> {
        match self {
            Self::Ours | Self::OursPromotingInSetSecret => Some(functions::program(function).await),
            Self::Nothing => Some(functions::program("nothing").await),
            Self::Peer(folder) => peer(folder, function),
        }
    }
}

/// Both orders of single user, in which the gap is compared.
pub(super) const BOTH_ORDERS: [Implementation; 2] =
    [Implementation::Ours, Implementation::OursPromotingInSetSecret];

/// All implementations, in the order in which they rotate.
///
/// # Errors
/// If the peer's folder has a program for none of the functions.
pub(super) fn all(
    peer_folder: Option<&Path>,
    functions: &[String],
) -> Result<Vec<Implementation>, BenchError> {
    let mut all = vec![Implementation::Ours];
    if let Some(folder) = peer_folder {
        if !functions.iter().any(|function| peer(folder, function).is_some()) {
            return Err(BenchError::new(
                format!(
                    "the peer's folder {} has a program for none of {}",
                    folder.display(),
                    functions.join(", ")
                ),
                "put an executable `bootstrap-NAME`, or one `bootstrap` for all functions, into it",
            ));
        }
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        all.push(Implementation::Peer(folder));
    }
    all.push(Implementation::Nothing);
    Ok(all)
}

/// What the peer's folder says about it.
pub(super) fn about(folder: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join("about.md")).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn peer(folder: &Path, function: &str) -> Option<PathBuf> {
    let names = [format!("bootstrap-{function}"), "bootstrap".to_owned()];
    names.into_iter().map(|name| folder.join(name)).find(|program| program.is_file())
}
