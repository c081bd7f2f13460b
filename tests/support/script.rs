//! Scripts of `tests/tools`, run on files of a test's own.

use std::fs;
use std::process::{Command, Output};

use testbed::environment::repository;
use testbed::private;

/// Runs a script on a folder with these files, by their paths in it.
pub(crate) fn run_on_files(script: &str, files: &[(&str, &str)]) -> Output {
    let folder = private::temporary_folder(&std::env::temp_dir(), "script-");
    for (path, text) in files {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().expect("a file is in a folder")).expect("a folder of ours");
        fs::write(file, text).expect("a folder of ours");
    }
    let script = repository().join("tests/tools").join(script);
    Command::new("python3").arg(script).arg(folder.path()).output().expect("python3 runs")
}
