//! Bytes to text: UTF-8, and whatever else is in the file byte by byte as Latin-1.

use super::Span;

/// The text of a file with the way back to byte offsets.
#[derive(Clone, Debug, Default)]
pub(super) struct Decoded {
    pub(super) text: String,
    /// The byte spans that are not UTF-8, and how far the text has grown at the end of each.
    grown: Vec<(usize, usize)>,
    /// The first bytes that are not UTF-8.
    pub(super) first_bad: Option<Span>,
}

impl Decoded {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut decoded = Self::default();
        let mut offset = 0;
        for chunk in bytes.utf8_chunks() {
            decoded.text.push_str(chunk.valid());
            offset += chunk.valid().len();
            for byte in chunk.invalid() {
                // Each such byte becomes a character of two bytes.
                decoded.first_bad.get_or_insert(Span::new(offset, offset + 1));
                decoded.text.push(char::from(*byte));
                offset += 1;
                decoded.grown.push((decoded.text.len(), decoded.grown.len() + 1));
            }
        }
        decoded
    }

    /// Turns a span of the text into a span of the file.
    pub(super) fn in_file(&self, span: Span) -> Span {
        Span::new(self.offset_in_file(span.start), self.offset_in_file(span.end))
    }

    fn offset_in_file(&self, offset: usize) -> usize {
        let before = self.grown.partition_point(|(at, _)| *at <= offset);
        before.checked_sub(1).map_or(offset, |index| offset - self.grown[index].1)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    #[test]
    fn latin_1_bytes_keep_their_offsets() {
        let bytes = b"caf\xe9 = \xfcber\nx";
        let decoded = Decoded::new(bytes);
        assert_eq!(decoded.text, "café = über\nx");
        assert_eq!(decoded.first_bad, Some(Span::new(3, 4)));
        let start = decoded.text.find("über").unwrap();
        let span = decoded.in_file(Span::new(start, start + "über".len()));
        assert_eq!(&bytes[span.start..span.end], b"\xfcber");
    }

    #[test]
    fn utf_8_is_left_alone() {
        let decoded = Decoded::new("é = 1".as_bytes());
        assert_eq!((decoded.text.as_str(), decoded.first_bad), ("é = 1", None));
        assert_eq!(decoded.in_file(Span::new(3, 6)), Span::new(3, 6));
    }
}
