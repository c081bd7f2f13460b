//! Servers that another process starts: what is left of them, and what must not keep it from starting them.

use std::{
    fs::{self, File, Permissions},
    io::{BufRead, BufReader},
    net::TcpStream,
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use testbed::{
    MySql, MySqlOptions, Postgres, PostgresOptions,
    environment::{mysql_programs, postgres_programs, repository},
    mysql_versions, postgres_versions, private,
};

use super::{eventually, user};

/// A test that is run as a program of its own, by the others.
const WITH_SERVERS: &str = "testbed_self_tests::processes::a_process_with_servers";

#[tokio::test]
#[ignore = "the other half of the next tests, which kill it"]
async fn a_process_with_servers() {
    let postgres = Postgres::start(postgres_versions()[0], PostgresOptions::default()).await;
    eprintln!("STARTED {} {}", postgres.port(), postgres.folder().display());
    let mysql = MySql::start(mysql_versions()[0], MySqlOptions::default()).await;
    eprintln!("STARTED {} {}", mysql.port(), mysql.folder().display());
    std::future::pending::<()>().await;
}

/// Another process with a PostgreSQL and a MySQL or MariaDB. Dropping the value kills it.
struct Process {
    child: Child,
    /// The address and the folder of each.
    servers: Vec<(String, PathBuf)>,
}

impl Process {
    fn start(variables: &[(&str, &Path)]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("a path"));
        command.args(["--exact", "--ignored", "--nocapture", WITH_SERVERS]);
        command.envs(variables.iter().copied()).stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().expect("this program runs");
        let (send, lines) = mpsc::channel();
        let said = BufReader::new(child.stderr.take().expect("a pipe"));
        std::thread::spawn(move || said.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        let (mut process, mut said) = (Self { child, servers: Vec::new() }, String::new());
        while process.servers.len() < 2 {
            let line = lines.recv_timeout(Duration::from_secs(60));
            let line = line.unwrap_or_else(|_| panic!("it does not start:\n{said}"));
            if let Some((port, folder)) =
                line.strip_prefix("STARTED ").and_then(|server| server.split_once(' '))
            {
                process.servers.push((format!("127.0.0.1:{port}"), folder.into()));
            }
            said += &(line + "\n");
        }
        process
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().expect("it is our child"); // SIGKILL
        self.child.wait().expect("it is our child");
    }
}

#[test]
fn a_killed_process_leaves_neither_a_server_nor_a_folder() {
    let process = Process::start(&[]);
    let servers = process.servers.clone();
    for (address, folder) in &servers {
        assert!(TcpStream::connect(address).is_ok() && folder.exists());
    }
    drop(process);
    for (address, folder) in &servers {
        eventually("the server is gone", || TcpStream::connect(address).is_err());
        eventually("the folder is gone", || !folder.exists());
    }
}

/// All users may write in the temporary folder.
#[test]
fn what_others_put_into_the_temporary_folder_blocks_no_start_and_is_not_removed() {
    let temporary = tempfile::tempdir().unwrap();
    fs::set_permissions(temporary.path(), Permissions::from_mode(0o1777)).unwrap();
    let plant = |name: &str| {
        let folder = temporary.path().join(format!("rotation-test-{}-{name}", user()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        folder
    };
    let unlocked = |folder: &Path| {
        File::create(folder.join("lock")).unwrap();
        fs::set_permissions(folder.join("lock"), Permissions::from_mode(0o644)).unwrap();
    };
    let left_behind = plant("left-behind");
    unlocked(&left_behind);
    let mut stay = Vec::new();

    let with_fifo = plant("fifo");
    fifo(&with_fifo.join("lock"));
    stay.push(with_fifo);

    // Others could replace its lock by a FIFO after it was looked at.
    let open_to_all = plant("open");
    unlocked(&open_to_all);
    fs::set_permissions(&open_to_all, Permissions::from_mode(0o777)).unwrap();
    stay.push(open_to_all);

    let elsewhere = tempfile::tempdir().unwrap();
    unlocked(elsewhere.path());
    let link = temporary.path().join(format!("rotation-test-{}-link", user()));
    symlink(elsewhere.path(), &link).unwrap();
    stay.extend([link, elsewhere.path().join("lock")]);

    // Only root can give files to another user.
    if user() == 0 {
        let of_another = plant("of-another");
        unlocked(&of_another);
        let with_anothers_fifo = plant("fifo-of-another");
        fifo(&with_anothers_fifo.join("lock"));
        for path in [&of_another, &with_anothers_fifo] {
            chown(path.join("lock"), Some(1), Some(1)).unwrap();
            chown(path, Some(1), Some(1)).unwrap();
        }
        stay.extend([of_another, with_anothers_fifo]);
    }

    let process = Process::start(&[("TMPDIR", temporary.path())]);
    assert!(!left_behind.exists(), "this one was ours");
    for path in stay {
        assert!(path.symlink_metadata().is_ok(), "{} is gone", path.display());
    }
    let servers = process.servers.clone();
    drop(process);
    for (_, folder) in servers {
        eventually("the folder is gone", || !folder.exists());
    }
}

/// Such as a clone in root's home folder.
#[test]
fn servers_start_whose_programs_are_in_a_folder_that_only_we_may_enter() {
    let closed = private::temporary_folder(&repository().join("target"), ".closed-");
    let (postgres, mysql) = (postgres_versions()[0], mysql_versions()[0]);
    let programs = [
        (format!("postgres-{postgres}"), postgres_programs(postgres)),
        (mysql.to_string(), mysql_programs(mysql)),
    ];
    let mut variables = Vec::new();
    for (name, programs) in programs {
        let copied = closed.path().join(&name);
        // Links to files of somebody else's may be refused.
        let copies = ["-al", "-a"].iter().any(|how| {
            let _ = fs::remove_dir_all(&copied);
            Command::new("cp").arg(how).args([&programs, &copied]).output().unwrap().status.success()
        });
        assert!(copies, "{name}");
        variables.push((format!("TESTBED_{}", name.to_uppercase().replace(['-', '.'], "_")), copied));
    }
    let variables: Vec<(&str, &Path)> =
        variables.iter().map(|(name, folder)| (name.as_str(), folder.as_path())).collect();
    let temporary = tempfile::tempdir().unwrap();
    fs::set_permissions(temporary.path(), Permissions::from_mode(0o711)).unwrap();
    let process = Process::start(&[&variables[..], &[("TMPDIR", temporary.path())]].concat());
    for (address, _) in &process.servers {
        assert!(TcpStream::connect(address).is_ok());
    }
    drop(process);
    // The copies of the programs as well.
    eventually("nothing is left", || fs::read_dir(temporary.path()).unwrap().next().is_none());
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg("--mode=644").arg(path).status().expect("mkfifo runs").success());
}
