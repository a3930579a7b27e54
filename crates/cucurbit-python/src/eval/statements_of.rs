//! The import statements of a file, without following any.

use super::ModuleName;
use super::code::Parsed;
use ruff_python_ast::{Expr, Stmt, visitor};

/// One module that an import statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportStatement {
    /// The module.
    pub module: ModuleName,
    /// The names taken from it; empty for `import module`.
    pub names: Vec<String>,
    /// It stands in a function, so it happens only when that is called.
    pub in_function: bool,
}

#[derive(Default)]
struct Finder {
    found: Vec<ImportStatement>,
    functions: usize,
}

/// Says whether a test is `TYPE_CHECKING` or `typing.TYPE_CHECKING`.
fn is_type_checking(test: &Expr) -> bool {
    match test {
        Expr::Name(name) => name.id.as_str() == "TYPE_CHECKING",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "TYPE_CHECKING",
        _ => false,
    }
}

impl<'a> visitor::Visitor<'a> for Finder {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let in_function = self.functions > 0;
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let module = ModuleName { level: 0, path: alias.name.to_string() };
                    self.found.push(ImportStatement { module, names: Vec::new(), in_function });
                }
            }
            Stmt::ImportFrom(import) => {
                let path = import.module.as_ref().map(ToString::to_string).unwrap_or_default();
                let module = ModuleName { level: import.level, path };
                let names = import.names.iter().map(|alias| alias.name.to_string()).collect();
                self.found.push(ImportStatement { module, names, in_function });
            }
            Stmt::FunctionDef(_) => {
                self.functions += 1;
                visitor::walk_stmt(self, stmt);
                self.functions -= 1;
            }
            Stmt::If(s) if is_type_checking(&s.test) => {
                for clause in &s.elif_else_clauses {
                    for stmt in &clause.body {
                        self.visit_stmt(stmt);
                    }
                }
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

impl Parsed {
    /// Returns every import of the file in the order of the text, those in functions and in branches too. What
    /// stands under `if TYPE_CHECKING` never runs and is left out.
    #[must_use]
    pub fn imports(&self) -> Vec<ImportStatement> {
        let mut finder = Finder::default();
        for stmt in self.body() {
            visitor::Visitor::visit_stmt(&mut finder, stmt);
        }
        finder.found
    }
}
