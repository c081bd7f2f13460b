//! For how long AWSCURRENT is refused while a function rotates without a fault.

use std::fmt::Write;
use std::time::{Duration, Instant};

use rotation::{Promotion, Strategy};
use tokio::sync::watch;

use super::strategy::{strategy_name, strategy_of};
use super::subject::Subject;
use testbed::{Application, ChangedBy, Setup};

/// Repeated sign-ins with AWSCURRENT during some rotations, and how many were refused.
#[derive(Clone, Debug)]
pub struct Gap {
    engine: String,
    strategy: Strategy,
    promotion: Promotion,
    rotations: usize,
    /// Sign-ins with a version that was AWSCURRENT before them and after.
    pub sign_ins: usize,
    /// How many of them were refused.
    refused: usize,
    /// From each first refusal to the next sign-in that succeeded; shortest first.
    lengths: Vec<Duration>,
}

impl Gap {
    /// Rotates this many times, and signs in meanwhile.
    pub async fn measure<S: Subject>(
        server: &S,
        function: &str,
        promotion: Promotion,
        rotations: usize,
    ) -> Self {
        let environment = vec![("AWS_LAMBDA_LOG_LEVEL", "INFO")];
        let setup = Setup { function, promotion, user: "gap", environment, ..Setup::single_user() };
        let application = Application::start(server, setup).await;
        let (engine, strategy) = (server.name(), strategy_of(function));
        if strategy == Strategy::DualPassword {
            server.allow_two_passwords(&application.app).await;
        }
        let (sign_ins, refused, lengths) = (0, 0, Vec::new());
        let mut gap = Self { engine, strategy, promotion, rotations, sign_ins, refused, lengths };
        let (counted, mut count) = watch::channel(0);
        let rotating = async {
            for _rotation in 0..rotations {
                // A rotation can be shorter than a sign-in: each starts with the next sign-in.
                count.changed().await.expect("sign-ins continue");
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

    /// Whether a sign-in was refused although the strategy has no gap.
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
            // The version may have been replaced during the sign-in.
            let is_still_current = application.credentials("AWSCURRENT").await.as_ref() == Some(&current);
            if is_still_current || signs_in {
                self.sign_ins += 1;
                counted.send_replace(self.sign_ins);
            }
            if !signs_in && is_still_current {
                self.refused += 1;
                refused_since.get_or_insert(before);
            } else if signs_in && let Some(since) = refused_since.take() {
                self.lengths.push(since.elapsed());
            }
        }
    }
}

/// A Markdown table of gaps.
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
        let (engine, strategy) =
            (&gap.engine, strategy_name(gap.strategy, ChangedBy::Superuser, gap.promotion));
        let (rotations, sign_ins, refused) = (gap.rotations, gap.sign_ins, gap.refused);
        let (median, longest) = (length(median), length(longest));
        let _ = writeln!(
            text,
            "| {engine} | {strategy} | {rotations} | {sign_ins} | {refused} | {median} | {longest} |"
        );
    }
    text
}
