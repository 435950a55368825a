//! Where goods go, and what a box costs there.
//!
//! The zones and their fees are those of the delivery pricing of the AWS serverless e-commerce
//! platform (feature U130), with Poland under its ISO code `PL` (defect D13).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Fees by country, in minor units for each box. A country stands in one zone only.
const ZONES: [(&[&str], i64); 3] = [
    // The Nordic countries, from where the shop delivers.
    (&["DK", "FI", "NO", "SE"], 0),
    // The other members of the European Union.
    (
        &[
            "AT", "BE", "BG", "CY", "CZ", "DE", "EE", "ES", "FR", "GR", "HR", "HU", "IE", "IT",
            "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SI", "SK",
        ],
        1000,
    ),
    (&["CA", "US"], 1500),
];

/// The fee of every other country.
const ELSEWHERE: i64 = 2500;

/// A text that is no country code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two letters are expected, for instance DE")]
pub struct InvalidCountry;

/// An ISO 3166 country code of two letters, in upper case however it was written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

impl Country {
    /// The two letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The fee for one box, in minor units.
    pub fn fee(self) -> i64 {
        ZONES
            .iter()
            .find(|(countries, _)| countries.contains(&self.code()))
            .map_or(ELSEWHERE, |(_, fee)| *fee)
    }
}

impl TryFrom<String> for Country {
    type Error = InvalidCountry;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.trim().as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Country([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(InvalidCountry),
        }
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.code().to_owned()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_country_stands_in_one_zone() {
        let mut seen = HashSet::new();
        for code in ZONES.iter().flat_map(|(countries, _)| *countries) {
            assert!(seen.insert(code), "{code} stands there twice");
            assert_eq!(Country::try_from((*code).to_owned()).unwrap().code(), *code);
        }
        // 27 members of the European Union, Norway, Canada and the United States.
        assert_eq!(seen.len(), 30);
    }

    #[test]
    fn only_two_letters_are_a_country() {
        for text in ["DE", "de", "De", " de "] {
            assert_eq!(Country::try_from(text.to_owned()).unwrap().code(), "DE");
        }
        for wrong in ["", "D", "DEU", "D1", "ÄÖ", "é"] {
            assert!(Country::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
