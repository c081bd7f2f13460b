//! The pages of `docs/` and the sources name the same things.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use testbed::environment::repository;

use crate::support::run_on_files;

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text between two marks.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, text) = text.split_once(begin).unwrap_or_else(|| panic!("nothing begins with {begin}"));
    text.split_once(end).map_or(text, |(text, _)| text)
}

/// The first cells of a page's tables under a heading.
fn first_cells<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let rows = between(page, &format!("\n## {heading}\n"), "\n## ").lines();
    rows.filter_map(|row| row.strip_prefix("| ")?.split_once(" |").map(|(cell, _)| cell)).collect()
}

/// What stands in backticks.
fn named(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The string literals of a source without escapes.
fn literals(source: &str) -> impl Iterator<Item = &str> {
    source.split('"').skip(1).step_by(2)
}

#[test]
fn every_error_class_has_a_row_in_troubleshooting_and_no_other_has() {
    let (cause, failure) = (read("crates/rotation/src/cause.rs"), read("crates/functions/src/failure.rs"));
    let mut classes: BTreeSet<_> =
        literals(between(&cause, "fn class(self)", "/// What to do about it.")).collect();
    classes.extend(literals(between(&failure, "let class = ", ";")));
    let page = read("docs/troubleshooting.md");
    let rows: Vec<_> = first_cells(&page, "By error class").into_iter().flat_map(named).collect();
    assert_eq!(rows.iter().copied().collect::<BTreeSet<_>>(), classes);
    assert_eq!(rows.len(), classes.len(), "a class has one row");
}

/// The arms of a match over the variants of an enum: the variants, and what the arm returns.
fn arms(source: &str) -> Vec<(Vec<&str>, &str)> {
    let mut arms = Vec::new();
    let mut rest = source;
    while let Some((patterns, after)) = rest.split_once("=>") {
        let variants = patterns.split("Self::").skip(1);
        let variants =
            variants.map(|text| text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default());
        let result = after.trim_start_matches(['{', ' ', '\n']);
        let result = result.split(['"', ',', '\n']).find(|part| !part.is_empty()).unwrap_or_default();
        arms.push((variants.collect(), result));
        rest = after;
    }
    arms
}

#[test]
fn troubleshooting_says_of_each_class_whether_a_retry_may_help() {
    let (cause, transient) =
        (read("crates/rotation/src/cause.rs"), read("crates/rotation/src/cause/transient.rs"));
    let classes = arms(between(&cause, "fn class(self)", "/// What to do about it."));
    let kinds = arms(between(&transient, "match self {", "}\n    }"));
    assert_eq!(kinds.iter().map(|(_, result)| *result).collect::<Vec<_>>(), ["true", "false"]);
    let mut expected = BTreeSet::from([("Refused", "no")]);
    for (variants, class) in &classes {
        for variant in variants {
            let is_transient = kinds[0].0.contains(variant);
            assert!(is_transient != kinds[1].0.contains(variant), "{variant}");
            expected.insert((class, if is_transient { "may help" } else { "no" }));
        }
    }
    let page = read("docs/troubleshooting.md");
    let rows =
        between(&page, "\n## By error class\n", "\n## ").lines().filter_map(|row| row.strip_prefix("| `"));
    let found: BTreeSet<_> = rows
        .map(|row| {
            let (class, rest) = row.split_once("` | ").expect("a second cell");
            (class, rest.split_once(" |").expect("a third cell").0)
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn every_check_of_the_doctor_has_a_row_in_its_order() {
    let registry = read("crates/rotation/src/diagnosis/checks/mod.rs");
    let registry = between(&registry, "const CHECKS", "];");
    let page = read("docs/doctor.md");
    let rows: Vec<_> = first_cells(&page, "What it checks").into_iter().flat_map(named).collect();
    assert_eq!(rows, literals(registry).collect::<Vec<_>>());
}

#[test]
fn every_alarm_names_a_section_that_exists() {
    let template = read("template.yaml");
    let texts: Vec<_> = template.lines().filter_map(|line| line.split_once("AlarmDescription: &")).collect();
    assert_eq!(texts.len(), 6, "each kind of alarm has one text");
    for (_, text) in texts {
        let (page, section) =
            between(text, "Runbook: ", "\"").split_once('#').unwrap_or_else(|| panic!("{text}"));
        let page = read(page);
        let headings =
            page.lines().filter_map(|line| line.strip_prefix('#')).map(|line| line.trim_matches(['#', ' ']));
        let mut anchors = headings.map(|heading| heading.to_lowercase().replace(' ', "-"));
        assert!(anchors.any(|anchor| anchor == section), "{text}");
    }
}

/// What the SDK's provider of credentials reads by itself.
const CREDENTIALS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// Where the functions' settings are named.
const SETTINGS: [&str; 4] = [
    "crates/functions/src/config.rs",
    "crates/rotation/src/variables.rs",
    "crates/aws/src/variables.rs",
    "crates/databases/src/lib.rs",
];

#[test]
fn every_setting_is_in_configuration_and_no_other_is() {
    let read_before_tests = |path: &&str| between(&read(path), "use ", "#[cfg(test)]").to_owned();
    let source: String = SETTINGS.iter().map(read_before_tests).collect();
    let source = source.as_str();
    // The other words in capitals are the levels of LOG_LEVEL.
    let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let is_name = |word: &&str| word.len() > 3 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let mut settings: BTreeSet<_> = literals(source).filter(is_name).collect();
    settings.retain(|name| !levels.contains(name));
    settings.extend(CREDENTIALS);
    let page = read("docs/configuration.md");
    let rows: Vec<_> = first_cells(&page, "Settings").into_iter().flat_map(named).collect();
    assert_eq!(rows.iter().copied().collect::<BTreeSet<_>>(), settings);
    assert_eq!(rows.len(), settings.len(), "a setting has one row");
}

/// The texts of all sources below a folder, with strings on one line.
fn sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("a folder of the repository").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            for line in fs::read_to_string(path).expect("a source").replace("\\\"", "\"").lines() {
                // `\` at the end of a line continues a string after the blanks of the next one.
                let continues = into.ends_with('\\');
                if continues {
                    into.pop();
                    into.push_str(line.trim_start());
                } else {
                    into.push('\n');
                    into.push_str(line);
                }
            }
        }
    }
}

/// Whether these parts follow each other, as in one sentence.
fn writes(text: &str, parts: &[&str]) -> bool {
    let Some((first, others)) = parts.split_first() else { return true };
    text.match_indices(first).any(|(start, _)| {
        let mut sentence =
            text.get(start + first.len()..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        others.iter().all(|part| {
            let Some((_, rest)) = sentence.split_once(part) else { return false };
            sentence = rest;
            true
        })
    })
}

#[test]
fn troubleshooting_quotes_refusals_and_warnings_as_the_functions_write_them() {
    let mut text = String::new();
    for crate_name in ["aws", "databases", "functions", "rotation"] {
        sources(&repository().join("crates").join(crate_name).join("src"), &mut text);
    }
    let page = read("docs/troubleshooting.md");
    let (mut quoted, mut wrong) = (0, Vec::<String>::new());
    for heading in ["Refusals", "Warnings"] {
        for cell in first_cells(&page, heading) {
            let Some(sentence) = cell.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
                continue;
            };
            quoted += 1;
            if !writes(&text, &sentence.split(" ... ").collect::<Vec<_>>()) {
                wrong.push(sentence.to_owned());
            }
        }
    }
    assert!(quoted > 60, "{quoted}");
    assert_eq!(wrong, Vec::<String>::new(), "docs/troubleshooting.md quotes what no function writes");
}

#[test]
fn a_link_that_leads_nowhere_fails_the_check_and_is_named() {
    let other = ("docs/other.md", "# Other\n\n## Said `twice`\n\n## Said `twice`\n");
    for wrong in [
        "[it](docs/none.md)",
        "[it](docs/other.md#said-once)",
        "[it](#none)",
        "`docs/none.md`",
        "`tests/none.rs`",
    ] {
        let output =
            run_on_files("check-links.py", &[("README.md", &format!("# Title\n\nSee {wrong}.\n")), other]);
        let printed = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{wrong}");
        let target = wrong.rsplit(['(', '`']).find(|part| !part.is_empty()).unwrap_or_default();
        assert!(
            printed.contains(&format!("README.md links to {}", target.trim_end_matches(')')))
                || printed.contains(&format!("README.md names {target}")),
            "{wrong}: {printed}"
        );
    }
}

#[test]
fn links_that_lead_to_something_pass_the_check() {
    let other = (
        "docs/other.md",
        "# Other\n\n## Said `twice`\n\n## Said `twice`\n\n[back](../README.md#the-title)\n",
    );
    let readme = "# The title\n\n[1](docs/other.md) [2](docs/other.md#said-twice-1) [3](#the-title) [4](docs)\n\
        [5](https://example.com/none.md) `docs/other.md` `docs/NAME.md`\n\n```\n[6](none.md)\n```\n";
    let output = run_on_files("check-links.py", &[("README.md", readme), other]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// `subject::file::name` is a function of tests/subject/file.rs, or of tests/subject.rs if no file is named.
#[test]
fn the_page_of_strategies_names_tests_that_exist() {
    let page = read("docs/which-strategy.md");
    let mut count = 0;
    for name in named(&page).filter(|name| name.contains("::")) {
        let (path, function) = name.rsplit_once("::").expect("it holds ::");
        let file = read(&format!("tests/{}.rs", path.replace("::", "/")));
        assert!(file.contains(&format!("fn {function}(")), "there is no test {name}");
        count += 1;
    }
    assert!(count >= 10, "only {count} tests are named");
}

/// The pages whose commands are run as they are printed: each section with commands is opened by a test of the runbook, which runs
/// all of them (`runbook::section`).
#[test]
fn each_procedure_of_the_runbook_is_run_by_a_test() {
    let mut tests = String::new();
    sources(&repository().join("tests/runbook"), &mut tests);
    let mut count = 0;
    for page in ["docs/recovery.md", "docs/moving.md", "docs/operations.md"] {
        for (heading, blocks) in crate::runbook::sections(&read(page)) {
            let has_commands = blocks.iter().any(|block| ["sh", "sql"].contains(&block.language.as_str()));
            if has_commands && !RUN_ELSEWHERE.contains(&heading.as_str()) {
                assert!(tests.contains(&format!("\"{heading}\"")), "{page}: no test opens {heading}");
                count += 1;
            }
        }
    }
    assert!(count >= 20, "{count}");
}

/// By tests of their subjects: `replicas`, `open_sessions`.
const RUN_ELSEWHERE: [&str; 2] = ["Replicas in other regions", "Who still uses the old password"];

/// What `make pair` and `make revoke` alone refuse, of which no function writes a log.
const OPERATOR: [&str; 3] = [
    "such a verifier signs in like the password",
    "exists already, and no name shows",
    "may not look at accounts",
];

/// The texts of the variants of [`rotation::Refusal`], and of what the databases refuse.
#[test]
fn every_refusal_has_a_row_in_troubleshooting() {
    let mut errors = String::new();
    sources(&repository().join("crates/rotation/src"), &mut errors);
    let refusals = between(&errors, "pub enum Refusal {", "\n}");
    let page = read("docs/troubleshooting.md");
    let rows: Vec<_> = first_cells(&page, "Refusals")
        .into_iter()
        .filter_map(|cell| cell.strip_prefix('"')?.strip_suffix('"'))
        .map(|sentence| sentence.split(" ... ").collect::<Vec<_>>())
        .collect();
    let mut missing = Vec::new();
    for variant in refusals.split("#[error(").skip(1) {
        let sentence = variant.split(")]").next().unwrap_or_default().replace('\n', " ");
        // What others write: a database's refusals, and what a clone lacks as proof.
        let is_another = sentence.starts_with("\"{what}") || sentence.starts_with("\"{}; {}");
        if !is_another && !rows.iter().any(|parts| writes(&sentence, parts)) {
            missing.push(sentence);
        }
    }
    let mut databases = String::new();
    sources(&repository().join("crates/databases/src"), &mut databases);
    let mut count = 0;
    for mark in ["Refusal::Database {", " refused("] {
        for (start, _) in databases.match_indices(mark) {
            let text: String = databases[start + mark.len()..].chars().take(600).collect();
            let text = text.replace('\n', " ");
            // A text that was made before has its literal there, and a function's head has none.
            let first = text.split('"').nth(1).unwrap_or_default();
            let is_here =
                text.trim_start().starts_with("format!") || text.trim_start().starts_with("what: format!");
            if !is_here || first.starts_with("{what}") || OPERATOR.iter().any(|words| first.contains(words)) {
                continue;
            }
            count += 1;
            if !rows.iter().any(|parts| writes(&text, parts)) {
                missing.push(first.to_owned());
            }
        }
    }
    assert!(count >= 15, "{count}");
    assert!(missing.is_empty(), "{missing:#?}");
}
