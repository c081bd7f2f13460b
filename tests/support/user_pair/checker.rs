//! Checks that no statement of an alternation gives the clone a privilege that its base lacks, from the general log and the base's
//! SHOW GRANTS, by code that is independent of the product's.

use std::collections::{BTreeMap, BTreeSet};

/// A GRANT: what is given, on what (nothing for roles), and to whom with which options.
#[derive(Debug)]
struct Grant<'a> {
    given: Vec<String>,
    on: Option<String>,
    options: &'a str,
}

impl Grant<'_> {
    fn has_grant_option(&self) -> bool {
        self.options.contains(" WITH GRANT OPTION") || self.options.contains(" WITH ADMIN OPTION")
    }
}

/// The GRANTs to `clone` in a log, and what is wrong with them where its base's SHOW GRANTS has these rows.
pub(super) fn gives_more(log: &str, clone: &str, base: &str, rows: &[String]) -> (usize, Vec<String>) {
    let statements = log.lines().filter_map(|line| line.split_once("Query\t")).map(|(_, sql)| sql);
    let to_clone = format!(" TO `{clone}`@");
    let grants: Vec<_> =
        statements.filter(|sql| sql.starts_with("GRANT ") && outside(sql, &to_clone).is_some()).collect();
    let held = Held::of(rows);
    let wrong = grants.iter().filter_map(|sql| {
        let fault = held.fault(&grant(sql)?, base)?;
        Some(format!("{fault}: {sql}"))
    });
    (grants.len(), wrong.collect())
}

/// What the base holds.
#[derive(Debug, Default)]
struct Held {
    /// By object and privilege, and whether it may be handed on.
    on: BTreeMap<String, BTreeMap<String, bool>>,
    roles: BTreeMap<String, bool>,
    /// Global privileges that are restricted somewhere, and all names of databases that one is restricted on.
    restricted: BTreeSet<String>,
    databases: BTreeSet<String>,
}

impl Held {
    fn of(rows: &[String]) -> Self {
        let mut held = Self::default();
        for row in rows {
            if let Some(revoked) = row.strip_prefix("REVOKE ") {
                let (names, rest) = revoked.split_at(outside(revoked, " ON ").unwrap_or_default());
                held.restricted.extend(parts(names));
                held.databases.extend(rest[4..].split(" FROM ").next().map(str::to_owned));
            } else if let Some(grant) = grant(row) {
                let has_grant_option = grant.has_grant_option();
                let all = match grant.on {
                    Some(on) => held.on.entry(on).or_default(),
                    None => &mut held.roles,
                };
                all.extend(grant.given.into_iter().map(|given| (given, has_grant_option)));
            }
        }
        held
    }

    fn fault(&self, grant: &Grant<'_>, base: &str) -> Option<String> {
        let none = BTreeMap::new();
        let held = match &grant.on {
            Some(on) => self.on.get(on).unwrap_or(&none),
            None => &self.roles,
        };
        for given in &grant.given {
            let whole = given.split(" (").next().unwrap_or_default();
            let option = [given.as_str(), whole, "ALL PRIVILEGES"].iter().find_map(|name| held.get(*name));
            match option {
                _ if given == "USAGE" => {}
                None if given == "CREATE" && self.creates_in(grant.on.as_deref().unwrap_or_default()) => {}
                None => return Some(format!("the base has no {given}")),
                Some(false) if grant.has_grant_option() => {
                    return Some(format!("the base may not grant {given}"));
                }
                Some(_) => {}
            }
        }
        if grant.has_grant_option() && !held.values().any(|has_grant_option| *has_grant_option) {
            return Some("the base may grant nothing here".into());
        }
        // Which brings the global option along (tried: 9.7.4, 11.8.9).
        let everything = self.on.get("*.*").unwrap_or(&none);
        if grant.given == ["PROXY"]
            && grant.has_grant_option()
            && !everything.values().any(|has_grant_option| *has_grant_option)
        {
            return Some("the base may grant nothing but the proxy".into());
        }
        let restricted = grant.given.iter().any(|given| self.restricted.contains(given));
        if grant.on.as_deref() == Some("*.*")
            && restricted
            && !grant.options.contains(&format!(" AS `{base}`@"))
        {
            return Some("the base is restricted".into());
        }
        None
    }

