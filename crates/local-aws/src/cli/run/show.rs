//! What `run` prints: at most 100 columns, and coloured only on a terminal and without `NO_COLOR`.

use std::io::Write;

use super::snapshot::{Content, Version};
use super::step_run::StepRun;
use crate::cli::error::CliError;
use crate::cli::print::external;
use crate::{Color, Colors, FunctionErrorKind, Rotation};

/// The longest line, in columns.
pub(super) const WIDTH: usize = 100;
const LABELS: [&str; 3] = ["AWSPREVIOUS", "AWSCURRENT", "AWSPENDING"];
/// The first four characters of a version's id, and a user's name.
const COLUMN: usize = 24;
const ID: usize = 4;

/// A part of what runs, and where.
pub(super) fn part(name: &str, place: &str) -> String {
    fit(&format!("{:28} {}", external(name), external(place)), WIDTH)
}

/// Prints steps as rows of a table, one table for each rotation.
#[derive(Debug)]
pub(super) struct Printer {
    colors: Colors,
    /// How many rotations were asked for; later ones have no such number.
    of: usize,
    /// The rotation and the function of the last row.
    last: Option<(usize, String)>,
}

impl Printer {
    /// For so many rotations, and those that others start.
    pub(super) fn new(colors: Colors, of: usize) -> Self {
        Self { colors, of, last: None }
    }

    pub(super) fn print(&mut self, step: &StepRun, out: &mut impl Write) -> Result<(), CliError> {
        write!(out, "{}", self.rows(step))?;
        out.flush()?;
        Ok(())
    }

    /// Prints why a rotation has failed, unless that is the function's own error, which its step shows.
    pub(super) fn print_end(&self, rotation: &Rotation, out: &mut impl Write) -> Result<(), CliError> {
        let last = rotation.attempts.last().and_then(|attempt| attempt.steps.last());
        if let Some(error) = last.and_then(|step| step.outcome.as_ref().err())
            && error.kind != FunctionErrorKind::ErrorResponse
        {
            write!(out, "{}", self.failed(&error.message))?;
        }
        Ok(())
    }

    fn rows(&mut self, run: &StepRun) -> String {
        let mut text = String::new();
        let last = self.last.replace((run.rotation, run.function.clone()));
        match last {
            Some((rotation, _)) if rotation != run.rotation => text += &self.title(run),
            None => text += &self.title(run),
            Some((_, function)) if function != run.function => {
                text += &format!("  -- from here on {}\n", external(&run.function));
            }
            Some(_) if run.step == "createSecret" => text += "  -- another attempt\n",
            Some(_) => {}
        }
        text += &self.row(run);
        if let Some((error, output)) = &run.failure {
            text += &self.failure(error, output);
        }
        text
    }

    fn title(&self, run: &StepRun) -> String {
        let number = run.rotation + 1;
        let of = if number <= self.of { format!(" of {}", self.of) } else { String::new() };
        let secret = name_in(&run.secret);
        let title =
            format!("{}, secret {}: rotation {number}{of}", external(&run.function), external(secret));
        let labels = LABELS.map(|label| format!("{label:COLUMN$}")).join("  ");
        let head = format!("  {:12}  {:>5}  {}", "step", "took", labels.trim_end());
        let title = self.colors.paint(Color::Bold, &fit(&title, WIDTH));
        format!("\n{title}\n{}\n", self.colors.paint(Color::Grey, &head))
    }

    /// Under each label the version that has it.
    fn row(&self, run: &StepRun) -> String {
        let columns = LABELS.map(|label| {
            let version = run.versions.iter().find(|version| version.labels.iter().any(|has| has == label));
            version.map_or_else(|| format!("{:COLUMN$}", "-"), |version| self.column(version))
        });
        let step = fit(&external(&run.step), 12);
        format!("  {step:12}  {:>5}  {}\n", run.took.as_millis(), columns.join("  ").trim_end())
    }

    fn column(&self, version: &Version) -> String {
        let id: String = external(&version.id).chars().take(ID).collect();
        let (text, color) = match &version.content {
            Content::None => ("no value yet".to_owned(), Color::Grey),
            Content::User(user) => (external(user), Color::Green),
            Content::Other => ("a value".to_owned(), Color::Green),
        };
        let text = fit(&text, COLUMN - ID - 1);
        // Colour codes have no width.
        let blanks = " ".repeat(COLUMN.saturating_sub(id.chars().count() + 1 + text.chars().count()));
        format!("{id} {}{blanks}", self.colors.paint(color, &text))
    }

