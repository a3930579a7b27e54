//! `DO $$ … $$` blocks of PostgreSQL and procedures that MySQL calls: the shapes that migrations use.

use super::cursor::Cursor;
use super::lex::Kind;
use super::{MAX_DEPTH, Reader, answer, read_one};
use crate::change::{Change, MismatchKind};
use crate::model::{Database, ObjectKind, Origin};

impl Reader<'_> {
    pub(super) fn block(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        c.eat("do").then_some(())?;
        if c.eat("language") {
            c.ident();
        }
        let body = c.string()?;
        if c.eat("language") && !c.eat("plpgsql") {
            return None;
        }
        let mut state = self.state.clone();
        let mut run =
            Run { reader: self, state: &mut state, text: &body, variables: Vec::new(), has_returned: false };
        let mut inner = Cursor::new(&body, crate::Dialect::PostgreSql);
        if inner.eat("declare") {
            while !inner.done() && !inner.is("begin") {
                inner.at += 1;
            }
        }
        inner.eat("begin").then_some(())?;
        run.statements(&mut inner, true);
        Some(())
    }

    /// MySQL's `CALL` of a procedure that the state holds and that takes nothing.
    pub(super) fn call(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        c.eat("call").then_some(())?;
        let name = c.name()?;
        let known = |k: &&crate::model::ObjectKey| k.0 == ObjectKind::Procedure && k.2 == name;
        let key = self.state.objects.keys().find(known)?.clone();
        let text = self.state.objects.get(&key)?.text.clone();
        let mut inner = Cursor::new(&text, self.dialect);
        while !inner.done() && !inner.is_symbol('(') {
            inner.at += 1;
        }
        inner.in_brackets()?.trim().is_empty().then_some(())?;
        while !inner.done() && !inner.is("begin") {
            inner.at += 1;
        }
        inner.eat("begin").then_some(())?;
        let mut state = self.state.clone();
        let mut run =
            Run { reader: self, state: &mut state, text: &text, variables: Vec::new(), has_returned: false };
        run.statements(&mut inner, true);
        Some(())
    }
}

/// One block under way: the changes of its statements are seen by those behind them.
struct Run<'r, 's, 'b> {
    reader: &'r mut Reader<'s>,
    state: &'b mut Database,
    text: &'b str,
    /// Loop variables and their values, innermost last.
    variables: Vec<(String, String)>,
    /// `RETURN` was reached: nothing that follows is done.
    has_returned: bool,
}

