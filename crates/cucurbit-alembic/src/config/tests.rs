//! Whole environments from small folders. Recorded answers are those of Alembic 1.20.1.

mod bad_input;
mod discovery;
mod ini;
mod settings;
mod templates;

use std::path::Path;

use super::*;

/// A folder made from a text: `--- path` lines begin files, `--- path/` makes an empty folder.
struct Tree(tempfile::TempDir);

fn tree(text: &str) -> Tree {
    let tree = Tree(tempfile::tempdir().unwrap());
    let mut file: Option<(PathBuf, String)> = None;
    for line in text.split_inclusive('\n') {
        let Some(name) = line.strip_prefix("--- ") else {
            let (_, content) = file.as_mut().expect("a text begins with a file");
            content.push_str(line);
            continue;
        };
        tree.put(file.take());
        file = Some((tree.path(name.trim()), String::new()));
    }
    tree.put(file);
    tree
}

impl Tree {
    fn put(&self, file: Option<(PathBuf, String)>) {
        let Some((path, content)) = file else { return };
        if path.to_string_lossy().ends_with('/') {
            std::fs::create_dir_all(&path).unwrap();
            return;
        }
        self.write(&path, content);
    }

    fn write(&self, path: &Path, content: impl AsRef<[u8]>) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }

    fn discover(&self) -> Discovery {
        self.discover_with(&DiscoverOptions::default())
    }

    fn discover_with(&self, options: &DiscoverOptions) -> Discovery {
        discover(&self.path(""), options).unwrap()
    }

    /// Returns the one environment that there is.
    fn only(&self) -> Environment {
        let mut found = self.discover();
        assert_eq!(found.environments.len(), 1, "{:#?}", found.environments);
        found.environments.remove(0)
    }

    fn short(&self, path: &Path) -> String {
        let short = path.strip_prefix(self.path("")).map_or_else(|_| path.to_owned(), Path::to_owned);
        if short.as_os_str().is_empty() { ".".to_owned() } else { short.to_string_lossy().into_owned() }
    }

    /// Writes one environment on one line.
    fn line(&self, environment: &Environment) -> String {
        let mark = |located: &Located| {
            format!("{}{}", self.short(&located.path), if located.exists { "" } else { "?" })
        };
        let files: Vec<_> = environment.config_files.iter().map(|file| self.short(file)).collect();
        let versions: Vec<_> = environment.version_locations.iter().map(mark).collect();
        format!(
            "{:?} {} [{}] in {}: {} -> {}",
            environment.kind,
            files.join("+"),
            environment.section,
            self.short(&environment.run_dir),
            environment.script_location.as_ref().map_or_else(|| "-".to_owned(), mark),
            versions.join(", "),
        )
    }

    /// Checks the environments, one line each.
    #[track_caller]
    fn check(&self, expected: &[&str]) {
        self.check_with(&DiscoverOptions::default(), expected);
    }

    #[track_caller]
    fn check_with(&self, options: &DiscoverOptions, expected: &[&str]) {
        let found = self.discover_with(options);
        let lines: Vec<_> = found.environments.iter().map(|environment| self.line(environment)).collect();
        assert_eq!(lines, expected);
    }
}

/// Returns the text that a problem is about.
fn excerpt(problem: &ConfigProblem) -> String {
    let Some(place) = problem.place() else { return String::new() };
    let bytes = std::fs::read(&place.file).unwrap();
    String::from_utf8_lossy(&bytes[place.span.start..place.span.end]).into_owned()
}

/// Reads an ini whose `[alembic]` names `scripts`, an existing folder, and adds some lines.
fn with_lines(lines: &str) -> (Tree, Environment) {
    let tree = tree(&format!(
        "--- scripts/env.py\n--- scripts/versions/\n--- a/\n--- b/\n--- alembic.ini\n[alembic]\nscript_location = scripts\n{lines}"
    ));
    let environment = tree.only();
    (tree, environment)
}

/// Reads a `[tool.alembic]` that names `scripts`, an existing folder, and adds some lines.
fn with_toml(lines: &str) -> (Tree, Environment) {
    let tree = tree(&format!(
        "--- scripts/env.py\n--- scripts/versions/\n--- a/\n--- b/\n--- pyproject.toml\n[tool.alembic]\nscript_location = \"scripts\"\n{lines}"
    ));
    let environment = tree.only();
    (tree, environment)
}

/// Returns the kinds of an environment's problems.
fn kinds(environment: &Environment) -> Vec<ConfigProblemKind> {
    environment.problems.iter().map(|problem| problem.kind.clone()).collect()
}

/// Returns the message of the first problem that stops Alembic.
fn failure(environment: &Environment) -> Option<String> {
    environment.problems.iter().find_map(|problem| match &problem.effect {
        Effect::Fails { message } => Some(message.clone()),
        _ => None,
    })
}
