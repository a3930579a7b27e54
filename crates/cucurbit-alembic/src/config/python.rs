//! The few Python text functions that the formats are defined by.

/// Whether Python's `str.isspace` holds for a character.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// Returns the range of `text` that `str.strip()` leaves.
pub(super) fn strip_range(text: &str) -> std::ops::Range<usize> {
    let start = text.len() - text.trim_start_matches(is_space).len();
    let end = text.trim_end_matches(is_space).len();
    start..end.max(start)
}

/// Returns `repr(text)`, near enough for messages.
pub(super) fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        push_escaped(&mut out, c, quote);
    }
    out.push(quote);
    out
}

fn push_escaped(out: &mut String, c: char, quote: char) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if c == quote => {
            out.push('\\');
            out.push(c);
        }
        '\0'..='\u{1f}' | '\u{7f}'..='\u{a0}' | '\u{ad}' => {
            out.push_str(&format!("\\x{:02x}", c as u32));
        }
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            out.push_str(&format!("\\u{:04x}", c as u32));
        }
        c => out.push(c),
    }
}

/// Reads a number as `int(text)` does, for ASCII digits.
pub(super) fn int(text: &str) -> Option<i64> {
    let text = &text[strip_range(text)];
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let grouped =
        digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    if !grouped {
        return None;
    }
    let value = digits.replace('_', "").parse::<i64>().unwrap_or(i64::MAX);
    Some(if text.starts_with('-') { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repr_escapes_like_python() {
        assert_eq!(repr("a'b"), "\"a'b\"");
        assert_eq!(repr("a'\"b"), "'a\\'\"b'");
        assert_eq!(repr("\u{feff}[x]\n\u{7}é"), "'\\ufeff[x]\\n\\x07é'");
    }

    #[test]
    fn int_reads_what_python_reads() {
        assert_eq!(int(" 4_0 "), Some(40));
        assert_eq!(int("-7"), Some(-7));
        for bad in ["", "4__0", "_4", "4.0", "x", "--4", "0x10"] {
            assert_eq!(int(bad), None, "{bad}");
        }
    }

    #[test]
    fn strip_takes_separators_python_takes() {
        assert_eq!(&"\u{1f} a\u{a0}"[strip_range("\u{1f} a\u{a0}")], "a");
        assert_eq!(strip_range("  "), 2..2);
    }
}
