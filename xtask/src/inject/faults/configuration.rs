//! Faults of `alembic.ini`.

use super::{Fault, Injected, expect};
use crate::inject::project::{INI, Project, SCRIPTS, healthy_settings, ini_text, version_locations};
use std::path::{Path, PathBuf};

pub(super) const FAULTS: &[Fault] = &[
    Fault { name: "no-script-location", inject: no_script_location },
    Fault { name: "lost-script-location", inject: lost_script_location },
    Fault { name: "lost-version-location", inject: lost_version_location },
    Fault { name: "empty-folder", inject: empty_folder },
    Fault { name: "same-folder-twice", inject: same_folder_twice },
    Fault { name: "misspelt-setting", inject: misspelt_setting },
    Fault { name: "boolean-not-true", inject: boolean_not_true },
    Fault { name: "unknown-separator", inject: unknown_separator },
    Fault { name: "two-configurations", inject: two_configurations },
];

fn set(project: &mut Project<'_>, name: &str, value: &str) {
    project.settings.retain(|(known, _)| known != name);
    project.settings.push((name.to_owned(), value.to_owned()));
}

fn no_script_location(project: &mut Project<'_>) -> Injected {
    project.settings.retain(|(name, _)| name != "script_location");
    Ok(expect("missing-script-location").file(Path::new(INI)))
}

fn lost_script_location(project: &mut Project<'_>) -> Injected {
    set(project, "script_location", "%(here)s/elsewhere");
    Ok(expect("missing-script-location").file(Path::new(INI)))
}

fn lost_version_location(project: &mut Project<'_>) -> Injected {
    let mut folders = project.versions.to_vec();
    let at = project.random.usize(0..=folders.len());
    folders.insert(at, PathBuf::from("plugins/versions"));
    set(project, "version_locations", &version_locations(&folders));
    Ok(expect("missing-version-location").file(Path::new(INI)))
}

fn empty_folder(project: &mut Project<'_>) -> Injected {
    let folder = Path::new(SCRIPTS).join("empty");
    project.put_entry(&folder, crate::inject::tree::Entry::Folder);
    set(project, "version_locations", &version_locations(std::slice::from_ref(&folder)));
    Ok(expect("no-revisions").file(&folder))
}

/// Alembic compares locations by their real path, so another spelling is the same folder.
fn same_folder_twice(project: &mut Project<'_>) -> Injected {
    let mut folders = project.versions.to_vec();
    let again = project.random.usize(0..folders.len());
    let spelling = match project.random.bool() {
        true => folders[again].clone(),
        false => Path::new(SCRIPTS).join("..").join(&folders[again]),
    };
    folders.push(spelling);
    set(project, "version_locations", &version_locations(&folders));
    Ok(expect("overlapping-version-locations").file(Path::new(INI)))
}

fn misspelt_setting(project: &mut Project<'_>) -> Injected {
    let name = project.one_of(&["version_location", "script_locations", "file_templates", "path_seperator"]);
    set(project, name.unwrap_or_default(), "x");
    Ok(expect("ignored-setting").file(Path::new(INI)))
}

fn boolean_not_true(project: &mut Project<'_>) -> Injected {
    let value = project.one_of(&["True", "yes", "1", "on"]).unwrap_or_default();
    let name = project.one_of(&["recursive_version_locations", "sourceless"]).unwrap_or_default();
    set(project, name, value);
    Ok(expect("ignored-setting").file(Path::new(INI)))
}

fn unknown_separator(project: &mut Project<'_>) -> Injected {
    let value = project.one_of(&["comma", "tab", ",", "newlines"]).unwrap_or_default();
    set(project, "path_separator", value);
    Ok(expect("invalid-setting").file(Path::new(INI)))
}

/// The second file may agree with the first, or set something else.
fn two_configurations(project: &mut Project<'_>) -> Injected {
    let mut settings = healthy_settings(project.versions, project.recursive);
    if project.random.bool() {
        settings.push(("file_template".to_owned(), "%%(year)d_%%(rev)s_%%(slug)s".to_owned()));
    }
    let path = Path::new("staging.ini");
    project.put(path, ini_text(&settings));
    Ok(expect("shared-version-location").file(path))
}
