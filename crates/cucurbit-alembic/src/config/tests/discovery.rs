//! Which environments are found, and where.

use super::*;

#[test]
fn ini_beside_the_scripts() {
    let tree = tree(
        "--- alembic.ini\n[alembic]\nscript_location = alembic\n--- alembic/env.py\n--- alembic/versions/\n",
    );
    tree.check(&["Configured alembic.ini [alembic] in .: alembic -> alembic/versions"]);
    let environment = tree.only();
    assert_eq!(environment.problems, []);
    assert_eq!(environment.env_py, Some(tree.path("alembic/env.py")));
    assert_eq!(environment.run_dir_from, RunDirSource::ConfigFolder);
}

#[test]
fn configuration_file_itself() {
    let tree = tree(
        "--- x/alembic-prod.ini\n[alembic]\nscript_location = m\n--- x/m/versions/\n--- y/pyproject.toml\n[tool.alembic]\nscript_location = \"%(here)s/m\"\n--- y/m/versions/\n",
    );
    let find = |name: &str| discover(&tree.path(name), &DiscoverOptions::default()).unwrap();
    let line = |found: &Discovery| tree.line(&found.environments[0]);
    assert_eq!(
        line(&find("x/alembic-prod.ini")),
        "Configured x/alembic-prod.ini [alembic] in x: x/m -> x/m/versions"
    );
    assert_eq!(
        line(&find("y/pyproject.toml")),
        "Configured y/pyproject.toml [alembic] in y: y/m -> y/m/versions"
    );
}

#[test]
fn monorepo_run_from_its_root() {
    let tree = tree(
        "--- .git/HEAD\n--- services/a/alembic.ini\n[alembic]\nscript_location = services/a/alembic\n\
         --- services/a/alembic/env.py\n--- services/a/alembic/versions/\n\
         --- services/b/alembic.ini\n[alembic]\nscript_location = alembic\n\
         --- services/b/alembic/env.py\n--- services/b/alembic/versions/\n",
    );
    let a =
        "Configured services/a/alembic.ini [alembic] in .: services/a/alembic -> services/a/alembic/versions";
    let b = "Configured services/b/alembic.ini [alembic] in services/b: services/b/alembic -> services/b/alembic/versions";
    tree.check(&[a, b]);
    // Also when only the service is looked at: the repository's root is above it.
    let found = discover(&tree.path("services/a"), &DiscoverOptions::default()).unwrap();
    assert_eq!(tree.line(&found.environments[0]), a);
    assert_eq!(found.environments[0].run_dir_from, RunDirSource::Ancestor);
}

#[test]
fn given_run_folder_is_not_doubted() {
    let tree = tree("--- x/alembic.ini\n[alembic]\nscript_location = m\n--- x/m/env.py\n--- x/m/versions/\n");
    let options = DiscoverOptions { current_dir: Some(tree.path("")), ..DiscoverOptions::default() };
    let found = tree.discover_with(&options);
    assert_eq!(
        tree.line(&found.environments[0]),
        "Configured x/alembic.ini [alembic] in .: m? -> m/versions?"
    );
    assert_eq!(found.environments[0].run_dir_from, RunDirSource::Given);
}

#[test]
fn run_folder_is_chosen_by_version_locations_when_the_script_is_fixed() {
    let tree = tree(
        "--- x/alembic.ini\n[alembic]\nscript_location = %(here)s/m\nversion_locations = x/v1 x/v2\n\
         --- x/m/env.py\n--- x/v1/\n--- x/v2/\n",
    );
    tree.check(&["Configured x/alembic.ini [alembic] in .: x/m -> x/v1, x/v2"]);
}

