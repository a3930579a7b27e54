//! Ids that Alembic, a database or a person cannot tell apart or take.

use super::{Fault, Injected, NO_REVISION, expect};
use crate::inject::project::Project;
use crate::inject::rename::rename;

pub(super) const FAULTS: &[Fault] = &[
    Fault { name: "prefix-id", inject: prefix_id },
    Fault { name: "long-id", inject: long_id },
    Fault { name: "placeholder-id", inject: placeholder_id },
    Fault { name: "reserved-id", inject: reserved_id },
    Fault { name: "forbidden-character", inject: forbidden_character },
    Fault { name: "case-clash", inject: case_clash },
];

/// Alembic takes no short forms below four characters.
fn prefix_id(project: &mut Project<'_>) -> Injected {
    let whole = project
        .pick(|_, revision| revision.id.len() >= 4 && revision.id.is_ascii())
        .ok_or("no id has four ASCII characters or more")?;
    let renamed = project.pick(|index, _| index != whole).ok_or("there is one revision alone")?;
    let whole = project.revision(whole);
    let shorter = &whole.id[..whole.id.len().saturating_sub(3).max(4)];
    let new = match project.chain.is_id(shorter) {
        false => shorter.to_owned(),
        true => format!("{}{}", whole.id, project.fresh_id()),
    };
    let path = rename(project, renamed, &new);
    Ok(expect("ambiguous-prefix").file(&path).file(&whole.path).revision(&whole.id).revision(&new))
}

/// An environment that widens its version table may hold any id.
fn long_id(project: &mut Project<'_>) -> Injected {
    let widens = project.chain.revisions().iter().any(|revision| revision.text.contains("version_num"));
    if widens {
        return Err("a migration alters the column of the version table");
    }
    let new: String = (0..40).map(|_| format!("{:x}", project.random.u8(0..16))).collect();
    renamed(project, "long-id", &new)
}

fn placeholder_id(project: &mut Project<'_>) -> Injected {
    if project.chain.is_id("a1b2c3d4e5f6") {
        return Err("`a1b2c3d4e5f6` is there already");
    }
    renamed(project, "placeholder-id", "a1b2c3d4e5f6")
}

fn reserved_id(project: &mut Project<'_>) -> Injected {
    let word = project.one_of(&["head", "heads", "base"]).unwrap_or("head");
    renamed(project, "reserved-id", word)
}

fn forbidden_character(project: &mut Project<'_>) -> Injected {
    let sign = project.one_of(&['-', '@', '+', ':']).unwrap_or('-');
    renamed(project, "forbidden-character", &format!("x{sign}y"))
}

fn renamed(project: &mut Project<'_>, rule: &'static str, new: &str) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let path = rename(project, index, new);
    Ok(expect(rule).file(&path).revision(new))
}

fn case_clash(project: &mut Project<'_>) -> Injected {
    let other = project
        .pick(|_, revision| revision.id.bytes().any(|b| b.is_ascii_lowercase()))
        .ok_or("no id has a letter")?;
    let index = project.pick(|index, _| index != other).ok_or("there is one revision alone")?;
    let other = project.revision(other);
    let new = other.id.to_ascii_uppercase();
    let path = rename(project, index, &new);
    Ok(expect("case-clash").file(&path).file(&other.path).revision(&new).revision(&other.id))
}
