//! Processes and cgroups of a run end with it, however it ends.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

/// The shell reads what was started and what has ended. The kernel closes our end of the pipe when this process ends, by
/// SIGKILL too; then the shell kills what is left, and removes the cgroups that begin with `prefix`. A process that was
/// started just before that end, and not reported yet, is known by its environment.
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

/// Kills when it is dropped, or when this process ends. Returns from its drop when all is gone.
#[derive(Debug)]
pub(super) struct Guard {
    shell: Child,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Guard {
    /// `prefix` is how the paths of all cgroups of this run begin; empty where there are none.
    pub(super) fn start(prefix: &str) -> Self {
        let mut command = Command::new("/bin/sh");
        // In a process group of its own, so that Ctrl-C reaches only us.
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

    /// A process that leads a process group.
    pub(super) fn started(&self, process: u32) {
        self.say(&format!("started {process}\n"));
    }

    /// It was waited for: its number may be another's from now on.
    pub(super) fn ended(&self, process: u32) {
        self.say(&format!("ended {process}\n"));
    }

    fn say(&self, line: &str) {
        let mut pipe = self.pipe.lock().expect("nobody panics here");
        // One write, which the kernel does not divide.
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
