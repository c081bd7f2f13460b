//! Programs that stop when this process ends, however it ends.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// The shell reads its standard input. When this process ends, even by SIGKILL, the kernel closes the other end; then the
/// shell stops the program, waits for it and removes the folder, unless it holds a file `stays`. Process 0 is the process
/// group (kill(1)), with the shell itself.
const SHELL: &str = r#"
signal=$1 target=$2 folder=$3; shift 3
exec 3<&0
"$@" </dev/null 3<&- & program=$!
{ read -r _ <&3; kill -s "$signal" "${target:-$program}"; } >/dev/null 2>&1 & watch=$!
exec 3<&-
wait $program; status=$?
kill $watch 2>/dev/null
[ -z "$folder" ] || [ -e "$folder/stays" ] || /bin/rm -rf "$folder"
exit $status
"#;

/// How a program is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// SIGINT: PostgreSQL's fast shutdown.
    Interrupt,
    /// SIGTERM: a program that ends its own children first.
    Terminate,
    /// SIGKILL.
    Kill,
    /// SIGKILL to the program and to all processes that it has started, except those that left its process group. The
    /// folder is not removed.
    KillGroup,
}

/// A command that runs `program` until its standard input is closed, then stops it and removes `folder`. Its exit
/// status is the program's.
///
/// It has a process group of its own: Ctrl-C reaches only this process, which then stops its programs in order.
pub fn kill_on_parent_exit(program: &[impl AsRef<OsStr>], stop: Stop, folder: Option<&Path>) -> Command {
    let (signal, target) = match stop {
        Stop::Interrupt => ("INT", ""),
        Stop::Terminate => ("TERM", ""),
        Stop::Kill => ("KILL", ""),
        Stop::KillGroup => ("KILL", "0"),
    };
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SHELL, "kill_on_parent_exit", signal, target]);
    command.arg(folder.unwrap_or(Path::new("")));
    command.args(program).stdin(Stdio::piped()).process_group(0);
    command
}
