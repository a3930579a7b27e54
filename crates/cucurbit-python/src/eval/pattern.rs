//! `re.sub` for the patterns that names are made with: `(?<!^)(?=[A-Z])`, `(.)([A-Z][a-z]+)` and the like.
//!
//! A small backtracking matcher. What it does not know, and what takes too long, is no answer.

/// How many steps a match may take.
const MAX_STEPS: usize = 20_000;
/// How deep a match may go, and how long pattern and text may be.
const MAX_DEPTH: usize = 400;
/// Letters of a pattern or a text.
const MAX_LENGTH: usize = 200;

#[derive(Debug)]
enum Node {
    Char(char),
    Any,
    Class { negated: bool, ranges: Vec<(char, char)> },
    Start,
    End,
    Border(bool),
    Group(Vec<Vec<Node>>, Option<usize>),
    Look { ahead: bool, negated: bool, inner: Vec<Vec<Node>> },
    Repeat { node: Box<Node>, least: usize, most: usize, lazy: bool },
}

/// Replaces every match of a pattern in a text; `None` when the pattern is not understood.
pub(super) fn substitute(pattern: &str, replacement: &str, text: &str) -> Option<String> {
    if pattern.len() > MAX_LENGTH || text.len() > MAX_LENGTH {
        return None;
    }
    let mut parser = Parser { letters: pattern.chars().collect(), at: 0, groups: 0 };
    let root = parser.alternatives(0)?;
    (parser.at == parser.letters.len()).then_some(())?;
    let letters: Vec<char> = text.chars().collect();
    let mut matcher = Matcher { text: &letters, groups: vec![None; parser.groups + 1], steps: 0 };
    let mut out = String::new();
    let mut at = 0;
    while at <= letters.len() {
        matcher.groups.fill(None);
        let mut end = None;
        let found = matcher.any(&root, at, 0, &mut |_, to| {
            end = Some(to);
            true
        });
        if matcher.steps > MAX_STEPS {
            return None;
        }
        match end.filter(|_| found) {
            Some(end) => {
                matcher.groups[0] = Some((at, end));
                out.push_str(&expanded(replacement, &letters, &matcher.groups)?);
                if end == at {
                    out.extend(letters.get(at));
                    at += 1;
                } else {
                    at = end;
                }
            }
            None => {
                out.extend(letters.get(at));
                at += 1;
            }
        }
    }
    Some(out)
}

/// The replacement with `\1`, `\g<1>` filled in.
fn expanded(replacement: &str, text: &[char], groups: &[Option<(usize, usize)>]) -> Option<String> {
    let mut out = String::new();
    let mut letters = replacement.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        let number = match letters.next()? {
            'g' => {
                (letters.next()? == '<').then_some(())?;
                let name: String = letters.by_ref().take_while(|c| *c != '>').collect();
                name.parse().ok()?
            }
            '\\' => {
                out.push('\\');
                continue;
            }
            digit => usize::try_from(digit.to_digit(10)?).ok()?,
        };
        if let Some((from, to)) = *groups.get(number)? {
            out.extend(text.get(from..to)?);
        }
    }
    Some(out)
}

