//! What `run` reads: variables for the function, and the values of secrets.

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::show::fit;
use crate::Step;
use crate::cli::client::Endpoint;
use crate::cli::error::CliError;
use crate::cli::print::external;

/// A secret that was stored, and what is to be said of that.
pub(super) struct Stored {
    pub(super) name: String,
    pub(super) notes: Vec<String>,
}

/// Stores the superuser's secret, if there is one, and then the secret. A secret of that name that the state file has is
/// left as it is: its password is newer than the one in `secret`.
pub(super) async fn store(
    endpoint: &Endpoint,
    secret: &Path,
    name: Option<&str>,
    superuser: Option<&Path>,
) -> Result<Stored, CliError> {
    let name = name.unwrap_or_else(|| stem(secret)).to_owned();
    if exists(endpoint, &name).await? {
        let note = format!("the state file has the secret {} already: that one is rotated", external(&name));
        return Ok(Stored { name, notes: vec![fit(&note, super::show::WIDTH)] });
    }
    let mut value = read(secret)?;
    let mut notes = Vec::new();
    if let Some(superuser) = superuser {
        let arn = create(endpoint, stem(superuser), &read(superuser)?).await?;
        let mut fields: Json = serde_json::from_str(&value).unwrap_or_default();
        let Some(object) = fields.as_object_mut() else {
            return Err(CliError::NotAnObject { file: secret.display().to_string() });
        };
        notes.push(format!("stored the superuser's secret {}", external(stem(superuser))));
        // A copy of a secret of AWS has an ARN there, which no secret here can have.
        if object.get("masterarn").and_then(Json::as_str) != Some(stem(superuser)) {
            if object.insert("masterarn".to_owned(), json!(arn)).is_some() {
                notes.push("the secret's masterarn was replaced by the ARN of that secret".to_owned());
            }
            value = fields.to_string();
        }
    }
    create(endpoint, &name, &value).await?;
    notes.push(format!("stored the secret {}", external(&name)));
    Ok(Stored { name, notes: notes.iter().map(|note| fit(note, super::show::WIDTH)).collect() })
}

async fn exists(endpoint: &Endpoint, name: &str) -> Result<bool, CliError> {
    match endpoint.call("DescribeSecret", &json!({"SecretId": name})).await {
        Ok(_) => Ok(true),
        Err(CliError::Refused { code, .. }) if code == "ResourceNotFoundException" => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns the ARN.
async fn create(endpoint: &Endpoint, name: &str, value: &str) -> Result<String, CliError> {
    let token = uuid::Uuid::new_v4().to_string();
    let request = json!({"Name": name, "ClientRequestToken": token, "SecretString": value});
    let response = endpoint.call("CreateSecret", &request).await?;
    Ok(response["ARN"].as_str().unwrap_or_default().to_owned())
}

fn read(file: &Path) -> Result<String, CliError> {
    let value = fs::read_to_string(file);
    let value = value.map_err(|source| CliError::Read { what: file.display().to_string(), source })?;
    // The line end that editors add is not part of the value.
    Ok(value.trim_end_matches(['\r', '\n']).to_owned())
}

/// A file's name without its ending and the architecture of a package; of a `bootstrap` the name of its folder.
pub(super) fn stem(file: &Path) -> &str {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    match (stem, file.parent()) {
        ("bootstrap", Some(folder)) if !folder.as_os_str().is_empty() => stem_of_folder(folder),
        _ => stem.strip_suffix("-x86_64").or_else(|| stem.strip_suffix("-arm64")).unwrap_or(stem),
    }
}

fn stem_of_folder(folder: &Path) -> &str {
    folder.file_name().and_then(|name| name.to_str()).unwrap_or("function")
}

/// The variables in a file.
pub(super) fn variables(file: &Path) -> Result<Vec<(String, String)>, CliError> {
    let name = file.display().to_string();
    let text =
        fs::read_to_string(file).map_err(|source| CliError::Settings { file: name.clone(), source })?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#'));
    // Without the line, which may hold a password.
    let malformed = |line| CliError::Setting { file: name.clone(), line };
    lines.map(|(line, number)| key_and_value(line).map_err(|_| malformed(number))).collect()
}

/// Reads `KEY=VALUE`; the value may contain equals signs.
pub(super) fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !key.contains(char::is_whitespace) => {
            Ok((key.to_owned(), value.to_owned()))
        }
        Some(_) | None => Err("a variable has the form KEY=VALUE".to_owned()),
    }
}

/// Reads a step by the name that it has in an event.
pub(super) fn step(text: &str) -> Result<Step, String> {
    let names = Step::ALL.map(Step::name).join(", ");
    let known = Step::ALL.into_iter().find(|step| step.name() == text);
    known.ok_or_else(|| format!("the steps are {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_and_a_secret_are_named_after_their_file() {
        for (file, name) in [
            ("app.json", "app"),
            ("/a/app", "app"),
            ("dist/mysql-single-user-x86_64.zip", "mysql-single-user"),
            ("dist/mysql-single-user-arm64.zip", "mysql-single-user"),
            ("target/package/x86_64/mysql-single-user/bootstrap", "mysql-single-user"),
            ("bootstrap", "bootstrap"),
            ("postgres-single-user", "postgres-single-user"),
        ] {
            assert_eq!(stem(Path::new(file)), name, "{file}");
        }
    }

    #[test]
    fn variables_are_read_as_they_are_and_comments_are_skipped() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), "# why\n\nA=b=c # no comment\nQUOTED=\"x\"\nEMPTY=\n").expect("a file");
        let read = variables(file.path()).expect("variables");
        let read: Vec<_> = read.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(read, [("A", "b=c # no comment"), ("QUOTED", "\"x\""), ("EMPTY", "")]);
    }

    #[test]
    fn a_line_that_is_no_variable_is_named_by_its_number_alone() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        for line in ["hunter2", "=hunter2", "export A=hunter2"] {
            fs::write(file.path(), format!("A=b\n{line}\n")).expect("a file");
            let error = variables(file.path()).expect_err("an error").to_string();
            assert!(error.contains("line 2") && !error.contains("hunter2"), "{error}");
        }
    }
}
