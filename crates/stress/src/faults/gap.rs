//! For how long AWSCURRENT is refused while a function rotates, and nothing goes wrong.

use std::fmt::Write;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::checks::Strategy;
use super::subject::Subject;
use testbed::{Application, Setup};

/// What whoever signs in with AWSCURRENT, over and over, met in some rotations.
#[derive(Clone, Debug)]
pub struct Gap {
    engine: String,
    strategy: Strategy,
    rotations: usize,
    /// Sign-ins with a version that was AWSCURRENT before them and after.
    pub sign_ins: usize,
    /// How many of them were refused.
    refused: usize,
    /// From the first refusal to the next welcome, for each time that there was one; in order of length.
    lengths: Vec<Duration>,
}

impl Gap {
    /// Rotates so often, and signs in meanwhile.
    pub async fn measure<S: Subject>(server: &S, function: &str, rotations: usize) -> Self {
        let environment = vec![("AWS_LAMBDA_LOG_LEVEL", "INFO")];
        let setup = Setup { function, user: "gap", environment, ..Setup::single_user() };
        let application = Application::start(server, setup).await;
        let (engine, strategy) = (server.name(), Strategy::of(function));
        if strategy == Strategy::DualPassword {
            server.allow_two_passwords(&application.app).await;
        }
        let mut gap = Self { engine, strategy, rotations, sign_ins: 0, refused: 0, lengths: Vec::new() };
        let (counted, mut count) = watch::channel(0);
        let rotating = async {
            for _rotation in 0..rotations {
                // A rotation can be shorter than a sign-in: each begins when the next sign-in does.
                count.changed().await.expect("whoever signs in goes on");
                application.rotate_ok().await;
            }
        };
        tokio::select! {
            () = gap.watch(&application, &counted) => {}
            () = rotating => {}
        }
        gap.lengths.sort_unstable();
        gap
    }

    /// Whether it was refused although its strategy promises that it never is.
    #[must_use]
    pub fn is_violation(&self) -> bool {
        self.refused > 0 && self.strategy != Strategy::SingleUser
    }

    async fn watch<S: Subject>(&mut self, application: &Application<'_, S>, counted: &watch::Sender<usize>) {
        let mut refused_since = None;
        loop {
            let before = Instant::now();
            let current = application.credentials("AWSCURRENT").await.expect("a current version");
            let signs_in = application.server.signs_in(&current, &application.app.database).await;
            // What was current a moment ago need not be now.
            let holds = application.credentials("AWSCURRENT").await.as_ref() == Some(&current);
            if holds || signs_in {
                self.sign_ins += 1;
                counted.send_replace(self.sign_ins);
            }
            if !signs_in && holds {
                self.refused += 1;
                refused_since.get_or_insert(before);
            } else if signs_in && let Some(since) = refused_since.take() {
                self.lengths.push(since.elapsed());
            }
        }
    }
}

/// A Markdown table of these.
#[must_use]
pub fn gaps(all: &[Gap]) -> String {
    let mut text =
        "| engine | strategy | rotations | sign-ins with AWSCURRENT | refused | gap, median | longest |\n\
                    | --- | --- | ---: | ---: | ---: | ---: | ---: |\n"
            .to_owned();
    for gap in all {
        let length =
            |length: Option<&Duration>| length.map_or("none".into(), |l| format!("{} ms", l.as_millis()));
        let (median, longest) = (gap.lengths.get(gap.lengths.len() / 2), gap.lengths.last());
        let (engine, strategy) = (&gap.engine, gap.strategy.name());
        let (rotations, sign_ins, refused) = (gap.rotations, gap.sign_ins, gap.refused);
        let (median, longest) = (length(median), length(longest));
        let _ = writeln!(
            text,
            "| {engine} | {strategy} | {rotations} | {sign_ins} | {refused} | {median} | {longest} |"
        );
    }
    text
}
