//! Writes the stubs of a rule: its code, its page, and what else is to be done.

use crate::{Outcome, program};
use anyhow::Context;
use clap::ValueEnum;
use std::path::Path;

/// Which rule.
#[derive(Debug, clap::Args)]
pub(crate) struct NewRuleArguments {
    /// The name: it states the fault, in small letters and hyphens.
    name: String,
    /// What the rule is about.
    #[arg(long, value_enum, default_value_t = Family::Gra)]
    family: Family,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "UPPER")]
enum Family {
    /// The graph.
    Gra,
    /// Files.
    Fil,
    /// Ids.
    Ids,
    /// Configuration.
    Cfg,
    /// What the migrations do.
    Sch,
}

impl Family {
    fn as_str(self) -> &'static str {
        match self {
            Family::Gra => "GRA",
            Family::Fil => "FIL",
            Family::Ids => "IDS",
            Family::Cfg => "CFG",
            Family::Sch => "SCH",
        }
    }
}

/// Runs the chore.
///
/// # Errors
/// When the name is taken or no name, or a file cannot be written.
pub(crate) fn run(arguments: &NewRuleArguments) -> anyhow::Result<Outcome> {
    let name = arguments.name.as_str();
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    anyhow::ensure!(name.split('-').all(is_word), "`{name}` is not small letters and hyphens");
    anyhow::ensure!(cucurbit::rules::find(name).is_none(), "there is a rule `{name}` already");
    let folder = program::workspace().join("crates/cucurbit/src/rules");
    let code = next_code(&folder, arguments.family.as_str())?;
    let module = name.replace('-', "_");
    write_new(&folder.join(format!("{module}.rs")), &source(&code, name, &module))?;
    write_new(&folder.join(format!("{module}.md")), &page(&code, name))?;
    println!("wrote crates/cucurbit/src/rules/{module}.rs and {module}.md for {code}");
    println!("now add this line to `rules![…]` in crates/cucurbit/src/rules.rs, at the end of its family:");
    println!("    {module},");
    println!("then write the page; its fenced blocks are the tests of the rule");
    Ok(Outcome::AsExpected)
}

/// Returns the code behind the highest one of the family. Codes are never used again, so pages that
/// no rule has any more count as well.
fn next_code(folder: &Path, family: &str) -> anyhow::Result<String> {
    let mut codes: Vec<String> = cucurbit::rules::ALL.iter().map(|rule| rule.info.code.to_owned()).collect();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            codes.extend(code_in_title(&std::fs::read_to_string(&path)?));
        }
    }
    let numbers = codes.iter().filter_map(|code| code.strip_prefix(family)?.parse::<u16>().ok());
    Ok(format!("{family}{:03}", numbers.max().unwrap_or_default() + 1))
}

/// Returns the code of a page: its title is `# name (CODE)`.
fn code_in_title(page: &str) -> Option<String> {
    let title = page.lines().next()?.strip_suffix(')')?;
    Some(title.rsplit_once('(')?.1.to_owned())
}

fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file =
        std::fs::File::create_new(path).with_context(|| format!("cannot make {}", path.display()))?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    Ok(())
}

fn source(code: &str, name: &str, module: &str) -> String {
    format!(
        r#"//! The fault in one sentence.

use crate::case::Case;
use crate::finding::Finding;

info!("{code}", "{name}", Warning, "{module}.md", "The fault in one sentence.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {{
    for row in 0..case.files().len() {{
        let is_faulty = false;
        if !is_faulty {{
            continue;
        }}
        out.push(
            Finding::new(&INFO, case.id_place(row), "what is wrong, with ids in backticks")
                .label("what the place shows")
                .why("what follows, in Alembic's words where it has some")
                .cause("what probably happened")
                .help("what to do"),
        );
    }}
}}
"#
    )
}

fn page(code: &str, name: &str) -> String {
    format!(
        r#"# {name} ({code})

Warning. The fault in one sentence.

## Why it matters

What Alembic does, in its own words.

## Example

The smallest folder that shows the fault. The line that must be reported is marked.

```python versions/a1_users.py
revision = "a1"  # finding: {name}
down_revision = None

def upgrade(): pass
```

## Repair

What to do, and the folder after it.

```python versions/a1_users.py
revision = "a1"
down_revision = None

def upgrade(): pass
```

## When it stays silent

What looks like the fault and is none.

```python versions/a1_users.py
revision = "a1"
down_revision = None

def upgrade(): pass
```
"#
    )
}
