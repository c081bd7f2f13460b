//! The statements that an error tells a person to run (`rotation::run_as`), so that a test can run them.

/// One of the remedies that an error prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// Who must run it, as the error says.
    pub who: String,
    /// The statements, to be run in this order in one session.
    pub statements: Vec<String>,
}

/// All remedies in an error, in its order.
#[must_use]
pub fn remedies(message: &str) -> Vec<Remedy> {
    message.split("; then rotate again").filter_map(remedy_at_the_end).collect()
}

/// The statements of the first remedy in an error that `who` runs. Panics if there is none.
#[must_use]
pub fn remedy(message: &str, who: &str) -> Vec<String> {
    let found = remedies(message).into_iter().find(|remedy| remedy.who.starts_with(who));
    found.unwrap_or_else(|| panic!("there is nothing for {who} to run in: {message}")).statements
}

fn remedy_at_the_end(before: &str) -> Option<Remedy> {
    let (text, statements) = before.rsplit_once(" run: ")?;
    let (_, who) = text.rsplit_once(" as ").or_else(|| Some(("", text.strip_prefix("as ")?)))?;
    Some(Remedy { who: who.to_owned(), statements: statements.split("; ").map(str::to_owned).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedies_of_an_error_are_found_as_they_are_printed() {
        let message = format!(
            "a may not; either {}, or {} (it then says more)",
            rotation::run_as("an administrator who has it", &["GRANT x TO y", "GRANT z TO y"]),
            rotation::run_as("the superuser", &["BEGIN", "COMMIT"])
        );
        let [first, second] = &remedies(&message)[..] else { panic!("two: {message}") };
        assert_eq!((first.who.as_str(), first.statements.len()), ("an administrator who has it", 2));
        assert_eq!((second.who.as_str(), second.statements[1].as_str()), ("the superuser", "COMMIT"));
        assert_eq!(remedy(&message, "the superuser"), ["BEGIN", "COMMIT"]);
        assert_eq!(remedies("nothing to run"), []);
    }
}