#[test]
fn flask_migrate() {
    let text = "--- app.py\n--- migrations/alembic.ini\n[alembic]\n# file_template = x\n[loggers]\nkeys = root\n\
                --- migrations/env.py\nfrom flask import current_app\n--- migrations/script.py.mako\n--- migrations/versions/\n";
    let line = "FlaskMigrate migrations/alembic.ini [alembic] in .: migrations -> migrations/versions";
    tree(text).check(&[line]);
    let tree = tree(text);
    let found = discover(&tree.path("migrations"), &DiscoverOptions::default()).unwrap();
    assert_eq!(tree.line(&found.environments[0]), line);
    assert_eq!(found.environments[0].problems, []);
}

#[test]
fn flask_migrate_reads_no_toml() {
    let tree = tree(
        "--- migrations/alembic.ini\n[alembic]\n--- migrations/env.py\n--- migrations/versions/\n\
         --- migrations/pyproject.toml\n[project]\n--- pyproject.toml\n[tool.alembic]\nfile_template = \"x\"\nscript_location = \"m\"\n--- m/env.py\n--- m/versions/\n",
    );
    tree.check(&[
        "FlaskMigrate migrations/alembic.ini [alembic] in .: migrations -> migrations/versions",
        "Configured pyproject.toml [alembic] in .: m -> m/versions",
    ]);
}

#[test]
fn other_ini_files_are_none_of_our_business() {
    let tree = tree(
        "--- tox.ini\n[tox]\nalembic = yes\n--- setup.cfg\n[metadata]\nname = alembic\n--- broken.ini\n<<<<\n\
         --- pytest.ini\n[pytest]\n--- versions/a.py\nrevision = 'a'\n",
    );
    tree.check(&["BareVersions  [alembic] in .: - -> versions"]);
}

#[test]
fn section_of_an_application_is_not_alembics() {
    let tree = tree("--- app.ini\n[alembic]\nini_location = x\n--- versions/a.py\nrevision = 'a'\n");
    tree.check(&["BareVersions  [alembic] in .: - -> versions"]);
}

#[test]
fn other_names_of_alembic_inis() {
    let tree = tree(
        "--- alembic-prod.ini\n[alembic]\nscript_location = one\n--- setup.cfg\n[alembic]\nscript_location = two\n\
         --- one/versions/\n--- two/versions/\n",
    );
    tree.check(&[
        "Configured alembic-prod.ini [alembic] in .: one -> one/versions",
        "Configured setup.cfg [alembic] in .: two -> two/versions",
    ]);
}

const SECTIONS: &str = "--- alembic.ini\n[DEFAULT]\ntimezone = UTC\n[users]\nscript_location = users\n\
                        [orders]\nscript_location = orders\n[logger_root]\nlevel = WARN\n\
                        --- users/versions/\n--- orders/versions/\n";

#[test]
fn each_section_with_a_script_location_is_an_environment() {
    let tree = tree(SECTIONS);
    tree.check(&[
        "Configured alembic.ini [orders] in .: orders -> orders/versions",
        "Configured alembic.ini [users] in .: users -> users/versions",
    ]);
    assert_eq!(tree.discover().environments[0].timezone.value.as_deref(), Some("UTC"));
}

#[test]
fn section_asked_for() {
    let tree = tree(SECTIONS);
    let asked = |name: &str| DiscoverOptions { section: Some(name.to_owned()), ..DiscoverOptions::default() };
    tree.check_with(&asked("users"), &["Configured alembic.ini [users] in .: users -> users/versions"]);
    let found = tree.discover_with(&asked("nobody"));
    let present = ["users", "orders", "logger_root"].map(str::to_owned).to_vec();
    let absent = ConfigProblemKind::SectionAbsent { section: "nobody".to_owned(), present };
    assert_eq!(kinds(&found.environments[0]), [absent]);
}

#[test]
fn sections_with_own_version_locations_share_the_scripts() {
    let tree = tree(
        "--- alembic.ini\n[DEFAULT]\nscript_location = m\n[one]\nversion_locations = m/one\n[two]\nversion_locations = m/two\n\
         [logger_x]\nlevel = 1\n--- m/env.py\n--- m/one/\n--- m/two/\n",
    );
    tree.check(&[
        "Configured alembic.ini [one] in .: m -> m/one",
        "Configured alembic.ini [two] in .: m -> m/two",
    ]);
}

