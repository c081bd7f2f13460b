//! Values in queries of the simple protocol: one round trip, where parameters take two (the driver asks the server for their
//! types first). Poolers support it as well.

use std::fmt::Write as _;

/// A text as an SQL expression. In hexadecimal digits, so that no character in it, under no setting of the server, can end it.
pub(super) fn text(value: &str) -> String {
    let mut digits = String::with_capacity(2 * value.len());
    for byte in value.bytes() {
        // Writing to a String does not fail.
        let _ = write!(digits, "{byte:02x}");
    }
    format!("pg_catalog.convert_from(pg_catalog.decode('{digits}', 'hex'), 'UTF8')")
}

/// Texts as an array.
pub(super) fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let values: Vec<String> = values.into_iter().map(text).collect();
    format!("ARRAY[{}]::pg_catalog.text[]", values.join(", "))
}

/// A query with its values in the places of `$1`, `$2` and so on.
pub(super) fn with(query: &str, values: &[String]) -> String {
    let mut parts = query.split('$');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let place = part.chars().next().and_then(|digit| digit.to_digit(10));
        let value = place.and_then(|place| values.get(usize::try_from(place).ok()?.checked_sub(1)?));
        match value {
            Some(value) => filled.extend([value, &part[1..]]),
            None => filled.extend(["$", part]),
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_replace_their_placeholders_as_hexadecimal_digits() {
        let values = [text("a'b\\$1"), text("é")];
        assert_eq!(values[0], "pg_catalog.convert_from(pg_catalog.decode('6127625c2431', 'hex'), 'UTF8')");
        assert_eq!(with("SELECT $2, $1, '$', $3, $2", &values), {
            let [one, two] = &values;
            format!("SELECT {two}, {one}, '$', $3, {two}")
        });
        assert_eq!(with("", &[]), "");
        assert_eq!(texts(["a", "b"]), format!("ARRAY[{}, {}]::pg_catalog.text[]", text("a"), text("b")));
        assert_eq!(texts([]), "ARRAY[]::pg_catalog.text[]");
    }
}
