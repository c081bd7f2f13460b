//! The templates that `make package` lays beside the zips: crates/functions/template.py.

use std::process::Command;

use serde_json::{Value, json};
use testbed::environment::repository;

use super::everything;
use super::render::{FUNCTIONS, Rendered, another, pointer, render};

/// The same resources and outputs as template.yaml makes of the parameters, each function from its own zip.
fn assert_same(rendered: &Rendered, expected: &Rendered) {
    assert_eq!(rendered.refused, expected.refused);
    assert_eq!(rendered.outputs, expected.outputs);
    let mut resources = rendered.resources.clone();
    for (id, binary) in FUNCTIONS {
        if let Some(code) = resources.pointer_mut(&format!("/{id}/Properties/Code")) {
            assert_eq!(code, &json!({"S3Bucket": "bucket", "S3Key": format!("{binary}-x86_64.zip")}));
            *code = pointer(&expected.resources, &format!("/{id}/Properties/Code")).clone();
        }
    }
    assert_eq!(resources, expected.resources);
}

#[test]
fn a_package_has_a_template_for_all_zips_and_one_for_each() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let python = repository().join("target/tools/sam/bin/python");
    assert!(python.exists(), "the SAM CLI is missing: `make tools` fetches it into target/tools");
    let mut write = Command::new(python);
    write.arg("crates/functions/template.py").arg("x86_64").arg(folder.path());
    write.args(FUNCTIONS.map(|(_, binary)| binary)).current_dir(repository());
    assert!(write.status().expect("python runs").success());
    let template = |name: &str| folder.path().join(format!("{name}-x86_64.yaml"));

    let with = |parameters: &Value| {
        let mut parameters = parameters.clone();
        parameters["Architecture"] = json!("x86_64");
        parameters
    };
    let sets = [with(&json!({})), with(&everything())];
    for (rendered, expected) in another(&template("template"), &sets).iter().zip(render(sets.clone())) {
        assert_same(rendered, &expected);
    }
    for (id, binary) in FUNCTIONS {
        let parameters = everything();
        let mut own = parameters.as_object().expect("an object").clone();
        own.retain(|name, _| FUNCTIONS.iter().all(|(other, _)| *other == id || !name.starts_with(other)));
        let mut only = own.clone();
        only.extend(FUNCTIONS.map(|(other, _)| (format!("Create{other}"), json!((other == id).to_string()))));
        let [expected] = render([with(&Value::Object(only))]);
        let [rendered] = &another(&template(binary), &[with(&Value::Object(own))])[..] else {
            panic!("one rendering for one set of parameters");
        };
        assert_same(rendered, &expected);
        let text = std::fs::read_to_string(template(binary)).expect("the template");
        for (other, _) in FUNCTIONS.iter().filter(|(other, _)| *other != id) {
            assert!(!text.contains(other), "{binary} mentions {other}");
        }
    }
}
