//! A PostgreSQL server of our own, in a temporary folder.

use crate::{Error, Programs, random};
use postgres::Config;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A running server; it is stopped and its folder is removed when the value is dropped.
///
/// It listens on this machine alone and asks for a password that nobody else is told. The server refuses to run as
/// root; then it runs as `postgres`, or as `nobody` where there is no such user.
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
    pg_ctl: PathBuf,
    port: u16,
    password: String,
    user: Option<(u32, u32)>,
}

const PURPOSE: &str = "it starts a PostgreSQL server; install PostgreSQL, or give the address of a server";

impl Cluster {
    pub(crate) fn start(programs: &Programs) -> Result<Self, Error> {
        let find = |program: &'static str| {
            programs.find_postgresql(program).ok_or(Error::NoProgram { program, purpose: PURPOSE })
        };
        let (initdb, pg_ctl) = (find("initdb")?, find("pg_ctl")?);
        let folder = tempfile::Builder::new()
            .prefix("cucurbit_verify_")
            .tempdir()
            .map_err(|source| Error::File { path: std::env::temp_dir(), source })?;
        let file = |path: &Path, source| Error::File { path: path.to_owned(), source };
        let owner = std::fs::metadata(folder.path()).map_err(|e| file(folder.path(), e))?.uid();
        let user = if owner == 0 { Some(unprivileged()?) } else { None };
        let password = format!("{}{}", random(), random());
        let password_file = folder.path().join("password");
        std::fs::write(&password_file, &password).map_err(|e| file(&password_file, e))?;
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&password_file, private).map_err(|e| file(&password_file, e))?;
        if let Some((uid, gid)) = user {
            for path in [folder.path(), &password_file] {
                std::os::unix::fs::chown(path, Some(uid), Some(gid)).map_err(|e| file(path, e))?;
            }
        }
        let mut cluster = Cluster { folder, pg_ctl, port: 0, password, user };
        let mut command = cluster.command(&initdb);
        command.args(["-U", "cucurbit", "--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "-N"]);
        command.arg(format!("--pwfile={}", password_file.display())).arg("-D").arg(cluster.data());
        run("initdb", &mut command)?;
        _ = std::fs::remove_file(&password_file);
        // Between our looking and the server's taking it another program may take the port.
        let mut tries = 3;
        loop {
            tries -= 1;
            match cluster.try_start() {
                Err(_) if tries > 0 => {}
                other => return other.map(|()| cluster),
            }
        }
    }

    fn try_start(&mut self) -> Result<(), Error> {
        let free = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.local_addr())
            .map_err(|error| Error::Connect(format!("no port is free: {error}")))?;
        self.port = free.port();
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories='' -c fsync=off -c full_page_writes=off -c max_connections=20",
            self.port
        );
        let log = self.folder.path().join("log");
        let mut command = self.command(&self.pg_ctl);
        command.args(["-s", "-w", "-t", "60", "-D"]).arg(self.data()).arg("-o").arg(options);
        command.arg("-l").arg(&log).arg("start");
        run("pg_ctl", &mut command).map_err(|error| match std::fs::read_to_string(&log) {
            Ok(said) if !said.trim().is_empty() => {
                Error::ProgramFailed { program: "postgres".to_owned(), message: said.trim().to_owned() }
            }
            _ => error,
        })
    }

    /// Returns how to connect to it.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new();
        config.host("127.0.0.1").port(self.port).user("cucurbit").password(&self.password).dbname("postgres");
        config
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env("LC_ALL", "C");
        for name in ["PGHOST", "PGPORT", "PGDATA", "PGDATABASE", "PGUSER", "PGOPTIONS"] {
            command.env_remove(name);
        }
        if let Some((uid, gid)) = self.user {
            command.gid(gid).uid(uid);
        }
        // An interrupt from the keyboard is for us alone: we stop the server.
        command.process_group(0);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut command = self.command(&self.pg_ctl);
        command.arg("-D").arg(self.data()).args(["-s", "-m", "immediate", "stop"]);
        _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// User and group for a server when we are root.
fn unprivileged() -> Result<(u32, u32), Error> {
    let number = |flag: &str, user: &str| -> Option<u32> {
        let output = Command::new("id").args([flag, user]).stdin(Stdio::null()).output().ok()?;
        String::from_utf8_lossy(&output.stdout).trim().parse().ok()
    };
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|user| Some((number("-u", user)?, number("-g", user)?)))
        .filter(|(uid, _)| *uid != 0)
        .ok_or_else(|| {
            Error::Connect("PostgreSQL does not run as root, and there is no other user".to_owned())
        })
}

fn run(program: &str, command: &mut Command) -> Result<(), Error> {
    let failed = |message: String| Error::ProgramFailed { program: program.to_owned(), message };
    // A server that stays would hold a pipe open for ever, so what it says goes to its log.
    let status = if program == "pg_ctl" {
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        (status, String::new())
    } else {
        match command.stdin(Stdio::null()).output() {
            Ok(output) => (Ok(output.status), String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => (Err(error), String::new()),
        }
    };
    match status {
        (Ok(status), _) if status.success() => Ok(()),
        (Ok(status), said) => Err(failed(if said.is_empty() { status.to_string() } else { said })),
        (Err(error), _) => Err(failed(error.to_string())),
    }
}
