//! Log lines: JSON, ours at the level that Lambda is set to, everybody else's from WARN up.

use tracing::level_filters::LevelFilter;
use tracing::warn;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Modules of ours. With the colons, since a target is matched by its beginning: `aws` alone would let the
/// SDK's crates through, which write requests and answers out.
const OURS: [&str; 4] = ["aws::", "databases::", "functions::", "rotation::"];

/// Starts logging to standard output, where Lambda takes it from.
pub(crate) fn start(level: LevelFilter) {
    let ours = OURS.map(|target| (target, level));
    let filter = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_targets(ours)
        // Writes a returned error out a second time.
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
    tracing_subscriber::registry().with(filter).with(lines).init();
    // Where, and never the words: they may quote what was read.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        warn!(panic.place = place, "panicked; what was being done fails");
    }));
}
