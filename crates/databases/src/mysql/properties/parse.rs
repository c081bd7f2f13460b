//! Reading SHOW CREATE USER of MySQL 8.0 to 9 and MariaDB 10 to 11.

use serde_json::{Map, Value};

use super::super::grants::{AFTER_CERTIFICATE, CERTIFICATE, account};
use super::super::tokens::{ParseError, Texts, Tokens};
use super::{Lock, Properties, Require};

/// The plugin that MariaDB does not name in SHOW CREATE USER.
const NATIVE: &str = "mysql_native_password";

impl Properties {
    /// Reads the row of SHOW CREATE USER; MariaDB shows the default role among the rows of SHOW GRANTS.
    pub(in super::super) fn parse(create: &str, grants: &[String]) -> Result<Self, ParseError> {
        Texts::in_either(|texts| Self::read(create, texts, grants))
    }

    fn read(create: &str, texts: Texts, grants: &[String]) -> Result<Self, ParseError> {
        let mut properties = Self::default();
        let mut tokens = Tokens::of(create);
        tokens.expect(&["CREATE", "USER"], "CREATE USER")?;
        account(&mut tokens)?;
        while !tokens.at_end() {
            properties.option(texts, &mut tokens)?;
        }
        if properties.methods.is_empty() {
            properties.methods.push(NATIVE.to_owned());
        }
        for row in grants {
            let mut tokens = Tokens::of(row);
            if tokens.takes(&["SET", "DEFAULT", "ROLE"]) {
                properties.default_roles.insert(account(&mut tokens)?);
            }
        }
        Ok(properties)
    }

    fn option(&mut self, texts: Texts, tokens: &mut Tokens<'_>) -> Result<(), ParseError> {
        match tokens.word("an option of CREATE USER")?.as_str() {
            // Before a second or third factor, or an alternative.
            "AND" | "OR" => Ok(()),
            "IDENTIFIED" => self.identified(tokens),
            "DEFAULT" => self.roles(tokens),
            "REQUIRE" => self.required(texts, tokens),
            "WITH" => self.limited(tokens),
            "PASSWORD" => self.rule(tokens),
            "ACCOUNT" => {
                self.lock = if tokens.takes(&["LOCK"]) { Lock::Locked } else { Lock::Open };
                if self.lock == Lock::Open { tokens.expect(&["UNLOCK"], "LOCK or UNLOCK") } else { Ok(()) }
            }
            rule @ ("FAILED_LOGIN_ATTEMPTS" | "PASSWORD_LOCK_TIME") => {
                let keywords =
                    if rule.starts_with('F') { "FAILED_LOGIN_ATTEMPTS" } else { "PASSWORD_LOCK_TIME" };
                let value = tokens.word("a number or UNBOUNDED")?;
                self.keep(keywords, value, "0");
                Ok(())
            }
            // Always the last option. A comment is an attribute, too.
            "ATTRIBUTE" => {
                let attributes = serde_json::from_str::<Map<String, Value>>(&tokens.name()?);
                self.attributes.extend(attributes.map_err(|_| tokens.expected("attributes in JSON"))?);
                Ok(())
            }
            _ => Err(tokens.expected("after an option of CREATE USER")),
        }
    }

    /// `BY PASSWORD '...'`, `WITH 'plugin' AS ...`, `VIA plugin USING '...' OR plugin`.
    fn identified(&mut self, tokens: &mut Tokens<'_>) -> Result<(), ParseError> {
        if tokens.takes(&["BY", "PASSWORD"]) {
            self.methods.push(NATIVE.to_owned());
            tokens.name()?;
            return Ok(());
        }
        if !tokens.takes(&["WITH"]) {
            tokens.expect(&["VIA"], "WITH or VIA")?;
        }
        loop {
            self.methods.push(tokens.name()?);
            if tokens.takes(&["AS"]) || tokens.takes(&["USING"]) {
                // A text, a number in hexadecimal, or <secret>, if users see their own account.
                if tokens.takes_symbol('<') {
                    tokens.skip();
                    tokens.expect_symbol('>', ">")?;
                } else {
                    tokens.skip();
                }
            }
            if !tokens.takes(&["OR"]) {
                return Ok(());
            }
        }
    }

