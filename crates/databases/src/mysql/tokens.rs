//! The words of a statement that the server wrote: SHOW GRANTS, SHOW CREATE USER. They are read, never cut by text.

use std::fmt;
use std::iter::Peekable;
use std::str::CharIndices;

/// A part of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword, a number, a name without quotes.
    Word(String),
    /// A name in backticks.
    Name(String),
    /// A text in quotes, or an account's name where the server quotes so.
    Text(String),
    /// Anything else.
    Sign(char),
}

/// A statement in a form that is not known here. Says where, and never what: it may hold a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// What was expected.
    pub(super) expected: &'static str,
    /// The number of the word that came instead, from 1.
    pub(super) word: usize,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "word {} is not {}", self.word, self.expected)
    }
}

/// How a server prints the texts of REQUIRE (ISSUER, SUBJECT, CIPHER). Nothing in its answer says which: a reader tries
/// one after the other. What decides about an account is read from the grant tables instead (`stored.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Texts {
    /// As they are stored, quotes included (tried: MySQL 9.7.4, MariaDB 10.11.18 and 11.8.6).
    Raw,
    /// As string literals (tried: MariaDB 11.8.9).
    Escaped,
}

impl Texts {
    /// Reads a statement in each form, until one fits; answers the first failure if none does.
    pub(super) fn in_either<T>(read: impl Fn(Self) -> Result<T, Unread>) -> Result<T, Unread> {
        read(Self::Raw).or_else(|unread| read(Self::Escaped).map_err(|_| unread))
    }
}

/// What is left to read of a statement.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    statement: &'a str,
    /// Each with the place where it begins.
    tokens: Vec<(usize, Token)>,
    next: usize,
}

impl<'a> Tokens<'a> {
    /// Splits a statement.
    pub(super) fn of(statement: &'a str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = statement.char_indices().peekable();
        while let Some(&(at, c)) = rest.peek() {
            match c {
                '`' => tokens.push((at, quoted(&mut rest).map_or(Token::Sign(c), Token::Name))),
                '\'' | '"' => tokens.push((at, quoted(&mut rest).map_or(Token::Sign(c), Token::Text))),
                c if is_of_word(c) => {
                    let mut word = String::new();
                    while let Some((_, c)) = rest.next_if(|(_, c)| is_of_word(*c)) {
                        word.push(c);
                    }
                    tokens.push((at, Token::Word(word)));
                }
                c => {
                    rest.next();
                    if !c.is_whitespace() {
                        tokens.push((at, Token::Sign(c)));
                    }
                }
            }
        }
        Self { statement, tokens, next: 0 }
    }

    /// A text of REQUIRE, before one of `followers` or the statement's end.
    pub(super) fn text(&mut self, texts: Texts, followers: &[&str]) -> Result<String, Unread> {
        match (texts, self.peek()) {
            (Texts::Escaped, Some(Token::Text(_))) => self.name(),
            (Texts::Escaped, _) => Err(self.unread("a text in quotes")),
            (Texts::Raw, _) => self.verbatim(followers),
        }
    }

    /// A text that the server puts in quotes without escaping what is in it. It ends at the first quote that one of
    /// `followers` or the statement's end comes after.
    pub(super) fn verbatim(&mut self, followers: &[&str]) -> Result<String, Unread> {
        let rest = self.tokens.get(self.next).map(|(at, _)| &self.statement[*at..]);
        let Some(inside) = rest.and_then(|rest| rest.strip_prefix('\'')) else {
            return Err(self.unread("a text in quotes"));
        };
        let ends =
            |after: &str| after.is_empty() || followers.iter().any(|follower| after.starts_with(follower));
        let end = inside.match_indices('\'').find(|(at, _)| ends(&inside[at + 1..]));
        let (end, _) = end.ok_or_else(|| self.unread("a text that ends"))?;
        let text = inside[..end].to_owned();
        *self = Self::of(&inside[end + 1..]);
        Ok(text)
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    /// The word that comes next, in capitals, if it is one.
    pub(super) fn peek_word(&self) -> Option<String> {
        match self.peek() {
            Some(Token::Word(word)) => Some(word.to_ascii_uppercase()),
            _ => None,
        }
    }

    pub(super) fn skip(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += 1;
        token
    }

    /// Takes these words if they are what comes next.
    pub(super) fn takes(&mut self, words: &[&str]) -> bool {
        let come = words.iter().enumerate().all(|(index, word)| {
            matches!(self.tokens.get(self.next + index), Some((_, Token::Word(next))) if next.eq_ignore_ascii_case(word))
        });
        if come {
            self.next += words.len();
        }
        come
    }

    pub(super) fn takes_sign(&mut self, sign: char) -> bool {
        let comes = self.peek() == Some(&Token::Sign(sign));
        if comes {
            self.next += 1;
        }
        comes
    }

    pub(super) fn expect(&mut self, words: &[&str], expected: &'static str) -> Result<(), Unread> {
        if self.takes(words) { Ok(()) } else { Err(self.unread(expected)) }
    }

    pub(super) fn expect_sign(&mut self, sign: char, expected: &'static str) -> Result<(), Unread> {
        if self.takes_sign(sign) { Ok(()) } else { Err(self.unread(expected)) }
    }

    /// A name, in whatever quotes.
    pub(super) fn name(&mut self) -> Result<String, Unread> {
        match self.peek() {
            Some(Token::Name(name) | Token::Text(name) | Token::Word(name)) => {
                let name = name.clone();
                self.next += 1;
                Ok(name)
            }
            Some(Token::Sign(_)) | None => Err(self.unread("a name")),
        }
    }

    pub(super) fn word(&mut self, expected: &'static str) -> Result<String, Unread> {
        let word = self.peek_word().ok_or_else(|| self.unread(expected))?;
        self.next += 1;
        Ok(word)
    }

    pub(super) fn number(&mut self) -> Result<u64, Unread> {
        let number = self.peek_word().and_then(|word| word.parse().ok());
        let number = number.ok_or_else(|| self.unread("a number"))?;
        self.next += 1;
        Ok(number)
    }

    pub(super) fn at_end(&self) -> bool {
        self.next >= self.tokens.len()
    }

    pub(super) fn unread(&self, expected: &'static str) -> Unread {
        Unread { expected, word: self.next + 1 }
    }
}

/// Letters of any language: what the server leaves without quotes, and numbers.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// A doubled quote stands for one. A backslash escapes in texts, and is a letter like any other in names. None where it
/// does not end.
fn quoted(rest: &mut Peekable<CharIndices<'_>>) -> Option<String> {
    let mut inside = String::new();
    let (_, quote) = rest.next()?;
    loop {
        match rest.next()?.1 {
            c if c == quote => {
                if rest.next_if(|(_, c)| *c == quote).is_none() {
                    return Some(inside);
                }
                inside.push(quote);
            }
            '\\' if quote != '`' => inside.push(unescaped(rest.next()?.1)),
            c => inside.push(c),
        }
    }
}

/// What a letter after a backslash stands for (MySQL 8.4 Reference Manual, "String Literals").
fn unescaped(c: char) -> char {
    match c {
        '0' => '\0',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'Z' => '\u{1a}',
        c => c,
    }
}
