//! The server's process and folder.

use std::{
    fmt,
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::Mutex,
    time::{Duration, Instant},
};

use super::{MySqlOptions, MySqlVersion, text};
use crate::{
    authority,
    environment::{mysql_programs, repository},
    folder::{Folder, copy, runs_as_root, user},
    tether::{Stop, tethered},
};

/// Long enough for a busy machine; a start takes a second.
const START: Duration = Duration::from_secs(60);
/// What MariaDB's own script runs, which does not run from an unpacked package.
const MARIADB_TABLES: [&str; 5] =
    ["system_tables", "performance_tables", "system_tables_data", "maria_add_gis_sp_bootstrap", "sys_schema"];

/// A server's process and folder.
pub(super) struct Server {
    pub(super) port: u16,
    pub(super) root_password: String,
    folder: Folder,
    words: Vec<String>,
    /// The server lives as long as this process's end of the pipe to its shell.
    shell: Mutex<Child>,
}

impl Server {
    pub(super) async fn start(version: MySqlVersion, options: &MySqlOptions<'_>) -> Self {
        let programs = Programs::of(version);
        crate::tried::note_if_untried(&version.to_string(), &programs.server());
        let folder = Folder::new();
        let template = programs.template();
        copy(&template.join("data"), &folder.path.join("data"));
        let root_password = fs::read_to_string(template.join("password")).expect("the template's password");
        // Free now; a server that finds it taken says so in its log, which the caller prints.
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let words = programs.words(&folder, options, port);
        let shell = Mutex::new(spawn(&folder, &words));
        let server = Self { port, root_password, folder, words, shell };
        server.wait_until_it_listens().await;
        server
    }

    /// As if it had crashed. Returns when it is dead.
    pub(super) fn kill(&self) {
        self.folder.stop(&mut self.shell.lock().expect("nobody panics here"));
    }

    /// By an order to shut down. Returns when it has ended.
    pub(super) async fn stop(&self, order: impl Future<Output = ()>) {
        self.folder.stays();
        order.await;
        let ended = || self.shell.lock().expect("nobody panics here").try_wait();
        while ended().expect("the shell is our child").is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.folder.goes();
    }

    /// After its end, at the same port; returns when it listens.
    pub(super) async fn start_again(&self) {
        *self.shell.lock().expect("nobody panics here") = spawn(&self.folder, &self.words);
        self.wait_until_it_listens().await;
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder.path
    }

