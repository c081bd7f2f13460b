//! What a function runs: an executable file, a package, or a command line.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::package::{PackageError, unpack};

/// The name of a package's program (AWS Lambda developer guide, "OS-only runtimes").
const BOOTSTRAP: &str = "bootstrap";

/// The program of a function, its arguments, and the folder that it runs in.
#[derive(Debug)]
pub struct Program {
    words: Vec<OsString>,
    folder: PathBuf,
    handler: String,
    /// What it was made from.
    origin: String,
    /// The folder of an unpacked package, which is removed with this value.
    _unpacked: Option<TempDir>,
}

/// Why there is no program to run.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// Nothing of this name was built here.
    #[error(
        "no function {name}: there is no such path, nor {places}: build it, or give its zip, its folder or its program"
    )]
    NotFound {
        /// The name that was looked for.
        name: String,
        /// Where it was looked for.
        places: String,
    },
    /// A folder or a package of another runtime.
    #[error(
        "{path} has no file {BOOTSTRAP}, which Lambda's OS-only runtimes run: for another runtime, also give the command that runs it"
    )]
    NoBootstrap {
        /// The folder or the zip.
        path: String,
    },
    /// As Lambda would, the kernel refuses to run it.
    #[error("{path} is not executable: run `chmod +x` on it (and pack it again if it is in a zip)")]
    NotExecutable {
        /// The file.
        path: String,
    },
    /// It cannot be unpacked.
    #[error("cannot unpack {path}")]
    Package {
        /// The zip.
        path: String,
        /// Why not.
        #[source]
        source: PackageError,
    },
    /// A command that a shell would not understand either.
    #[error("{line:?} is not a command: it is empty, or a quote is not closed")]
    Malformed {
        /// The command.
        line: String,
    },
    /// The command's first word.
    #[error(
        "no program {program}: it is neither a path from the function's folder nor in the folders of PATH ({path})"
    )]
    NoSuchProgram {
        /// The word.
        program: String,
        /// The folders.
        path: String,
    },
    /// A command is run in a folder.
    #[error("{path} is neither a folder nor a zip, so no command can be run in it")]
    NoFolder {
        /// What was given as the folder.
        path: String,
    },
}

impl Program {
    /// An executable file, such as a `bootstrap`. Its folder is the function's.
    #[must_use]
    pub fn executable(path: PathBuf) -> Self {
        // A relative path would be one from the function's folder.
        let path = std::path::absolute(&path).unwrap_or(path);
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let (origin, handler) = (path.display().to_string(), BOOTSTRAP.to_owned());
        Self { words: vec![path.into_os_string()], folder, handler, origin, _unpacked: None }
    }

