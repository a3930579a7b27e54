//! Python's rule that tabs and spaces must agree, which the parser does not apply.
//!
//! Source: CPython `Parser/lexer/lexer.c`: a tab counts once up to the next multiple of eight and
//! once as one column, and the two measures must order the lines alike.

use cucurbit_text::Span;
use ruff_python_ast::token::TokenKind;
use ruff_text_size::Ranged;

/// Returns where the first line stands whose indentation Python refuses with `TabError`.
pub(crate) fn first_inconsistency<T: Ranged>(
    text: &str,
    tokens: impl Iterator<Item = (TokenKind, T)>,
) -> Option<Span> {
    if !has_leading_tab(text) {
        return None;
    }
    let mut stack = vec![(0usize, 0usize)];
    let mut line_starts = true;
    for (kind, token) in tokens {
        match kind {
            TokenKind::Newline => line_starts = true,
            TokenKind::Comment | TokenKind::NonLogicalNewline | TokenKind::Indent | TokenKind::Dedent => {}
            _ if line_starts => {
                line_starts = false;
                let at = token.start().to_usize();
                if let Some(span) = step(text, at, &mut stack) {
                    return Some(span);
                }
            }
            _ => {}
        }
    }
    None
}

fn has_leading_tab(text: &str) -> bool {
    memchr::memchr_iter(b'\t', text.as_bytes()).any(|at| {
        text[..at].bytes().rev().take_while(|b| *b != b'\n' && *b != b'\r').all(|b| b == b' ' || b == b'\t')
    })
}

fn step(text: &str, at: usize, stack: &mut Vec<(usize, usize)>) -> Option<Span> {
    let start = text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let (column, alternative) = measure(text[start..at].trim_start_matches('\u{feff}'))?;
    let depth = stack.len();
    while stack.len() > 1 && stack.last().is_some_and(|top| column < top.0) {
        stack.pop();
    }
    let &(top, alternative_top) = stack.last()?;
    let agrees = match column.cmp(&top) {
        std::cmp::Ordering::Equal => alternative == alternative_top,
        std::cmp::Ordering::Greater => stack.len() == depth && alternative > alternative_top,
        std::cmp::Ordering::Less => true,
    };
    if column > top {
        stack.push((column, alternative));
    }
    (!agrees).then(|| Span::of(start, at))
}

/// Returns both measures of an indentation, or nothing when code stands in it (`a; b`).
fn measure(indentation: &str) -> Option<(usize, usize)> {
    let (mut column, mut alternative) = (0, 0);
    for byte in indentation.bytes() {
        match byte {
            b' ' => (column, alternative) = (column + 1, alternative + 1),
            b'\t' => (column, alternative) = ((column / 8 + 1) * 8, alternative + 1),
            0x0c => (column, alternative) = (0, 0),
            _ => return None,
        }
    }
    Some((column, alternative))
}