struct Parser {
    letters: Vec<char>,
    at: usize,
    groups: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.peek();
        self.at += usize::from(letter.is_some());
        letter
    }

    fn take(&mut self, text: &str) -> bool {
        let found = text.chars().enumerate().all(|(i, c)| self.letters.get(self.at + i) == Some(&c));
        if found {
            self.at += text.chars().count();
        }
        found
    }

    fn alternatives(&mut self, depth: usize) -> Option<Vec<Vec<Node>>> {
        if depth > 20 {
            return None;
        }
        let mut out = vec![Vec::new()];
        while let Some(letter) = self.peek() {
            match letter {
                ')' => break,
                '|' => {
                    self.at += 1;
                    out.push(Vec::new());
                }
                _ => {
                    let node = self.atom(depth)?;
                    let node = self.repeated(node)?;
                    out.last_mut()?.push(node);
                }
            }
        }
        Some(out)
    }

    fn atom(&mut self, depth: usize) -> Option<Node> {
        Some(match self.next()? {
            '.' => Node::Any,
            '^' => Node::Start,
            '$' => Node::End,
            '(' => self.group(depth)?,
            '[' => self.class()?,
            '\\' => match self.next()? {
                'A' => Node::Start,
                'Z' => Node::End,
                'b' => Node::Border(true),
                'B' => Node::Border(false),
                letter => match shorthand(letter) {
                    Some((negated, ranges)) => Node::Class { negated, ranges },
                    None if letter.is_ascii_alphanumeric() => return None,
                    None => Node::Char(letter),
                },
            },
            '*' | '+' | '?' | '{' => return None,
            letter => Node::Char(letter),
        })
    }

    fn group(&mut self, depth: usize) -> Option<Node> {
        let look = [("?=", true, false), ("?!", true, true), ("?<=", false, false), ("?<!", false, true)];
        let node = if let Some((_, ahead, negated)) = look.into_iter().find(|(sign, _, _)| self.take(sign)) {
            Node::Look { ahead, negated, inner: self.alternatives(depth + 1)? }
        } else if self.take("?:") {
            Node::Group(self.alternatives(depth + 1)?, None)
        } else if self.peek() == Some('?') {
            return None;
        } else {
            self.groups += 1;
            let number = self.groups;
            Node::Group(self.alternatives(depth + 1)?, Some(number))
        };
        (self.next()? == ')').then_some(node)
    }

    fn class(&mut self) -> Option<Node> {
        let negated = self.take("^");
        let mut ranges = Vec::new();
        let mut first = true;
        loop {
            let letter = self.next()?;
            if letter == ']' && !std::mem::take(&mut first) {
                return Some(Node::Class { negated, ranges });
            }
            first = false;
            let from = if letter == '\\' {
                let letter = self.next()?;
                match shorthand(letter) {
                    Some((false, more)) => {
                        ranges.extend(more);
                        continue;
                    }
                    Some(_) => return None,
                    None => letter,
                }
            } else {
                letter
            };
            let is_range =
                self.peek() == Some('-') && self.letters.get(self.at + 1).is_some_and(|c| *c != ']');
            if is_range {
                self.at += 1;
                ranges.push((from, self.next()?));
            } else {
                ranges.push((from, from));
            }
        }
    }

    fn repeated(&mut self, node: Node) -> Option<Node> {
        let (least, most) = match self.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => return None,
            _ => return Some(node),
        };
        self.at += 1;
        let lazy = self.take("?");
        Some(Node::Repeat { node: Box::new(node), least, most, lazy })
    }
}

/// `\d`, `\w`, `\s` and their opposites: whether it is negated, and its ranges.
fn shorthand(letter: char) -> Option<(bool, Vec<(char, char)>)> {
    let ranges = match letter.to_ascii_lowercase() {
        'd' => vec![('0', '9')],
        'w' => vec![('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')],
        's' => vec![(' ', ' '), ('\t', '\r')],
        _ => return None,
    };
    Some((letter.is_ascii_uppercase(), ranges))
}

/// What is to match behind a part.
type Then<'t> = &'t mut dyn FnMut(&mut Matcher<'_>, usize) -> bool;

struct Matcher<'x> {
    text: &'x [char],
    groups: Vec<Option<(usize, usize)>>,
    steps: usize,
}

