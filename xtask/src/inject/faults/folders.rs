//! Files where they do not belong.

use super::{Fault, Injected, NO_REVISION, expect};
use crate::inject::project::Project;

pub(super) const FAULTS: &[Fault] = &[
    Fault { name: "stray-module", inject: stray_module },
    Fault { name: "moved-to-subfolder", inject: moved_to_subfolder },
    Fault { name: "moved-to-init", inject: moved_to_init },
    Fault { name: "bytecode-only", inject: bytecode_only },
];

fn stray_module(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let path = project.revision(index).path.with_file_name("helpers.py");
    if project.tree().contains(&path) {
        return Err("there is a `helpers.py` already");
    }
    project.put(&path, "import sqlalchemy as sa\n\n\ndef table_names(bind):\n    return sa.inspect(bind).get_table_names()\n");
    Ok(expect("stray-file").file(&path))
}

fn moved_to_subfolder(project: &mut Project<'_>) -> Injected {
    if project.recursive {
        return Err("subfolders count in this environment");
    }
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let revision = project.revision(index);
    let name = revision.path.file_name().unwrap_or_default();
    let path = revision.path.with_file_name("old").join(name);
    project.move_file(index, path.clone());
    Ok(expect("misplaced-revision").file(&path).revision(&revision.id))
}

fn moved_to_init(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let revision = project.revision(index);
    let path = revision.path.with_file_name("__init__.py");
    if project.tree().bytes(&path).is_some_and(|bytes| bytes.contains(&b'=')) {
        return Err("`__init__.py` holds code");
    }
    project.move_file(index, path.clone());
    Ok(expect("misplaced-revision").file(&path).revision(&revision.id))
}

/// The id can be told only from a name that begins with it, and only where a child misses it.
fn bytecode_only(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let revision = project.revision(index);
    let cached = format!("__pycache__/{}.cpython-311.pyc", revision.stem());
    let path = revision.path.with_file_name(cached);
    project.remove(index);
    project.put(&path, b"\xa7\x0d\x0d\x0a\0\0\0\0\0\0\0\0\0\0\0\0\xe3".as_slice());
    let expected = expect("bytecode-only").file(&path);
    let is_missed = !project.chain.children(index).is_empty();
    let is_named = revision.is_named_for_id() || revision.stem() == revision.id;
    Ok(if is_missed && is_named { expected.revision(&revision.id) } else { expected })
}
