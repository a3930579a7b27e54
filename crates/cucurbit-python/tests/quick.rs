//! The quick way through a file and the whole parse must agree, on whole files and on damaged ones.

use cucurbit_python::Module;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn python_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut stack = vec![folder.to_path_buf()];
    while let Some(folder) = stack.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            match path.extension() {
                _ if path.is_dir() => stack.push(path),
                Some(suffix) if suffix == "py" => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

const NAMES: [&str; 4] = ["revision", "down_revision", "upgrade", "sa"];

/// Read twice for some names alone: a line that was met before is not read again.
fn check(text: &str, what: &str) {
    let whole = Module::read_whole(text);
    assert_eq!(Module::read(text), whole, "{what}:\n{text}");
    let only_named = |mut module: Module| {
        module.bindings.retain(|binding| NAMES.contains(&binding.name.as_str()));
        module
    };
    let whole = only_named(whole);
    for _ in 0..2 {
        let (named, _) = Module::read_names(&Arc::from(text), &NAMES);
        assert_eq!(only_named(named), whole, "{what}:\n{text}");
    }
}

/// A small generator that needs no crate: the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap_or(0)
    }
}

#[test]
fn whole_and_damaged_files_read_the_same() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    // A folder of real projects can be added to the fixtures' own files.
    let folders = std::iter::once(fixtures).chain(std::env::var_os("CUCURBIT_CORPUS").map(PathBuf::from));
    let files: Vec<PathBuf> = folders.flat_map(|folder| python_files(&folder)).collect();
    assert!(files.len() > 30, "the fixtures are there");
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for path in files {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        check(&text, &path.display().to_string());
        for _ in 0..30 {
            check(&damaged(&text, &mut numbers), &format!("{} damaged", path.display()));
        }
    }
}

const SCRAPS: [&str; 42] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "\"\"\"",
    "\\",
    "#",
    ":",
    ",",
    "=",
    "==",
    " ",
    "\n",
    "    ",
    "\t",
    "else:",
    "f'",
    "0",
    "1_000",
    "...",
    ". . .",
    ";",
    "@",
    "-",
    "->",
    "lambda:",
    "not ",
    "if ",
    "é",
    "'é'",
    "match x:\n",
    "print ",
    "def f(",
    "import ",
    "*",
    "**",
    ":=",
    "x = 'a'\n",
];

fn damaged(text: &str, numbers: &mut Numbers) -> String {
    let mut text = text.to_owned();
    for _ in 0..=numbers.below(3) {
        let mut at = numbers.below(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        match numbers.below(4) {
            0 => {
                let mut end = (at + 1 + numbers.below(12)).min(text.len());
                while !text.is_char_boundary(end) {
                    end += 1;
                }
                text.replace_range(at..end, "");
            }
            1 => {
                let line = text[..at].rfind('\n').map_or(0, |found| found + 1);
                text.insert_str(line, SCRAPS[numbers.below(SCRAPS.len())]);
            }
            _ => text.insert_str(at, SCRAPS[numbers.below(SCRAPS.len())]),
        }
    }
    text
}

#[test]
fn what_looks_alike_is_told_apart() {
    for text in [
        "x = ...\n",
        "x = . . .\n",
        "from .. import a\n",
        "x = a.b\n",
        "x = 1 .real\n",
        "x = 1.real\n",
        "x = 0777\n",
        "x = 1if a else 2\n",
        "type X = int\n",
        "foo X = int\n",
        "match = 1\n",
        "match x\n",
        "print 'x'\n",
        "x = = 1\n",
        "x == 1\n",
        "x = (1\n",
        "x = 1)\n",
        "def f():\n",
        "def f():\npass\n",
        "def f():\n    a\n   b\n",
        "if a:\n    b\nelse:\n    c\n",
        "  x = 1\n",
        "x = 'a\n'\n",
        "'doc'\nx = 1",
        "'a' 'b'\nx = 1",
        "x = 1\n'doc'\n",
        "# c\n'doc'",
        "x = ('a')\n",
        "x = ('a',)\n",
        "x = ()\n",
        "x = (('a'))\n",
        "x = [('a'), 'b']\n",
        "x: str\n",
        "x: str = 'a'\n",
        "x: Union[str, None] = None\n",
        "x: a = b = 'c'\n",
        "x = y = 'a'\n",
        "x = y = None\n",
        "x, y = 1, 2\n",
        "import a, b\n",
        "import a.b\n",
        "import a as b\n",
        "from a import b as c\n",
        "from a import (b, c)\n",
        "from . import a\n",
        "from a import *\n",
        "import a.b as c, d\n",
        "from .a.b import c as d, e\n",
        "from ... import (\n    a as b,\n    c,\n)\n",
        "from .import a\n",
        "from a import b,\n",
        "class A: pass\n",
        "class A(B):\n    x = 1\n",
        "def f(): pass\n",
        "def f(a, a): pass\n",
        "f(a=1, a=2)\n",
        "exec('x')\n",
        "x = 'a'; y = 'b'\n",
        "del x\n",
        "x += 'a'\n",
        "x = f('a')\n",
        "x = A\n",
        "A = 'a'\nx = A\n",
        "x = -1\n",
        "x = 5\n",
        "@a\ndef f(): pass\n",
        "async def f(): pass\n",
    ] {
        check(text, "text");
    }
}