impl Run<'_, '_, '_> {
    /// Statements up to `END`, `ELSE` or `EXCEPTION`; done for real only when `live`.
    fn statements(&mut self, c: &mut Cursor<'_>, live: bool) {
        self.reader.depth += 1;
        if self.reader.depth > MAX_DEPTH {
            c.at = c.tokens.len();
        }
        while !c.done() && !matches!(c.word(), "end" | "else" | "elsif" | "elseif" | "exception" | "when") {
            let before = c.at;
            self.statement(c, live && !self.has_returned);
            if c.at == before {
                c.at += 1;
            }
        }
        self.reader.depth -= 1;
    }

    fn statement(&mut self, c: &mut Cursor<'_>, live: bool) {
        if c.eat("if") {
            self.condition(c, live);
            return;
        }
        if c.eat("begin") {
            self.guarded(c, live);
            return;
        }
        if c.is("for") && self.catalog_loop(c, live) {
            return;
        }
        if c.is("for") || c.is("while") || c.is("loop") || c.is("foreach") || c.is("case") {
            self.unknown_loop(c, live);
            return;
        }
        let Some(start) = c.peek().map(|t| t.start) else { return };
        let word = c.word().to_owned();
        let from = c.at;
        while !c.done() && !c.is_symbol(';') {
            c.at += 1;
        }
        let end = c.tokens.get(c.at.saturating_sub(1)).map_or(start, |t| t.end);
        c.eat_symbol(';');
        let text = c.text.get(start..end).unwrap_or_default();
        if !live {
            return;
        }
        match word.as_str() {
            "return" => self.has_returned = true,
            "raise" | "null" | "get" | "exit" | "continue" | "assert" | "" => {}
            "perform" => {
                let select = format!("SELECT {}", text.get(7..).unwrap_or_default());
                self.sql(&select);
            }
            "execute" => {
                let mut inner = c.clone();
                inner.at = from + 1;
                match self.dynamic(&mut inner) {
                    Some(sql) => self.sql(&sql),
                    None => self.reader.unknown(text, "the statement is made at run time"),
                }
            }
            _ => {
                // `x := …` and `SELECT … INTO x` set variables.
                let is_assignment = c.tokens.get(from + 1).is_some_and(|t| t.symbol(':'));
                if !is_assignment {
                    self.sql(text);
                }
            }
        }
    }

    fn sql(&mut self, text: &str) {
        let read = read_one(text, self.reader.dialect, self.state);
        for change in read.changes {
            self.state.apply(&change, Origin::default());
            self.reader.changes.push(change);
        }
        self.reader.exact &= read.exact;
    }

    /// `FOR r IN SELECT name FROM the catalog LOOP … END LOOP`: run once for each name that the state holds.
    fn catalog_loop(&mut self, c: &mut Cursor<'_>, live: bool) -> bool {
        let mut probe = c.clone();
        probe.at += 1;
        let Some(variable) = probe.ident() else { return false };
        if !probe.eat("in") {
            return false;
        }
        let Some(start) = probe.peek().map(|t| t.start) else { return false };
        while !probe.done() && !probe.is("loop") {
            probe.at += 1;
        }
        let end = probe.tokens.get(probe.at.saturating_sub(1)).map_or(start, |t| t.end);
        let query = probe.text.get(start..end).unwrap_or_default();
        let Some(names) = super::catalog::names(query, self.state) else { return false };
        probe.at += 1;
        let body = probe.at;
        let mut after = probe.clone();
        self.statements(&mut after, false);
        if live {
            for name in names {
                self.variables.push((variable.clone(), name));
                let mut round = probe.clone();
                round.at = body;
                self.statements(&mut round, true);
                self.variables.pop();
            }
        }
        *c = after;
        if c.eat("end") {
            c.eat("loop");
        }
        c.eat_symbol(';');
        true
    }

    /// The value of `r.name`, or of a variable, in a loop over names.
    fn variable(&self, c: &mut Cursor<'_>) -> Option<String> {
        let mut probe = c.clone();
        let name = probe.ident()?;
        let value = self.variables.iter().rev().find(|(v, _)| *v == name)?.1.clone();
        if probe.eat_symbol('.') {
            probe.ident()?;
        }
        *c = probe;
        Some(value)
    }

    /// The text behind `EXECUTE`: strings joined by `||`, or `format` with literals.
    fn dynamic(&mut self, c: &mut Cursor<'_>) -> Option<String> {
        let mut out = String::new();
        loop {
            if c.is("format") && c.ahead(1).is_some_and(|t| t.symbol('(')) {
                c.at += 2;
                out.push_str(&self.format(c)?);
            } else if c.is("quote_ident") && c.ahead(1).is_some_and(|t| t.symbol('(')) {
                c.at += 2;
                let name = match c.string() {
                    Some(name) => name,
                    None => self.variable(c)?,
                };
                out.push_str(&crate::ddl::quote_name(&name, self.reader.dialect));
                c.eat_symbol(')').then_some(())?;
            } else if let Some(text) = c.string() {
                out.push_str(&text);
            } else {
                out.push_str(&self.variable(c)?);
            }
            if c.is_symbol(';') || c.done() {
                return Some(out);
            }
            (c.eat_symbol('|') && c.eat_symbol('|')).then_some(())?;
        }
    }

    fn condition(&mut self, c: &mut Cursor<'_>, live: bool) {
        let mut decided = !live;
        let mut first = true;
        loop {
            let test = if first || c.eat_any(&["elsif", "elseif"]).is_some() {
                let start = c.peek().map_or(0, |t| t.start);
                let from = c.at;
                while !c.done() && !c.is("then") {
                    c.at += 1;
                }
                let end = c.tokens.get(c.at.saturating_sub(1)).map_or(start, |t| t.end);
                let text = if c.at > from { c.text.get(start..end).unwrap_or_default() } else { "" };
                c.eat("then");
                Some(text.to_owned())
            } else if c.eat("else") {
                None
            } else {
                break;
            };
            first = false;
            let truth = match &test {
                Some(test) if !decided => self.truth(test),
                Some(_) => Some(false),
                None => Some(!decided),
            };
            match truth {
                Some(true) => {
                    decided = true;
                    self.statements(c, true);
                }
                Some(false) => self.statements(c, false),
                None => {
                    // The likelier way is taken and said to be a guess.
                    self.reader.exact = false;
                    decided = true;
                    self.statements(c, true);
                    // Whether it came to a `RETURN` in there is a guess, too.
                    self.has_returned = false;
                }
            }
        }
        if c.eat("end") {
            c.eat("if");
        }
        c.eat_symbol(';');
    }

    /// Says whether a condition holds, as far as the state tells.
    fn truth(&mut self, test: &str) -> Option<bool> {
        let mut c = Cursor::new(test, self.reader.dialect);
        let mut all = Some(true);
        loop {
            let not = c.eat("not");
            let known = if c.eat("exists") {
                let inner = c.in_brackets()?;
                answer(inner, self.state).map(|a| a.exists)
            } else if c.is_symbol('(') {
                let inner = c.in_brackets()?.to_owned();
                let lower = inner.trim_start().to_lowercase();
                if lower.starts_with("select exists") {
                    let mut inner = Cursor::new(&inner, self.reader.dialect);
                    inner.at = 2;
                    let asked = inner.in_brackets()?.to_owned();
                    answer(&asked, self.state).map(|a| a.exists)
                } else if lower.starts_with("select") {
                    None
                } else {
                    self.truth(&inner)
                }
            } else if c.is("to_regclass") {
                c.at += 1;
                let inner = c.in_brackets()?.to_owned();
                let mut named = Cursor::new(&inner, self.reader.dialect);
                let name = named.string()?;
                let name = Cursor::new(&name, self.reader.dialect).name()?;
                let there = self.state.relation_exists(&name);
                if c.eat_all(&["is", "not", "null"]) {
                    Some(there)
                } else if c.eat_all(&["is", "null"]) {
                    Some(!there)
                } else {
                    None
                }
            } else {
                None
            };
            let known = known.map(|k| k != not);
            all = match (all, known) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
            if c.done() {
                return all;
            }
            if !c.eat("and") {
                return None;
            }
        }
    }

    /// `BEGIN … EXCEPTION WHEN … END`: where a statement fails, nothing of the block is done.
    fn guarded(&mut self, c: &mut Cursor<'_>, live: bool) {
        let known = self.reader.changes.len();
        let before = self.state.clone();
        self.statements(c, live);
        let catches = c.is("exception");
        if catches {
            c.at += 1;
            while !c.done() && !c.is("end") {
                c.at += 1;
                if c.is("then") {
                    c.at += 1;
                    // Handlers run when the block fails; those that do something are rare.
                    self.statements(c, false);
                }
            }
        }
        if c.eat("end") {
            c.eat_symbol(';');
        }
        if catches && live {
            let mut probe = before.clone();
            let changes: Vec<Change> = self.reader.changes[known..].to_vec();
            let fails = changes.iter().any(|change| {
                let applied = probe.apply(change, Origin::default());
                applied
                    .mismatches
                    .iter()
                    .any(|m| !matches!(m.kind, MismatchKind::Refused { .. }) || !applied.skipped)
            });
            if fails {
                self.reader.changes.truncate(known);
                *self.state = before;
            }
        }
    }

    fn unknown_loop(&mut self, c: &mut Cursor<'_>, live: bool) {
        let Some(start) = c.peek().map(|t| t.start) else { return };
        let opener = c.word().to_owned();
        let close = if opener == "case" { "case" } else { "loop" };
        let mut depth = 0usize;
        let mut acts = false;
        while !c.done() {
            if c.is("end") && c.ahead(1).is_some_and(|t| t.is(close)) {
                c.at += 2;
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
                continue;
            }
            if c.is(close) {
                depth += 1;
            }
            let in_text = matches!(c.peek().map(|t| t.kind.clone()), Some(Kind::Text(text)) if {
                let upper = text.to_uppercase();
                ["ALTER ", "CREATE ", "DROP "].iter().any(|w| upper.contains(w))
            });
            acts |= in_text || c.is("alter") || c.is("create") || c.is("drop") || c.is("execute");
            c.at += 1;
        }
        c.eat_symbol(';');
        if live && acts {
            let end = c.tokens.get(c.at.saturating_sub(1)).map_or(self.text.len(), |t| t.end);
            let text = c.text.get(start..end).unwrap_or_default().to_owned();
            self.reader.unknown(&text, "a loop over what the database holds");
        }
    }

    /// `format('…', 'a', 'b')` with literals and loop variables, behind the opening bracket.
    fn format(&self, c: &mut Cursor<'_>) -> Option<String> {
        let pattern = c.string()?;
        let mut values = Vec::new();
        while c.eat_symbol(',') {
            values.push(match c.string() {
                Some(text) => text,
                None => self.variable(c)?,
            });
        }
        c.eat_symbol(')').then_some(())?;
        let mut out = String::new();
        let mut values = values.into_iter();
        let mut chars = pattern.chars();
        while let Some(ch) = chars.next() {
            if ch != '%' {
                out.push(ch);
                continue;
            }
            match chars.next()? {
                '%' => out.push('%'),
                's' => out.push_str(&values.next()?),
                'I' => out.push_str(&crate::ddl::quote_name(&values.next()?, self.reader.dialect)),
                'L' => out.push_str(&crate::ddl::quote_string(&values.next()?, self.reader.dialect)),
                _ => return None,
            }
        }
        Some(out)
    }
}
