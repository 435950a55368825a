//! Errors as a client sees them: RFC 9457 problem details.
//!
//! A problem says what the caller can do about it. What went wrong inside goes
//! to the log, never into an answer.

use serde::Serialize;

/// One field of a request that is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
pub struct Violation {
    /// JSON pointer into the request body.
    pub pointer: String,
    /// What is expected there.
    pub detail: String,
}

impl Violation {
    /// A violation at `pointer`.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Violation {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }
}

/// The body of an `application/problem+json` answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
pub struct Problem {
    /// Names the kind of problem; `about:blank` when the status says it all.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The kind in words.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// This occurrence in words.
    pub detail: String,
    /// The fields at fault, for `/problems/validation`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Violation>,
}

impl Problem {
    fn blank(status: u16, title: &'static str, detail: impl Into<String>) -> Self {
        Problem {
            kind: "about:blank",
            title,
            status,
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    /// 400: the request cannot be read.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Problem::blank(400, "Bad Request", detail)
    }

    /// 401: nobody is logged in.
    pub fn unauthorized() -> Self {
        Problem::blank(401, "Unauthorized", "log in first")
    }

    /// 402: the payment does not cover what is asked for.
    pub fn payment_required(detail: impl Into<String>) -> Self {
        Problem {
            kind: "/problems/payment-refused",
            ..Problem::blank(402, "Payment refused", detail)
        }
    }

    /// 403: the caller is known and may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Problem::blank(403, "Forbidden", detail)
    }

    /// 404: it does not exist, or not for this caller.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Problem::blank(404, "Not Found", detail)
    }

    /// 409: it is not in a state in which this can be done.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Problem::blank(409, "Conflict", detail)
    }

    /// 412: it was changed since the caller read it.
    pub fn precondition_failed(detail: impl Into<String>) -> Self {
        Problem::blank(412, "Precondition Failed", detail)
    }

    /// 422: the request can be read, but some of its values are not acceptable.
    pub fn validation(errors: Vec<Violation>) -> Self {
        let detail = match errors.as_slice() {
            [only] => only.detail.clone(),
            several => format!("{} values are not acceptable", several.len()),
        };
        Problem {
            kind: "/problems/validation",
            title: "Unacceptable values",
            status: 422,
            detail,
            errors,
        }
    }

    /// 422: an idempotency key came again with another request.
    pub fn idempotency_key_reused() -> Self {
        Problem {
            kind: "/problems/idempotency-key-reused",
            title: "Idempotency key reused",
            status: 422,
            detail: "this Idempotency-Key was used for another request; use a new one".to_owned(),
            errors: Vec::new(),
        }
    }

    /// 428: a change has to say which version it is of (RFC 6585).
    pub fn precondition_required(detail: impl Into<String>) -> Self {
        Problem::blank(428, "Precondition Required", detail)
    }

    /// 500: our fault. The cause is in the log.
    pub fn internal() -> Self {
        Problem::blank(
            500,
            "Internal Server Error",
            "something went wrong on our side; it has been recorded",
        )
    }

    /// 503: a dependency does not answer; trying again makes sense.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Problem::blank(503, "Service Unavailable", detail)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_problem_names_its_fields_only_when_it_has_some() {
        let json = |problem| serde_json::to_string(&problem).unwrap();
        insta::assert_snapshot!(json(Problem::not_found("there is no such order")), @r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"there is no such order"}"#);
        let violation = Violation::new("/items/0/quantity", "from 1 to 99 pieces can be ordered");
        insta::assert_snapshot!(json(Problem::validation(vec![violation])), @r#"{"type":"/problems/validation","title":"Unacceptable values","status":422,"detail":"from 1 to 99 pieces can be ordered","errors":[{"pointer":"/items/0/quantity","detail":"from 1 to 99 pieces can be ordered"}]}"#);
    }
}
