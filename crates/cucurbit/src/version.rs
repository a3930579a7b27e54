//! The version of SQLAlchemy that a project is locked to.

use cucurbit_sqlalchemy::Version;
use std::path::{Path, PathBuf};

/// Lock files of Python's tools that are TOML with a list of packages.
const TOML_LOCKS: &[&str] = &["uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"];

/// Files of requirements; only a pinned version (`==`) counts.
const REQUIREMENTS: &[&str] =
    &["requirements.txt", "requirements.lock", "requirements/base.txt", "constraints.txt"];

/// Lock files above this size are not read.
const MAX_LOCK: u64 = 32 << 20;

/// Returns the version of SQLAlchemy that the nearest lock file tells, and that file: in a folder, or in the ones above
/// it up to the top of the repository. `None` where no file pins it.
#[must_use]
pub fn sqlalchemy_version(folder: &Path) -> Option<(Version, PathBuf)> {
    let start = if folder.is_file() { folder.parent()? } else { folder };
    let start = std::path::absolute(start).ok()?;
    for above in start.ancestors() {
        for name in TOML_LOCKS.iter().chain(&["Pipfile.lock"]).chain(REQUIREMENTS) {
            let path = above.join(name);
            let is_small = std::fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() <= MAX_LOCK);
            let Some(text) = is_small.then(|| std::fs::read_to_string(&path).ok()).flatten() else {
                continue;
            };
            let found = if *name == "Pipfile.lock" {
                of_pipfile(&text)
            } else if TOML_LOCKS.contains(name) {
                of_toml(&text)
            } else {
                of_requirements(&text)
            };
            if let Some(version) = found {
                return Some((version, path));
            }
        }
        if above.join(".git").exists() {
            break;
        }
    }
    None
}

/// Reads `2.0.36`, `1.4` or `2.1.0b1`; what is not a version is `None`.
#[must_use]
pub fn read_version(text: &str) -> Option<Version> {
    let mut numbers = text.trim().trim_start_matches('v').split('.');
    let number = |part: Option<&str>| -> Option<u16> {
        let part = part?;
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..end].parse().ok()
    };
    Some(Version { major: number(numbers.next())?, minor: number(numbers.next())? })
}

fn is_ours(name: &str) -> bool {
    name.eq_ignore_ascii_case("sqlalchemy")
}

fn of_toml(text: &str) -> Option<Version> {
    let table: toml::Table = text.parse().ok()?;
    // `pylock.toml` says `packages`.
    let packages = table.get("package").or_else(|| table.get("packages"))?.as_array()?;
    packages.iter().find_map(|package| {
        let name = package.get("name")?.as_str()?;
        is_ours(name).then(|| read_version(package.get("version")?.as_str()?)).flatten()
    })
}

fn of_pipfile(text: &str) -> Option<Version> {
    let document: serde_json::Value = serde_json::from_str(text).ok()?;
    let packages = document.get("default")?.as_object()?;
    let (_, package) = packages.iter().find(|(name, _)| is_ours(name))?;
    read_version(package.get("version")?.as_str()?.strip_prefix("==")?)
}

fn of_requirements(text: &str) -> Option<Version> {
    text.lines().find_map(|line| {
        let line = line.split(['#', ';']).next().unwrap_or_default().trim();
        let (name, version) = line.split_once("==")?;
        let name = name.split('[').next().unwrap_or_default().trim();
        is_ours(name).then(|| read_version(version)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, text: &str) -> Option<(u16, u16)> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join(".git")).expect("a folder");
        let inner = folder.path().join("services/shop");
        std::fs::create_dir_all(&inner).expect("folders");
        std::fs::write(folder.path().join(name), text).expect("a file");
        sqlalchemy_version(&inner).map(|(version, path)| {
            assert_eq!(path, folder.path().join(name));
            (version.major, version.minor)
        })
    }

    #[test]
    fn locks_of_every_tool_are_read() {
        let toml = "[[package]]\nname = \"other\"\nversion = \"9.9\"\n[[package]]\nname = \"sqlalchemy\"\nversion = \"1.4.54\"\n";
        assert_eq!(found("uv.lock", toml), Some((1, 4)));
        assert_eq!(found("poetry.lock", &toml.replace("sqlalchemy", "SQLAlchemy")), Some((1, 4)));
        assert_eq!(found("pylock.toml", &toml.replace("package", "packages")), Some((1, 4)));
        let pipfile = r#"{"default": {"sqlalchemy": {"version": "==2.1.0b1"}}}"#;
        assert_eq!(found("Pipfile.lock", pipfile), Some((2, 1)));
        assert_eq!(
            found("requirements.txt", "a==1\nSQLAlchemy[asyncio]==2.0.36 ; python_version > '3'\n"),
            Some((2, 0))
        );
    }

    #[test]
    fn what_pins_nothing_tells_nothing() {
        assert_eq!(found("requirements.txt", "sqlalchemy>=1.4\nsqlalchemy-utils==0.41\n"), None);
        assert_eq!(found("uv.lock", "not toml ="), None);
        assert_eq!(read_version("latest"), None);
    }
}
