//! Parsing SHOW GRANTS of MySQL 5.7 to 9 and MariaDB 10 to 11.

use std::collections::BTreeSet;

use super::super::account::Account;
use super::super::dialect::Dialect;
use super::super::tokens::{ParseError, Texts, Token, Tokens};
use super::all_privileges::{Known, all_privileges};
use super::{Delegation, GRANT_OPTION, Grants, Kind, Object, Privilege, whole};

/// What REQUIRE may demand of a client's certificate and cipher, and what may come after such a text.
pub(in super::super) const CERTIFICATE: [&str; 3] = ["ISSUER", "SUBJECT", "CIPHER"];
pub(in super::super) const AFTER_CERTIFICATE: [&str; 7] = [
    " ISSUER '",
    " SUBJECT '",
    " CIPHER '",
    " WITH GRANT OPTION",
    " WITH MAX_",
    " PASSWORD EXPIRE",
    " ACCOUNT ",
];

impl Grants {
    /// Parses the rows of SHOW GRANTS. Grants to PUBLIC apply to everybody, and are left out.
    pub(in super::super) fn parse(known: Known, rows: &[String]) -> Result<Self, ParseError> {
        Texts::in_either(|texts| Self::read(known, texts, rows))
    }

    fn read(known: Known, texts: Texts, rows: &[String]) -> Result<Self, ParseError> {
        let mut grants = Self::default();
        for row in rows {
            let mut tokens = Tokens::of(row);
            if tokens.takes(&["GRANT"]) {
                grants.granted(known, texts, &mut tokens)?;
            } else if tokens.takes(&["REVOKE"]) {
                grants.revoked(&mut tokens)?;
            } else if !tokens.takes(&["SET", "DEFAULT", "ROLE"]) {
                // A default role is a property (properties.rs).
                return Err(tokens.expected("GRANT, REVOKE or SET DEFAULT ROLE"));
            }
        }
        grants.privileges.retain(|_, privileges| !privileges.is_empty());
        grants.remove_void_restrictions();
        Ok(grants)
    }

    fn granted(&mut self, known: Known, texts: Texts, tokens: &mut Tokens<'_>) -> Result<(), ParseError> {
        if tokens.takes(&["PROXY", "ON"]) {
            let user = proxied(tokens, &[" TO '"])?;
            tokens.expect(&["TO"], "TO")?;
            proxied(tokens, &[" WITH GRANT OPTION"])?;
            self.proxies.insert(user, delegation(tokens)?);
            return Ok(());
        }
        if !matches!(tokens.peek(), Some(Token::Word(_))) {
            return self.granted_roles(tokens);
        }
        let privileges = privileges(tokens)?;
        let object = object(tokens)?;
        tokens.expect(&["TO"], "TO")?;
        if tokens.takes(&["PUBLIC"]) {
            return Ok(());
        }
        account(tokens)?;
        skip_identification(texts, tokens)?;
        let delegation = delegation(tokens)?;
        for privilege in privileges {
            match (&object, privilege.name.as_str()) {
                (_, "USAGE") => {}
                // All dynamic privileges are one word with underscores; no static one is.
                (Object::Global, name) if known.dialect == Dialect::MySql && name.contains('_') => {
                    self.dynamic.insert(privilege.name, delegation);
                    continue;
                }
                (_, "ALL PRIVILEGES") => self.add(&object, all_privileges(known, &object)),
                _ => self.add(&object, [privilege]),
            }
            if delegation == Delegation::Delegable {
                self.grant_option.insert(object.clone());
            }
        }
        Ok(())
    }

    fn add(&mut self, object: &Object, privileges: impl IntoIterator<Item = Privilege>) {
        self.privileges.entry(object.clone()).or_default().extend(privileges);
    }

    fn granted_roles(&mut self, tokens: &mut Tokens<'_>) -> Result<(), ParseError> {
        let mut roles = vec![account(tokens)?];
        while tokens.takes_symbol(',') {
            roles.push(account(tokens)?);
        }
        tokens.expect(&["TO"], "TO")?;
        if tokens.takes(&["PUBLIC"]) {
            return Ok(());
        }
        account(tokens)?;
        let delegation = delegation(tokens)?;
        self.roles.extend(roles.into_iter().map(|role| (role, delegation)));
        Ok(())
    }

    /// A partial revoke. That of the GRANT OPTION has no keyword: beside others it is not shown, and alone it leaves nothing before
    /// ON (tried: 9.7.4).
    fn revoked(&mut self, tokens: &mut Tokens<'_>) -> Result<(), ParseError> {
        let privileges = match tokens.peek_word().as_deref() {
            Some("ON") => vec![whole(GRANT_OPTION)],
            Some(_) | None => privileges(tokens)?,
        };
        let Object::Database(database) = object(tokens)? else { return Err(tokens.expected("a database")) };
        tokens.expect(&["FROM"], "FROM")?;
        account(tokens)?;
        let names: BTreeSet<String> = privileges.into_iter().map(|privilege| privilege.name).collect();
        self.restrictions.entry(database).or_default().extend(names);
        if tokens.at_end() { Ok(()) } else { Err(tokens.expected("the end")) }
    }
}

