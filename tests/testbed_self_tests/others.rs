//! What other users of this machine can read, and which files a server's administrator can reach. Run as root, the
//! tests check all of it; run as another user, what does not need a second user.

use std::{
    fs::{self, Permissions},
    net::Ipv4Addr,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use testbed::{
    MiniStack, MySql, Postgres, PostgresOptions, Server,
    environment::repository,
    mysql::{number, run},
    mysql_versions, postgres, postgres_versions, private,
};

use super::user;

/// MySQL's and MariaDB's `ER_OPTION_PREVENTS_STATEMENT`: here by --secure-file-priv.
const PREVENTED: Option<u16> = Some(1290);
const NOBODY: u32 = 65534;
/// A user that runs neither tests nor servers.
const STRANGER: u32 = 65533;

fn servers_user() -> u32 {
    if user() == 0 { NOBODY } else { user() }
}

/// The name and the folder of each database server.
async fn databases() -> Vec<(String, PathBuf)> {
    let mut folders = Vec::new();
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        folders.push((server.name(), server.folder()));
    }
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        folders.push((server.name(), server.folder()));
    }
    folders
}

#[tokio::test(flavor = "multi_thread")]
async fn no_server_runs_as_root_or_listens_on_more_than_loopback() {
    // It runs the functions that it is sent.
    let ministack = MiniStack::start().await;
    let mut servers = databases().await;
    servers.push(("MiniStack".into(), ministack.path("").into()));
    for (server, folder) in servers {
        let processes = processes(&folder);
        let mut listening = Vec::new();
        for process in processes {
            // PostgreSQL's come and go.
            let Ok(status) = fs::read_to_string(process.join("status")) else { continue };
            let ids = |field: &str| -> Vec<u32> {
                let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("proc(5)");
                line.split_whitespace().map(|id| id.parse().expect("a number")).collect()
            };
            assert_eq!(ids("Uid:"), [servers_user(); 4], "{server}");
            if user() == 0 {
                assert_eq!((ids("Gid:"), ids("Groups:")), (vec![NOBODY; 4], vec![]), "{server}");
            }
            listening.extend(listens_on(&process));
        }
        assert!(!listening.is_empty(), "{server}: it listens somewhere");
        assert!(listening.iter().all(|address| address.is_loopback()), "{server}: {listening:?}");
    }
}

/// The folders in /proc of all processes whose standard output is the lock of a server's folder, without the shell that
/// waits for the server.
fn processes(folder: &Path) -> Vec<PathBuf> {
    let (lock, proc) = (folder.join("lock"), entries(Path::new("/proc")));
    let holds = |process: &PathBuf| fs::read_link(process.join("fd/1")).is_ok_and(|file| file == lock);
    let is_shell =
        |process: &PathBuf| fs::read_to_string(process.join("comm")).is_ok_and(|name| name == "sh\n");
    proc.into_iter().filter(|process| holds(process) && !is_shell(process)).collect()
}

