//! Snippets, and what their `upgrade` calls outside.

use super::*;
use cucurbit_text::Span;
use std::rc::Rc;
use std::sync::Arc;

struct OneFile(Vec<(&'static str, Arc<Parsed>)>);

impl Files for OneFile {
    fn find(&self, _: FileId, module: &ModuleName) -> Found {
        match self.0.iter().position(|(name, _)| *name == module.path) {
            Some(at) => Found::File(FileId(at as u32)),
            None => Found::Outside,
        }
    }
    fn parsed(&self, file: FileId) -> Option<Arc<Parsed>> {
        self.0.get(file.0 as usize).map(|(_, parsed)| Arc::clone(parsed))
    }
    fn module_name(&self, file: FileId) -> String {
        self.0[file.0 as usize].0.to_owned()
    }
}

/// Records calls of `op.*`; `ask()` is unknown.
#[derive(Default)]
struct Recorder {
    calls: Vec<String>,
    guards: usize,
}

impl Host for Recorder {
    type Mark = usize;
    fn call(e: &mut Evaluator<'_, Self>, call: &Call) -> Outcome {
        let name = e.describe(&call.callee);
        if !name.contains("op.") {
            return Outcome::Default;
        }
        if name.ends_with(".ask") {
            return Outcome::Value(Value::unknown("the database knows", Some(call.place)));
        }
        if name.ends_with(".fail") {
            let value = Value::External(Rc::from("builtins.ValueError"));
            return Outcome::Raise(Exception { value, message: None, place: call.place });
        }
        let arguments: Vec<String> = call.arguments.positional.iter().map(|a| e.describe(a)).collect();
        let guard = if e.host.guards > 0 { "?" } else { "" };
        e.host.calls.push(format!(
            "{guard}{}({})",
            name.rsplit('.').next().unwrap_or(""),
            arguments.join(", ")
        ));
        Outcome::Value(Value::None)
    }
    fn attribute(_: &mut Evaluator<'_, Self>, _: &Value, _: &str, _: Place) -> Outcome {
        Outcome::Default
    }
    fn context(_: &mut Evaluator<'_, Self>, _: &Value, _: bool, _: Place) -> Outcome {
        Outcome::Default
    }
    fn truth(_: &mut Evaluator<'_, Self>, _: &Value) -> Option<bool> {
        None
    }
    fn items(_: &mut Evaluator<'_, Self>, _: &Value) -> Option<Vec<Value>> {
        None
    }
    fn operate(_: &mut Evaluator<'_, Self>, _: &Value, _: &str, _: &Value) -> Option<Value> {
        None
    }
    fn mark(&mut self) -> usize {
        self.calls.len()
    }
    fn rewind(&mut self, mark: usize) {
        self.calls.truncate(mark);
    }
    fn effects_since(&self, mark: &usize) -> usize {
        self.calls.len() - mark
    }
    fn is_unchanged(&self, mark: &usize) -> bool {
        self.calls.len() == *mark
    }
    fn decide(&mut self, unsettled: &Unsettled) -> Decision {
        match unsettled.branches.as_slice() {
            [a, b] if a.raises => {
                let _ = b;
                Decision::Take(1)
            }
            [a, b] if a.effects == 0 && b.effects > 0 => Decision::Take(1),
            [a, _] if a.effects == 0 && a.leaves => Decision::Take(1),
            [a, b] if a.effects == 0 && b.effects == 0 => Decision::All,
            _ => Decision::Take(0),
        }
    }
    fn guard(&mut self, unsettled: Option<&Unsettled>) {
        match unsettled {
            Some(_) => self.guards += 1,
            None => self.guards -= 1,
        }
    }
}

fn calls(modules: &[(&'static str, &str)]) -> Vec<String> {
    let files = OneFile(
        modules.iter().map(|(name, text)| (*name, Arc::new(Parsed::parse(Arc::from(*text))))).collect(),
    );
    let mut evaluator = Evaluator::new(&files, Recorder::default(), Limits::default());
    let upgrade = evaluator.module_value(FileId(0), "upgrade").expect("upgrade is bound");
    let place = Place { file: FileId(0), span: Span::new(0, 0) };
    let _ = evaluator.call(&upgrade, Arguments::default(), place);
    assert_eq!(evaluator.host.guards, 0, "every guard ends");
    evaluator.host.calls
}

fn upgrade(body: &str) -> Vec<String> {
    let indented = body.replace('\n', "\n    ");
    calls(&[(
        "m",
        &format!(
            "from alembic import op\nimport sqlalchemy as sa\nT = 'users'\ndef upgrade():\n    {indented}\n"
        ),
    )])
}

#[test]
fn literals_constants_and_formatting() {
    assert_eq!(
        upgrade("op.a(T, f'ix_{T}', 'a%s' % T, '{}_{x}'.format(T, x=1))"),
        ["a('users', 'ix_users', 'ausers', 'users_1')"]
    );
    assert_eq!(
        upgrade("op.a('a' 'b' + 'c', [1, 2][1:], {'k': 3}['k'], 'A'.lower())"),
        ["a('abc', [2], 3, 'a')"]
    );
    assert_eq!(upgrade("op.a(', '.join(repr(x) for x in ('a', 'b')))"), ["a(\"'a', 'b'\")"]);
    assert_eq!(
        upgrade("op.a('%(a)s-%02d' % {'a': 1}, '%02d' % 7)"),
        ["a(<unknown: the part `{'a': 1}` of a string cannot be told>, '07')"]
    );
}

#[test]
fn loops_helpers_and_closures() {
    assert_eq!(upgrade("for t, c in (('a', 1), ('b', 2)):\n    op.a(t, c)"), ["a('a', 1)", "a('b', 2)"]);
    assert_eq!(
        upgrade("def f(x, *rest, y=2, **kw):\n    op.a(x, rest, y, kw)\nf(1, 3, 4, z=5)"),
        ["a(1, (3, 4), 2, {'z': 5})"]
    );
    assert_eq!(
        upgrade("for i in range(3):\n    if i == 1:\n        continue\n    op.a(i)\nelse:\n    op.b()"),
        ["a(0)", "a(2)", "b()"]
    );
    assert_eq!(upgrade("n = 0\nwhile n < 2:\n    op.a(n)\n    n += 1"), ["a(0)", "a(1)"]);
}

#[test]
fn what_cannot_be_told_is_guarded() {
    assert_eq!(upgrade("if op.ask():\n    op.a()\nop.b()"), ["?a()", "b()"]);
    assert_eq!(upgrade("if op.ask():\n    return\nop.a()"), ["?a()"]);
    assert_eq!(upgrade("if op.ask():\n    raise ValueError('x')\nop.a()"), ["?a()"]);
    assert_eq!(
        upgrade("for t in ('a', 'b'):\n    if op.ask():\n        continue\n    op.a(t)\nop.b()"),
        ["?a('a')", "?a('b')", "b()"]
    );
    assert_eq!(upgrade("x = 1 if op.ask() else 2\nop.a(x)").len(), 1);
    assert_eq!(upgrade("for x in op.ask():\n    op.a()"), ["?a()"]);
}

#[test]
fn a_tried_branch_leaves_nothing_behind() {
    assert_eq!(
        upgrade(
            "xs = []\nif op.ask():\n    xs.append(1)\n    raise ValueError()\nelse:\n    op.b()\nop.a(xs)"
        ),
        ["?b()", "?a([])"]
    );
    assert_eq!(
        upgrade("if op.ask():\n    op.a()\n    if op.ask():\n        op.b()\nelse:\n    pass"),
        ["?a()", "?b()"]
    );
}

#[test]
fn a_module_that_a_tried_branch_loads_is_no_part_of_it() {
    let upgrade = "xs = []\n    if op.ask():\n        xs.append(1)\n        xs.append(other.T)\n        raise ValueError()\n    else:\n        op.b()\n    op.a(xs)";
    let m = format!("from alembic import op\nimport other\ndef upgrade():\n    {upgrade}\n");
    let other = "from alembic import op\nif op.ask():\n    T = 1\nelse:\n    T = 2\n";
    let found = calls(&[("m", &m), ("other", other)]);
    assert_eq!(found, ["?b()", "?a([])"]);
}

#[test]
fn ways_that_do_nothing_are_joined() {
    let ways = |then: &str, otherwise: &str| {
        format!(
            "n = 0\nfor x in op.ask():\n    if op.ask():\n        {then}\n    else:\n        {otherwise}\nop.a(n)"
        )
    };
    assert_eq!(upgrade(&ways("n = 0", "m = 1")), ["a(0)"]);
    assert_eq!(upgrade(&ways("n = 1", "n = 2")), ["a(<unknown: the database knows>)"]);
    assert_eq!(upgrade(&ways("n = 1", "op.b()")), ["?b()", "a(0)"]);
    assert_eq!(upgrade(&ways("continue", "n = 2")), ["a(<unknown: the database knows>)"]);
    assert_eq!(upgrade("if op.ask():\n    return\nelse:\n    return\nop.a()"), [""; 0]);
}

#[test]
fn exceptions() {
    assert_eq!(
        upgrade(
            "try:\n    op.fail()\n    op.a()\nexcept KeyError:\n    op.b()\nexcept Exception:\n    op.c()\nfinally:\n    op.d()"
        ),
        ["c()", "d()"]
    );
    assert_eq!(
        upgrade("import contextlib\nwith contextlib.suppress(ValueError):\n    op.fail()\nop.a()"),
        ["a()"]
    );
}

#[test]
fn context_managers_classes_and_enums() {
    let text = "from contextlib import contextmanager\n@contextmanager\ndef m(x):\n    op.a(x)\n    yield x + 1\n    op.c()\nwith m(1) as y:\n    op.b(y)";
    assert_eq!(upgrade(text), ["a(1)", "b(2)", "c()"]);
    let text = "import enum\nclass E(str, enum.Enum):\n    A = 'x'\n    B = 'y'\n    def f(self):\n        return self.value.upper()\nop.a([e.name for e in E], E.A.value, E.B.f(), E('y').name, E.A == 'x')";
    assert_eq!(upgrade(text), ["a(['A', 'B'], 'x', 'Y', 'B', True)"]);
    let text = "class A:\n    x = 1\n    def __init__(self, y):\n        self.y = y\n    @property\n    def z(self):\n        return self.x + self.y\nclass B(A):\n    x = 2\n    def __init__(self):\n        super().__init__(5)\nop.a(B().z)";
    assert_eq!(upgrade(text), ["a(7)"]);
}

#[test]
fn imports_are_followed() {
    let found = calls(&[
        (
            "m",
            "from helpers import *\nfrom names import T as table\nimport alembic.op as o\ndef upgrade():\n    make(table)\n    o.z(dialects.x)\n",
        ),
        ("helpers", "from alembic import op\nfrom outside import dialects\ndef make(t):\n    op.a(t)\n"),
        ("names", "T = 't'\n"),
    ]);
    assert_eq!(found, ["a('t')", "z(outside.dialects.x)"]);
}

#[test]
fn variables_of_the_environment_are_taken_as_not_set() {
    let text = "import os\nop.a(os.environ.get('X', '').lower() == 'true', os.getenv('Y', 5))";
    assert_eq!(upgrade(text), ["a(False, 5)"]);
    let text = "import os\nif os.environ.get('X'):\n    op.a(1)\nop.b(2)";
    assert_eq!(upgrade(text), ["?a(1)", "b(2)"]);
}

#[test]
fn odd_texts_do_no_harm() {
    for text in [
        "def upgrade(): upgrade()",
        "def upgrade():\n while True: pass",
        "def upgrade():\n x = 'a' * 10**9",
        "def upgrade(): return [*range(10**9)]",
        "def upgrade():\n l = []\n l.append(l)\n op.a(l)",
        "def upgrade():\n (((",
        "def upgrade():\n class A(A): pass",
        "def upgrade():\n for i in range(100000):\n  for j in range(100000): pass",
    ] {
        calls(&[("m", text)]);
    }
}