    fn failure(&self, error: &str, output: &[String]) -> String {
        let mut text = self.failed(error);
        if output.is_empty() {
            return text + "  the function has written nothing in this step\n";
        }
        text += "  the last lines that the function has written in this step:\n";
        for written in output {
            text.extend(wrap(&external(written), "  | ", "  |   ").into_iter().map(|line| line + "\n"));
        }
        text
    }

    fn failed(&self, error: &str) -> String {
        let lines = wrap(&format!("FAILED: {}", external(error)), "  ", "    ");
        lines.iter().map(|line| format!("{}\n", self.colors.paint(Color::Red, line))).collect()
    }
}

/// The name in a secret's ARN, which ends with a hyphen and six characters.
fn name_in(arn: &str) -> &str {
    let name = arn.rsplit(':').next().unwrap_or_default();
    name.rsplit_once('-').map_or(name, |(name, _)| name)
}

/// The text, cut to so many columns.
pub(super) fn fit(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => text.chars().take(width.saturating_sub(2)).chain("..".chars()).collect(),
        false => text.to_owned(),
    }
}

/// Lines of at most 100 columns, broken between words where that is possible.
fn wrap(text: &str, first: &str, next: &str) -> Vec<String> {
    let (mut lines, mut line, mut is_empty) = (Vec::new(), first.to_owned(), true);
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        if !is_empty && line.chars().count() + 1 + word.len() > WIDTH {
            lines.push(std::mem::replace(&mut line, next.to_owned()));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        while line.chars().count() + word.len() > WIDTH {
            let rest = word.split_off(WIDTH - line.chars().count());
            line.extend(std::mem::replace(&mut word, rest));
            lines.push(std::mem::replace(&mut line, next.to_owned()));
        }
        line.extend(word);
        is_empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn version(label: &str, user: &str) -> Version {
        let content = if user.is_empty() { Content::None } else { Content::User(user.to_owned()) };
        Version {
            id: "7792b0f2-0d0e-4d5e-9a3c-8f8f2a9a6f3b".to_owned(),
            labels: vec![label.to_owned()],
            content,
        }
    }

    fn step(step: &str, versions: Vec<Version>) -> StepRun {
        StepRun {
            function: "postgres-single-user".to_owned(),
            secret: "arn:aws:secretsmanager:us-east-1:123456789012:secret:cart-app-a1B2c3".to_owned(),
            rotation: 1,
            step: step.to_owned(),
            took: Duration::from_millis(41),
            versions,
            failure: None,
        }
    }

    #[test]
    fn a_rotation_is_printed_with_its_function_and_secret_and_columns_that_align() {
        let versions = vec![
            version("AWSPREVIOUS", "cart_clone"),
            version("AWSCURRENT", "a_user_of_more_than_nineteen_characters"),
            version("AWSPENDING", ""),
        ];
        let expected = "
postgres-single-user, secret cart-app: rotation 2 of 3
  step           took  AWSPREVIOUS               AWSCURRENT                AWSPENDING
  createSecret     41  7792 cart_clone           7792 a_user_of_more_th..  7792 no value yet
  setSecret        41  -                         -                         7792 no value yet
";
        let rows = |colors| {
            let mut printer = Printer::new(colors, 3);
            printer.rows(&step("createSecret", versions.clone()))
                + &printer.rows(&step("setSecret", versions[2..].to_vec()))
        };
        assert_eq!(rows(Colors::Off), expected);
        let painted = rows(Colors::On);
        assert_ne!(painted, expected);
        let plain = ["1", "32", "90", "0"]
            .iter()
            .fold(painted, |text, code| text.replace(&format!("\x1b[{code}m"), ""));
        assert_eq!(plain, expected, "colours do not move columns");
    }

    #[test]
    fn a_failure_is_red_and_breaks_between_words_where_it_can() {
        let failed = Printer::new(Colors::Off, 1).failure(&"word ".repeat(50), &["x".repeat(250)]);
        let widths: Vec<_> = failed.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [99, 98, 69, 60, 100, 100, 66], "{failed}");
        assert!(Printer::new(Colors::On, 1).failed("x").starts_with("\x1b[31m  FAILED: x"));
    }
}