/// `SELECT, INSERT (a, b), CREATE VIEW`.
fn privileges(tokens: &mut Tokens<'_>) -> Result<Vec<Privilege>, ParseError> {
    let mut privileges = Vec::new();
    loop {
        let mut words = vec![tokens.word("a privilege")?];
        while let Some(word) = tokens.peek_word().filter(|word| word != "ON") {
            words.push(word);
            tokens.skip();
        }
        let name = words.join(" ");
        // PROXY is held on a user, in a row of its own. On another object, a statement written from it would mean that.
        if name == "PROXY" {
            return Err(tokens.expected("a privilege on objects"));
        }
        if tokens.takes_symbol('(') {
            loop {
                privileges.push(Privilege { name: name.clone(), column: Some(tokens.name()?) });
                if !tokens.takes_symbol(',') {
                    break;
                }
            }
            tokens.expect_symbol(')', "a closing parenthesis")?;
        } else {
            privileges.push(Privilege { name, column: None });
        }
        if !tokens.takes_symbol(',') {
            return Ok(privileges);
        }
    }
}

/// `ON *.*`, ``ON `d`.*``, ``ON FUNCTION `d`.`f` ``.
fn object(tokens: &mut Tokens<'_>) -> Result<Object, ParseError> {
    tokens.expect(&["ON"], "ON")?;
    let kind = [
        (&["FUNCTION"][..], Kind::Function),
        (&["PROCEDURE"][..], Kind::Procedure),
        (&["PACKAGE", "BODY"][..], Kind::PackageBody),
        (&["PACKAGE"][..], Kind::Package),
        (&["LIBRARY"][..], Kind::Library),
    ]
    .into_iter()
    .find_map(|(words, kind)| tokens.takes(words).then_some(kind));
    let database = if tokens.takes_symbol('*') { None } else { Some(tokens.name()?) };
    tokens.expect_symbol('.', "a dot")?;
    let name = if tokens.takes_symbol('*') { None } else { Some(tokens.name()?) };
    match (kind, database, name) {
        (None, None, None) => Ok(Object::Global),
        (None, Some(database), None) => Ok(Object::Database(database)),
        (None, Some(database), Some(table)) => Ok(Object::Table { database, table }),
        (Some(kind), Some(database), Some(name)) => Ok(Object::Routine { kind, database, name }),
        _ => Err(tokens.expected("an object of privileges")),
    }
}

/// ``` `user`@`host` ```, or a role of MariaDB, which has no host.
pub(in super::super) fn account(tokens: &mut Tokens<'_>) -> Result<Account, ParseError> {
    let user = tokens.name()?;
    let host = if tokens.takes_symbol('@') { Some(tokens.name()?) } else { None };
    Ok(Account { user, host })
}

/// An account in a row on PROXY, before one of `followers`. MariaDB put it in quotes without escaping what is in them
/// (tried: 10.11.18, 11.8.6; 11.8.9 uses backticks), and so did MySQL (`sql_auth_cache.cc`, `ACL_PROXY_USER::print_grant`) before it
/// used backticks.
fn proxied(tokens: &mut Tokens<'_>, followers: &[&str]) -> Result<Account, ParseError> {
    if !matches!(tokens.peek(), Some(Token::Text(_))) {
        return account(tokens);
    }
    let user = tokens.verbatim(&["@'"])?;
    tokens.expect_symbol('@', "@")?;
    Ok(Account::at(user, tokens.verbatim(followers)?))
}

/// Skips an account's password and TLS, which MariaDB shows among its grants; SHOW CREATE USER shows them as well.
fn skip_identification(texts: Texts, tokens: &mut Tokens<'_>) -> Result<(), ParseError> {
    if tokens.peek_word().is_some_and(|word| word == "IDENTIFIED" || word == "REQUIRE") {
        while !tokens.at_end() && tokens.peek_word().is_none_or(|word| word != "WITH") {
            if CERTIFICATE.iter().any(|part| tokens.takes(&[part])) {
                tokens.text(texts, &AFTER_CERTIFICATE)?;
            } else {
                tokens.skip();
            }
        }
        return Ok(());
    }
    if tokens.at_end() || tokens.peek_word().is_some_and(|word| word == "WITH") {
        return Ok(());
    }
    Err(tokens.expected("WITH"))
}

/// `WITH GRANT OPTION MAX_QUERIES_PER_HOUR 5`, `WITH ADMIN OPTION`. Limits are properties.
fn delegation(tokens: &mut Tokens<'_>) -> Result<Delegation, ParseError> {
    let mut delegation = Delegation::Held;
    if tokens.takes(&["WITH"]) {
        while !tokens.at_end() {
            if tokens.takes(&["GRANT", "OPTION"]) || tokens.takes(&["ADMIN", "OPTION"]) {
                delegation = Delegation::Delegable;
            } else {
                if !tokens.peek_word().is_some_and(|word| word.starts_with("MAX_")) {
                    return Err(tokens.expected("an option"));
                }
                tokens.skip();
                while matches!(tokens.peek(), Some(Token::Symbol('.' | '-')))
                    || tokens.peek_word().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()))
                {
                    tokens.skip();
                }
            }
        }
    }
    if tokens.at_end() { Ok(delegation) } else { Err(tokens.expected("the end")) }
}
