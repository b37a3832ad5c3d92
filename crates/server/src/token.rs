//! The secret that clients have to know.

use std::fmt;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Fewer characters can be guessed.
const SHORTEST: usize = 16;

/// What `Authorization: Bearer …` is compared with. Only its digest is kept, so that a comparison takes as long whatever is sent.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token")
    }
}

/// A text that is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token has {SHORTEST} or more letters, digits and signs, without spaces")]
pub struct NoToken;

impl Token {
    /// Of its text; space around it does not count.
    ///
    /// # Errors
    /// When it is too short, or holds what no header can.
    pub fn new(text: &str) -> Result<Self, NoToken> {
        let text = text.trim();
        if text.len() < SHORTEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NoToken);
        }
        Ok(Self(Sha256::digest(text).into()))
    }

    /// Whether a request has it.
    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        let value = headers.get(AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
        let is_bearer = value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "));
        let sent: [u8; 32] = Sha256::digest(value.get(7..).unwrap_or_default().trim_ascii()).into();
        is_bearer & bool::from(sent.ct_eq(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn only_the_whole_token_is_let_in() {
        let token = Token::new(" 0123456789abcdef\n").unwrap();
        let is_in = |value: &'static str| {
            token.is_in(&HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]))
        };
        assert!(is_in("Bearer 0123456789abcdef") && is_in("bearer  0123456789abcdef"));
        for value in ["", "Bearer", "Bearer ", "Bearer 0123456789abcde", "Basic 0123456789abcdef", "0123456789abcdef"] {
            assert!(!is_in(value), "{value}");
        }
        assert!(!token.is_in(&HeaderMap::new()));
    }

    #[test]
    fn short_and_unsendable_tokens_are_refused() {
        assert!(["", "short", "0123456789 abcdef", "0123456789abcdeé"].map(Token::new).iter().all(Result::is_err));
    }
}
