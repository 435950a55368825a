//! Promotion codes: what they give, and until when (features U008 and U103).
//!
//! What a code takes off is worked out here and nowhere else (D5); how often it
//! was redeemed is the store's business.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shop_core::check::Check;
use shop_core::money::Money;
use shop_core::order::{Promotion, PromotionTerms};
use shop_core::problem::Violation;

/// A code as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PromotionCode {
    /// What customers enter, and what it gives.
    #[serde(flatten)]
    pub promotion: Promotion,
    /// When it begins to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<DateTime<Utc>>,
    /// From when on it does not count any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<DateTime<Utc>>,
    /// How often it can be redeemed by everybody together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// How often by one customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_per_customer: Option<u32>,
    /// How often it was redeemed.
    #[serde(default)]
    pub redeemed: u32,
}

/// Why a code does not count. Who asks learns no more than that and the date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is none of this name, or it cannot be redeemed any more.
    #[error("this promotion code is not valid")]
    Invalid,
    /// It counts later.
    #[error("this promotion code is not valid yet")]
    TooEarly,
    /// It does not count any more.
    #[error("this promotion code has expired")]
    Expired,
    /// Redeemed as often as it may be.
    #[error("this promotion code has been used up")]
    UsedUp,
}

impl PromotionCode {
    /// Whether it counts now, as far as the code itself knows: the limit for one customer is the
    /// store's to keep.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), Rejection> {
        if self.valid_from.is_some_and(|from| now < from) {
            return Err(Rejection::TooEarly);
        }
        if self.expires.is_some_and(|expires| expires <= now) {
            return Err(Rejection::Expired);
        }
        if self.limit.is_some_and(|limit| self.redeemed >= limit) {
            return Err(Rejection::UsedUp);
        }
        Ok(())
    }
}

/// What customers enter, as it is kept: without space around it, in capitals.
pub fn normalized(code: &str) -> String {
    code.trim().to_ascii_uppercase()
}

/// Whether `code` can name a promotion.
pub fn is_code(code: &str) -> bool {
    (3..=40).contains(&code.len())
        && code
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
}

/// What `terms` take off `subtotal`: never more than all of it, and nothing of another currency.
/// Half a minor unit is rounded in the customer's favour.
pub fn discount(terms: PromotionTerms, subtotal: Money) -> Money {
    let amount = match terms {
        PromotionTerms::Amount(off) if off.currency == subtotal.currency => off.amount,
        PromotionTerms::Amount(_) => 0,
        PromotionTerms::Percentage(percentage) => {
            let hundredths = i128::from(subtotal.amount) * i128::from(percentage.min(100));
            // At most the subtotal itself, which fits.
            i64::try_from((hundredths + 50).div_euclid(100)).unwrap_or(subtotal.amount)
        }
    };
    Money {
        amount: amount.clamp(0, subtotal.amount.max(0)),
        ..subtotal
    }
}

/// What an administrator writes about a code.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PromotionRequest {
    #[serde(default)]
    amount: Option<Money>,
    #[serde(default)]
    percentage: Option<u8>,
    #[serde(default)]
    valid_from: Option<DateTime<Utc>>,
    #[serde(default)]
    expires: Option<DateTime<Utc>>,
    #[serde(default)]
    limit: Option<u32>,
    #[serde(default)]
    limit_per_customer: Option<u32>,
}

