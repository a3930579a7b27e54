//! What statements set for those after them: PostgreSQL's `search_path`, the character set of a MySQL database.

/// What the statements so far set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Session {
    /// `search_path` begins with another schema than the default one, so names without a schema mean another
    /// object than they do elsewhere.
    pub(crate) elsewhere: bool,
    /// The character set and the collation that MySQL gives to tables that say nothing.
    pub(crate) charset: Option<(String, Option<String>)>,
}

impl Session {
    /// Takes note of a statement of PostgreSQL that sets `search_path`; says whether it does.
    pub(crate) fn set_search_path(&mut self, text: &str) -> bool {
        let lower = text.trim().trim_end_matches(';').to_lowercase();
        let words: Vec<&str> = lower.split_whitespace().collect();
        let value = match words.as_slice() {
            ["reset", "search_path" | "all"] => "",
            ["set", rest @ ..] if rest.iter().any(|word| word.starts_with("search_path")) => {
                let (_, value) = lower.split_once("search_path").unwrap_or_default();
                value.trim_start().trim_start_matches('=').trim_start_matches("to ").trim()
            }
            ["select", ..] if lower.contains("set_config(") && lower.contains("'search_path'") => {
                let (_, value) = lower.split_once("'search_path'").unwrap_or_default();
                let value = value.trim_start().trim_start_matches(',').trim_start();
                value.strip_prefix('\'').and_then(|v| v.split('\'').next()).unwrap_or("unknown")
            }
            _ => return false,
        };
        let names = value.split(',').map(|name| name.trim().trim_matches(['"', '\'']).trim());
        let first = names.into_iter().find(|name| !matches!(*name, "$user" | "pg_catalog" | "pg_temp"));
        self.elsewhere = !matches!(first, None | Some("" | "public" | "default"));
        true
    }

    /// Takes note of `ALTER DATABASE x DEFAULT CHARACTER SET y COLLATE z`, where `x` is the database that the
    /// connection is to; says whether the statement is one.
    pub(crate) fn set_database_charset(&mut self, text: &str) -> bool {
        let text = text.replace(['=', ';'], " ");
        let words: Vec<&str> = text.split_whitespace().collect();
        let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let rest = match lower.as_slice() {
            ["alter", "database" | "schema", _, "default", rest @ ..] => rest,
            ["alter", "database" | "schema", _, rest @ ..] => rest,
            _ => return false,
        };
        let (charset, rest) = match rest {
            ["character", "set", charset, rest @ ..] | ["charset", charset, rest @ ..] => (*charset, rest),
            _ => return false,
        };
        let collation = match rest {
            [] => None,
            ["collate", name] | ["default", "collate", name] => Some((*name).to_owned()),
            _ => return false,
        };
        let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain(charset) || !collation.as_deref().is_none_or(plain) {
            return false;
        }
        self.charset = Some((charset.to_owned(), collation));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Session;

    #[test]
    fn a_search_path_leads_elsewhere_when_another_schema_comes_first() {
        for (text, elsewhere) in [
            ("SET search_path = app, pg_catalog, public;", true),
            ("SET LOCAL search_path TO app", true),
            ("set search_path to \"$user\", public", false),
            ("SET search_path = public", false),
            ("SELECT pg_catalog.set_config('search_path', '', false)", false),
            ("SELECT set_config('search_path', 'app', false)", true),
            ("RESET search_path", false),
        ] {
            let mut session = Session { elsewhere: !elsewhere, ..Session::default() };
            assert!(session.set_search_path(text), "{text}");
            assert_eq!(session.elsewhere, elsewhere, "{text}");
        }
        assert!(!Session::default().set_search_path("SET statement_timeout = 0"));
    }

    #[test]
    fn a_database_gives_its_character_set_to_tables() {
        let mut session = Session::default();
        assert!(session.set_database_charset("ALTER DATABASE `x` DEFAULT CHARACTER SET utf8"));
        assert_eq!(session.charset, Some(("utf8".to_owned(), None)));
        assert!(session.set_database_charset("alter database x charset = utf8mb4 collate utf8mb4_bin;"));
        assert_eq!(session.charset, Some(("utf8mb4".to_owned(), Some("utf8mb4_bin".to_owned()))));
        assert!(!session.set_database_charset("ALTER DATABASE x READ ONLY = 1"));
    }
}
