//! What tests of several files share.

pub(crate) mod postgresql;
