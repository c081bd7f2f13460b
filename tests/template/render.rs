//! The template, after SAM's transform and with every function of CloudFormation resolved: tests/tools/render.py.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use testbed::environment::repository;

/// The logical id of each function, and its binary.
pub(super) const FUNCTIONS: [(&str, &str); 5] = [
    ("MySqlAlternatingUsers", "mysql-alternating-users"),
    ("MySqlDualPassword", "mysql-dual-password"),
    ("MySqlSingleUser", "mysql-single-user"),
    ("PostgresAlternatingUsers", "postgres-alternating-users"),
    ("PostgresSingleUser", "postgres-single-user"),
];

/// What one set of parameters comes to.
pub(super) struct Rendered {
    /// What refuses it, in the template's words.
    pub(super) refused: Vec<String>,
    /// By logical id. A reference to a resource is its id, an attribute `Id.Attribute`.
    pub(super) resources: Value,
    pub(super) outputs: Value,
}

impl Rendered {
    /// The ids of all resources of a type.
    pub(super) fn ids(&self, kind: &str) -> BTreeSet<String> {
        let all = self.resources.as_object().expect("resources").iter();
        all.filter(|(_, resource)| resource["Type"] == kind).map(|(id, _)| id.clone()).collect()
    }

    pub(super) fn properties(&self, id: &str) -> &Value {
        pointer(&self.resources, &format!("/{id}/Properties"))
    }
}

/// What is there; panics where nothing is.
pub(super) fn pointer<'a>(value: &'a Value, path: &str) -> &'a Value {
    value.pointer(path).unwrap_or_else(|| panic!("there is no {path}"))
}

/// Renders the template for each set of parameters.
pub(super) fn render<const N: usize>(sets: [Value; N]) -> [Rendered; N] {
    all(&sets).try_into().unwrap_or_else(|_| panic!("as many as were asked for"))
}

/// The same for a list.
pub(super) fn all(sets: &[Value]) -> Vec<Rendered> {
    another("template.yaml".as_ref(), sets)
}

/// The same of another template, by its path.
pub(super) fn another(template: &Path, sets: &[Value]) -> Vec<Rendered> {
    let python = repository().join("target/tools/ministack/bin/python");
    assert!(python.exists(), "the SAM translator is missing: `make tools` fetches it into target/tools");
    let mut render = Command::new(python)
        .arg("tests/tools/render.py")
        .arg(template)
        .current_dir(repository())
        .env("AWS_DEFAULT_REGION", "eu-west-1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python runs");
    let mut input = render.stdin.take().expect("a pipe");
    input.write_all(json!(sets).to_string().as_bytes()).expect("it reads");
    drop(input);
    let output = render.wait_with_output().expect("it ends");
    assert!(output.status.success(), "tests/tools/render.py failed, as it says above");
    let written: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let rendered = written.into_iter().map(|mut one| {
        let refused = serde_json::from_value(one["refused"].take()).expect("sentences");
        Rendered { refused, resources: one["resources"].take(), outputs: one["outputs"].take() }
    });
    rendered.collect()
}
