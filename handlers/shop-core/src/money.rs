//! Money: integer minor units with an ISO 4217 currency.
//!
//! There is no floating point and no conversion between currencies here:
//! adding two currencies is an error, not a guess.

use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// The active codes of ISO 4217 that name money people pay with, sorted.
const CODES: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BHD",
    "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF",
    "CLP", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN",
    "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD",
    "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES",
    "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL",
    "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN",
    "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP",
    "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK",
    "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT",
    "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VES", "VND",
    "VUV", "WST", "XAF", "XCD", "XCG", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWG",
];

/// What can be wrong with an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The code is not an active ISO 4217 currency.
    #[error("`{0}` is not an ISO 4217 currency code")]
    UnknownCurrency(String),
    /// Two currencies met in one sum.
    #[error("{0} and {1} cannot be added")]
    CurrencyMismatch(Currency, Currency),
    /// The result does not fit into 64 bits.
    #[error("the amount is too large")]
    Overflow,
}

/// An ISO 4217 currency code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Currency(&'static str);

impl Currency {
    /// The euro.
    pub const EUR: Currency = Currency("EUR");

    /// The three letters.
    pub fn code(self) -> &'static str {
        self.0
    }

    /// How many digits the minor unit has: 2 for most, 0 for yen, 3 for dinars.
    pub fn minor_digits(self) -> u32 {
        match self.0 {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
            | "UGX" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        CODES
            .binary_search(&text)
            .map(|index| Currency(CODES[index]))
            .map_err(|_| MoneyError::UnknownCurrency(text.to_owned()))
    }
}

// By hand: a derived one would borrow the code from its input.
impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// An amount in the minor unit of a currency: 1250 EUR is twelve euro fifty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units (cents).
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// `amount` minor units of `currency`.
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Money { amount, currency }
    }

    /// The sum, when both are of one currency and it fits.
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch(self.currency, other.currency));
        }
        let amount = self
            .amount
            .checked_add(other.amount)
            .ok_or(MoneyError::Overflow)?;
        Ok(Money { amount, ..self })
    }

    /// The price of `quantity` pieces.
    pub fn checked_mul(self, quantity: u32) -> Result<Money, MoneyError> {
        let amount = self
            .amount
            .checked_mul(i64::from(quantity))
            .ok_or(MoneyError::Overflow)?;
        Ok(Money { amount, ..self })
    }

    /// The sum of several amounts of one currency; `None` when there are none,
    /// because nothing has no currency.
    pub fn sum(amounts: impl IntoIterator<Item = Money>) -> Result<Option<Money>, MoneyError> {
        let mut amounts = amounts.into_iter();
        let Some(first) = amounts.next() else {
            return Ok(None);
        };
        amounts.try_fold(first, Money::checked_add).map(Some)
    }
}

/// `12.50 EUR`: the same in every language, and never mistaken for another dollar.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.minor_digits();
        let sign = if self.amount < 0 { "-" } else { "" };
        let minor = self.amount.unsigned_abs();
        let unit = 10_u64.pow(digits);
        let (whole, rest) = (minor / unit, minor % unit);
        if digits == 0 {
            write!(f, "{sign}{whole} {}", self.currency)
        } else {
            let width = digits as usize;
            write!(f, "{sign}{whole}.{rest:0width$} {}", self.currency)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn currency() -> impl Strategy<Value = Currency> {
        (0..CODES.len()).prop_map(|index| CODES[index].parse().unwrap())
    }

    fn money() -> impl Strategy<Value = Money> {
        (any::<i64>(), currency()).prop_map(|(amount, currency)| Money { amount, currency })
    }

    #[test]
    fn the_code_list_is_sorted_so_that_it_can_be_searched() {
        assert!(CODES.is_sorted());
        assert!("EUR".parse::<Currency>().is_ok());
        for wrong in ["", "eur", "EURO", "XXX", "€"] {
            assert_eq!(
                wrong.parse::<Currency>(),
                Err(MoneyError::UnknownCurrency(wrong.to_owned()))
            );
        }
    }

    #[test]
    fn is_shown_with_the_digits_of_its_currency() {
        for (amount, code, shown) in [
            (1250, "EUR", "12.50 EUR"),
            (5, "EUR", "0.05 EUR"),
            (-5, "EUR", "-0.05 EUR"),
            (0, "USD", "0.00 USD"),
            (1250, "JPY", "1250 JPY"),
            (1250, "KWD", "1.250 KWD"),
            (i64::MIN, "EUR", "-92233720368547758.08 EUR"),
        ] {
            assert_eq!(Money::new(amount, code.parse().unwrap()).to_string(), shown);
        }
    }

    #[test]
    fn json_refuses_fractions_and_unknown_currencies() {
        let parse = serde_json::from_str::<Money>;
        assert_eq!(
            parse(r#"{"amount":1250,"currency":"EUR"}"#).unwrap(),
            Money::new(1250, Currency::EUR)
        );
        assert!(parse(r#"{"amount":12.5,"currency":"EUR"}"#).is_err());
        assert!(parse(r#"{"amount":"1250","currency":"EUR"}"#).is_err());
        assert!(parse(r#"{"amount":1250,"currency":"euro"}"#).is_err());
        assert!(parse(r#"{"amount":1250}"#).is_err());
    }

    #[test]
    fn nothing_has_no_sum() {
        assert_eq!(Money::sum([]), Ok(None));
    }

    proptest! {
        #[test]
        fn json_keeps_every_amount(money in money()) {
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }

        #[test]
        fn addition_does_not_depend_on_order(a in money(), b in money()) {
            match (a.checked_add(b), b.checked_add(a)) {
                (Ok(left), Ok(right)) => prop_assert_eq!(left, right),
                (Err(_), Err(_)) => {}
                (left, right) => prop_assert!(false, "{left:?} but {right:?}"),
            }
        }

        #[test]
        fn a_quantity_is_a_repeated_sum(amount in -1_000_000_i64..1_000_000, quantity in 1_u32..100) {
            let one = Money::new(amount, Currency::EUR);
            let summed = Money::sum((0..quantity).map(|_| one)).unwrap().unwrap();
            prop_assert_eq!(one.checked_mul(quantity).unwrap(), summed);
        }

        #[test]
        fn never_wraps_around(amount in any::<i64>(), quantity in any::<u32>()) {
            let exact = i128::from(amount) * i128::from(quantity);
            match Money::new(amount, Currency::EUR).checked_mul(quantity) {
                Ok(product) => prop_assert_eq!(i128::from(product.amount), exact),
                Err(error) => {
                    prop_assert_eq!(error, MoneyError::Overflow);
                    prop_assert!(i64::try_from(exact).is_err());
                }
            }
        }

        #[test]
        fn what_is_shown_is_the_whole_amount(money in money()) {
            let shown = money.to_string();
            let (number, code) = shown.split_once(' ').unwrap();
            let digits: String = number.chars().filter(|c| *c != '.').collect();
            prop_assert_eq!(digits.parse::<i64>().unwrap(), money.amount);
            prop_assert_eq!(code, money.currency.code());
        }
    }
}