impl PromotionRequest {
    /// The promotion called `code`, or everything that is wrong.
    pub fn check(self, code: &str) -> Result<PromotionCode, Vec<Violation>> {
        let mut check = Check::new();
        let code = normalized(code);
        let detail = "a code has 3 to 40 letters, digits and -";
        check.require(is_code(&code), "/code", detail);
        let terms = match (self.amount, self.percentage) {
            (Some(amount), None) => {
                check.require(amount.amount > 0, "/amount", "more than nothing is needed");
                PromotionTerms::Amount(amount)
            }
            (None, Some(percentage)) => {
                let possible = (1..=100).contains(&percentage);
                check.require(possible, "/percentage", "from 1 to 100");
                PromotionTerms::Percentage(percentage)
            }
            _ => {
                check.refuse("/percentage", "either this or amount is needed");
                PromotionTerms::Percentage(0)
            }
        };
        let in_order = match (self.valid_from, self.expires) {
            (Some(from), Some(expires)) => from < expires,
            _ => true,
        };
        check.require(in_order, "/expires", "this has to be after validFrom");
        for (pointer, limit) in [
            ("/limit", self.limit),
            ("/limitPerCustomer", self.limit_per_customer),
        ] {
            check.require(limit != Some(0), pointer, "at least 1");
        }
        check.finish(PromotionCode {
            promotion: Promotion { code, terms },
            valid_from: self.valid_from,
            expires: self.expires,
            limit: self.limit,
            limit_per_customer: self.limit_per_customer,
            redeemed: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use proptest::prelude::*;
    use serde_json::{Value, json};
    use shop_core::money::Currency;

    use super::*;

    fn eur(amount: i64) -> Money {
        Money::new(amount, Currency::EUR)
    }

    fn at(day: u32) -> DateTime<Utc> {
        format!("2026-03-{day:02}T12:00:00Z").parse().unwrap()
    }

    fn code(body: Value) -> Result<PromotionCode, Vec<Violation>> {
        serde_json::from_value::<PromotionRequest>(body)
            .unwrap()
            .check(" spring-10 ")
    }

    #[test]
    fn an_amount_and_a_share_are_taken_off() {
        for (terms, subtotal, expected) in [
            (PromotionTerms::Amount(eur(2000)), 13000, 2000),
            (PromotionTerms::Amount(eur(2000)), 1500, 1500),
            (PromotionTerms::Percentage(10), 13000, 1300),
            (PromotionTerms::Percentage(10), 1995, 200),
            (PromotionTerms::Percentage(10), 1994, 199),
            (PromotionTerms::Percentage(100), 1999, 1999),
            (PromotionTerms::Percentage(10), 0, 0),
        ] {
            let taken = discount(terms, eur(subtotal));
            assert_eq!(taken, eur(expected), "{terms:?} of {subtotal}");
        }
        let dollars = Money::new(500, "USD".parse().unwrap());
        assert_eq!(discount(PromotionTerms::Amount(dollars), eur(900)), eur(0));
    }

    #[test]
    fn a_code_counts_in_its_time_and_until_it_is_used_up() {
        let code = code(json!({
            "percentage": 10, "validFrom": at(10), "expires": at(20), "limit": 2,
        }))
        .unwrap();
        assert_eq!(code.promotion.code, "SPRING-10");
        assert_eq!(code.check(at(9)), Err(Rejection::TooEarly));
        assert_eq!(code.check(at(10)), Ok(()));
        assert_eq!(code.check(at(20)), Err(Rejection::Expired));
        let used = PromotionCode {
            redeemed: 2,
            ..code
        };
        assert_eq!(used.check(at(15)), Err(Rejection::UsedUp));
    }

    #[test]
    fn everything_wrong_with_a_code_is_told() {
        let found = code(json!({
            "amount": {"amount": 0, "currency": "EUR"}, "limit": 0,
            "validFrom": at(20), "expires": at(10),
        }));
        let texts: Vec<_> = found
            .unwrap_err()
            .iter()
            .map(|v| format!("{}: {}", v.pointer, v.detail))
            .collect();
        insta::assert_snapshot!(texts.join("\n"), @r"
        /amount: more than nothing is needed
        /expires: this has to be after validFrom
        /limit: at least 1
        ");
        for body in [
            json!({}),
            json!({"percentage": 101}),
            json!({"percentage": 5, "amount": {"amount": 5, "currency": "EUR"}}),
        ] {
            assert_eq!(code(body).unwrap_err()[0].pointer, "/percentage");
        }
    }

    #[test]
    fn a_code_is_written_with_its_terms_beside_it() {
        let text = serde_json::to_string(&code(json!({"percentage": 10})).unwrap()).unwrap();
        insta::assert_snapshot!(text, @r#"{"code":"SPRING-10","percentage":10,"redeemed":0}"#);
    }

    proptest! {
        /// Nobody pays less than nothing, and nobody more than without the code.
        #[test]
        fn a_discount_is_between_nothing_and_everything(
            percentage in 0..=200_u8, off in any::<i64>(), subtotal in 0..i64::MAX,
        ) {
            for terms in [PromotionTerms::Percentage(percentage), PromotionTerms::Amount(eur(off))] {
                let taken = discount(terms, eur(subtotal)).amount;
                prop_assert!((0..=subtotal).contains(&taken), "{taken}");
            }
        }
    }
}
