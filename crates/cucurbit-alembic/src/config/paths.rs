//! From locations as written to paths, by Alembic's rules and a little beyond them.

use std::path::{Component, Path, PathBuf};

use super::settings::Written;
use super::{Located, Resolution};

/// Nobody nests folders deeper than this; a longer path is not searched for tails.
const MAX_PARTS: usize = 64;

/// Returns an absolute path without `.` parts; links are not resolved.
pub(super) fn absolute(path: &Path) -> PathBuf {
    tidy(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

/// Takes `.` and, where links do not matter, `..` out of an absolute path.
pub(super) fn tidy(path: PathBuf) -> PathBuf {
    let plain: PathBuf = path.components().collect();
    if !plain.components().any(|part| part == Component::ParentDir) {
        return plain;
    }
    let mut short = PathBuf::new();
    for part in plain.components() {
        match part {
            Component::ParentDir => drop(short.pop()),
            other => short.push(other),
        }
    }
    // `link/..` is not the folder that holds the link.
    if real(&plain) == real(&short) { short } else { plain }
}

/// Returns the path with all links resolved, or nothing when it does not exist.
pub(super) fn real(path: &Path) -> Option<PathBuf> {
    std::fs::canonicalize(path).ok()
}

/// Returns the path with all links resolved, or as it is when it does not exist.
pub(super) fn real_or_same(path: &Path) -> PathBuf {
    real(path).unwrap_or_else(|| path.to_owned())
}

/// Returns how Python's `str(Path(text))` writes a path.
pub(super) fn shown(text: &str) -> String {
    let parts: Vec<_> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    match (text.starts_with('/'), parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// Whether a text begins like `C:\`.
fn has_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic())
}

/// Whether a location counts from no current folder.
pub(super) fn is_absolute(text: &str) -> bool {
    Path::new(text).is_absolute() || has_drive(text)
}

/// Where locations are looked up.
#[derive(Clone, Debug)]
pub(super) struct Resolver {
    /// The folder that Alembic runs in.
    pub(super) run_dir: PathBuf,
    /// The folder of the configuration file.
    pub(super) config_dir: PathBuf,
    /// The folders in which packages are looked for, best first.
    pub(super) package_dirs: Vec<PathBuf>,
}

/// A location with its path.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    pub(super) located: Located,
    /// The package of `package:path`, when it is nowhere.
    pub(super) missing_package: Option<String>,
}

impl Resolver {
    /// Finds the path of a location. `is_it` tells a folder that may stand in for one that is elsewhere.
    pub(super) fn resolve(&self, written: &Written, is_it: impl Fn(&Path) -> bool) -> Resolved {
        let value = written.value.as_str();
        let mut missing_package = None;
        let (mut path, mut resolution) = match package_parts(value) {
            Some((package, rest)) => {
                let found = self.package_path(package, &rest);
                if found.is_none() {
                    missing_package = Some(package.to_owned());
                }
                let guess = || self.run_dir.join(package.replace('.', "/")).join(&rest);
                (found.unwrap_or_else(guess), Resolution::Package)
            }
            None => (self.run_dir.join(value), Resolution::AsWritten),
        };
        let is_elsewhere = is_absolute(value) || value.contains('\\');
        if is_elsewhere
            && !path.exists()
            && let Some(tail) = self.tail(value, is_it)
        {
            (path, resolution) = (tail, Resolution::Tail);
        }
        let path = tidy(path);
        let located = Located {
            written: written.raw.clone(),
            value: value.to_owned(),
            written_at: written.place.clone(),
            exists: path.exists(),
            path,
            resolution,
        };
        Resolved { located, missing_package }
    }

    /// Finds a package folder, best one in which the rest of the path exists.
    fn package_path(&self, package: &str, rest: &Path) -> Option<PathBuf> {
        let folder = package.replace('.', "/");
        let mut names = package.split('.').peekable();
        // Alembic itself is loaded already, whatever lies beside the configuration.
        if names.peek() == Some(&"alembic") || names.any(str::is_empty) {
            return None;
        }
        let found: Vec<_> =
            self.package_dirs.iter().map(|dir| dir.join(&folder)).filter(|dir| dir.is_dir()).collect();
        let whole = found.iter().map(|dir| dir.join(rest)).find(|path| path.exists());
        whole.or_else(|| found.first().map(|dir| dir.join(rest)))
    }

    /// Finds the longest tail of a foreign path that exists here.
    fn tail(&self, value: &str, is_it: impl Fn(&Path) -> bool) -> Option<PathBuf> {
        let text = if has_drive(value) { &value[2..] } else { value };
        let parts: Vec<_> = text.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.len() > MAX_PARTS || parts.contains(&"..") {
            return None;
        }
        (0..parts.len()).find_map(|skip| {
            let tail = parts[skip..].join("/");
            let places = [self.config_dir.join(&tail), self.run_dir.join(&tail)];
            places.into_iter().find(|path| path.is_dir() && is_it(path))
        })
    }
}

/// Splits `package:sub:sub`; nothing for a path.
fn package_parts(value: &str) -> Option<(&str, PathBuf)> {
    if is_absolute(value) {
        return None;
    }
    let (package, rest) = value.split_once(':')?;
    Some((package, rest.split(':').collect()))
}

/// Whether a folder looks like one that holds `env.py` and `versions`.
pub(super) fn is_script_folder(path: &Path) -> bool {
    path.join("env.py").is_file() || path.join("script.py.mako").is_file() || path.join("versions").is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_is_pathlib() {
        for (text, expected) in
            [("./a//b/", "a/b"), ("", "."), ("/", "/"), ("//a/.", "/a"), ("a/../b", "a/../b"), (".", ".")]
        {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn only_non_absolute_texts_with_a_colon_are_packages() {
        assert_eq!(package_parts("app.db:mig:sub"), Some(("app.db", PathBuf::from("mig/sub"))));
        assert_eq!(package_parts("/a:b"), None);
        assert_eq!(package_parts("C:\\a"), None);
        assert_eq!(package_parts("alembic"), None);
    }
}
