//! Tokens for paging: where the next page starts, as one opaque text.
//!
//! A token is encoded, not encrypted or signed: it holds only a place in a list
//! that its reader may see anyhow. Whoever reads one must therefore take the
//! partition (the user, the category) from the request and never from the token.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// `place` as a token.
pub fn encode(place: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(place)?))
}

/// The place that `token` names.
pub fn decode<T: DeserializeOwned>(token: &str) -> Result<T, Problem> {
    BASE64_URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(|| Problem::bad_request("nextToken is not one that this list gave out"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Place {
        name: String,
        id: u32,
    }

    proptest! {
        #[test]
        fn a_token_comes_back_as_it_was_and_fits_into_a_url(name in "\\PC{0,40}", id in any::<u32>()) {
            let place = Place { name, id };
            let token = encode(&place).unwrap();
            prop_assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            prop_assert_eq!(decode::<Place>(&token).unwrap(), place);
        }

        #[test]
        fn any_other_text_is_refused(text in "\\PC{0,60}") {
            if let Err(problem) = decode::<Place>(&text) {
                prop_assert_eq!(problem.status, 400);
            }
        }
    }

    #[test]
    fn a_token_of_another_list_is_refused() {
        let token = encode(&("another", "list")).unwrap();
        assert_eq!(decode::<Place>(&token).unwrap_err().status, 400);
    }
}
