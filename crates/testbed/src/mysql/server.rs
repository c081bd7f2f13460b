//! The server's process and folder.

use std::{
    fmt, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::Mutex,
    time::Duration,
};

use super::{options::MySqlOptions, quote::text, version::MySqlVersion};
use local_aws::host::Stop;

use crate::{
    authority,
    environment::mysql_programs,
    folder::Folder,
    reachable::reachable,
    template::{Template, template},
};

/// How long a start may take. It takes a second, and longer on a busy machine.
const START: Duration = Duration::from_secs(60);
/// The files that MariaDB's own set-up script runs. The script itself does not run from an unpacked package.
const MARIADB_TABLES: [&str; 5] =
    ["system_tables", "performance_tables", "system_tables_data", "maria_add_gis_sp_bootstrap", "sys_schema"];

/// A server's process and folder.
pub(super) struct ServerProcess {
    pub(super) port: u16,
    pub(super) root_password: String,
    folder: Folder,
    words: Vec<String>,
    /// The server lives as long as this process's end of the pipe to its shell.
    shell: Mutex<Child>,
}

impl ServerProcess {
    pub(super) async fn start(version: MySqlVersion, options: &MySqlOptions<'_>) -> Self {
        let programs = Programs::of(version);
        crate::tried::note_if_untried(&version.to_string(), &programs.server());
        let template = programs.fresh();
        let folder = Folder::for_server(Some(&template.data));
        let root_password = template.root_password;
        // Another process may take the port; the server then says so in its log, which the caller prints.
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let words = programs.words(&folder, options, port);
        let shell = Mutex::new(spawn(&folder, &words));
        let server = Self { port, root_password, folder, words, shell };
        server.wait_until_it_listens().await;
        server
    }

    /// Kills it, as a crash would. Returns when it is dead.
    pub(super) fn kill(&self) {
        self.folder.stop(&mut self.shell.lock().expect("no holder panics"));
    }

    /// Runs `order`, which shuts it down. Returns when it has ended.
    pub(super) async fn stop(&self, order: impl Future<Output = ()>) {
        self.folder.keep();
        order.await;
        let ended = || self.shell.lock().expect("no holder panics").try_wait();
        while ended().expect("the shell is our child").is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.folder.unkeep();
    }

    /// Starts it again at the same port, and returns when it listens.
    pub(super) async fn start_again(&self) {
        self.start_again_with(&[]).await;
    }

    /// Like [`Self::start_again`], with additional options for this start only.
    pub(super) async fn start_again_with(&self, settings: &[(&str, &str)]) {
        let settings = settings.iter().map(|(name, value)| format!("--{name}={value}"));
        let words: Vec<_> = self.words.iter().cloned().chain(settings).collect();
        *self.shell.lock().expect("no holder panics") = spawn(&self.folder, &words);
        self.wait_until_it_listens().await;
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder.path
    }