impl Matcher<'_> {
    fn any(&mut self, alternatives: &[Vec<Node>], at: usize, depth: usize, then: Then<'_>) -> bool {
        alternatives.iter().any(|nodes| self.all(nodes, at, depth, then))
    }

    fn all(&mut self, nodes: &[Node], at: usize, depth: usize, then: Then<'_>) -> bool {
        self.steps += 1;
        if self.steps > MAX_STEPS || depth > MAX_DEPTH {
            self.steps = MAX_STEPS + 1;
            return false;
        }
        let Some((node, rest)) = nodes.split_first() else { return then(self, at) };
        self.node(node, at, depth + 1, &mut |m, to| m.all(rest, to, depth + 1, then))
    }

    fn node(&mut self, node: &Node, at: usize, depth: usize, then: Then<'_>) -> bool {
        let letter = self.text.get(at).copied();
        let fits = match node {
            Node::Char(wanted) => letter == Some(*wanted),
            Node::Any => letter.is_some_and(|c| c != '\n'),
            Node::Class { negated, ranges } => {
                letter.is_some_and(|c| ranges.iter().any(|(a, b)| (*a..=*b).contains(&c)) != *negated)
            }
            Node::Start => return at == 0 && then(self, at),
            Node::End => return at == self.text.len() && then(self, at),
            Node::Border(wanted) => {
                let is_word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric() || *c == '_');
                let before = at.checked_sub(1).and_then(|i| self.text.get(i));
                return (is_word(before) != is_word(self.text.get(at))) == *wanted && then(self, at);
            }
            Node::Group(inner, number) => {
                return self.any(inner, at, depth, &mut |m, to| {
                    let old = number.map(|n| m.groups[n].replace((at, to)));
                    let found = then(m, to);
                    if let (false, Some(n), Some(old)) = (found, number, old) {
                        m.groups[*n] = old;
                    }
                    found
                });
            }
            Node::Look { ahead, negated, inner } => {
                let found = if *ahead {
                    self.any(inner, at, depth, &mut |_, _| true)
                } else {
                    (0..=at).any(|from| self.any(inner, from, depth, &mut |_, to| to == at))
                };
                return found != *negated && then(self, at);
            }
            Node::Repeat { node, least, most, lazy } => {
                return self.repeat(node, (*least, *most, *lazy), at, 0, depth, then);
            }
        };
        fits && then(self, at + 1)
    }

    fn repeat(
        &mut self,
        node: &Node,
        bounds: (usize, usize, bool),
        at: usize,
        count: usize,
        depth: usize,
        then: Then<'_>,
    ) -> bool {
        let (least, most, lazy) = bounds;
        self.steps += 1;
        if self.steps > MAX_STEPS || depth > MAX_DEPTH {
            self.steps = MAX_STEPS + 1;
            return false;
        }
        if lazy && count >= least && then(self, at) {
            return true;
        }
        let more = count < most
            && self.node(node, at, depth + 1, &mut |m, to| {
                // An empty round would go on for ever.
                to > at && m.repeat(node, bounds, to, count + 1, depth + 1, then)
            });
        more || (!lazy && count >= least && then(self, at))
    }
}

#[cfg(test)]
mod tests {
    use super::substitute;

    #[test]
    fn names_are_made_as_python_makes_them() {
        for (pattern, replacement, text, expected) in [
            (r"(?<!^)(?=[A-Z])", "_", "FlowRunState", Some("Flow_Run_State")),
            (r"(.)([A-Z][a-z]+)", r"\1_\2", "HTTPServerName", Some("HTTP_ServerName")),
            (r"([a-z0-9])([A-Z])", r"\1_\2", "userHTTPId", Some("user_HTTPId")),
            (r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))", r"_\1", "FOOBarBaz2Qux", Some("FOO_Bar_Baz2_Qux")),
            (r"([A-Z]+)([A-Z][a-z])", r"\g<1>_\2", "ABCDef", Some("ABC_Def")),
            (r"\W+", "", "a-b c", Some("abc")),
            (r"Model$", "", "UserModel", Some("User")),
            (r"x*", "-", "abxd", Some("-a-b--d-")),
            (r"a+?", "b", "aaa", Some("bbb")),
            (r"(a|ab)(c)", r"[\1\2]", "abc", Some("[abc]")),
            (r"\bi", "I", "in it", Some("In It")),
            (r"[^a-z_]", "", "a1_B", Some("a_")),
            (r"a{2}", "", "aa", None),
            (r"(?P<n>a)", "", "aa", None),
            (r"(a*)*b", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", None),
        ] {
            assert_eq!(substitute(pattern, replacement, text).as_deref(), expected, "{pattern} in {text}");
        }
    }
}
