//! Stops the processes and removes the cgroups of a run when it ends, however it ends.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

/// The shell reads which processes were started and which have ended. When this process ends, even by SIGKILL, the kernel
/// closes the pipe; then the shell kills what still runs, and removes the cgroups whose paths begin with `prefix`. It
/// finds a process that was just started, and not reported yet, by its environment.
const SHELL: &str = r#"
prefix=$1 mark=$2 alive=
while read -r word pid; do
  left=
  for one in $alive; do [ "$one" = "$pid" ] || left="$left $one"; done
  alive=$left
  [ "$word" = ended ] || alive="$alive $pid"
done
for environment in /proc/[0-9]*/environ; do
  pid=${environment#/proc/}
  grep -qzx -e "$mark" "$environment" && alive="$alive ${pid%/environ}"
done 2>/dev/null
for pid in $alive; do kill -s KILL -- "-$pid"; done 2>/dev/null
[ -n "$prefix" ] || exit 0
for folder in "$prefix"*; do
  tries=0
  while [ -d "$folder" ] && ! rmdir "$folder" 2>/dev/null && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
done
"#;

/// Kills the processes when it is dropped, or when this process ends. Its drop returns when all are gone.
#[derive(Debug)]
pub(super) struct Guard {
    shell: Child,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Guard {
    /// The paths of all cgroups of this run begin with `prefix`, which is empty if there are none.
    pub(super) fn start(prefix: &str) -> Self {
        let mut command = Command::new("/bin/sh");
        // In a process group of its own, so that Ctrl-C reaches only this process.
        let (name, run) = Self::mark();
        command
            .args(["-c", SHELL, "guard", prefix, &format!("{name}={run}")])
            .stdin(Stdio::piped())
            .process_group(0);
        let mut shell = command.spawn().expect("a shell");
        let pipe = Mutex::new(shell.stdin.take());
        Self { shell, pipe }
    }

    /// A variable that every process of the run has in its environment.
    pub(super) fn mark() -> (&'static str, String) {
        ("ROTATION_BENCH_RUN", std::process::id().to_string())
    }

    /// To be called for a new process, which leads a process group.
    pub(super) fn started(&self, process: u32) {
        self.send(&format!("started {process}\n"));
    }

    /// To be called when the process was waited for: another may get its id.
    pub(super) fn ended(&self, process: u32) {
        self.send(&format!("ended {process}\n"));
    }

    fn send(&self, line: &str) {
        let mut pipe = self.pipe.lock().expect("no holder panics");
        // The kernel does not divide one short write.
        let written = pipe.as_mut().map(|pipe| pipe.write_all(line.as_bytes()));
        written.expect("open until the drop").expect("the shell reads");
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.pipe.get_mut().map(Option::take));
        let _ = self.shell.wait();
    }
}
