//! Reading SHOW CREATE USER of MySQL 8.0 to 9 and MariaDB 10 to 11.

use serde_json::{Map, Value};

use super::super::grants::{AFTER_CERTIFICATE, CERTIFICATE, account};
use super::super::tokens::{Texts, Tokens, Unread};
use super::{Lock, Require, Settings};

/// What MariaDB does not name where it is the way to sign in.
const NATIVE: &str = "mysql_native_password";

impl Settings {
    /// Reads the row of SHOW CREATE USER; MariaDB has the default role among the rows of SHOW GRANTS.
    pub(in super::super) fn parse(create: &str, grants: &[String]) -> Result<Self, Unread> {
        Texts::in_either(|texts| Self::read(create, texts, grants))
    }

    fn read(create: &str, texts: Texts, grants: &[String]) -> Result<Self, Unread> {
        let mut settings = Self::default();
        let mut tokens = Tokens::of(create);
        tokens.expect(&["CREATE", "USER"], "CREATE USER")?;
        account(&mut tokens)?;
        while !tokens.at_end() {
            settings.option(texts, &mut tokens)?;
        }
        if settings.methods.is_empty() {
            settings.methods.push(NATIVE.to_owned());
        }
        for row in grants {
            let mut tokens = Tokens::of(row);
            if tokens.takes(&["SET", "DEFAULT", "ROLE"]) {
                settings.default_roles.insert(account(&mut tokens)?);
            }
        }
        Ok(settings)
    }

    fn option(&mut self, texts: Texts, tokens: &mut Tokens<'_>) -> Result<(), Unread> {
        match tokens.word("an option of CREATE USER")?.as_str() {
            // Of a second or third factor, or of a choice.
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
                let words =
                    if rule.starts_with('F') { "FAILED_LOGIN_ATTEMPTS" } else { "PASSWORD_LOCK_TIME" };
                let value = tokens.word("a number or UNBOUNDED")?;
                self.keep(words, value, "0");
                Ok(())
            }
            // Always the last. A comment is one of them.
            "ATTRIBUTE" => {
                let attributes = serde_json::from_str::<Map<String, Value>>(&tokens.name()?);
                self.attributes.extend(attributes.map_err(|_| tokens.unread("attributes in JSON"))?);
                Ok(())
            }
            _ => Err(tokens.unread("after an option of CREATE USER")),
        }
    }

    /// `BY PASSWORD '...'`, `WITH 'plugin' AS ...`, `VIA plugin USING '...' OR plugin`.
    fn identified(&mut self, tokens: &mut Tokens<'_>) -> Result<(), Unread> {
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
                // A text, a number in hexadecimal, or <secret>, as users see their own.
                if tokens.takes_sign('<') {
                    tokens.skip();
                    tokens.expect_sign('>', ">")?;
                } else {
                    tokens.skip();
                }
            }
            if !tokens.takes(&["OR"]) {
                return Ok(());
            }
        }
    }

    fn roles(&mut self, tokens: &mut Tokens<'_>) -> Result<(), Unread> {
        tokens.expect(&["ROLE"], "ROLE")?;
        loop {
            self.default_roles.insert(account(tokens)?);
            if !tokens.takes_sign(',') {
                return Ok(());
            }
        }
    }

    fn required(&mut self, texts: Texts, tokens: &mut Tokens<'_>) -> Result<(), Unread> {
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
            return Err(tokens.unread("NONE, SSL, X509, ISSUER, SUBJECT or CIPHER"));
        }
        self.require = Require::Exactly(parts);
        Ok(())
    }

    /// `MAX_USER_CONNECTIONS 0` stays behind where a limit was lifted: it is none.
    fn limited(&mut self, tokens: &mut Tokens<'_>) -> Result<(), Unread> {
        while tokens.peek_word().is_some_and(|word| word.starts_with("MAX_")) {
            let limit = tokens.word("a limit")?;
            let negative = if tokens.takes_sign('-') { "-" } else { "" };
            let mut most = format!("{negative}{}", tokens.word("a number")?);
            if tokens.takes_sign('.') {
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

    fn rule(&mut self, tokens: &mut Tokens<'_>) -> Result<(), Unread> {
        if tokens.takes(&["EXPIRE"]) {
            let interval = tokens.takes(&["INTERVAL"]);
            let value =
                match tokens.peek_word().filter(|word| interval || ["NEVER", "DEFAULT"].contains(&&**word)) {
                    // Expired by hand: a new password ends that.
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
            return Err(tokens.unread("a rule for passwords"));
        }
        Ok(())
    }

    fn keep(&mut self, words: &'static str, value: String, default: &str) {
        if value != default {
            self.rules.insert(words, value);
        }
    }
}