    async fn wait_until_it_listens(&self) {
        self.folder.wait_for("ready for connections", &self.shell, START).await;
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

/// An unpacked package with the libraries that it was built for.
struct Programs {
    version: MySqlVersion,
    folder: PathBuf,
}

impl Programs {
    fn of(version: MySqlVersion) -> Self {
        let program = format!("usr/sbin/{}", program(version));
        Self { version, folder: reachable(&mysql_programs(version), &program) }
    }

    /// The command of the server with its own libraries and loader, because those of a newer Debian do not run with the
    /// loader of an older one.
    fn server(&self) -> Vec<String> {
        let libraries = path(&self.folder.join("usr/lib/x86_64-linux-gnu")).to_owned();
        let loader = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib64", "lib64"]
            .iter()
            .map(|folder| self.folder.join(folder).join("ld-linux-x86-64.so.2"))
            .find(|loader| loader.exists())
            .expect("the package holds its loader");
        let older = path(&self.folder.join("lib/x86_64-linux-gnu")).to_owned();
        let program = path(&self.folder.join("usr/sbin").join(program(self.version))).to_owned();
        let mut words = vec![
            path(&loader).to_owned(),
            "--library-path".into(),
            format!("{libraries}:{older}"),
            program,
            "--no-defaults".into(),
            format!("--basedir={}", path(&self.folder.join("usr"))),
        ];
        match self.version {
            MySqlVersion::MySql97 => words.push("--secure-file-priv=NULL".into()),
            MySqlVersion::MariaDb1011 | MySqlVersion::MariaDb118 => {
                words.push(format!("--lc-messages-dir={}", path(&self.share())))
            }
        }
        words
    }

    fn share(&self) -> PathBuf {
        let name = if self.version == MySqlVersion::MariaDb118 { "mariadb" } else { "mysql" };
        self.folder.join("usr/share").join(name)
    }

    /// The data folder of a new server.
    fn fresh(&self) -> Template {
        template(&self.version.to_string(), |folder, password| {
            let root = format!("ALTER USER 'root'@'localhost' IDENTIFIED BY {};\n", text(password));
            match self.version {
                MySqlVersion::MySql97 => self.initialize(folder, &root),
                MySqlVersion::MariaDb1011 | MySqlVersion::MariaDb118 => self.bootstrap(folder, &root),
            }
        })
    }

    fn initialize(&self, folder: &Folder, root: &str) {
        let file = format!("--init-file={}", path(&folder.give("root.sql", root)));
        self.make_data(folder, &["--initialize-insecure", "--innodb-redo-log-capacity=8M", &file], None);
        // The server's identity, which copies must not share.
        run(folder.as_server_user("rm").arg("data/auto.cnf"), None);
    }

    fn bootstrap(&self, folder: &Folder, root: &str) {
        run(folder.as_server_user("mkdir").args(["-p", "data/mysql"]), None);
        let mut sql =
            "create database if not exists mysql;\nuse mysql;\nSET @auth_root_socket=NULL;\n".to_owned();
        for name in MARIADB_TABLES {
            let old = if name.starts_with("maria") { name.to_owned() } else { format!("mysql_{name}") };
            let new = if name.starts_with("maria") { name.to_owned() } else { format!("mariadb_{name}") };
            let file = [new, old]
                .iter()
                .map(|name| self.share().join(format!("{name}.sql")))
                .find(|file| file.exists());
            sql += &fs::read_to_string(file.expect("the package holds it")).expect("a file of the package");
        }
        sql += &format!("FLUSH PRIVILEGES;\n{root}");
        self.make_data(folder, &["--bootstrap"], Some(&sql));
    }

    fn make_data(&self, folder: &Folder, words: &[&str], input: Option<&str>) {
        let server = self.server();
        let mut command = folder.as_server_user(&server[0]);
        command.args(&server[1..]).args(words);
        command.arg(format!("--datadir={}/data", path(&folder.server())));
        command.arg(format!("--tmpdir={}", path(&folder.server())));
        run(&mut command, input);
    }

    fn words(&self, folder: &Folder, options: &MySqlOptions<'_>, port: u16) -> Vec<String> {
        folder.write("authority.pem", authority::pem());
        // In this folder the server's user cannot replace it by a link or a FIFO.
        let general_log = folder.give("general.log", "");
        let here = path(&folder.server()).to_owned();
        let mut words = self.server();
        words.extend([
            format!("--datadir={here}/data"),
            format!("--socket={here}/socket"),
            // A server removes files by their names when it starts, so each has its own folder.
            format!("--tmpdir={here}"),
            format!("--pid-file={here}/pid"),
            format!("--port={port}"),
            "--bind-address=127.0.0.1".into(),
            "--performance-schema=OFF".into(),
            "--innodb-buffer-pool-size=32M".into(),
            "--innodb-flush-log-at-trx-commit=0".into(),
            "--skip-log-bin".into(),
            "--general-log=1".into(),
            format!("--general-log-file={}", path(&general_log)),
        ]);
        match self.version {
            MySqlVersion::MySql97 => {
                words.extend(["--mysqlx=OFF", "--innodb-redo-log-capacity=8M"].map(String::from));
                // As on Aurora, where it cannot be turned off.
                words.push("--partial-revokes=ON".into());
                words.extend(
                    ["--auto-generate-certs=OFF", "--caching-sha2-password-auto-generate-rsa-keys=OFF"]
                        .map(String::from),
                );
            }
            // MariaDB has no NULL: it reads and writes files in this folder only, and cannot write there.
            MySqlVersion::MariaDb1011 | MySqlVersion::MariaDb118 => {
                words.push(format!("--secure-file-priv={}", path(&folder.empty("files"))));
            }
        }
        match options.certificate.issue() {
            Some(identity) => {
                let certificate = folder.give("server.pem", &identity.certificate);
                let key = folder.give("server.key", &identity.key);
                words.push(format!("--ssl-cert={}", path(&certificate)));
                words.push(format!("--ssl-key={}", path(&key)));
            }
            None if self.version == MySqlVersion::MySql97 => words.push("--tls-version=".into()),
            None => words.push("--skip-ssl".into()),
        }
        words.extend(options.settings.iter().map(|(name, value)| format!("--{name}={value}")));
        words
    }
}

fn program(version: MySqlVersion) -> &'static str {
    if version.is_mariadb() { "mariadbd" } else { "mysqld" }
}

fn spawn(folder: &Folder, words: &[String]) -> Child {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    folder.spawn(&words, Stop::Kill)
}

/// Runs a command that prepares a data folder. Panics with its standard error if it fails.
fn run(command: &mut Command, input: Option<&str>) {
    let file = input.map(|input| {
        use std::io::{Seek, Write};
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(input.as_bytes()).and_then(|()| file.rewind()).expect("a temporary file takes it");
        file
    });
    if let Some(file) = file {
        command.stdin(file);
    }
    let output = command.output().expect("the server's program runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !errors.contains("ERROR"),
        "the data folder cannot be created: {errors}"
    );
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
