//! What can be seen of modules, whole and damaged.

use cucurbit_python::{MAX_SOURCE_BYTES, Module, Problem, Unknown, Value, Variable};

/// Renders what the named variable is: `'x'`, `None`, `absent`, or `? why`.
fn variable(text: &str, name: &str) -> String {
    let module = Module::read(text);
    match module.variable(name) {
        Variable::Absent => "absent".to_owned(),
        Variable::Known(binding) => render(&binding.value),
        Variable::Unknown(why, _) => format!("? {why:?}"),
    }
}

fn render(value: &Value) -> String {
    match value {
        Value::None => "None".to_owned(),
        Value::Str(text) => format!("'{text}'"),
        Value::Int(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Unknown(why) => format!("? {why:?}"),
        Value::Tuple(items) | Value::List(items) | Value::Set(items) => {
            let inner: Vec<String> = items.iter().map(|i| render(&i.value)).collect();
            format!("({})", inner.join(", "))
        }
    }
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(variable(text, "x"), *expected, "in {text:?}");
    }
}

#[test]
fn literals_and_what_folds_to_them() {
    check(&[
        ("x = 'a'", "'a'"),
        ("x: str = 'a'", "'a'"),
        ("x = y = 'a'", "'a'"),
        ("x = 'a' \"b\"", "'ab'"),
        ("x = ('a'\n     'b')", "'ab'"),
        ("x = 'a' + 'b' + 'c'", "'abc'"),
        ("A = 'a'\nx = A", "'a'"),
        ("A = 'a'\nx = f'{A}_1'", "'a_1'"),
        ("x = ('a',)", "('a')"),
        ("x = ['a', 'b']", "('a', 'b')"),
        ("A = ('a',)\nx = A + ('b',)", "('a', 'b')"),
        ("A = ['a']\nx = (*A, 'b')", "('a', 'b')"),
        ("x, y = 'a', 'b'", "'a'"),
        ("x = 'a'\nx += 'b'", "'ab'"),
        ("x = None", "None"),
        ("x = 5", "5"),
        ("x = 'a'\nx = 'b'", "'b'"),
        ("x = 'a'\nx: str", "'a'"),
        ("x = 'a'\ndel x", "absent"),
        ("def f():\n    x = 'a'\n", "absent"),
        ("class C:\n    x = 'a'\n", "absent"),
        ("x: str", "absent"),
        ("# x = 'a'", "absent"),
        ("'''\nx = 'a'\n'''", "absent"),
    ]);
}

#[test]
fn what_depends_on_running_cannot_be_told() {
    check(&[
        ("x = f()", "? Call(\"f\")"),
        ("x = a.b.c()", "? Call(\"a.b.c\")"),
        ("x = y", "? Name(\"y\")"),
        ("from .ids import BASE\nx = BASE", "? Imported { module: \".ids\", name: \"BASE\" }"),
        ("from a import ids\nx = ids.BASE", "? Imported { module: \"a\", name: \"ids.BASE\" }"),
        ("import a.b\nx = a.b.BASE", "? Imported { module: \"a\", name: \"b.BASE\" }"),
        ("import a.b as c\nx = c.BASE", "? Imported { module: \"a.b\", name: \"BASE\" }"),
        ("x = f'{f()}'", "? FormattedString"),
        ("if True:\n    x = 'a'", "? Conditional"),
        ("x = 'a'\ntry:\n    x = 'b'\nexcept E:\n    pass", "? Conditional"),
        ("try:\n    x = 'b'\nfinally:\n    pass\nx = 'a'", "'a'"),
        ("x, *y = g()", "? NotAssigned"),
        ("import x", "? Imported { module: \"x\", name: \"\" }"),
        ("for x in 'ab': pass", "? NotAssigned"),
        ("with f() as x: pass", "? NotAssigned"),
        ("def x(): pass", "? NotAssigned"),
        ("from a import *", "? MayBeBoundElsewhere"),
        ("from a import *\nx = 'a'", "'a'"),
        ("x = 'a'\nexec('x = 1')", "? MayBeBoundElsewhere"),
        ("globals().update(x='a')", "? MayBeBoundElsewhere"),
        ("x = 'a' if y else 'b'", "? Expression(\"a conditional expression\")"),
        ("x = ('a', f())", "? Call(\"f\")"),
        ("x = 'a' % 1", "? Expression(\"the result of an operator\")"),
    ]);
}

#[test]
fn damaged_files_still_yield_what_a_reader_sees() {
    check(&[
        ("x = 'a'\ndef upgrade():\n    f(1\n\ndef downgrade():\n    pass\n", "'a'"),
        ("x = 'a'\nprint 'hello'\nexec 'code'\n", "'a'"),
        ("x = 'a'\ny =\n", "'a'"),
        ("y = (\nx = 'a'\n", "'a'"),
        ("'''never closed\nx = 'a'\n", "'a'"),
        ("x = 'a'\0\n", "'a'"),
        ("x = 'ab", "? Damaged(\"'ab'\")"),
        ("x =\n", "? Damaged(\"\")"),
    ]);
}

