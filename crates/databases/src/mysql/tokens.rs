//! Tokens of a statement that the server prints: SHOW GRANTS, SHOW CREATE USER. It is parsed, never split at a text.

use std::fmt;
use std::iter::Peekable;
use std::str::CharIndices;

/// A token of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword, a number, a name without quotes.
    Word(String),
    /// A name in backticks.
    Name(String),
    /// A text in quotes; also an account's name, if the server quotes it so.
    Text(String),
    /// Any other character.
    Symbol(char),
}

/// A statement in an unknown form. Says where, and never repeats its text, which may hold a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ParseError {
    /// What was expected.
    pub(super) expected: &'static str,
    /// The number of the token that came instead, from 1.
    pub(super) token: usize,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token {} is not {}", self.token, self.expected)
    }
}

/// How a server prints the texts of REQUIRE (ISSUER, SUBJECT, CIPHER). Nothing in the output says which form it is, so a parser
/// tries one after the other. Where a text matters, it is read from the grant tables instead (`grant_tables.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Texts {
    /// As they are stored, quotes included (tried: MySQL 9.7.4, MariaDB 10.11.18 and 11.8.6).
    Raw,
    /// As string literals (tried: MariaDB 11.8.9).
    Escaped,
}

impl Texts {
    /// Parses a statement in each form until one succeeds; returns the first error if none does.
    pub(super) fn in_either<T>(read: impl Fn(Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        read(Self::Raw).or_else(|error| read(Self::Escaped).map_err(|_| error))
    }
}

/// The tokens of a statement, and the position of the next one.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    statement: &'a str,
    /// Each with the position where it begins.
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
                '`' => tokens.push((at, quoted(&mut rest).map_or(Token::Symbol(c), Token::Name))),
                '\'' | '"' => tokens.push((at, quoted(&mut rest).map_or(Token::Symbol(c), Token::Text))),
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
                        tokens.push((at, Token::Symbol(c)));
                    }
                }
            }
        }
        Self { statement, tokens, next: 0 }
    }

    /// A text of REQUIRE, before one of `followers` or the statement's end.
    pub(super) fn text(&mut self, texts: Texts, followers: &[&str]) -> Result<String, ParseError> {
        match (texts, self.peek()) {
            (Texts::Escaped, Some(Token::Text(_))) => self.name(),
            (Texts::Escaped, _) => Err(self.expected("a text in quotes")),
            (Texts::Raw, _) => self.verbatim(followers),
        }
    }

    /// A text that the server puts in quotes without escaping what is in it. It ends at the first quote that is followed by one of
    /// `followers` or by the end of the statement.
    pub(super) fn verbatim(&mut self, followers: &[&str]) -> Result<String, ParseError> {
        let rest = self.tokens.get(self.next).map(|(at, _)| &self.statement[*at..]);
        let Some(inside) = rest.and_then(|rest| rest.strip_prefix('\'')) else {
            return Err(self.expected("a text in quotes"));
        };
        let ends =
            |after: &str| after.is_empty() || followers.iter().any(|follower| after.starts_with(follower));
        let end = inside.match_indices('\'').find(|(at, _)| ends(&inside[at + 1..]));
        let (end, _) = end.ok_or_else(|| self.expected("a text that ends"))?;
        let text = inside[..end].to_owned();
        *self = Self::of(&inside[end + 1..]);
        Ok(text)
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    /// The next token in capitals, if it is a word.
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

    /// Consumes these words if they come next; returns whether they did.
    pub(super) fn takes(&mut self, words: &[&str]) -> bool {
        let come = words.iter().enumerate().all(|(index, word)| {
            matches!(self.tokens.get(self.next + index), Some((_, Token::Word(next))) if next.eq_ignore_ascii_case(word))
        });
        if come {
            self.next += words.len();
        }
        come
    }

    pub(super) fn takes_symbol(&mut self, sign: char) -> bool {
        let comes = self.peek() == Some(&Token::Symbol(sign));
        if comes {
            self.next += 1;
        }
        comes
    }

    pub(super) fn expect(&mut self, words: &[&str], expected: &'static str) -> Result<(), ParseError> {
        if self.takes(words) { Ok(()) } else { Err(self.expected(expected)) }
    }

    pub(super) fn expect_symbol(&mut self, sign: char, expected: &'static str) -> Result<(), ParseError> {
        if self.takes_symbol(sign) { Ok(()) } else { Err(self.expected(expected)) }
    }

    /// A name, with or without quotes of any kind.
    pub(super) fn name(&mut self) -> Result<String, ParseError> {
        match self.peek() {
            Some(Token::Name(name) | Token::Text(name) | Token::Word(name)) => {
                let name = name.clone();
                self.next += 1;
                Ok(name)
            }
            Some(Token::Symbol(_)) | None => Err(self.expected("a name")),
        }
    }

    pub(super) fn word(&mut self, expected: &'static str) -> Result<String, ParseError> {
        let word = self.peek_word().ok_or_else(|| self.expected(expected))?;
        self.next += 1;
        Ok(word)
    }

    pub(super) fn number(&mut self) -> Result<u64, ParseError> {
        let number = self.peek_word().and_then(|word| word.parse().ok());
        let number = number.ok_or_else(|| self.expected("a number"))?;
        self.next += 1;
        Ok(number)
    }

    pub(super) fn at_end(&self) -> bool {
        self.next >= self.tokens.len()
    }

    pub(super) fn expected(&self, expected: &'static str) -> ParseError {
        ParseError { expected, token: self.next + 1 }
    }
}

/// Letters of any language, which the server does not quote, and digits.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// The text in quotes; `None` if it does not end. A doubled quote stands for one. A backslash escapes in texts, and is an ordinary
/// character in names.
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