/// The IPv4 addresses that a process listens on (proc(5), /proc/net/tcp). An IPv6 address is returned as 0.0.0.0.
fn listens_on(process: &Path) -> Vec<Ipv4Addr> {
    let open = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    let sockets: Vec<_> = open.flat_map(|file| fs::read_link(file.path())).collect();
    let listening = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_listening = words[3] == "0A";
        let is_its = sockets.contains(&format!("socket:[{}]", words[9]).into());
        (is_listening && is_its).then(|| words[1].split_once(':').expect("address and port").0.to_owned())
    };
    let tables =
        ["tcp", "tcp6"].map(|table| fs::read_to_string(format!("/proc/net/{table}")).expect("a table"));
    let addresses = tables.iter().flat_map(|table| table.lines().skip(1)).filter_map(listening);
    // The kernel prints the address in network order as one native integer.
    let address = |hex: String| {
        u32::from_str_radix(&hex, 16).map_or(Ipv4Addr::UNSPECIFIED, |of| of.to_ne_bytes().into())
    };
    addresses.map(address).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_of_a_server_is_closed_to_all_but_us_and_its_user() {
    for (server, folder) in databases().await {
        let pass = if user() == 0 { 0o710 } else { 0o700 };
        assert_eq!((owner(&folder), mode(&folder)), (user(), pass), "{server}");
        for path in entries(&folder) {
            let name = path.file_name().unwrap().to_str().unwrap();
            let (expected, whose) = match name {
                "server" => (0o700, servers_user()),
                "files" => (0o500, user()),
                "server.key" | "server.pem" | "general.log" | "postgresql.conf" | "pg_hba.conf" => {
                    (0o600, servers_user())
                }
                _ => (0o600, user()),
            };
            assert_eq!((mode(&path), owner(&path)), (expected, whose), "{server}: {name}");
        }
        // We read them, so they must not be where the server's user could put a FIFO or a link in their place.
        let logs: &[&str] = if server.starts_with("postgres") { &["log"] } else { &["log", "general.log"] };
        assert!(logs.iter().all(|log| folder.join(log).is_file()), "{server}");
        if user() == 0 {
            assert!(may(NOBODY, "-x", &folder), "{server}: its user may pass");
            assert!(!may(NOBODY, "-r", &folder) && !may(NOBODY, "-w", &folder), "{server}: and no more");
            assert!(!may(STRANGER, "-x", &folder), "{server}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_and_their_passwords_are_closed_to_other_users() {
    databases().await;
    let templates = repository().join("target/testbed");
    assert_eq!(mode(&templates), 0o700);
    let mut passwords = 0;
    for template in entries(&templates).into_iter().filter(|path| path.is_dir()) {
        assert_eq!(mode(&template), 0o700, "{}", template.display());
        let password = template.join("password");
        if password.exists() {
            assert_eq!((mode(&password), owner(&password)), (0o600, user()), "{}", password.display());
            assert!(user() != 0 || !may(NOBODY, "-r", &password) && !may(STRANGER, "-r", &password));
            passwords += 1;
        }
    }
    assert!(passwords >= postgres_versions().len() + mysql_versions().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_the_folder_of_a_servers_user_does_not_lead_root_to_a_file() {
    if user() != 0 {
        return; // The folder is our own.
    }
    let server = Postgres::start(postgres_versions()[0], PostgresOptions::default()).await;
    let folder = server.folder();
    server.stop();
    let roots = private::temporary_folder(&std::env::temp_dir(), "of-root-");
    let file = roots.path().join("new");
    symlink(&file, folder.join("server/data/standby.signal")).unwrap();
    let start = tokio::spawn(async move { server.start_as_standby().await });
    assert!(start.await.is_err(), "its user may not create that file");
    assert!(!file.exists());
    // Its lock is free: another run that starts now removes it as well.
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn a_private_file_replaces_what_was_there_and_follows_no_link() {
    let folder = tempfile::tempdir().unwrap();
    let (elsewhere, link, open) =
        (folder.path().join("elsewhere"), folder.path().join("link"), folder.path().join("open"));
    fs::write(&elsewhere, "of another").unwrap();
    symlink(&elsewhere, &link).unwrap();
    fs::write(&open, "for all").unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o644)).unwrap();
    let held = fs::File::open(&open).unwrap();
    for path in [&link, &open] {
        private::write(path, "secret");
        assert_eq!((mode(path), fs::read_to_string(path).unwrap()), (0o600, "secret".to_owned()));
    }
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "of another");
    assert_eq!(std::io::read_to_string(held).unwrap(), "for all");
    private::folder(&folder.path().join("of/ours"));
    assert_eq!(mode(&folder.path().join("of/ours")), 0o700);
    assert_eq!(mode(private::temporary_folder(folder.path(), "new-").path()), 0o700);
}

/// Not even by its root user.
#[tokio::test(flavor = "multi_thread")]
async fn mysql_and_mariadb_import_and_export_no_files() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let mut root = server.root_session().await;
        for folder in [std::env::temp_dir(), "/tmp".into(), "/".into(), server.folder()] {
            let file = unique(&folder);
            let export = format!("SELECT 'x' INTO OUTFILE '{}'", file.display());
            let result = run(&mut root, &export).await;
            assert!(fs::remove_file(&file).is_err(), "{version} has written {}", file.display());
            let refused = result.expect_err("it writes no file");
            assert_eq!(number(&refused), PREVENTED, "{version}: {refused}");
        }
        // All users can read that file.
        let read = run(&mut root, "SELECT LOAD_FILE('/etc/passwd')").await.unwrap();
        assert_eq!(read, [""], "{version}");
        let load =
            "CREATE TEMPORARY TABLE mysql.t (t TEXT); LOAD DATA INFILE '/etc/passwd' INTO TABLE mysql.t";
        let refused = run(&mut root, load).await.expect_err("it reads no file");
        assert_eq!(number(&refused), PREVENTED, "{version}: {refused}");
        let allowed = run(&mut root, "SELECT @@secure_file_priv").await.unwrap().concat();
        assert_eq!(allowed == "NULL", !version.is_mariadb(), "{version}: {allowed}");
        if version.is_mariadb() {
            let file = unique(Path::new(&allowed));
            let export = format!("SELECT 'x' INTO OUTFILE '{}'", file.display());
            let refused = run(&mut root, &export).await.expect_err("it writes no file").to_string();
            assert!(refused.contains("Permission denied"), "{version}: {refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mysql_and_mariadb_cannot_log_to_a_file_that_only_root_may_write() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let mut root = server.root_session().await;
        for variable in ["general_log_file", "slow_query_log_file"] {
            for file in roots_places(&server.folder()) {
                let set = format!("SET GLOBAL {variable} = '{}'", file.display());
                let result = run(&mut root, &set).await;
                let written = fs::remove_file(&file).is_ok();
                assert!(result.is_err() && !written, "{version}: {set}: {result:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_cannot_write_a_file_that_only_root_may_write() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let mut root = server.sign_in(&server.root(), "postgres").await.unwrap();
        for file in roots_places(&server.folder()) {
            let by_itself = format!("COPY (SELECT 'x') TO '{}'", file.display());
            let by_a_program = format!("COPY (SELECT 'x') TO PROGRAM 'cat >{}'", file.display());
            for copy in [by_itself, by_a_program] {
                let result = postgres::run(&mut root, &copy).await;
                let written = fs::remove_file(&file).is_ok();
                assert!(result.is_err() && !written, "{version}: {copy}: {result:?}");
            }
        }
    }
}

/// Files that root could create and the servers' user cannot.
fn roots_places(folder: &Path) -> Vec<PathBuf> {
    let folders: &[&Path] = if user() == 0 { &[Path::new("/"), folder] } else { &[Path::new("/")] };
    folders.iter().map(|folder| unique(folder)).collect()
}

fn unique(folder: &Path) -> PathBuf {
    folder.join(format!("rotation-test-planted-{}", uuid::Uuid::new_v4().simple()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").permissions().mode() & 0o7777
}

fn owner(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").uid()
}

/// Whether a user has a permission on a path: `-r`, `-w` or `-x`, as in test(1). Needs root.
fn may(user: u32, what: &str, path: &Path) -> bool {
    let mut test = Command::new("setpriv");
    test.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups", "test", what]);
    test.arg(path).stderr(Stdio::null()).status().expect("setpriv runs").success()
}