#[test]
fn a_conflict_keeps_what_both_sides_say() {
    let text = "x = 'a'\n<<<<<<< HEAD\ny = 'b'\n=======\ny = 'c'\n>>>>>>> topic\nz = 'd'\n";
    let module = Module::read(text);
    assert_eq!(module.conflict_markers.len(), 3);
    assert_eq!(variable(text, "x"), "'a'");
    assert_eq!(variable(text, "z"), "'d'");
    assert_eq!(variable(text, "y"), "? Conflict([\"'b'\", \"'c'\"])");
    assert_eq!(variable(&text.replace("'c'", "'b'"), "y"), "'b'");
}

#[test]
fn problems_say_what_stops_python() {
    let problem = |text: &str| Module::read(text).problems.into_iter().next();
    assert!(matches!(problem("x = (\n"), Some(Problem::Syntax { .. })));
    let tabs = |text: &str| matches!(problem(text), Some(Problem::Tabs { .. } | Problem::Syntax { .. }));
    assert!(tabs("if a:\n\tb\n        c\n"));
    assert!(tabs("if a:\n        if b:\n\t\tc\n"));
    assert!(!tabs("if a:\n\tb\n\tc\n"));
    assert!(!tabs("if a:\n\tb\nif c:\n        d\n"));
    assert!(matches!(problem("x = 'a\0'\n"), Some(Problem::Nul { .. })));
    assert_eq!(problem("# é\nmatch x:\n    case 1:\n        pass\n"), None);
}

#[test]
fn docstring_and_functions_are_found() {
    let module = Module::read(
        "\u{feff}\"\"\"Adds a.\r\n\r\nRevision ID: b\r\n\"\"\"\r\ndef upgrade() -> None:\r\n    pass\r\n",
    );
    assert_eq!(
        module.docstring.map(|d| d.value.replace('\r', "")),
        Some("Adds a.\n\nRevision ID: b\n".to_owned())
    );
    assert_eq!(module.functions.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["upgrade"]);
}

/// Test threads have a stack of 2 MiB, as the threads of a pool have.
#[test]
fn depth_is_bounded() {
    for (name, body) in [
        ("brackets", "(".repeat(10_000)),
        ("closed brackets", format!("y = {}{}", "[".repeat(50_000), "]".repeat(50_000))),
        ("sum", format!("y = {}1", "1+".repeat(100_000))),
        ("attributes", format!("y = a{}", ".b".repeat(100_000))),
        ("calls", format!("y = a{}", "()".repeat(100_000))),
        ("negations", format!("y = {}a", "not ".repeat(100_000))),
        ("lambdas", format!("y = {}a", "lambda:".repeat(100_000))),
        ("conditions", format!("y = {}a", "a if a else ".repeat(100_000))),
        ("f-string", format!("y = f\"{{{}\"", "(".repeat(100_000))),
        ("nested f-strings", "f'{".repeat(20_000)),
        ("awaits", format!("y = {}a", "await ".repeat(100_000))),
        ("powers", format!("y = {}a", "a**".repeat(100_000))),
        ("subscripts", format!("y = a{}", "[0]".repeat(100_000))),
        ("unpacking", format!("{}a = b", "*".repeat(100_000))),
        ("nested targets", format!("{}a{} = b", "(".repeat(1_200), ",)".repeat(1_200))),
        (
            "match patterns",
            format!("match a:\n    case {}b{}:\n        pass", "[".repeat(1_200), "]".repeat(1_200)),
        ),
    ] {
        let text = format!("x = 'a'\n{body}\nz = 'c'\n");
        assert_eq!(variable(&text, "x"), "'a'", "{name}");
    }
}

#[test]
fn deep_blocks_do_not_overflow() {
    let mut text = "x = 'a'\n".to_owned();
    for depth in 0..1_000 {
        text.push_str(&" ".repeat(depth));
        text.push_str("if a:\n");
    }
    text.push_str(&" ".repeat(1_000));
    text.push_str("pass\n");
    assert_eq!(variable(&text, "x"), "'a'");
}

#[test]
fn a_file_over_the_limit_is_looked_through() {
    let text = format!("x = 'a'\n{}", "#".repeat(MAX_SOURCE_BYTES));
    assert!(matches!(Module::read(&text).problems[..], [Problem::TooLarge { .. }]));
    assert_eq!(variable(&text, "x"), "'a'");
}

#[test]
fn the_reason_reads_as_a_clause() {
    assert_eq!(
        Unknown::Name("BASE".into()).to_string(),
        "it is the value of `BASE`, which this file does not bind to a literal"
    );
}