#[test]
fn multidb_template_is_one_environment() {
    let tree = tree(
        "--- alembic.ini\n[alembic]\nscript_location = m\ndatabases = one, two\n[one]\nsqlalchemy.url = x\n[two]\nsqlalchemy.url = y\n--- m/versions/\n",
    );
    tree.check(&["Configured alembic.ini [alembic] in .: m -> m/versions"]);
    assert_eq!(tree.only().databases.value, ["one", "two"]);
}

#[test]
fn configurations_of_one_environment_are_joined() {
    let ini = "[alembic]\nscript_location = m\n";
    let tree = tree(&format!("--- alembic-test.ini\n{ini}--- alembic.ini\n{ini}--- m/versions/\n"));
    let environment = tree.only();
    assert_eq!(environment.config_files, [tree.path("alembic.ini"), tree.path("alembic-test.ini")]);
    let shared = ConfigSource { file: tree.path("alembic-test.ini"), section: "alembic".to_owned() };
    assert_eq!(environment.shared_with, [shared]);
}

#[test]
fn configurations_with_other_settings_stay_apart() {
    let tree = tree(
        "--- alembic.ini\n[alembic]\nscript_location = m\n--- b.ini\n[alembic]\nscript_location = m\nsourceless = true\n--- m/versions/\n",
    );
    let found = tree.discover();
    assert_eq!(found.environments.len(), 2);
    assert_eq!(found.environments[0].problems, []);
    let with = ConfigSource { file: tree.path("alembic.ini"), section: "alembic".to_owned() };
    assert_eq!(kinds(&found.environments[1]), [ConfigProblemKind::SharedVersionLocations { with }]);
}

#[test]
fn toml_alone_and_in_an_unrelated_project() {
    let tree = tree(
        "--- a/pyproject.toml\n[project]\ndependencies = [\"alembic\"]\n--- b/pyproject.toml\n[tool.alembic]\n\
         script_location = \"m\"\n--- b/m/versions/\n",
    );
    tree.check(&["Configured b/pyproject.toml [alembic] in b: b/m -> b/m/versions"]);
}

#[test]
fn packages_are_found_in_the_usual_places() {
    for folder in ["", "src/", "lib/"] {
        let tree = tree(&format!(
            "--- alembic.ini\n[alembic]\nscript_location = app.db:migrations\nprepend_sys_path = lib\n--- {folder}app/db/migrations/versions/\n"
        ));
        let expected = tree.path(&format!("{folder}app/db/migrations"));
        let script = tree.only().script_location.unwrap();
        assert_eq!(
            (script.path, script.exists, script.resolution),
            (expected, true, Resolution::Package),
            "{folder}"
        );
    }
}

#[test]
fn package_that_is_nowhere() {
    let environment = tree("--- alembic.ini\n[alembic]\nscript_location = app:migrations\n").only();
    let kind = ConfigProblemKind::PackageNotFound {
        setting: "script_location".to_owned(),
        package: "app".to_owned(),
    };
    assert_eq!(kinds(&environment), [kind]);
    let message = "ModuleNotFoundError: No module named 'app'".to_owned();
    assert_eq!(environment.problems[0].effect, Effect::Depends { message });
}

#[test]
fn path_of_a_container() {
    for location in ["/app/alembic", "C:\\work\\svc\\alembic", "/svc/alembic/"] {
        let tree = tree(&format!(
            "--- svc/alembic.ini\n[alembic]\nscript_location = {location}\n--- svc/alembic/versions/\n"
        ));
        let environment = tree.only();
        let kind = ConfigProblemKind::LocationFromElsewhere {
            setting: "script_location".to_owned(),
            value: location.to_owned(),
            used: tree.path("svc/alembic"),
        };
        assert_eq!(kinds(&environment), [kind]);
        assert_eq!(environment.version_locations[0].path, tree.path("svc/alembic/versions"));
    }
}

