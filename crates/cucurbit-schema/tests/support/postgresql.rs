//! A PostgreSQL server for a test, where one is installed.
// Each test uses its own part of it.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Finds a program of PostgreSQL; Debian keeps the server's outside the path.
fn find(program: &str) -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|dir| dir.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH")?));
    folders.into_iter().map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A server of our own, on a socket in a folder of our own.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    pg_ctl: PathBuf,
    psql: PathBuf,
    root: bool,
}

impl Server {
    /// Starts it; says why not where it cannot, unless it must (`CUCURBIT_REQUIRE_POSTGRESQL`).
    pub(crate) fn start() -> Result<Server, String> {
        let started = Server::try_start();
        if let Err(why) = &started {
            let must = std::env::var_os("CUCURBIT_REQUIRE_POSTGRESQL").is_some();
            assert!(!must, "PostgreSQL must be there and cannot be started: {why}");
        }
        started
    }

    fn try_start() -> Result<Server, String> {
        let program = |name: &str| find(name).ok_or(format!("there is no `{name}`"));
        let (initdb, pg_ctl, psql) = (program("initdb")?, program("pg_ctl")?, program("psql")?);
        program("postgres")?;
        let root = output(Command::new("id").arg("-u")).as_deref() == Some("0");
        let folder = tempfile::Builder::new().prefix("ddl").tempdir().map_err(|e| e.to_string())?;
        if root {
            find("setpriv").ok_or("root needs `setpriv` to start a server")?;
            let uid = output(Command::new("id").args(["-u", "postgres"])).and_then(|uid| uid.parse().ok());
            let uid = uid.ok_or("root needs a user `postgres` to start a server")?;
            std::os::unix::fs::chown(folder.path(), Some(uid), None).map_err(|e| e.to_string())?;
        }
        let server = Server { folder, pg_ctl, psql, root };
        let data = server.folder.path().join("data");
        let mut command = server.command(&initdb);
        command.args(["-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "-N", "-D"]).arg(&data);
        output(&mut command).ok_or("initdb failed")?;
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off",
            server.folder.path().display()
        );
        let log = server.folder.path().join("log");
        let mut command = server.command(&server.pg_ctl);
        command.args(["-w", "-t", "60", "-D"]).arg(&data).args(["-o", &options, "-l"]).arg(log).arg("start");
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if status.is_ok_and(|status| status.success()) { Ok(server) } else { Err("pg_ctl failed".to_owned()) }
    }

    /// Makes a database and runs statements in it, which must succeed.
    pub(crate) fn fill(&self, database: &str, sql: &str) {
        self.run(&format!("CREATE DATABASE {database};"));
        self.run(&format!("\\connect {database}\n{sql}"));
    }

    /// Returns `pg_dump --schema-only` of a database; `None` where there is no such program.
    pub(crate) fn dump(&self, database: &str) -> Option<String> {
        let mut command = Command::new(find("pg_dump")?);
        command.arg("-h").arg(self.folder.path()).args(["-U", "postgres", "--schema-only", database]);
        output(&mut command)
    }

    /// Returns the folder of its socket.
    pub(crate) fn socket(&self) -> &Path {
        self.folder.path()
    }

    /// The server refuses to run as root.
    fn command(&self, program: &Path) -> Command {
        if !self.root {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
        command.current_dir(self.folder.path());
        command
    }

    fn psql(&self, args: &[&str]) -> Output {
        let mut command = Command::new(&self.psql);
        command.arg("-h").arg(self.folder.path()).args([
            "-U",
            "postgres",
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
        ]);
        command.args(args).stdin(Stdio::null()).output().expect("psql runs")
    }

    /// Runs statements, which must succeed.
    pub(crate) fn run(&self, sql: &str) {
        let file = self.folder.path().join("run.sql");
        std::fs::write(&file, sql).expect("the file can be written");
        let output = self.psql(&["-f", &file.display().to_string()]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{message}\n{sql}");
    }

    /// Returns what a query gives.
    pub(crate) fn ask(&self, sql: &str) -> String {
        let output = self.psql(&["-At", "-c", sql]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut command = self.command(&self.pg_ctl);
        command.arg("-D").arg(self.folder.path().join("data")).args(["-m", "immediate", "stop"]);
        _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}