    fn roles(&mut self, tokens: &mut Tokens<'_>) -> Result<(), ParseError> {
        tokens.expect(&["ROLE"], "ROLE")?;
        loop {
            self.default_roles.insert(account(tokens)?);
            if !tokens.takes_symbol(',') {
                return Ok(());
            }
        }
    }

    fn required(&mut self, texts: Texts, tokens: &mut Tokens<'_>) -> Result<(), ParseError> {
        if tokens.takes(&["NONE"]) {
            return Ok(());
        }
        if tokens.takes(&["SSL"]) {
            self.require = Require::Ssl;
            return Ok(());
        }
        if tokens.takes(&["X509"]) {
            self.require = Require::X509;
            return Ok(());
        }
        let mut parts = std::collections::BTreeMap::new();
        while let Some(part) = CERTIFICATE.into_iter().find(|part| tokens.takes(&[part])) {
            parts.insert(part, tokens.text(texts, &AFTER_CERTIFICATE)?);
        }
        if parts.is_empty() {
            return Err(tokens.expected("NONE, SSL, X509, ISSUER, SUBJECT or CIPHER"));
        }
        self.require = Require::Exactly(parts);
        Ok(())
    }

    /// `MAX_USER_CONNECTIONS 0` stays after a limit was removed: it is no limit.
    fn limited(&mut self, tokens: &mut Tokens<'_>) -> Result<(), ParseError> {
        while tokens.peek_word().is_some_and(|word| word.starts_with("MAX_")) {
            let limit = tokens.word("a limit")?;
            let negative = if tokens.takes_symbol('-') { "-" } else { "" };
            let mut most = format!("{negative}{}", tokens.word("a number")?);
            if tokens.takes_symbol('.') {
                let fraction = tokens.word("a fraction")?;
                let fraction = fraction.trim_end_matches('0');
                most = if fraction.is_empty() { most } else { format!("{most}.{fraction}") };
            }
            if most != "0" {
                self.limits.insert(limit, most);
            }
        }
        Ok(())
    }

    fn rule(&mut self, tokens: &mut Tokens<'_>) -> Result<(), ParseError> {
        if tokens.takes(&["EXPIRE"]) {
            let interval = tokens.takes(&["INTERVAL"]);
            let value =
                match tokens.peek_word().filter(|word| interval || ["NEVER", "DEFAULT"].contains(&&**word)) {
                    // Expired manually: a new password ends that.
                    None => return Ok(()),
                    Some(_) if interval => {
                        let days = tokens.number()?;
                        tokens.expect(&["DAY"], "DAY")?;
                        format!("INTERVAL {days} DAY")
                    }
                    Some(word) => {
                        tokens.skip();
                        word
                    }
                };
            self.keep("PASSWORD EXPIRE", value, "DEFAULT");
        } else if tokens.takes(&["HISTORY"]) {
            let value = tokens.word("a number or DEFAULT")?;
            self.keep("PASSWORD HISTORY", value, "DEFAULT");
        } else if tokens.takes(&["REUSE", "INTERVAL"]) {
            let value = tokens.word("a number or DEFAULT")?;
            let _ = tokens.takes(&["DAY"]);
            self.keep("PASSWORD REUSE INTERVAL", value, "DEFAULT");
        } else if tokens.takes(&["REQUIRE", "CURRENT"]) {
            let value = ["DEFAULT", "OPTIONAL"].into_iter().find(|word| tokens.takes(&[word]));
            self.keep("PASSWORD REQUIRE CURRENT", value.unwrap_or_default().to_owned(), "DEFAULT");
        } else {
            return Err(tokens.expected("a rule for passwords"));
        }
        Ok(())
    }

    fn keep(&mut self, keywords: &'static str, value: String, default: &str) {
        if value != default {
            self.rules.insert(keywords, value);
        }
    }
}