    async fn wait_until_it_listens(&self) {
        let deadline = Instant::now() + START;
        loop {
            let log = fs::read_to_string(self.folder.path.join("log")).unwrap_or_default();
            if log.contains("ready for connections") {
                return;
            }
            let ended = self.shell.lock().expect("nobody panics here").try_wait();
            let ended = ended.expect("the shell is our child").is_some();
            assert!(!ended && Instant::now() < deadline, "the server does not start:\n{log}");
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

/// An unpacked package with the libraries that it was built for.
struct Programs {
    version: MySqlVersion,
    folder: PathBuf,
}

impl Programs {
    fn of(version: MySqlVersion) -> Self {
        Self { version, folder: mysql_programs(version) }
    }

    /// The server under its own libraries: by its own loader, since those of a newer Debian do not run under an
    /// older one's.
    fn server(&self) -> Vec<String> {
        let libraries = path(&self.folder.join("usr/lib/x86_64-linux-gnu")).to_owned();
        let loader = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib64", "lib64"]
            .iter()
            .map(|folder| self.folder.join(folder).join("ld-linux-x86-64.so.2"))
            .find(|loader| loader.exists())
            .expect("the package holds its loader");
        let older = path(&self.folder.join("lib/x86_64-linux-gnu")).to_owned();
        let program = path(&self.folder.join("usr/sbin").join(self.program())).to_owned();
        let mut words = vec![
            path(&loader).to_owned(),
            "--library-path".into(),
            format!("{libraries}:{older}"),
            program,
            "--no-defaults".into(),
            format!("--basedir={}", path(&self.folder.join("usr"))),
        ];
        if runs_as_root() {
            words.push("--user=root".into());
        }
        match self.version {
            MySqlVersion::MySql97 => words.push("--secure-file-priv=NULL".into()),
            MySqlVersion::MariaDb1011 | MySqlVersion::MariaDb118 => {
                words.push(format!("--lc-messages-dir={}", path(&self.share())))
            }
        }
        words
    }

    fn program(&self) -> &'static str {
        match self.version {
            MySqlVersion::MySql97 => "mysqld",
            MySqlVersion::MariaDb1011 | MySqlVersion::MariaDb118 => "mariadbd",
        }
    }

    fn share(&self) -> PathBuf {
        let name = if self.version == MySqlVersion::MariaDb118 { "mariadb" } else { "mysql" };
        self.folder.join("usr/share").join(name)
    }

    /// A fresh data folder and its root password, made once: copying it takes a tenth of a second.
    fn template(&self) -> PathBuf {
        let templates = repository().join("target/bed");
        let template = templates.join(format!("{}-user-{}", self.version, user()));
        if template.is_dir() {
            return template;
        }
        fs::create_dir_all(&templates).expect("a folder in target");
        let made = tempfile::tempdir_in(&templates).expect("a folder in target");
        let password = uuid::Uuid::new_v4().to_string();
        let root = format!("ALTER USER 'root'@'localhost' IDENTIFIED BY {};\n", text(&password));
        let data = format!("--datadir={}", path(&made.path().join("data")));
        match self.version {
            MySqlVersion::MySql97 => self.initialize(made.path(), &data, &root),
            MySqlVersion::MariaDb1011 | MySqlVersion::MariaDb118 => self.bootstrap(made.path(), &data, &root),
        }
        fs::write(made.path().join("password"), password).expect("a file in target");
        // Another process may have been quicker; its template is as good.
        let _ = fs::rename(made.path(), &template);
        template
    }

    fn initialize(&self, made: &Path, data: &str, root: &str) {
        let file = made.join("root.sql");
        fs::write(&file, root).expect("a file in target");
        let initialize = ["--initialize-insecure", "--innodb-redo-log-capacity=8M", data];
        let file = format!("--init-file={}", path(&file));
        let temporary = format!("--tmpdir={}", path(made));
        let words = initialize.into_iter().chain([file.as_str(), temporary.as_str()]);
        run(self.server().iter().map(String::as_str).chain(words), None);
        // The identity of a server, which its copies must not share.
        fs::remove_file(made.join("data/auto.cnf")).expect("the server has an identity");
    }

    fn bootstrap(&self, made: &Path, data: &str, root: &str) {
        fs::create_dir_all(made.join("data/mysql")).expect("a folder in target");
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
        let temporary = format!("--tmpdir={}", path(made));
        run(self.server().iter().map(String::as_str).chain(["--bootstrap", data, &temporary]), Some(&sql));
    }

    fn words(&self, folder: &Folder, options: &MySqlOptions<'_>, port: u16) -> Vec<String> {
        folder.write("authority.pem", authority::pem());
        let here = path(&folder.path).to_owned();
        let mut words = self.server();
        words.extend([
            format!("--datadir={here}/data"),
            format!("--socket={here}/socket"),
            // Each server clears its own at its start, by the names of files.
            format!("--tmpdir={here}"),
            format!("--pid-file={here}/pid"),
            format!("--port={port}"),
            "--bind-address=127.0.0.1".into(),
            "--performance-schema=OFF".into(),
            "--innodb-buffer-pool-size=32M".into(),
            "--innodb-flush-log-at-trx-commit=0".into(),
            "--skip-log-bin".into(),
            "--general-log=1".into(),
            format!("--general-log-file={here}/general.log"),
        ]);
        match self.version {
            MySqlVersion::MySql97 => {
                words.extend(["--mysqlx=OFF", "--innodb-redo-log-capacity=8M"].map(String::from));
                words.extend(
                    ["--auto-generate-certs=OFF", "--caching-sha2-password-auto-generate-rsa-keys=OFF"]
                        .map(String::from),
                );
            }
            MySqlVersion::MariaDb1011 | MySqlVersion::MariaDb118 => {}
        }
        match options.certificate.issue() {
            Some(identity) => {
                folder.write("server.pem", &identity.certificate);
                folder.write("server.key", &identity.key);
                words.extend([
                    format!("--ssl-ca={here}/authority.pem"),
                    format!("--ssl-cert={here}/server.pem"),
                    format!("--ssl-key={here}/server.key"),
                ]);
            }
            None if self.version == MySqlVersion::MySql97 => words.push("--tls-version=".into()),
            None => words.push("--skip-ssl".into()),
        }
        words.extend(options.settings.iter().map(|(name, value)| format!("--{name}={value}")));
        words
    }
}

fn spawn(folder: &Folder, words: &[String]) -> Child {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = tethered(&words, Stop::Kill, Some(&folder.path));
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").current_dir(&folder.path);
    let log = File::create(folder.path.join("log")).expect("a log file");
    command.stdout(folder.lock.try_clone().expect("one more handle")).stderr(log);
    command.spawn().expect("a shell")
}

/// Runs a program that makes a data folder; panics with its words if it fails.
fn run<'a>(words: impl Iterator<Item = &'a str>, input: Option<&str>) {
    let words: Vec<&str> = words.collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
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
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("ERROR"), "no data folder: {said}");
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
