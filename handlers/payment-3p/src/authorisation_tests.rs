//! The golden examples of the provider, and laws that hold for any sequence of requests.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn euro(amount: i64) -> Money {
    Money::new(amount, Currency::EUR)
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap()
}

fn authorised(amount: i64) -> Authorisation {
    Authorisation::new(euro(amount), now() + TimeDelta::days(7), false)
}

/// Applies an operation for good; says whether it was granted.
fn ask(it: &mut Authorisation, operation: &Operation) -> bool {
    match it.apply(operation, now()) {
        Verdict::Refused => false,
        Verdict::Granted => true,
        Verdict::Changed(changed) => {
            assert_eq!(changed.version, it.version + 1);
            *it = changed;
            true
        }
    }
}

fn check(amount: i64) -> Operation {
    Operation::Check(euro(amount))
}

fn lower(amount: i64) -> Operation {
    Operation::Lower(euro(amount))
}

fn capture(amount: Option<i64>, reference: Option<&str>) -> Operation {
    Operation::Capture {
        amount: amount.map(euro),
        reference: reference.map(str::to_owned),
    }
}

fn cancel(reference: Option<&str>) -> Operation {
    Operation::Cancel {
        reference: reference.map(str::to_owned),
    }
}

fn refund(amount: i64, reference: &str) -> Operation {
    Operation::Refund {
        amount: euro(amount),
        reference: reference.to_owned(),
    }
}

#[test]
fn g13_a_token_covers_what_was_authorised_and_not_one_cent_more() {
    let mut it = authorised(3000);
    assert!(ask(&mut it, &check(3000)));
    assert!(!ask(&mut it, &check(3001)));
    assert!(ask(&mut it, &check(0)));
}

#[test]
fn g14_a_lowered_amount_is_what_counts() {
    let mut it = authorised(3000);
    assert!(ask(&mut it, &lower(2000)));
    assert!(!ask(&mut it, &check(3000)));
    assert!(!ask(&mut it, &check(2001)));
    assert!(ask(&mut it, &check(2000)));
}

#[test]
fn g15_an_amount_is_not_raised() {
    let mut it = authorised(3000);
    let before = it.clone();
    assert!(!ask(&mut it, &lower(3001)));
    assert_eq!(it, before);
}

#[test]
fn g16_a_token_is_processed_once() {
    let mut it = authorised(3000);
    assert!(ask(&mut it, &capture(None, None)));
    assert!(!ask(&mut it, &capture(None, None)));
    assert!(!ask(&mut it, &check(1)));
    assert!(!ask(&mut it, &cancel(None)));
}

#[test]
fn a_repeated_request_is_answered_as_before_and_another_one_is_not() {
    let mut taken = authorised(3000);
    assert!(ask(&mut taken, &capture(Some(2500), Some("order 1"))));
    assert_eq!(taken.amount, 2500, "the rest is let go");
    assert!(ask(&mut taken, &capture(Some(2500), Some("order 1"))));
    assert!(!ask(&mut taken, &capture(Some(2400), Some("order 1"))));
    assert!(!ask(&mut taken, &capture(Some(2500), Some("order 2"))));
    assert!(!ask(&mut taken, &capture(Some(2500), None)));

    let mut left = authorised(3000);
    assert!(ask(&mut left, &cancel(Some("order 1"))));
    assert!(ask(&mut left, &cancel(Some("order 1"))));
    assert!(!ask(&mut left, &cancel(Some("order 2"))));
    assert!(!ask(&mut left, &capture(None, Some("order 1"))));
}

#[test]
fn no_more_is_given_back_than_was_taken() {
    let mut it = authorised(3000);
    assert!(!ask(&mut it, &refund(1, "a")), "nothing was taken yet");
    assert!(ask(&mut it, &capture(None, Some("order 1"))));
    assert!(ask(&mut it, &refund(1000, "a")));
    assert!(ask(&mut it, &refund(1000, "a")), "the same request");
    assert!(!ask(&mut it, &refund(999, "a")), "another one");
    assert!(!ask(&mut it, &refund(2001, "b")));
    assert!(ask(&mut it, &refund(2000, "b")));
    assert!(!ask(&mut it, &refund(1, "c")));
}

#[test]
fn what_ended_is_as_if_it_had_never_been() {
    let it = authorised(3000);
    for operation in [check(1), lower(1), capture(None, None), cancel(None)] {
        assert_eq!(it.apply(&operation, it.expires), Verdict::Refused);
        assert_ne!(
            it.apply(&operation, it.expires - TimeDelta::seconds(1)),
            Verdict::Refused
        );
    }
    // What was taken can be given back long after.
    let Verdict::Changed(taken) = it.apply(&capture(None, None), now()) else {
        panic!("not captured");
    };
    let later = now() + TimeDelta::days(100);
    assert_ne!(taken.apply(&refund(1, "a"), later), Verdict::Refused);
}

#[test]
fn a_card_may_refuse_in_the_end() {
    let mut it = Authorisation::new(euro(3000), now() + TimeDelta::days(7), true);
    assert!(ask(&mut it, &check(3000)));
    assert!(!ask(&mut it, &capture(None, Some("order 1"))));
    assert!(ask(&mut it, &cancel(Some("order 1"))));
}

#[test]
fn an_amount_of_another_currency_is_not_covered() {
    let mut it = authorised(3000);
    let dollar = Money::new(1, "USD".parse().unwrap());
    assert!(!ask(&mut it, &Operation::Check(dollar)));
    assert!(!ask(&mut it, &Operation::Lower(dollar)));
    let taken = Operation::Capture {
        amount: Some(dollar),
        reference: None,
    };
    assert!(!ask(&mut it, &taken));
}

fn operation() -> impl Strategy<Value = Operation> {
    let reference = || prop::sample::select(vec!["a", "b", "c"]);
    let some = || prop::option::of(reference());
    prop_oneof![
        (0_i64..4000).prop_map(check),
        (0_i64..4000).prop_map(lower),
        (prop::option::of(0_i64..4000), some()).prop_map(|(amount, by)| capture(amount, by)),
        some().prop_map(cancel),
        (0_i64..4000, reference()).prop_map(|(amount, by)| refund(amount, by)),
    ]
}

proptest! {
    #[test]
    fn whatever_is_asked_money_is_taken_once_and_never_more_than_was_promised(
        amount in 0_i64..4000,
        operations in prop::collection::vec(operation(), 0..30),
    ) {
        let mut it = authorised(amount);
        let mut taken = Vec::new();
        for operation in operations {
            let before = it.clone();
            let granted = ask(&mut it, &operation);
            if before.state != it.state && it.state == State::Captured {
                taken.push(it.amount);
            }
            prop_assert!(it.amount <= before.amount);
            prop_assert!(it.refunds.values().sum::<i64>() <= it.amount);
            prop_assert!(it.refunds.is_empty() || it.state == State::Captured);
            // The same request once more is answered as before, if it says who asks.
            let named = match &operation {
                Operation::Capture { reference, .. } | Operation::Cancel { reference } => {
                    reference.is_some()
                }
                _ => true,
            };
            if named || !granted {
                let once = it.clone();
                prop_assert_eq!(ask(&mut it, &operation), granted);
                prop_assert_eq!(&it, &once);
            }
        }
        prop_assert!(taken.len() <= 1);
        prop_assert!(taken.iter().all(|taken| *taken <= amount));
    }
}
