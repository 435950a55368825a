//! Versions of rows as `ETag` and `If-Match` (RFC 9110, 13.1.1): whoever changes something says which
//! version he saw, so that nobody overwrites what somebody else wrote in between.

use crate::http::Request;
use crate::problem::Problem;

/// The `ETag` of version `version`.
pub fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

/// The version that the request's `If-Match` names, if it has one.
pub fn seen(request: &Request) -> Result<Option<u64>, Problem> {
    request.header("if-match").map(parse).transpose()
}

/// The version that the request's `If-Match` names; 428 when it names none.
pub fn required(request: &Request) -> Result<u64, Problem> {
    seen(request)?.ok_or_else(|| {
        Problem::precondition_required("say which version is changed: If-Match with the ETag seen")
    })
}

/// The problem of a caller who saw another version than the one that is there.
pub fn outdated() -> Problem {
    Problem::precondition_failed("it was changed in the meantime; load it again")
}

fn parse(header: &str) -> Result<u64, Problem> {
    // A weak tag never matches a change (RFC 9110, 13.1.1). A proxy that compresses makes tags weak,
    // though, and a version is the same however it is compressed.
    let tag = header.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    tag.strip_prefix('"')
        .and_then(|tag| tag.strip_suffix('"'))
        .and_then(|tag| tag.parse().ok())
        .ok_or_else(|| Problem::bad_request("If-Match is not an ETag that was given out"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_was_given_out_is_read_back() {
        for version in [0, 1, u64::MAX] {
            assert_eq!(parse(&etag(version)), Ok(version));
            assert_eq!(parse(&format!("W/{}", etag(version))), Ok(version));
        }
        for wrong in [
            "",
            "*",
            "1",
            "\"\"",
            "\"1",
            "\"-1\"",
            "\"a\"",
            "\"1\", \"2\"",
        ] {
            assert_eq!(parse(wrong).unwrap_err().status, 400, "{wrong:?}");
        }
    }
}
