//! What file names promise. The accepted names were made by Alembic from the templates.

use super::*;

#[track_caller]
fn check(template: &str, stem: &str, rev: &str, captured: Option<&str>) {
    let promise = template_promises(template);
    assert!(promise.accepts(stem, rev), "{template} {stem} {rev}");
    assert!(!promise.accepts(stem, "other1"), "{template} {stem}");
    assert_eq!(promise.captured_rev(stem).as_deref(), captured, "{template} {stem}");
}

const DEFAULT: &str = "%(rev)s_%(slug)s";

#[test]
fn default_template() {
    check(DEFAULT, "2a3f4c9d1cde_add_users", "2a3f4c9d1cde", Some("2a3f4c9d1cde"));
    check(DEFAULT, "2a3f4c9d1cde_", "2a3f4c9d1cde", Some("2a3f4c9d1cde"));
    check(DEFAULT, "0001_first_add", "0001_first", Some("0001"));
    check(DEFAULT, "a/b_x", "a/b", Some("b"));
    check(DEFAULT, "a.b c_x", "a.b c", Some("a.b c"));
}

#[test]
fn names_that_agree_without_following_the_template() {
    check(DEFAULT, "2a3f4c9d1cde", "2a3f4c9d1cde", Some("2a3f4c9d1cde"));
    check(DEFAULT, "abc-add_users", "abc", Some("abc-add"));
    assert!(!template_promises(DEFAULT).accepts("abcd_x", "abc"));
    assert!(!template_promises(DEFAULT).accepts("abc_merge_def_ghi", "def"));
    assert_eq!(template_promises(DEFAULT).captured_rev("helpers"), None);
}

#[test]
fn template_with_dates() {
    let template = "%(year)d_%(month).2d_%(day).2d_%(hour).2d%(minute).2d-%(rev)s_%(slug)s";
    check(template, "2024_01_09_0315-abc123_x_y", "abc123", Some("abc123"));
    check(template, "2024_01_09_0315-a_b_x", "a_b", Some("a"));
    let promise = template_promises(template);
    // Older than the template: nothing is promised, and the id is there.
    assert_eq!(promise.captured_rev("abc123_x"), None);
    assert!(promise.accepts("abc123_x", "abc123"));
    assert!(!promise.accepts("2024_01_09_0315-abc123_x", "2024"));
}

#[test]
fn other_orders_and_forms() {
    check("%(slug)s_%(rev)s", "add_users_abc", "abc", Some("abc"));
    check("%(slug)s.%(rev)s", "add_users.abc", "abc", Some("abc"));
    check("%(epoch)s_%(rev)s", "1700000000_abc", "abc", Some("abc"));
    check("%(year)04d%(month)02d/%(rev)s_%(slug)s", "202401/abc_x", "abc", Some("abc"));
    check("%(rev).4s_%(slug)s", "abcd_x", "abcdef", Some("abcd"));
    check("v%%%(rev)s", "v%abc", "abc", Some("abc"));
    check("%(month)2d_%(rev)s", " 3_abc", "abc", Some("abc"));
}

#[test]
fn folder_of_a_template_may_be_the_location() {
    check("%(year)d/%(rev)s_%(slug)s", "abc_x", "abc", Some("abc"));
    check("%(year)d/%(rev)s_%(slug)s", "2024/abc_x", "abc", Some("abc"));
}

#[test]
fn template_without_the_id_promises_nothing() {
    for template in ["%(slug)s", "%(epoch)s_%(slug)s", "", "static"] {
        let promise = template_promises(template);
        assert!(promise.is_valid() && !promise.contains_rev(), "{template}");
        assert!(promise.accepts("anything", "abc"));
        assert_eq!(promise.captured_rev("anything"), None);
    }
}

#[test]
fn template_that_python_refuses_promises_nothing() {
    for template in ["%(rev)s_%(nope)s", "%(rev)s%", "%(rev", "%(rev)d", "%s", "%(rev)q", "%(rev)"] {
        let promise = template_promises(template);
        assert!(!promise.is_valid() && !promise.contains_rev(), "{template}");
        assert!(promise.accepts("x", "y"));
    }
}

#[test]
fn id_beside_the_slug_is_not_guessed() {
    let promise = template_promises("%(rev)s%(slug)s");
    assert_eq!(promise.captured_rev("abcadd"), None);
    assert!(promise.accepts("abcadd", "abc"));
}
