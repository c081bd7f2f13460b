//! What is said beside the SQL: what to run, in order.

use std::fmt::Write as _;
use std::path::Path;

use rotation::SecretId;

use super::plan::Plan;
use super::shell::quoted;
use super::stored::{Previous, Stored};

/// The steps for the person, as lines.
pub(crate) fn of(plan: &Plan, stored: &Stored, secret: &SecretId, out: &Path) -> String {
    let (base, clone) = (&plan.alternation.base, &plan.alternation.clone);
    let (secret, out) = (quoted(&secret.0), quoted(&out.display().to_string()));
    let mut lines = Vec::new();
    let mut say = |line: String| lines.push(line);
    say(format!("{clone} is to be the clone of {base} at {}. Nothing was changed.", plan.server.endpoint));
    if let Some(version) = &stored.pending {
        say(format!(
            "Note: AWSPENDING is on {version}: a rotation is not finished; finish it before step 2."
        ));
    }
    for right in &plan.left_out {
        say(format!("Note: {clone} is not given what {base} has: {right}."));
    }
    say(format!(
        "1. As an administrator of that server, run the SQL on standard output, with {}. If it fails, nobody signs in as \
         {clone}: remove {out}, and run this again.",
        plan.client
    ));
    let displaced = match &stored.previous {
        Previous::None => String::new(),
        Previous::Unknown => " A version that has AWSPREVIOUS keeps its value and loses the label.".into(),
        Previous::Version(version, _) => {
            format!(" AWSPREVIOUS is on {version}, which keeps its value and loses the label.")
        }
    };
    say(format!("2. Store the credentials of {clone}, which leaves AWSCURRENT alone.{displaced}"));
    say(format!(
        "   aws secretsmanager put-secret-value --secret-id {secret} --version-stages AWSPREVIOUS --secret-string file://{out}"
    ));
    say("3. Test the pair, without a rotation (a function for alternating users has to be set for the secret, and its log has the \
         result)."
            .into());
    say(format!("   aws secretsmanager rotate-secret --secret-id {secret} --no-rotate-immediately"));
    say(format!("4. Remove the file, which holds the password of {clone}."));
    say(format!("   rm {out}"));
    let mut text = String::new();
    for line in lines {
        // Writing to a text does not fail.
        let _ = writeln!(text, "pair: {line}");
    }
    text
}