    /// Whether the base creates any table in the database of this one.
    fn creates_in(&self, table: &str) -> bool {
        let database = &table[..outside(table, ".").unwrap_or_default()];
        let database = format!("{database}.*");
        let has = |on: &str| {
            self.on
                .get(on)
                .is_some_and(|held| ["CREATE", "ALL PRIVILEGES"].iter().any(|name| held.contains_key(*name)))
        };
        has(&database) || (has("*.*") && !self.databases.contains(&database))
    }
}

fn grant(sql: &str) -> Option<Grant<'_>> {
    let sql = sql.strip_prefix("GRANT ")?;
    let to = outside(sql, " TO ")?;
    let (given, options) = sql.split_at(to);
    let (given, on) = match outside(given, " ON ") {
        Some(at) => (&given[..at], Some(given[at + 4..].replace('\'', "`"))),
        None => (given, None),
    };
    Some(Grant { given: parts(given), on, options })
}

/// Privileges, one a column, or roles.
fn parts(list: &str) -> Vec<String> {
    let mut all = Vec::new();
    for part in split(list) {
        match outside(part, " (") {
            Some(at) => {
                let columns = part[at + 2..].trim_end_matches(')');
                all.extend(split(columns).into_iter().map(|column| format!("{} ({column})", &part[..at])));
            }
            None => all.push(part.to_owned()),
        }
    }
    all
}

/// At commas that are in no quotes and no parentheses.
fn split(list: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth, mut quoted) = (Vec::new(), 0, 0, false);
    for (at, sign) in list.char_indices() {
        match sign {
            '`' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(list[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(list[from..].trim());
    parts
}

/// Where this comes first, in no quotes.
fn outside(text: &str, sought: &str) -> Option<usize> {
    let mut quote = None;
    for (at, sign) in text.char_indices() {
        if quote.is_none() && text[at..].starts_with(sought) {
            return Some(at);
        }
        match quote {
            Some(open) if open == sign => quote = None,
            None if sign == '`' || sign == '\'' => quote = Some(sign),
            Some(_) | None => {}
        }
    }
    None
}

#[test]
fn the_checker_sees_each_way_to_give_more() {
    let rows: Vec<String> = [
        "GRANT SELECT, INSERT ON *.* TO `b`@`%`",
        "REVOKE INSERT ON `mysql`.* FROM `b`@`%`",
        "GRANT SELECT (`a`, `c``, x`) ON `d`.`t ON x` TO `b`@`%` WITH GRANT OPTION",
        "GRANT PROXY ON 'p'@'%' TO 'b'@'%' WITH GRANT OPTION",
        "GRANT `r`@`%`,`s`@`%` TO `b`@`%`",
    ]
    .map(String::from)
    .to_vec();
    let fault = |given: &str| {
        let log = format!(
            "2026-01-01T00:00:00Z\t 8 Query\tGRANT {given}\n 8 Query\tGRANT SELECT ON *.* TO `x`@`%`"
        );
        let (seen, faults) = gives_more(&log, "c", "b", &rows);
        assert_eq!(seen, 1, "{given}");
        !faults.is_empty()
    };
    for allowed in [
        "SELECT ON *.* TO `c`@`%`",
        "INSERT, SELECT ON *.* TO `c`@`%` AS `b`@`%`",
        "SELECT (`a`), SELECT (`c``, x`) ON `d`.`t ON x` TO `c`@`%` WITH GRANT OPTION",
        "PROXY ON `p`@`%` TO `c`@`%`",
        "`s`@`%` TO `c`@`%`",
    ] {
        assert!(!fault(allowed), "{allowed}");
    }
    for more in [
        "INSERT ON *.* TO `c`@`%`",
        "SELECT ON *.* TO `c`@`%` WITH GRANT OPTION",
        "INSERT ON `mysql`.* TO `c`@`%`",
        "SELECT ON `d`.`t ON x` TO `c`@`%`",
        "CREATE, SELECT (`a`) ON `d`.`t ON x` TO `c`@`%`",
        "PROXY ON `p`@`%` TO `c`@`%` WITH GRANT OPTION",
        "`s`@`%` TO `c`@`%` WITH ADMIN OPTION",
        "`q`@`%` TO `c`@`%`",
    ] {
        assert!(fault(more), "{more}");
    }
}
