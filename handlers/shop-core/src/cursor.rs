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

/// Cuts what a query for `limit + 1` rows found down to a page, and says whether another page
/// follows. `stopped` is whether the query ended before the list did.
///
/// Asking for one row more is what makes the last page say that it is the last: a query that
/// stops exactly at the end of a list cannot know it.
pub fn cut<T>(mut rows: Vec<T>, limit: u16, stopped: bool) -> (Vec<T>, bool) {
    let limit = usize::from(limit);
    let follows = rows.len() > limit || (stopped && !rows.is_empty());
    rows.truncate(limit);
    (rows, follows)
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
    fn the_last_page_says_that_it_is_the_last() {
        assert_eq!(cut(vec![1, 2, 3], 2, true), (vec![1, 2], true));
        assert_eq!(cut(vec![1, 2], 2, false), (vec![1, 2], false));
        assert_eq!(cut(vec![1], 2, false), (vec![1], false));
        assert_eq!(cut(Vec::<u8>::new(), 2, false), (vec![], false));
        // The query ended at its size limit and not at the end of the list.
        assert_eq!(cut(vec![1], 2, true), (vec![1], true));
    }

    #[test]
    fn a_token_of_another_list_is_refused() {
        let token = encode(&("another", "list")).unwrap();
        assert_eq!(decode::<Place>(&token).unwrap_err().status, 400);
    }
}
