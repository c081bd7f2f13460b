//! Making a server's folder, starting the server in it, and waiting until it answers.

use std::{
    fmt::{self, Write},
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::Mutex,
    time::{Duration, Instant},
};

use super::{PostgresOptions, log::LINE_PREFIX};
use crate::{
    authority,
    environment::{postgres_programs, repository},
    folder::{Folder, as_server_user, copy, server_user_prefix, user},
    tether::{Stop, tethered},
};

/// Long enough for a busy machine; a start takes 0.1 s.
const START: Duration = Duration::from_secs(30);

/// A server's process and folder.
pub(super) struct Server {
    pub(super) port: u16,
    pub(super) root_password: String,
    folder: Folder,
    programs: PathBuf,
    /// The server lives as long as this process's end of the pipe to its shell.
    shell: Mutex<Child>,
}

impl Server {
    pub(super) async fn start(version: u16, options: &PostgresOptions<'_>) -> Self {
        let programs = postgres_programs(version);
        let program = path(&programs.join("bin/postgres")).to_owned();
        crate::tried::note_if_untried(&format!("postgres-{version}"), &[program]);
        let folder = Folder::new();
        let programs = reachable(&programs, &folder.path);
        let template = template(version, &programs);
        copy(&template.join("data"), &folder.path.join("data"));
        let root_password = fs::read_to_string(template.join("password")).expect("the template's password");
        configure(&folder, options);
        if options.is_standby {
            folder.write("data/standby.signal", "");
        }
        let port = free_port();
        let shell = Mutex::new(spawn(&folder, &programs, port));
        let server = Self { port, root_password, folder, programs, shell };
        server.wait_until_it_listens().await;
        server
    }

    /// By a fast shutdown, which ends the sessions. Returns when it is over.
    pub(super) fn stop(&self) {
        self.folder.stop(&mut self.shell.lock().expect("nobody panics here"));
    }

    /// After a stop, at the same port; returns when it listens.
    pub(super) async fn start_again(&self) {
        *self.shell.lock().expect("nobody panics here") = spawn(&self.folder, &self.programs, self.port);
        self.wait_until_it_listens().await;
    }

    /// The same as a standby, this once.
    pub(super) async fn start_as_standby(&self) {
        let signal = self.folder.write("data/standby.signal", "");
        *self.shell.lock().expect("nobody panics here") = spawn(&self.folder, &self.programs, self.port);
        self.wait_for("entering standby mode").await;
        fs::remove_file(signal).expect("the server has read it");
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder.path
    }

    async fn wait_until_it_listens(&self) {
        // A standby is ready to accept read-only ("read only" before 14) connections.
        self.wait_for("database system is ready to accept").await;
    }

    async fn wait_for(&self, line: &str) {
        let deadline = Instant::now() + START;
        loop {
            let log = fs::read_to_string(self.folder.path.join("log")).unwrap_or_default();
            if log.contains(line) {
                return;
            }
            let ended = self.shell.lock().expect("nobody panics here").try_wait();
            let ended = ended.expect("the shell is our child").is_some();
            assert!(!ended && Instant::now() < deadline, "PostgreSQL does not start:\n{log}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its shell stops it and removes the folder.
        drop(self.shell.get_mut().expect("nobody panics here").stdin.take());
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.port)
    }
}

/// Where the server's user can run the programs: where they are, or in a copy if a folder above them is closed to it.
fn reachable(programs: &Path, folder: &Path) -> PathBuf {
    let may_run = |programs: &Path| {
        let mut test = as_server_user("test");
        test.arg("-x").arg(programs.join("bin/postgres")).status().is_ok_and(|status| status.success())
    };
    if may_run(programs) {
        return programs.to_owned();
    }
    let copied = folder.join("programs");
    let links = Command::new("cp").arg("-al").args([programs, &copied]).output();
    if !links.is_ok_and(|output| output.status.success()) {
        // Another file system.
        let _ = fs::remove_dir_all(&copied);
        copy(programs, &copied);
    }
    assert!(
        may_run(&copied),
        "the user that runs PostgreSQL may not execute {}/bin/postgres",
        programs.display()
    );
    copied
}

/// A fresh data folder and its root password, made once: copying it takes a tenth of initdb's time.
fn template(version: u16, programs: &Path) -> PathBuf {
    let templates = repository().join("target/bed");
    let template = templates.join(format!("postgres-{version}-user-{}", user()));
    if template.is_dir() {
        return template;
    }
    fs::create_dir_all(&templates).expect("a folder in target");
    let made = tempfile::tempdir_in(&templates).expect("a folder in target");
    let folder = Folder::new();
    let password = uuid::Uuid::new_v4().to_string();
    let password_file = folder.write("password", &password);
    let mut initdb = as_server_user(path(&programs.join("bin/initdb")));
    initdb.current_dir(&folder.path).args(["-U", "postgres", "-A", "scram-sha-256", "-N"]);
    initdb.args(["--no-locale", "-E", "UTF8", "-D", "data"]).arg("--pwfile").arg(&password_file);
    let output = initdb.output().expect("initdb runs");
    assert!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    copy(&folder.path.join("data"), &made.path().join("data"));
    copy(&password_file, &made.path().join("password"));
    let _ = fs::remove_dir_all(&folder.path);
    // Another process may have been quicker; its template is as good.
    let _ = fs::rename(made.path(), &template);
    template
}

fn configure(folder: &Folder, options: &PostgresOptions<'_>) {
    let data = folder.path.join("data");
    folder.write("authority.pem", authority::pem());
    let mut lines = format!(
        "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\nshared_buffers = 16MB\n\
         max_connections = 300\nlog_statement = 'all'\nlog_connections = on\nlog_disconnections = on\nlog_line_prefix = '{LINE_PREFIX}'\n\
         password_encryption = 'scram-sha-256'\n",
    );
    if let Some(identity) = options.certificate.issue() {
        folder.write("server.pem", &identity.certificate);
        folder.write("server.key", &identity.key);
        lines.push_str("ssl = on\nssl_cert_file = '../server.pem'\nssl_key_file = '../server.key'\n");
    }
    for (setting, value) in options.settings {
        let _ = writeln!(lines, "{setting} = '{}'", value.replace('\'', "''"));
    }
    append(&data.join("postgresql.conf"), &lines);
    let pg_hba = data.join("pg_hba.conf");
    let usual = fs::read_to_string(&pg_hba).expect("initdb wrote it");
    fs::write(&pg_hba, format!("{}\n{usual}", options.pg_hba.join("\n")))
        .expect("a file in the server's folder");
}

/// Free now; a server that finds it taken says so in its log, which the caller prints.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port()
}

fn spawn(folder: &Folder, programs: &Path, port: u16) -> Child {
    let (postgres, data, port_word) =
        (programs.join("bin/postgres"), folder.path.join("data"), port.to_string());
    let mut words = server_user_prefix().to_vec();
    words.extend([path(&postgres), "-D", path(&data), "-p", &port_word]);
    let mut command = tethered(&words, Stop::Interrupt, Some(&folder.path));
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").current_dir(&folder.path);
    command.stdout(folder.lock.try_clone().expect("one more handle"));
    command.stderr(File::create(folder.path.join("log")).expect("a log file"));
    command.spawn().expect("a shell")
}

fn append(file: &Path, lines: &str) {
    let before = fs::read_to_string(file).expect("initdb wrote it");
    fs::write(file, format!("{before}\n{lines}")).expect("a file in the server's folder");
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
