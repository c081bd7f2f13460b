//! Settings whose value is a list of names.

/// Settings whose stored value is a list of quoted names (`GUC_LIST_QUOTE`; extensions cannot add any, and
/// `pg_dump` lists the same). Quoted as one literal, such a list would become one name.
pub(super) const LISTS: [&str; 4] =
    ["local_preload_libraries", "search_path", "session_preload_libraries", TEMP_TABLESPACES];

/// The one of them whose names have to exist.
pub(super) const TEMP_TABLESPACES: &str = "temp_tablespaces";

/// The names in a list as `ALTER ROLE ... SET` stores it; `None` if it was stored in another way, or is empty.
pub(super) fn names_of(list: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = list;
    loop {
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let (name, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
                (Some(name.to_owned()).filter(|name| !name.is_empty())?, after)
            }
        };
        names.push(name);
        match after.strip_prefix(", ") {
            Some(more) => rest = more,
            None => return after.is_empty().then_some(names),
        }
    }
}

/// A name up to its closing quote, and what follows; a quote within is doubled.
fn unquoted(mut rest: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('"')?;
        name.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_names_is_parsed_only_in_its_stored_form() {
        let names = |list: &str| names_of(list).map(|names| names.join("|"));
        assert_eq!(names("a").as_deref(), Some("a"));
        assert_eq!(names("a, \"B, c\", \"d\"\"\", \"\"\"\", \"\"").as_deref(), Some("a|B, c|d\"|\"|"));
        for other in ["", "a,b", "a, ", "\"a", "\"a\"b"] {
            assert_eq!(names(other), None, "{other}");
        }
    }
}
