//! `tests/tools/import-circles.py`, by which `make check` finds files that import each other in a circle.

use std::process::Output;

use crate::support::run_on_files;

/// Runs the script on a crate with these sources.
fn check(sources: &[(&str, &str)]) -> Output {
    let files: Vec<_> = sources.iter().map(|(name, text)| (format!("src/{name}"), *text)).collect();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    run_on_files("import-circles.py", &files)
}

fn assert_circle(files: &[(&str, &str)], members: &[&str]) {
    let output = check(files);
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{files:?}");
    for member in members {
        assert!(printed.contains(&format!("src/{member} imports ")), "{printed}");
    }
}

#[test]
fn a_circle_of_imports_fails_the_check_and_its_files_are_named() {
    let (a, b) =
        (("a.rs", "use crate::b::{B, C as D};\npub struct A;"), ("b.rs", "use super::a::A;\npub struct B;"));
    assert_circle(&[("lib.rs", "mod a;\nmod b;"), a, b], &["a.rs", "b.rs"]);
    let a = ("a/mod.rs", "mod inner;\nuse inner::Inner;\npub struct A;");
    let inner = ("a/inner.rs", "use super::A;\npub struct Inner;");
    assert_circle(&[("lib.rs", "mod a;"), a, inner], &["a/mod.rs", "a/inner.rs"]);
    // By way of a re-export.
    let a = ("a.rs", "use crate::B;\npub struct A;");
    assert_circle(&[("lib.rs", "mod a;\nmod b;\npub use b::B;"), a, b], &["a.rs", "b.rs"]);
    let test = ("a.rs", "pub struct A;\n#[cfg(test)]\nmod tests {\n    use super::super::b::B;\n}");
    assert_circle(&[("lib.rs", "mod a;\nmod b;"), test, b], &["a.rs", "b.rs"]);
}

#[test]
fn imports_without_a_circle_pass_the_check() {
    let lib = ("lib.rs", "mod a;\nmod b;\npub use a::A;\npub use b::B;");
    let a = ("a.rs", "// use crate::B;\npub struct A;\n#[cfg(test)]\nmod tests {\n    use super::*;\n}");
    let b = (
        "b.rs",
        "use std::fmt;\nuse crate::A;\npub const TEXT: &str = \"use crate::a::A; {\";\npub struct B;",
    );
    let output = check(&[lib, a, b]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
