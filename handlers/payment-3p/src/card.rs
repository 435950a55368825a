//! A card: is its number one, and what becomes of it here.
//!
//! The number is read, judged and dropped. It is in no row, no log and no message.

use crate::fields::refused;
use shop_core::problem::Problem;

/// How many digits a number has.
const DIGITS: usize = 16;

/// Numbers that show a shop what can go wrong. All others that are valid are good for any amount.
const TEST_CARDS: [(&str, Judgement); 4] = [
    (
        "4000000000000002",
        Judgement::Declined("The card was declined."),
    ),
    (
        "4000000000009995",
        Judgement::Declined("The card has insufficient funds."),
    ),
    (
        "4000000000000069",
        Judgement::Declined("The card has expired."),
    ),
    ("4000000000000341", Judgement::FailsLater),
];

/// What the provider thinks of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Good for any amount.
    Good,
    /// No money, for this reason.
    Declined(&'static str),
    /// Money is promised, but cannot be taken later.
    FailsLater,
}

/// Judges a card by its number; a problem when that is none.
pub fn judge(number: &str) -> Result<Judgement, Problem> {
    if number.chars().count() != DIGITS {
        return Err(refused("'cardNumber' is not 16 characters long."));
    }
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused("'cardNumber' should consist of digits."));
    }
    if !passes_luhn(number) {
        return Err(refused("'cardNumber' is not a valid card number."));
    }
    let known = TEST_CARDS.iter().find(|(card, _)| *card == number);
    Ok(known.map_or(Judgement::Good, |(_, judgement)| *judgement))
}

/// The check digit of ISO/IEC 7812-1, annex B: from the right, every second digit is doubled, and
/// the sum of all digits ends in 0.
fn passes_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(
            |(position, byte)| match (position % 2, u32::from(byte - b'0')) {
                (0, digit) => digit,
                (_, digit) if digit < 5 => digit * 2,
                (_, digit) => digit * 2 - 9,
            },
        )
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_card_number_is_one() {
        for good in ["4242424242424242", "5555555555554444", "6011111111111117"] {
            assert_eq!(judge(good), Ok(Judgement::Good), "{good}");
        }
        for (wrong, detail) in [
            ("", "'cardNumber' is not 16 characters long."),
            ("424242424242424", "'cardNumber' is not 16 characters long."),
            (
                "42424242424242424",
                "'cardNumber' is not 16 characters long.",
            ),
            (
                "4242 4242 4242 42",
                "'cardNumber' is not 16 characters long.",
            ),
            ("424242424242424x", "'cardNumber' should consist of digits."),
            ("٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "'cardNumber' should consist of digits."),
            (
                "4242424242424241",
                "'cardNumber' is not a valid card number.",
            ),
            (
                "1234567890123456",
                "'cardNumber' is not a valid card number.",
            ),
        ] {
            assert_eq!(judge(wrong).unwrap_err().detail, detail, "{wrong}");
        }
    }

    #[test]
    fn every_test_card_is_a_card_number() {
        for (number, judgement) in TEST_CARDS {
            assert_eq!(judge(number), Ok(judgement));
        }
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_noticed(at in 0_usize..16, by in 1_u8..10) {
            let mut digits = *b"4242424242424242";
            digits[at] = b'0' + (digits[at] - b'0' + by) % 10;
            let number = std::str::from_utf8(&digits).unwrap();
            prop_assert_eq!(judge(number).unwrap_err().status, 400);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,20}") {
            let _ = judge(&text);
        }
    }
}
