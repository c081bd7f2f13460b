//! What the demo prints: at most 100 columns, and coloured only on a terminal and without `NO_COLOR`.

use std::time::Duration;

use local_aws::{Color, Colors};
use testbed::environment::no_color;

use crate::{scenarios::Scenario, version::Version};

/// Printed once, before the first rotation.
pub(crate) const LEGEND: &str = "\
How to read this: a rotation is four steps. After each step the demo signs in to the database with
every version of the secret, and prints a line:
  step    the step that the function has run
  took    how long that took, in ms; a function's first step waits until the function is built
  AWSPREVIOUS, AWSCURRENT, AWSPENDING
          the version that has this label: the first four characters of its id, its database user,
          and whether the database accepts its user and password now (\"signs in\" or \"refused\")
Two things look like faults, and are none:
  - \"refused\" is expected for AWSPENDING before setSecret, for AWSPREVIOUS after it, and with a
    single user, which has one password at a time, for AWSCURRENT from setSecret to finishSecret.
    With the other strategies AWSCURRENT always signs in; the demo reports a failure if it does not.
  - AWSPENDING stays on the version that has become AWSCURRENT: Secrets Manager leaves it there.";

/// Printed at the end, if all went well.
pub(crate) const NEXT: &str = "\
What to try next:
  make test               run all tests
  make demo DEMO=--keep   keep the servers running, and run single steps with cargo lambda invoke
  docs/deploying.md       deploy the functions to AWS";

const LABELS: [&str; 3] = ["AWSPREVIOUS", "AWSCURRENT", "AWSPENDING"];
/// A version's id in short, the longest user of a scenario, and whether it signs in.
const COLUMN: usize = "1a2b news_clone signs in".len();

fn wanted() -> Colors {
    Colors::wanted(no_color().then_some("1"))
}

/// A part of the environment, and its address.
pub(crate) fn part(name: &str, address: &str) -> String {
    format!("{name:28} {address}")
}

/// The title of a rotation, and the head of its table.
pub(crate) fn title(scenario: &Scenario, server: &str, number: usize, of: usize) -> String {
    title_in(wanted(), scenario, server, number, of)
}

fn title_in(colors: Colors, scenario: &Scenario, server: &str, number: usize, of: usize) -> String {
    let (function, secret) = (scenario.function, scenario.application);
    let title = format!("{function} on {server}, secret {secret}: rotation {number} of {of}");
    let labels = LABELS.map(|label| format!("{label:COLUMN$}")).join("  ");
    let head = format!("  {:12}  {:>5}  {}", "step", "took", labels.trim_end());
    format!("{}\n{}", colors.paint(Color::Bold, &title), colors.paint(Color::Grey, &head))
}

/// The line of a step: under each label the version that has it.
pub(crate) fn step(step: &str, took: Duration, versions: &[Version]) -> String {
    step_in(wanted(), step, took, versions)
}

fn step_in(colors: Colors, step: &str, took: Duration, versions: &[Version]) -> String {
    let columns = LABELS.map(|label| {
        let version = versions.iter().find(|version| version.has(label));
        version.map_or_else(|| padded("-", "-".to_owned()), |version| column(colors, version))
    });
    format!("  {step:12}  {:>5}  {}", took.as_millis(), columns.join("  ").trim_end())
}

fn column(colors: Colors, version: &Version) -> String {
    let id = version.id.get(..4).unwrap_or(&version.id);
    let (user, state, color) = match (&version.user, version.signs_in) {
        (None, _) => ("", "no value yet", Color::Grey),
        (Some(user), true) => (user.as_str(), "signs in", Color::Green),
        (Some(user), false) => (user.as_str(), "refused", Color::Grey),
    };
    let before = if user.is_empty() { id.to_owned() } else { format!("{id} {user}") };
    padded(&format!("{before} {state}"), format!("{before} {}", colors.paint(color, state)))
}

/// The painted text, padded to the width of a column as if it were plain: colour codes have no width.
fn padded(plain: &str, painted: String) -> String {
    painted + &" ".repeat(COLUMN.saturating_sub(plain.chars().count()))
}

/// A line for each problem of a rotation, and where to look.
pub(crate) fn problems(problems: &[String]) -> String {
    let colors = wanted();
    let line = |problem: &String| format!("  {}\n", colors.paint(Color::Red, &format!("FAILED: {problem}")));
    let mut lines: String = problems.iter().map(line).collect();
    if !problems.is_empty() {
        lines += "  the log of the functions: target/demo/functions.log\n";
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::SCENARIOS;

    const WIDTH: usize = 100;

    fn version(label: &str, user: &str, signs_in: bool) -> Version {
        let (id, labels) = ("7792b0f2-0d0e-4d5e-9a3c-8f8f2a9a6f3b".to_owned(), vec![label.to_owned()]);
        Version { id, labels, user: (!user.is_empty()).then(|| user.to_owned()), signs_in }
    }

    #[test]
    fn every_line_fits_one_hundred_columns() {
        let mut text = vec![LEGEND.to_owned(), NEXT.to_owned()];
        text.push(part("local-aws (Secrets Manager)", "http://127.0.0.1:65535"));
        for scenario in &SCENARIOS {
            let user = format!("{}_clone", scenario.application);
            let user =
                if scenario.function.ends_with("alternating-users") { &user } else { scenario.application };
            let versions = LABELS.map(|label| version(label, user, true));
            text.push(title_in(Colors::Off, scenario, "postgres-18", 3, 3));
            text.push(step_in(Colors::Off, "createSecret", Duration::from_millis(59_999), &versions));
        }
        for line in text.iter().flat_map(|text| text.lines()) {
            assert!(line.chars().count() <= WIDTH, "{} columns: {line}", line.chars().count());
        }
    }

    #[test]
    fn a_rotation_is_printed_with_its_function_and_server_and_columns_that_align() {
        let title = title_in(Colors::Off, &SCENARIOS[1], "postgres-18", 2, 3);
        let versions = [
            version("AWSPREVIOUS", "cart_clone", false),
            version("AWSCURRENT", "cart", true),
            version("AWSPENDING", "", false),
        ];
        let first = step_in(Colors::Off, "createSecret", Duration::from_millis(41), &versions);
        let second = step_in(Colors::Off, "setSecret", Duration::from_millis(1_234), &versions[1..2]);
        let expected = "\
postgres-alternating-users on postgres-18, secret cart: rotation 2 of 3
  step           took  AWSPREVIOUS               AWSCURRENT                AWSPENDING
  createSecret     41  7792 cart_clone refused   7792 cart signs in        7792 no value yet
  setSecret      1234  -                         7792 cart signs in        -";
        assert_eq!(format!("{title}\n{first}\n{second}"), expected);
    }

    #[test]
    fn colours_do_not_move_columns() {
        let versions = LABELS.map(|label| version(label, "shop", true));
        let [plain, painted] =
            [Colors::Off, Colors::On].map(|colors| step_in(colors, "testSecret", Duration::ZERO, &versions));
        let stripped = painted.replace("\x1b[32m", "").replace("\x1b[0m", "");
        assert_ne!(painted, plain);
        assert_eq!(stripped, plain);
    }
}
