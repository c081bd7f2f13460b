//! The server's process and folder.

use std::{
    fmt::{self, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Child,
    sync::Mutex,
    time::Duration,
};

use super::{log::LINE_PREFIX, options::PostgresOptions};
use local_aws::host::Stop;

use crate::{
    authority,
    environment::postgres_programs,
    folder::Folder,
    reachable::reachable,
    template::{Template, template},
};

/// How long a start may take. It takes 0.1 s, and longer on a busy machine.
const START: Duration = Duration::from_secs(30);
/// The file of the testbed's settings, which includes the one that initdb wrote.
const CONFIGURATION: &str = "postgresql.conf";

/// A server's process and folder.
pub(super) struct ServerProcess {
    pub(super) port: u16,
    pub(super) root_password: String,
    folder: Folder,
    programs: PathBuf,
    /// The server lives as long as this process's end of the pipe to its shell.
    shell: Mutex<Child>,
}

impl ServerProcess {
    pub(super) async fn start(version: u16, options: &PostgresOptions<'_>) -> Self {
        let programs = postgres_programs(version);
        let program = path(&programs.join("bin/postgres")).to_owned();
        crate::tried::note_if_untried(&format!("postgres-{version}"), &[program]);
        let programs = reachable(&programs, "bin/postgres");
        let template = fresh(version, &programs);
        let folder = Folder::for_server(Some(&template.data));
        let root_password = template.root_password;
        configure(&folder, options);
        if options.is_standby {
            signal(&folder, "touch");
        }
        let port = free_port();
        let shell = Mutex::new(spawn(&folder, &programs, port));
        let server = Self { port, root_password, folder, programs, shell };
        server.wait_until_it_listens().await;
        server
    }

    /// Shuts it down, which ends the sessions. Returns when it has ended.
    pub(super) fn stop(&self) {
        self.folder.stop(&mut self.shell.lock().expect("no holder panics"));
    }

    /// Starts it again at the same port, and returns when it listens.
    pub(super) async fn start_again(&self) {
        *self.shell.lock().expect("no holder panics") = spawn(&self.folder, &self.programs, self.port);
        self.wait_until_it_listens().await;
    }

    /// Like [`Self::start_again`], as a standby for this start only.
    pub(super) async fn start_as_standby(&self) {
        signal(&self.folder, "touch");
        *self.shell.lock().expect("no holder panics") = spawn(&self.folder, &self.programs, self.port);
        self.folder.wait_for("entering standby mode", &self.shell, START).await;
        // The server has read the file.
        signal(&self.folder, "rm");
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder.path
    }

    async fn wait_until_it_listens(&self) {
        // A standby is ready to accept read-only ("read only" before 14) connections.
        self.folder.wait_for("database system is ready to accept", &self.shell, START).await;
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Its shell stops it and removes the folder.
        drop(self.shell.get_mut().expect("no holder panics").stdin.take());
    }
}

impl fmt::Debug for ServerProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerProcess({})", self.port)
    }
}

/// The data folder of a new server.
fn fresh(version: u16, programs: &Path) -> Template {
    template(&format!("postgres-{version}"), |folder, password| {
        let password_file = folder.give("password", password);
        let mut initdb = folder.as_server_user(path(&programs.join("bin/initdb")));
        initdb.args(["-U", "postgres", "-A", "scram-sha-256", "-N"]);
        initdb.args(["--no-locale", "-E", "UTF8", "-D", "data"]).arg("--pwfile").arg(&password_file);
        let output = initdb.output().expect("initdb runs");
        assert!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    })
}

fn configure(folder: &Folder, options: &PostgresOptions<'_>) {
    folder.write("authority.pem", authority::pem());
    let usual = "host all,replication all 127.0.0.1/32 scram-sha-256";
    let pg_hba = folder.give("pg_hba.conf", &format!("{}\n{usual}\n", options.pg_hba.join("\n")));
    let mut lines = format!(
        "include '{}/data/postgresql.conf'\nhba_file = '{}'\n\
         listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\nshared_buffers = 16MB\n\
         max_connections = 300\nlog_statement = 'all'\nlog_connections = on\nlog_disconnections = on\nlog_line_prefix = '{LINE_PREFIX}'\n\
         password_encryption = 'scram-sha-256'\n",
        path(&folder.server()),
        path(&pg_hba),
    );
    if let Some(identity) = options.certificate.issue() {
        let certificate = folder.give("server.pem", &identity.certificate);
        let key = folder.give("server.key", &identity.key);
        let (certificate, key) = (path(&certificate), path(&key));
        let _ = write!(lines, "ssl = on\nssl_cert_file = '{certificate}'\nssl_key_file = '{key}'\n");
    }
    for (setting, value) in options.settings {
        let _ = writeln!(lines, "{setting} = '{}'", value.replace('\'', "''"));
    }
    folder.give(CONFIGURATION, &lines);
}

/// Creates (`touch`) or removes (`rm`) the file that makes the next start that of a standby.
fn signal(folder: &Folder, program: &str) {
    let done = folder.as_server_user(program).arg("data/standby.signal").status();
    assert!(done.is_ok_and(|status| status.success()), "cannot {program} standby.signal");
}

/// A free port. Another process may take it; the server then says so in its log, which the caller prints.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port()
}

fn spawn(folder: &Folder, programs: &Path, port: u16) -> Child {
    let (postgres, data) = (programs.join("bin/postgres"), folder.server().join("data"));
    let configuration = format!("config_file={}", path(&folder.path.join(CONFIGURATION)));
    let words = [path(&postgres), "-D", path(&data), "-p", &port.to_string(), "-c", &configuration];
    folder.spawn(&words, Stop::Interrupt)
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
