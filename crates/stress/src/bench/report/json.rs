//! The figures for programs.

use serde_json::{Map, Value, json};

use super::{Report, Row};
use crate::bench::FIGURES;

/// Every figure of every row: null where it does not apply.
#[must_use]
pub fn json(report: &Report) -> Value {
    json!({
        "rotations": report.rotations,
        "peer": report.peer,
        "no_limit": report.no_limit,
        "rows": report.rows.iter().map(row).collect::<Vec<_>>(),
        "gaps": report.gaps.iter().map(row).collect::<Vec<_>>(),
    })
}

fn row(row: &Row) -> Value {
    let mut figures = Map::new();
    for figure in FIGURES {
        let spread = figure.of(&row.samples).map(|spread| {
            json!({
                "count": spread.count, "min": spread.min, "lower_quartile": spread.lower,
                "median": spread.median, "upper_quartile": spread.upper, "max": spread.max,
            })
        });
        figures.insert(figure.key.to_owned(), spread.unwrap_or_default());
    }
    json!({
        "function": row.function,
        "server": row.server,
        "implementation": row.implementation,
        "process": row.condition.process.name(),
        "core": row.condition.share.name(),
        "api_delay_ms": row.condition.api.as_secs_f64() * 1000.0,
        "database_delay_ms": row.condition.database.as_secs_f64() * 1000.0,
        "pause_ms": row.condition.pause.as_secs_f64() * 1000.0,
        "figures": figures,
    })
}