#[test]
fn backslashes_in_a_relative_path() {
    let tree = tree("--- alembic.ini\n[alembic]\nscript_location = db\\alembic\n--- db/alembic/versions/\n");
    let script = tree.only().script_location.unwrap();
    assert_eq!((script.path, script.resolution), (tree.path("db/alembic"), Resolution::Tail));
}

#[test]
fn script_folder_and_bare_versions() {
    let tree = tree(
        "--- a/env.py\n--- a/versions/x.py\ndown_revision: str | None = None\n--- b/versions/y.py\nrevision='y'\n\
         --- c/env.py\n--- c/script.py.mako\n--- c/versions/\n--- d/versions/z.py\nprint('revision = 1')\n--- e/env.py\n",
    );
    tree.check(&[
        "ScriptFolder  [alembic] in .: a -> a/versions",
        "BareVersions  [alembic] in b: - -> b/versions",
        "ScriptFolder  [alembic] in .: c -> c/versions",
    ]);
}

#[test]
fn folder_of_revision_files_by_any_name() {
    let tree = tree("--- 001.py\nrevision = 'a'\n--- helper.py\n");
    let environment = tree.only();
    assert_eq!(environment.kind, EnvironmentKind::BareVersions);
    assert_eq!(environment.version_locations[0].path, tree.path(""));
}

#[test]
fn new_script_folder_without_versions() {
    let tree = tree("--- env.py\n--- script.py.mako\n");
    let environment = tree.only();
    assert_eq!(environment.kind, EnvironmentKind::ScriptFolder);
    assert!(!environment.version_locations[0].exists);
}

#[test]
fn parts_of_an_environment_find_its_configuration_above() {
    let tree = tree(
        "--- .git/HEAD\n--- alembic.ini\n[alembic]\nscript_location = db/m\nfile_template = %%(slug)s\n\
         --- db/m/env.py\n--- db/m/versions/x.py\nrevision = 'a'\n--- other/alembic.ini\n[alembic]\nscript_location = m\n--- other/m/env.py\n",
    );
    for part in ["db/m", "db/m/versions"] {
        let found = discover(&tree.path(part), &DiscoverOptions::default()).unwrap();
        let lines: Vec<_> = found.environments.iter().map(|environment| tree.line(environment)).collect();
        assert_eq!(lines, ["Configured alembic.ini [alembic] in .: db/m -> db/m/versions"], "{part}");
        assert_eq!(
            (found.root, found.environments[0].file_template.value.as_str()),
            (tree.path(""), "%(slug)s")
        );
    }
}

#[test]
fn versions_that_no_configuration_names_any_more() {
    let tree = tree(
        "--- alembic.ini\n[alembic]\nscript_location = m\nversion_locations = m/new\n--- m/env.py\n--- m/new/\n\
         --- m/versions/old.py\nrevision = 'a'\n",
    );
    tree.check(&[
        "Configured alembic.ini [alembic] in .: m -> m/new",
        "BareVersions  [alembic] in m: - -> m/versions",
    ]);
}

#[test]
fn one_chain_in_subfolders_is_recursive() {
    let tree = tree(
        "--- m/env.py\n--- m/versions/2023/a.py\nrevision = 'a'\ndown_revision = None\n\
         --- m/versions/2024/b.py\nrevision: str = \"b\"\ndown_revision: str = \"a\"\n",
    );
    tree.check(&["ScriptFolder  [alembic] in .: m -> m/versions"]);
    assert!(tree.only().recursive);
}

#[test]
fn chains_in_a_subfolder_each_are_several() {
    let file = |rev: &str, down: &str| format!("revision = '{rev}'\ndown_revision = {down}\n");
    let tree = tree(&format!(
        "--- m/env.py\n--- m/versions/pg/a.py\n{}--- m/versions/pg/b.py\n{}--- m/versions/lite/a.py\n{}--- m/versions/lite/c.py\n{}",
        file("a", "None"),
        file("b", "('a',)"),
        file("a", "None"),
        file("c", "['a']"),
    ));
    tree.check(&[
        "ScriptFolder  [alembic] in .: m -> m/versions/lite",
        "ScriptFolder  [alembic] in .: m -> m/versions/pg",
    ]);
}

