//! docs/performance.md, which a run writes whole.

use std::fmt::Write;

use super::{Report, Row, gap::gap, money::money, table::table};
use crate::bench::{Condition, ProcessAge, Share};

const ABOUT: &str = "\
# Performance

How long a rotation takes, and what it costs. `make bench PUBLISH=1` writes this page, all of it, with the figures of one
run: change crates/stress/src/bench/report, not the page.

![The four steps of a rotation](performance.svg)

## What is measured, and how

The packaged binaries (x86_64) run under a Lambda Runtime API on this machine, with a PostgreSQL and a MySQL of the versions
that `make test` has, over TLS, and with local-aws in Secrets Manager's place, over TLS. Nothing was measured on AWS. The
machine runs functions, servers and clients alike, so the figures are for comparing: with another implementation, or with
another day of ours. All implementations take turns, rotation by rotation.

- **ours**: the function. **nothing**: a function of the same runtime that does nothing with an event and responds at once: what
  runtime and machine take. **peer**, where there is one: another implementation.
- **cold**: a new process for each rotation, which handles its four events. **warm**: a process that has rotated before.
- **+5 ms a call**: each request to Secrets Manager arrives 5 ms later. **+1 ms a message**: what the function sends to
  the database arrives 1 ms later, so that each message that is waited for takes 1 ms longer, those of the TLS handshake
  included.
- **1/14 core**: what Lambda gives to a function of 128 MB, by a cgroup (1,429 µs in each 20,000 µs), from the first event
  on. Lambda does not limit the start.
- **start to ready**: from just before the process is made until it asks for its first event.
- **four steps**: the sum of the steps' times. A step's time is from its event to its response.
- **gap**, of single user only: how long a new sign-in with AWSCURRENT is refused. On PostgreSQL it begins with the commit
  (`pg_xact_commit_timestamp` of the user's row), on MySQL when the server reads the statement that changes the password (its
  general log), so that the statement's execution counts as well. It ends when the response to UpdateSecretVersionStage
  passes. The next step's event comes as soon as the function asks for one; Secrets Manager's own pauses between steps
  come on top.
- **CPU**: of the process, all threads, user and system, by its own clock (`clock_getcpuclockid`).
- **peak memory**: `VmHWM`.
- **calls, connections**: of the function in a rotation, counted where they arrive.

Cells are medians, with the lower and the upper quartile.
";

const PEER: &str = "\
## Another implementation beside ours

`make bench PEER=folder` runs the executable `bootstrap-NAME` of that folder in place of the function NAME, or else `bootstrap`;
functions that it has no program for are measured without it. A file `about.md` in it, a paragraph that says what the peer is,
is printed on this page. The program is run without arguments, in the folder from which
the bench was started, as the leader of a process group that is killed at the end; a script should `exec` the program, since
CPU and memory are those of the process that was started. It speaks the Lambda Runtime API (version 2018-06-01) at
`AWS_LAMBDA_RUNTIME_API`, and asks for the next event within 10 s. It finds in its environment:

- what Lambda sets: `AWS_LAMBDA_FUNCTION_NAME` (the function's name), `AWS_REGION`, `AWS_DEFAULT_REGION`, `AWS_ACCESS_KEY_ID`,
  `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `LAMBDA_TASK_ROOT` (the program's folder) and others;
- `SECRETS_MANAGER_ENDPOINT`, `AWS_ENDPOINT_URL_RDS`: where to reach AWS, https;
- `AWS_CA_BUNDLE`, `SSL_CERT_FILE`: the authority of that address, in PEM;
- `DATABASE_CA_FILE`: the authority of the database's certificate, in PEM; the same one;
- `PATH`, as the bench has it; nothing else.

Events are those of Secrets Manager. A peer that fails, or does not rotate, ends the run with its own words and without figures.
";

/// The page for this report.
#[must_use]
pub fn page(report: &Report) -> String {
    let peer = report
        .peer
        .as_ref()
        .map(|about| format!("**The peer of this run:** {about}\n\n"))
        .unwrap_or_default();
    let mut text =
        format!("{ABOUT}\n{peer}## Figures\n\n{} rotations of each.\n\n{}", report.rotations, table(report));
    let _ = write!(text, "## At 128 MB: Lambda time, calls and money\n\n");
    match (money(report), &report.no_limit) {
        (Some(money), _) => {
            let _ = write!(
                text,
                "Measured at 1/14 of a core under the longest delays. The figures above have the time of each step and the \
                 calls.\n\n{money}\n"
            );
        }
        (None, Some(why)) => {
            let _ = write!(
                text,
                "**Missing:** the machine of this run does not let a process's CPU be limited ({why}).\n\n"
            );
        }
        (None, None) => text.push_str("**Missing:** this run was told to leave it out.\n\n"),
    }
    if let Some(parts) = parts(report) {
        let _ = write!(text, "## Where the time goes\n\n{parts}\n");
    }
    let _ = write!(text, "{}\n\n", gap(report));
    text + PEER
}

/// What the four steps wait for, computed from conditions that differ in one delay. `None` without delays of 0.
fn parts(report: &Report) -> Option<String> {
    let mut text = "| function | process | four steps | delays of calls | in rounds | delays of messages | in messages | CPU \
                    of the function | the rest |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    let before = text.len();
    for function in report.functions() {
        for process in [ProcessAge::Cold, ProcessAge::Warm] {
            text.push_str(&part(report, function, report.longest(process, Share::Whole)?)?);
        }
    }
    let note = "\nMilliseconds, of ours on a whole core under the longest delays. A delay's part is how much longer the same \
                rotation takes with that delay alone than without any; divided by the delay it is how often the function waits, one \
                after the other. The rest is what the servers, the relays between and the Runtime API take on this machine.\n";
    (text.len() > before).then(|| text + note)
}

fn part(report: &Report, function: &str, longest: Condition) -> Option<String> {
    let none = std::time::Duration::ZERO;
    let of = |condition| report.find(function, "ours", condition);
    let steps = |row: &Row| row.median("four_steps_ms");
    let base = steps(of(Condition { api: none, database: none, ..longest })?)?;
    let api = steps(of(Condition { database: none, ..longest })?)? - base;
    let database = steps(of(Condition { api: none, ..longest })?)? - base;
    let row = of(longest)?;
    let (all, cpu) = (steps(row)?, row.median("rotation_cpu_ms")?);
    let times = |part: f64, delay: std::time::Duration| {
        if delay.is_zero() {
            "–".to_owned()
        } else {
            format!("{:.1}", part / (delay.as_secs_f64() * 1000.0))
        }
    };
    let (rounds, messages) = (times(api, longest.api), times(database, longest.database));
    let (process, rest) = (longest.process.name(), all - api - database - cpu);
    Some(format!(
        "| {function} | {process} | {all:.1} | {api:.1} | {rounds} | {database:.1} | {messages} | {cpu:.1} | {rest:.1} |\n"
    ))
}
