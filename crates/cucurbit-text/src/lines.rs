//! Line and column of an offset.

/// A place for people: both numbers count from 1, columns in Unicode scalar values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line number.
    pub line: u32,
    /// Column number.
    pub column: u32,
}

/// The line starts of one text; `\n`, `\r\n` and a lone `\r` end a line.
#[derive(Debug, Clone)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Indexes a text in one pass.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n') {
                continue;
            }
            starts.push(u32::try_from(at + 1).unwrap_or(u32::MAX));
        }
        Self { starts }
    }

    /// Returns line and column of an offset; one behind the text counts as its end, one inside
    /// a character as the start of that character. A byte order mark has no column.
    #[must_use]
    pub fn position(&self, text: &str, offset: u32) -> Position {
        let offset = floor_char(text, offset as usize);
        let line = self.starts.partition_point(|&start| start as usize <= offset).max(1) - 1;
        let prefix = &text[self.starts[line] as usize..offset];
        let column = prefix.chars().filter(|&c| c != '\u{feff}').count() + 1;
        Position { line: to_u32(line + 1), column: to_u32(column) }
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn floor_char(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(text: &str, offset: u32) -> (u32, u32) {
        let at = LineIndex::new(text).position(text, offset);
        (at.line, at.column)
    }

    #[test]
    fn every_kind_of_line_end_counts_once() {
        let text = "a\nb\r\nc\rd";
        assert_eq!(position(text, 2), (2, 1));
        assert_eq!(position(text, 5), (3, 1));
        assert_eq!(position(text, 7), (4, 1));
    }

    #[test]
    fn columns_count_characters_and_skip_the_mark() {
        let text = "\u{feff}é = 'x'";
        assert_eq!(position(text, 3), (1, 1));
        assert_eq!(position(text, 5), (1, 2));
        assert_eq!(position(text, 4), (1, 1), "inside a character");
    }

    #[test]
    fn an_offset_behind_the_text_is_its_end() {
        assert_eq!(position("ab\n", 99), (2, 1));
        assert_eq!(position("", 5), (1, 1));
    }
}
