//! Which function `local-aws run` runs, and how.

use std::fs;
use std::path::Path;

use crate::support::{FUNCTION, Folder};

#[test]
fn a_function_that_is_late_or_too_large_or_does_not_start_fails_as_on_lambda() {
    let folder = Folder::new();
    let late = folder.path("child");
    let late = format!("BEHAVIOUR=hang-with-child {}", late.display());
    folder
        .rotate(&["--timeout", "1", "--env", &late])
        .failed_with("Sandbox.Timedout: Task timed out after 1.00 s");
    folder.rotate(&["--env", "BEHAVIOUR=grow 200"]).failed_with("Runtime.OutOfMemory: ");
    let larger = folder.rotate(&["--env", "BEHAVIOUR=grow 200", "--memory", "512"]);
    larger.failed_with("finishSecret succeeded, but AWSPENDING is still on ");
    let ran = folder.rotate(&["--env", "BEHAVIOUR=not start"]);
    ran.failed_with("Runtime.ExitError: Runtime exited with error: exit status: 1");
    assert!(ran.out.contains("  | cannot start\n"), "{}", ran.out);
}

#[test]
fn a_function_is_a_zip_a_folder_a_program_or_the_newest_of_a_name() {
    let folder = Folder::new();
    folder.zip("shop-rotation-x86_64.zip", &[("bootstrap", 0o755)]);
    folder.program("target/debug/named", "#!/bin/sh\nexit 1\n");
    let package =
        Path::new("target/package").join(if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" });
    let newest = package.join("named/bootstrap").display().to_string();
    folder.program(&newest, FUNCTION);
    let old = fs::File::open(folder.path("target/debug/named")).expect("a file");
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("a file of ours");
    for (function, name, from) in [
        ("shop-rotation-x86_64.zip", "shop-rotation", "shop-rotation-x86_64.zip"),
        ("function", "function", "function/bootstrap"),
        ("function/bootstrap", "function", "function/bootstrap"),
        ("named", "named", newest.as_str()),
    ] {
        let ran = folder.run(&["--function", function, "--secret", "app.json"]);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        let first = ran.out.lines().next().expect("a line");
        assert!(first.starts_with(&format!("{name:28} ")) && first.ends_with(from), "{first}");
    }
    assert!(!folder.left().iter().any(|name| name.starts_with("local-aws")), "{:?}", folder.left());
}

#[test]
fn what_is_no_function_is_refused_with_what_to_do() {
    let folder = Folder::new();
    folder.zip("empty.zip", &[("other", 0o755)]);
    folder.zip("not-executable.zip", &[("bootstrap", 0o644)]);
    fs::write(folder.path("broken.zip"), "no zip").expect("a file");
    fs::write(folder.path("plain"), "no program").expect("a file");
    fs::create_dir(folder.path("folder")).expect("a folder");
    for (arguments, error) in [
        (
            ["--function", "missing"],
            "no function missing: there is no such path, nor target/debug/missing, target/pack",
        ),
        (["--function", "empty.zip"], "empty.zip has no file bootstrap"),
        (["--function", "not-executable.zip"], "bootstrap is not executable: run `chmod +x`"),
        (["--function", "broken.zip"], "cannot unpack broken.zip: "),
        (["--function", "plain"], "plain is not executable: run `chmod +x`"),
        (["--function", "folder"], "folder has no file bootstrap"),
        (["--command", "no-such-program x"], "no program no-such-program: it is neither a path"),
        (["--command", "'a"], "is not a command"),
        (["--command", ""], "is not a command"),
    ] {
        let ran = folder.run(&[&arguments[..], &["--secret", "app.json"]].concat());
        assert_eq!((ran.status, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        assert!(ran.err.contains(error), "{error} in {}", ran.err);
    }
}

#[test]
fn a_command_is_split_as_a_shell_does_it_and_its_last_word_is_the_handler() {
    let folder = Folder::new();
    // Fails with its arguments.
    folder.program(
        "show.py",
        &FUNCTION.replace("return rotate(event)", "raise ValueError(os.environ['_HANDLER'], sys.argv[1:])"),
    );
    let ran = folder.run(&["--command", "python3 show.py 'a b' \"$HOME\" c.d", "--secret", "app.json"]);
    ran.failed_with("ValueError: ('c.d', ['a b', '$HOME', 'c.d'])");
    // In the folder of --function, and in that of a zip.
    folder.zip("package.zip", &[("code.py", 0o644)]);
    folder.program("package/code.py", FUNCTION);
    folder.zip("executable.zip", &[("code.py", 0o755)]);
    for (function, command) in [
        ("package.zip", "python3 code.py x"),
        ("package", "python3 code.py x"),
        ("package", "./code.py x"),
        ("executable.zip", "./code.py x"),
    ] {
        let ran = folder.run(&["--function", function, "--command", command, "--secret", "app.json"]);
        assert_eq!(ran.status, Some(0), "{ran:?}");
    }
}

#[test]
fn a_rotation_that_one_function_began_is_finished_by_the_other_and_back() {
    let folder = Folder::new();
    let ran = folder.rotate(&["--then-command", "python3 function/bootstrap other"]);
    assert_eq!((ran.status, ran.steps().len()), (Some(0), 8), "{ran:?}");
    let marks: Vec<_> = ran
        .out
        .lines()
        .filter_map(|line| {
            line.strip_prefix("  -- from here on ").or(line.split_once(", secret").map(|(name, _)| name))
        })
        .collect();
    assert_eq!(marks, ["function", "other", "other", "function"]);
}

#[test]
fn variables_come_from_a_file_and_from_arguments_which_have_the_last_word() {
    let folder = Folder::new();
    let shows = "raise ValueError(os.environ['A'], os.environ['B'], os.environ['AWS_REGION'])";
    folder.program("function/bootstrap", &FUNCTION.replace("return rotate(event)", shows));
    fs::write(folder.path("variables"), "# why\nA=file\nB=c=d\nAWS_REGION=eu-west-1\n").expect("a file");
    let ran = folder.rotate(&["--env-file", "variables", "--env", "A=argument"]);
    ran.failed_with("ValueError: ('argument', 'c=d', 'eu-west-1')");
}