    /// The function that `what` means: the path of a zip, of a folder with a `bootstrap`, or of an executable file; or else
    /// the name of a function that was built below the present folder, where the newest of [`Self::places`] is taken.
    ///
    /// # Errors
    /// If there is none, or Lambda could not run it.
    pub fn find(what: &str) -> Result<Self, ProgramError> {
        let path = Path::new(what);
        if path.is_dir() {
            return Self::bootstrap(path.join(BOOTSTRAP), what);
        }
        if path.is_file() && is_zip(path) {
            let unpacked = unpacked(path)?;
            let program = Self::bootstrap(unpacked.path().join(BOOTSTRAP), what)?;
            return Ok(Self { origin: what.to_owned(), _unpacked: Some(unpacked), ..program });
        }
        if path.is_file() {
            return Self::checked(path.to_owned());
        }
        let places = Self::places(what);
        let built = |place: &PathBuf| fs::metadata(place).and_then(|file| file.modified()).ok();
        let newest = places.iter().filter(|place| place.is_file()).max_by_key(|place| built(place));
        match newest {
            Some(place) if !what.contains('/') => Self::checked(place.clone()),
            Some(_) | None => Err(ProgramError::NotFound {
                name: what.to_owned(),
                places: places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// Where a function of this name is looked for: as `cargo build`, `make build` and `cargo lambda build` make it.
    #[must_use]
    pub fn places(name: &str) -> [PathBuf; 3] {
        let architecture = match std::env::consts::ARCH {
            "aarch64" => "arm64",
            other => other,
        };
        let target = Path::new("target");
        [
            target.join("debug").join(name),
            target.join("package").join(architecture).join(name).join(BOOTSTRAP),
            target.join("lambda").join(name).join(BOOTSTRAP),
        ]
    }

    /// A command line, split into words as a shell does it; no shell is run. The first word is a path
    /// from the function's folder, or a program in one of the folders of `path`, a list as in `PATH`; the last word is the handler. It is run in `folder`, which may be a zip; in
    /// the present folder if none is given.
    ///
    /// # Errors
    /// If the line cannot be split, or there is no such program or folder.
    pub fn command(line: &str, folder: Option<&str>, path: &OsStr) -> Result<Self, ProgramError> {
        let words = shlex::split(line).filter(|words| !words.is_empty());
        let words = words.ok_or_else(|| ProgramError::Malformed { line: line.to_owned() })?;
        let (folder, unpacked) = match folder.map(Path::new) {
            None => (PathBuf::from("."), None),
            Some(folder) if folder.is_dir() => (folder.to_owned(), None),
            Some(zip) if zip.is_file() && is_zip(zip) => {
                let unpacked = unpacked(zip)?;
                (unpacked.path().to_owned(), Some(unpacked))
            }
            Some(other) => return Err(ProgramError::NoFolder { path: other.display().to_string() }),
        };
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        let program = program_in(&words[0], &folder, path).ok_or_else(|| ProgramError::NoSuchProgram {
            program: words[0].clone(),
            path: path.to_string_lossy().into_owned(),
        })?;
        let handler = words.last().cloned().unwrap_or_default();
        let rest = words.into_iter().skip(1).map(OsString::from);
        let words = std::iter::once(program.into_os_string()).chain(rest).collect();
        Ok(Self { words, folder, handler, origin: line.to_owned(), _unpacked: unpacked })
    }

    fn bootstrap(path: PathBuf, within: &str) -> Result<Self, ProgramError> {
        if !path.is_file() {
            return Err(ProgramError::NoBootstrap { path: within.to_owned() });
        }
        Self::checked(path)
    }

    fn checked(path: PathBuf) -> Result<Self, ProgramError> {
        if !is_executable(&path) {
            return Err(ProgramError::NotExecutable { path: path.display().to_string() });
        }
        Ok(Self::executable(path))
    }

    /// The program and its arguments.
    #[must_use]
    pub fn words(&self) -> &[OsString] {
        &self.words
    }

    /// Where the function's files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it was made from: the path of the zip or of the program, or the command line.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What `_HANDLER` names: `bootstrap` for an executable file (as template.yaml has it), a command's last word.
    #[must_use]
    pub fn handler(&self) -> &str {
        &self.handler
    }
}

/// By the signature of its first entry, whatever its name is (APPNOTE.TXT of PKWARE, 4.3.7).
fn is_zip(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start));
    path.extension().is_some_and(|extension| extension == "zip") || (read.is_ok() && start == *b"PK\x03\x04")
}

fn unpacked(zip: &Path) -> Result<TempDir, ProgramError> {
    unpack(zip).map_err(|source| ProgramError::Package { path: zip.display().to_string(), source })
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// The absolute path of a program. A link stays one, because Python finds its packages by it.
fn program_in(program: &str, folder: &Path, path: &OsStr) -> Option<PathBuf> {
    let found = match program.contains('/') {
        true => Some(folder.join(program)).filter(|program| is_executable(program)),
        false => std::env::split_paths(path)
            .map(|folder| folder.join(program))
            .find(|program| is_executable(program)),
    };
    found.and_then(|program| std::path::absolute(program).ok())
}