#[test]
fn recursive_configuration_claims_the_folders_below() {
    let tree = tree(
        "--- alembic.ini\n[alembic]\nscript_location = m\nrecursive_version_locations = true\n--- m/versions/versions/a.py\nrevision = 'a'\n",
    );
    tree.check(&["Configured alembic.ini [alembic] in .: m -> m/versions"]);
}

#[test]
fn folders_of_tools_are_skipped() {
    let skipped = ["node_modules", ".venv", "env", "x/site-packages", "__pycache__", "target", ".tox/py"];
    let inner = skipped.map(|name| format!("--- {name}/alembic.ini\n[alembic]\nscript_location = m\n"));
    let tree = tree(&format!(
        "{}--- env/pyvenv.cfg\n--- Cargo.toml\n--- svc/target/versions/a.py\nrevision = 'a'\n",
        inner.concat()
    ));
    tree.check(&["BareVersions  [alembic] in svc/target: - -> svc/target/versions"]);
    // Unless one of them is what was asked for.
    let found = discover(&tree.path("node_modules"), &DiscoverOptions::default()).unwrap();
    assert_eq!(found.environments.len(), 1);
}

#[test]
fn explicit_versions_look_for_no_configuration() {
    let tree = tree("--- alembic.ini\n[alembic]\nscript_location = m\n--- m/versions/\n--- a/\n--- b/\n");
    let options =
        DiscoverOptions { versions: vec![tree.path("b"), tree.path("a")], ..DiscoverOptions::default() };
    tree.check_with(&options, &["Explicit  [alembic] in .: - -> b, a"]);
}

#[test]
fn explicit_configurations() {
    let tree = tree(
        "--- conf/my.ini\n[alembic]\nscript_location = m\n--- py/pyproject.toml\n[tool.alembic]\nversion_locations = [\"v\"]\n--- m/env.py\n--- v/\n",
    );
    let with = |files: &[&str]| DiscoverOptions {
        config: files.iter().map(|name| tree.path(name)).collect(),
        ..DiscoverOptions::default()
    };
    tree.check_with(
        &with(&["py/pyproject.toml", "conf/my.ini"]),
        &["Configured conf/my.ini+py/pyproject.toml [alembic] in .: m -> v"],
    );
    let two = discover(&tree.path(""), &with(&["conf/my.ini", "conf/my.ini"]));
    assert!(matches!(two, Err(DiscoverError::TwoConfigs { .. })));
    let none = discover(&tree.path(""), &with(&["no.ini"]));
    assert!(matches!(none, Err(DiscoverError::NotFound { .. })));
}

#[test]
fn revision_files_under_another_name_are_named() {
    let tree =
        tree("--- app/migrations/a1.py\nrevision = 'a1'\ndown_revision = None\n--- app/b.py\nrevision = 3\n");
    let found = discover(&tree.path(""), &DiscoverOptions::default());
    let Err(error @ DiscoverError::NothingFound { .. }) = found else { panic!("{found:?}") };
    let folder = tree.path("app/migrations");
    let words = format!("; revision files stand in {}: name such a folder itself", folder.display());
    assert!(error.to_string().ends_with(&words), "{error}");
}

#[test]
fn nothing_to_find() {
    let tree = tree("--- a/b.py\n--- notes.txt\n");
    let find = |name: &str| discover(&tree.path(name), &DiscoverOptions::default());
    assert!(matches!(find(""), Err(DiscoverError::NothingFound { .. })));
    assert!(matches!(find("notes.txt"), Err(DiscoverError::UnknownFile { .. })));
    assert!(matches!(find("gone"), Err(DiscoverError::NotFound { .. })));
    assert!(matches!(
        find("notes.txt/x"),
        Err(DiscoverError::Unreadable { .. } | DiscoverError::NotFound { .. })
    ));
}
