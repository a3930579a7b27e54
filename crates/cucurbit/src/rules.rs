//! The rules: each looks at a whole case and reports one kind of fault.
//!
//! A rule walks, leaves early and reports; it does no input or output and repairs nothing. Its page
//! says what it finds, why that matters, how it is repaired and when it stays silent; the fenced
//! blocks of the page are its tests.

use crate::case::Case;
use crate::finding::{Finding, RuleInfo};
use crate::history::History;

/// A rule: what it is, and how it looks.
#[derive(Debug)]
pub struct Rule {
    /// Its code, name and page.
    pub info: &'static RuleInfo,
    pub(crate) check: Check,
}

/// What a rule looks at.
#[derive(Debug)]
pub(crate) enum Check {
    /// What the files state.
    Case(fn(&Case, &mut Vec<Finding>)),
    /// What the migrations do, followed for one dialect.
    Schema(fn(&Case, &History, &mut Vec<Finding>)),
}

macro_rules! rules {
    ($($module:ident),* ; $($schema:ident),* $(,)?) => {
        $(mod $module;)*
        $(mod $schema;)*
        /// Every rule, by code.
        pub const ALL: &[Rule] = &[
            $(Rule { info: &$module::INFO, check: Check::Case($module::check) },)*
            $(Rule { info: &$schema::INFO, check: Check::Schema($schema::check) },)*
        ];
    };
}

/// The head of a rule's file: its code, name, severity and summary; the page has the file's name.
macro_rules! info {
    ($code:literal, $name:literal, $severity:ident, $page:literal, $summary:literal) => {
        pub(crate) const INFO: crate::finding::RuleInfo = crate::finding::RuleInfo {
            code: $code,
            name: $name,
            severity: crate::finding::Severity::$severity,
            summary: $summary,
            page: include_str!($page),
        };
    };
}

mod candidates;
mod lost;
mod misfits;
mod selection;
mod settings;
mod text;

pub use selection::{Selection, Selector, UnknownSelector};

rules![
    dangling_parent,
    missing_base,
    dangling_dependency,
    duplicate_revision,
    self_loop,
    cycle,
    multiple_heads,
    multiple_bases,
    ancestor_merge,
    repeated_parent,
    empty_parent,
    branch_label_clash,
    unusable_branch_label,
    label_as_parent,
    dependency_loop,
    dependency_cycle,
    ambiguous_prefix,
    failing_upgrade,
    filename_mismatch,
    docstring_mismatch,
    unreadable_file,
    syntax_error,
    conflict_markers,
    missing_revision_id,
    missing_down_revision,
    computed_identifier,
    wrong_identifier_type,
    missing_upgrade,
    stray_file,
    misplaced_revision,
    bytecode_only,
    oversized_file,
    long_id,
    placeholder_id,
    reserved_id,
    forbidden_character,
    case_clash,
    missing_script_location,
    missing_version_location,
    no_revisions,
    overlapping_version_locations,
    ignored_setting,
    invalid_setting,
    shared_version_location;
    hollow_base,
    missing_object,
    existing_object,
    late_foreign_key,
    create_all,
    not_null_without_default,
    branch_conflict,
    asymmetric_downgrade,
    one_way_drop,
];

/// Tells whether a rule looks at texts alone, so that it finds the same whatever the dialect.
pub(crate) fn is_same_on_all(rule: &RuleInfo) -> bool {
    rule.code == create_all::INFO.code
}

/// Tells whether what a rule finds of a revision does not depend on the revisions that are followed after it.
pub(crate) fn looks_back_only(rule: &RuleInfo) -> bool {
    needs_ways_back(rule) || rule.code == not_null_without_default::INFO.code
}

/// Tells whether a rule looks at the downgrades.
pub(crate) fn needs_ways_back(rule: &RuleInfo) -> bool {
    [&asymmetric_downgrade::INFO, &one_way_drop::INFO].iter().any(|info| info.code == rule.code)
}

/// Returns the rule of a code or a name.
#[must_use]
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    ALL.iter()
        .find(|rule| rule.info.code.eq_ignore_ascii_case(code_or_name) || rule.info.name == code_or_name)
}
