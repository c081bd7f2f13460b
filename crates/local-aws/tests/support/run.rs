use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use super::{FUNCTION, text};

/// The value of every secret here.
const VALUE: &str = "{\"username\":\"shop\",\"password\":\"hunter2\"}\n";

/// A folder with a function in `function`, and a secret in `app.json`.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Folder(tempfile::tempdir().expect("a folder"));
        fs::create_dir(folder.path("function")).expect("a folder in it");
        folder.program("function/bootstrap", FUNCTION);
        fs::write(folder.path("app.json"), VALUE).expect("a file");
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn program(&self, name: &str, script: &str) {
        let program = self.path(name);
        fs::create_dir_all(program.parent().expect("a folder")).expect("a folder");
        fs::write(&program, script).expect("a file");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a file of ours");
    }

    pub(crate) fn zip(&self, name: &str, entries: &[(&str, u32)]) {
        let mut zip = zip::ZipWriter::new(fs::File::create(self.path(name)).expect("a file"));
        for (entry, mode) in entries {
            zip.start_file(*entry, SimpleFileOptions::default().unix_permissions(*mode)).expect("an entry");
            zip.write_all(FUNCTION.as_bytes()).expect("a file");
        }
        zip.finish().expect("a zip");
    }

    /// `local-aws run` with these arguments, in this folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-aws"));
        command.arg("run").args(arguments).current_dir(self.0.path());
        for name in ["LOCAL_AWS_ACCESS_KEY", "LOCAL_AWS_FUNCTION_KEY", "AWS_REGION"] {
            command.env_remove(name);
        }
        command.env("TMPDIR", self.0.path());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().expect("the binary runs"))
    }

    /// The function in its folder, and the secret.
    pub(crate) fn rotate(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["--function", "function", "--secret", "app.json"], arguments].concat())
    }

    pub(crate) fn left(&self) -> Vec<String> {
        let names = fs::read_dir(self.0.path()).expect("a folder").flatten();
        names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}

/// What a run has printed, and its exit status.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        let ran = Ran { status: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) };
        for printed in [&ran.out, &ran.err] {
            assert!(
                !printed.contains("hunter2") && !printed.contains("new-"),
                "a password is shown: {printed}"
            );
            assert!(!printed.contains('\u{1b}'), "{printed:?}");
        }
        for line in ran.out.lines().filter(|_| !ran.out.contains("Usage: ")) {
            assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
        }
        ran
    }

    /// The first words of the rows of a table, in their order.
    pub(crate) fn steps(&self) -> Vec<&str> {
        let rows = self.out.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
        rows.filter(|word| word.ends_with("Secret")).collect()
    }

    pub(crate) fn failed_with(&self, error: &str) {
        assert_eq!(self.status, Some(1), "{self:?}");
        assert!(self.out.contains(&format!("FAILED: {error}")), "{error} in {}", self.out);
        assert!(self.err.contains("the rotation of app failed (attempts: 1)"), "{}", self.err);
    }
}
