//! A MariaDB server on a folder of its own, for as long as it is needed.

use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to answer.
const START: Duration = Duration::from_secs(60);

/// A server that is listening on a socket, and nowhere else. It ends when this is dropped.
pub(super) struct Server {
    process: Child,
    folder: tempfile::TempDir,
}

impl Server {
    /// Makes a data folder and starts a server on it, as an unprivileged user.
    ///
    /// # Errors
    /// When the programs of MariaDB are not there or do not start.
    pub(super) fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        set_open(folder.path())?;
        let data = folder.path().join("data");
        let user = if nix::unistd::Uid::effective().is_root() { vec!["--user=mysql"] } else { Vec::new() };
        let log = std::fs::File::create(folder.path().join("server.log"))?;
        std::fs::create_dir(&data)?;
        let installed = Command::new("mariadb-install-db")
            .arg(format!("--datadir={}", data.display()))
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .args(&user)
            .stdout(Stdio::null())
            .stderr(log.try_clone()?)
            .status()
            .context("cannot start mariadb-install-db: is MariaDB installed?")?;
        anyhow::ensure!(installed.success(), "mariadb-install-db fails");
        // The server makes its socket in the folder that it owns.
        let process = Command::new("mariadbd")
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", data.join("socket").display()))
            .args([
                "--skip-networking",
                "--innodb-flush-log-at-trx-commit=0",
                "--character-set-server=utf8mb4",
            ])
            .args(&user)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("cannot start mariadbd")?;
        let server = Server { process, folder };
        let start = Instant::now();
        while server.query("SELECT 1").is_err() {
            anyhow::ensure!(start.elapsed() < START, "the server does not answer: {}", server.log());
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(server)
    }

    /// Returns where it listens.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("data/socket")
    }

    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default();
        text.lines().rev().take(5).collect::<Vec<_>>().join("; ")
    }

    fn client(&self) -> Command {
        let mut command = Command::new("mariadb");
        command.arg("--no-defaults").arg(format!("--socket={}", self.socket().display()));
        command.args(["--user=root", "--batch", "--skip-column-names", "--raw"]);
        command
    }

    /// Runs statements and returns what they give, one row a line.
    ///
    /// # Errors
    /// When the server refuses one.
    pub(super) fn query(&self, sql: &str) -> anyhow::Result<String> {
        let output = self.client().args(["--execute", sql]).output().context("cannot start mariadb")?;
        let error = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        anyhow::ensure!(output.status.success(), "{error}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a script in a database, up to the end; returns what the server refuses.
    ///
    /// # Errors
    /// When the client cannot be run.
    pub(super) fn script(&self, database: &str, sql: &str) -> anyhow::Result<Vec<String>> {
        let file = self.folder.path().join("script.sql");
        std::fs::write(&file, sql)?;
        let output = self
            .client()
            .args(["--force", database])
            .stdin(std::fs::File::open(&file)?)
            .output()
            .context("cannot start mariadb")?;
        Ok(String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The folder goes with it, so nothing has to be written down first.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn set_open(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}
