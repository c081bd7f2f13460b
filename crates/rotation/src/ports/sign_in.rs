//! The result of a sign-in.

use std::fmt;

/// A server's response to a user name and a password, given over the connection that the secret asks for and after a
/// challenge; with TLS, over verified TLS. Everything else is an error.
///
/// `S` is the session that opens: a user's cannot be used as a superuser's, nor the reverse.
pub enum SignIn<S: ?Sized> {
    /// Signed in.
    Accepted(Box<S>),
    /// The user does not exist or this is not its password; with the server's code and message.
    Rejected(String),
    /// This is its password, which has expired: it proves who the user is, and opens no session. With the
    /// server's code and message.
    Expired(String),
}

impl<S: ?Sized> SignIn<S> {
    /// The same response, with another session in place of the one that opened.
    pub fn map<T: ?Sized>(self, session: impl FnOnce(Box<S>) -> Box<T>) -> SignIn<T> {
        match self {
            Self::Accepted(accepted) => SignIn::Accepted(session(accepted)),
            Self::Rejected(response) => SignIn::Rejected(response),
            Self::Expired(response) => SignIn::Expired(response),
        }
    }
}

impl<S: ?Sized> fmt::Debug for SignIn<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(_) => f.write_str("Accepted"),
            Self::Rejected(response) => f.debug_tuple("Rejected").field(response).finish(),
            Self::Expired(response) => f.debug_tuple("Expired").field(response).finish(),
        }
    }
}
