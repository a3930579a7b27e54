//! x
use super::Writer;
pub(super) fn write(_writer: &mut Writer<'_>) {}
