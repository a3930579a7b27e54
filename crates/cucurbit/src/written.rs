//! How a project wants its revision files written: their names and their text.

use crate::case::Case;
use cucurbit_alembic::config::{TemplateValue, fill_template};
use cucurbit_render::{Template, TemplateProblem};
use std::path::PathBuf;

/// A date of a docstring: `2024-01-31 12:30:59.5+00:00`; what is behind the seconds is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) year: i32,
    parts: [u32; 5],
}

impl Moment {
    /// Reads the date of a docstring.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        let year = numbers.next().filter(|y| y.len() == 4)?.parse().ok()?;
        let mut parts = [1, 1, 0, 0, 0];
        for (part, limit) in parts.iter_mut().zip([12, 31, 23, 59, 60]) {
            if let Some(number) = numbers.next() {
                *part = number.parse().ok().filter(|n| *n <= limit)?;
            }
        }
        Some(Moment { year, parts })
    }

    /// Seconds since 1970, as if the date were in UTC.
    fn epoch(self) -> i64 {
        let [month, day, hour, minute, second] = self.parts.map(i64::from);
        // Days from the civil date, the year beginning in March.
        let year = i64::from(self.year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
        days * 86_400 + hour * 3_600 + minute * 60 + second
    }
}

/// The words of a message as they stand in a file name (Alembic, `ScriptDirectory._rev_path`).
fn slug(message: &str, longest: usize) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words: Vec<&str> = message.split(|c: char| !is_word(c)).filter(|w| !w.is_empty()).collect();
    let slug = words.join("_").to_lowercase();
    if slug.chars().count() <= longest {
        return slug;
    }
    let cut: String = slug.chars().take(longest).collect();
    let kept = cut.rsplit_once('_').map_or(cut.as_str(), |(kept, _)| kept);
    format!("{kept}_")
}

/// Fills in a `file_template`. `None` when it asks for something that is not known, or leads out of its folder.
fn fill(template: &str, revision: &str, slug: &str, date: Option<Moment>) -> Option<String> {
    let out = fill_template(template, |token| {
        let part = |at: usize| date.map(|d| u64::from(d.parts[at]));
        let number = match token {
            "rev" => return Some(TemplateValue::Text(revision.to_owned())),
            "slug" => return Some(TemplateValue::Text(slug.to_owned())),
            "epoch" => u64::try_from(date?.epoch()).ok(),
            "year" => u64::try_from(date?.year).ok(),
            "month" => part(0),
            "day" => part(1),
            "hour" => part(2),
            "minute" => part(3),
            "second" => part(4),
            _ => None,
        };
        number.map(TemplateValue::Number)
    })?;
    let is_inside = out.split(['/', '\\']).all(|part| !matches!(part, "" | "." | ".."));
    is_inside.then_some(out)
}

impl Case {
    /// The name of a new revision file by the project's `file_template`, below its version folder. By Alembic's own
    /// template where the project's asks for something that is not known; characters that a file's name cannot hold
    /// are written as `_`.
    pub(crate) fn new_file_name(&self, revision: &str, message: &str, date: Option<Moment>) -> PathBuf {
        let environment = self.environment();
        let longest = usize::try_from(environment.truncate_slug_length.value).unwrap_or(40);
        let slug = slug(message, longest);
        let safe: String = revision
            .chars()
            .map(|c| if c.is_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' })
            .collect();
        let safe = if safe.starts_with('.') { format!("_{safe}") } else { safe };
        let filled = fill(&environment.file_template.value, &safe, &slug, date);
        let name = filled.unwrap_or_else(|| format!("{safe}_{slug}"));
        PathBuf::from(format!("{name}.py"))
    }

    /// The project's `script.py.mako`, where it has one that can be read.
    pub(crate) fn text_template(&self) -> Option<Result<Template, TemplateProblem>> {
        let path = self.environment().script_template.as_ref()?;
        let source = cucurbit_alembic::read_source(path).ok()?;
        Some(Template::parse(source.text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_template() {
        let date = Moment::read("2024-03-05 06:07:08.123456+00:00");
        let check = |template: &str, expected: Option<&str>| {
            assert_eq!(fill(template, "a1", "add_users", date).as_deref(), expected, "{template}");
        };
        check("%(rev)s_%(slug)s", Some("a1_add_users"));
        check("%(year)d_%(month).2d_%(day).2d_%(hour).2d%(minute).2d-%(rev)s", Some("2024_03_05_0607-a1"));
        check("%(year)d/%(month)02d/%(second)d_%(slug)s%%", Some("2024/03/8_add_users%"));
        check("%(epoch)s_%(rev)s", Some("1709618828_a1"));
        check("../%(rev)s", None);
        check("%(unheard)s", None);
        check("%(rev", None);
        assert_eq!(fill("%(year)d_%(rev)s", "a1", "", None), None);
    }

    #[test]
    fn slugs_are_cut_at_a_word() {
        assert_eq!(slug("Add the users' table!", 40), "add_the_users_table");
        assert_eq!(slug("add the users table", 10), "add_the_");
        assert_eq!(slug("", 40), "");
    }

    #[test]
    fn dates_are_read_as_far_as_they_go() {
        assert_eq!(Moment::read("2024-01-01").map(Moment::epoch), Some(1_704_067_200));
        assert_eq!(Moment::read("1969-12-31 23:59:59").map(Moment::epoch), Some(-1));
        assert_eq!(Moment::read("now"), None);
        assert_eq!(Moment::read("2024-13-01"), None);
    }
}
