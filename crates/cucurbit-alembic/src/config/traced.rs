//! Text that remembers which bytes of the file each part of it comes from.

use std::ops::Range;

use super::Span;

/// A text made of pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Traced {
    pub(super) text: String,
    pieces: Vec<Piece>,
}

/// A run of the text. An exact piece stands in the file letter by letter, any other as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    at: Range<usize>,
    span: Span,
    exact: bool,
}

impl Traced {
    /// Appends text that stands in the file at `start`.
    pub(super) fn push_exact(&mut self, text: &str, start: usize) {
        self.push(text, Span::new(start, start + text.len()), true);
    }

    /// Appends text that stands for the bytes of `span`.
    pub(super) fn push_for(&mut self, text: &str, span: Span) {
        self.push(text, span, false);
    }

    /// Appends a part of another text.
    pub(super) fn push_part(&mut self, other: &Self, range: Range<usize>) {
        let first = other.pieces.partition_point(|piece| piece.at.end <= range.start);
        let after = other.pieces.partition_point(|piece| piece.at.start < range.end);
        for piece in other.pieces.get(first..after).unwrap_or_default() {
            let part = piece.at.start.max(range.start)..piece.at.end.min(range.end).min(other.text.len());
            let span = if piece.exact { other.span_of(part.clone()) } else { piece.span };
            self.push(&other.text[part], span, piece.exact);
        }
    }

    fn push(&mut self, text: &str, span: Span, exact: bool) {
        if text.is_empty() && !self.pieces.is_empty() {
            return;
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.pieces.push(Piece { at: start..self.text.len(), span, exact });
    }

    /// Cuts white space off the end, as `str.rstrip` does.
    pub(super) fn trim_end(&mut self) {
        let len = self.text.trim_end_matches(super::python::is_space).len();
        self.text.truncate(len);
        let kept = self.pieces.partition_point(|piece| piece.at.start < len).max(1);
        self.pieces.truncate(kept);
        if let Some(last) = self.pieces.last_mut() {
            last.at.end = last.at.end.min(len);
        }
    }

    /// Returns the span of the file that covers a range of the text.
    pub(super) fn span_of(&self, range: Range<usize>) -> Span {
        let first = self.pieces.partition_point(|piece| piece.at.end <= range.start);
        let after = self.pieces.partition_point(|piece| piece.at.start < range.end);
        match self.pieces.get(first..after) {
            Some([first, .., last]) => Span::new(first.start_of(range.start), last.end_of(range.end)),
            Some([only]) => Span::new(only.start_of(range.start), only.end_of(range.end)),
            // An empty range: the point at the end of what comes before.
            _ => {
                let before = self.pieces.iter().rfind(|piece| piece.at.start <= range.start);
                let at = before.map_or(0, |piece| piece.end_of(range.start));
                Span::new(at, at)
            }
        }
    }

    /// Returns the span of the file that covers the whole text.
    pub(super) fn span(&self) -> Span {
        self.span_of(0..self.text.len())
    }
}

impl Piece {
    fn start_of(&self, offset: usize) -> usize {
        if self.exact { self.span.start + offset.saturating_sub(self.at.start) } else { self.span.start }
    }

    fn end_of(&self, offset: usize) -> usize {
        if self.exact { self.span.start + (offset.min(self.at.end) - self.at.start) } else { self.span.end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_follow_the_pieces() {
        let mut text = Traced::default();
        text.push_exact("ab", 10);
        text.push_for("/here", Span::new(12, 20));
        text.push_exact("/x y", 20);
        assert_eq!(text.span_of(0..2), Span::new(10, 12));
        assert_eq!(text.span_of(3..5), Span::new(12, 20));
        assert_eq!(text.span_of(10..11), Span::new(23, 24));
        assert_eq!(text.span(), Span::new(10, 24));
    }

    #[test]
    fn an_empty_range_is_a_point() {
        let mut text = Traced::default();
        text.push_exact("a,", 5);
        assert_eq!(text.span_of(2..2), Span::new(7, 7));
        assert_eq!(Traced::default().span(), Span::new(0, 0));
    }
}
