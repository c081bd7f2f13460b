//! The README and the help are true.

use std::collections::BTreeSet;
use std::process::Command;

const README: &str = include_str!("../README.md");

#[test]
fn the_readme_lists_the_operations_that_exist() {
    let source = include_str!("../src/operations/mod.rs");
    let arm = |line: &str| Some(line.trim().strip_prefix('"')?.split_once("\" =>")?.0.to_owned());
    let exist: BTreeSet<String> = source.lines().filter_map(arm).collect();
    let (_, section) = README.split_once("## Operations").expect("the section");
    let table = section.lines().filter(|line| line.starts_with('|'));
    let table = table.take_while(|line| !line.starts_with("| moto"));
    let listed: Vec<String> = table
        .flat_map(|line| line.split('`').skip(1).step_by(2).map(str::to_owned))
        .filter(|name| name.starts_with(char::is_uppercase))
        .collect();
    let listed_once: BTreeSet<String> = listed.iter().cloned().collect();
    assert!(exist.len() > 20, "{exist:?}");
    assert_eq!(listed_once, exist);
    assert_eq!(listed.len(), exist.len(), "each once");
}

#[test]
fn the_options_and_commands_in_the_readme_exist() {
    let help = |arguments: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_local-aws")).args(arguments).output().expect("help");
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    let all = [help(&["--help"]), help(&["serve", "--help"]), help(&["run", "--help"])].join("\n");
    for option in ["--failing-key", "--attempts", "--pause", "--state"] {
        assert!(README.contains(option) && all.contains(option), "{option}");
    }
}

#[test]
fn the_help_is_enough_to_begin() {
    let out = Command::new(env!("CARGO_BIN_EXE_local-aws")).arg("--help").output().expect("help");
    let help = String::from_utf8_lossy(&out.stdout).into_owned();
    for example in
        ["local-aws run --function", "local-aws serve", "local-aws create app", "local-aws rotate app"]
    {
        assert!(help.contains(example), "{example}: {help}");
    }
}
