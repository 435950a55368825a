//! What delivery costs: boxes times the fee of the country, or one fee for all.
//!
//! A box is a cube of 500 mm and holds 12 kg (feature U130). How goods fit into it is not looked
//! at: what counts is their volume or their weight, whichever needs more boxes.

use shop_core::delivery::{Parcel, Price};
use shop_core::money::{Currency, Money, MoneyError};

use crate::countries::Country;

/// Cubic millimetres that fit into a box.
const BOX_VOLUME: u128 = 500 * 500 * 500;
/// Grams that a box holds.
const BOX_WEIGHT: u128 = 12_000;
/// Parts of a tax rate that make a whole: it is in hundredths of a percent.
const WHOLE: i64 = 10_000;

/// How this shop charges for delivery (feature U131).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tariff {
    /// The currency of all fees.
    pub currency: Currency,
    /// One fee for every order instead of one for each box, in minor units.
    pub flat_fee: Option<i64>,
    /// Tax that is added to the fee, in hundredths of a percent.
    pub tax_rate: u32,
}

impl Tariff {
    /// The price of bringing `parcels` to `country`, tax included.
    pub fn price(&self, parcels: &[Parcel], country: Country) -> Result<Price, MoneyError> {
        let boxes = boxes(parcels);
        let fee = match self.flat_fee {
            // What needs no box is not delivered.
            Some(fee) => fee * i64::from(boxes > 0),
            None => i64::try_from(boxes)
                .ok()
                .and_then(|boxes| boxes.checked_mul(country.fee()))
                .ok_or(MoneyError::Overflow)?,
        };
        // Half a minor unit is rounded up.
        let tax = fee
            .checked_mul(i64::from(self.tax_rate))
            .and_then(|tax| tax.checked_add(WHOLE / 2))
            .ok_or(MoneyError::Overflow)?
            / WHOLE;
        let amount = fee.checked_add(tax).ok_or(MoneyError::Overflow)?;
        Ok(Price {
            pricing: Money::new(amount, self.currency),
        })
    }
}

/// How many boxes it takes.
fn boxes(parcels: &[Parcel]) -> u128 {
    let mut volume = 0_u128;
    let mut weight = 0_u128;
    for Parcel { quantity, package } in parcels {
        let quantity = u128::from(*quantity);
        // Four factors below 2^32 each fit into 128 bits; a sum of several may not.
        let piece = [package.width, package.length, package.height]
            .into_iter()
            .map(u128::from)
            .product::<u128>();
        volume = volume.saturating_add(piece * quantity);
        weight = weight.saturating_add(u128::from(package.weight) * quantity);
    }
    volume.div_ceil(BOX_VOLUME).max(weight.div_ceil(BOX_WEIGHT))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use proptest::prelude::*;
    use shop_core::quote::Package;

    use super::*;

    const BY_BOX: Tariff = Tariff {
        currency: Currency::EUR,
        flat_fee: None,
        tax_rate: 0,
    };

    fn parcel(quantity: u32, [width, length, height]: [u32; 3], weight: u32) -> Parcel {
        Parcel {
            quantity,
            package: Package {
                width,
                length,
                height,
                weight,
            },
        }
    }

    fn country(code: &str) -> Country {
        code.to_owned().try_into().unwrap()
    }

    fn price(parcels: &[Parcel], code: &str) -> i64 {
        let price = BY_BOX.price(parcels, country(code)).unwrap();
        price.pricing.amount
    }

    #[test]
    fn g1_a_package_as_large_as_a_box_needs_one() {
        assert_eq!(price(&[parcel(1, [500, 500, 500], 1)], "DE"), 1000);
    }

    #[test]
    fn g2_one_millimetre_more_needs_a_second_box() {
        assert_eq!(price(&[parcel(1, [500, 500, 501], 1)], "DE"), 2000);
    }

    #[test]
    fn g3_a_package_as_heavy_as_a_box_may_be_needs_one() {
        assert_eq!(price(&[parcel(1, [10, 10, 10], 12_000)], "US"), 1500);
    }

    #[test]
    fn g4_one_gram_more_needs_a_second_box() {
        assert_eq!(price(&[parcel(1, [10, 10, 10], 12_001)], "US"), 3000);
    }

    #[test]
    fn g5_delivery_is_free_in_the_north() {
        assert_eq!(price(&[parcel(1, [500, 500, 500], 1)], "SE"), 0);
    }

    #[test]
    fn g6_a_country_without_a_zone_pays_most() {
        assert_eq!(price(&[parcel(1, [500, 500, 500], 1)], "GB"), 2500);
    }

    #[test]
    fn g7_poland_is_in_the_european_union() {
        assert_eq!(price(&[parcel(1, [500, 500, 500], 1)], "PL"), 1000);
    }

    #[test]
    fn g8_a_country_in_lower_case_is_the_same() {
        assert_eq!(price(&[parcel(1, [500, 500, 500], 1)], "de"), 1000);
    }

    #[test]
    fn g9_nothing_to_deliver_costs_nothing() {
        assert_eq!(price(&[parcel(1, [0, 0, 0], 0)], "DE"), 0);
        assert_eq!(price(&[], "DE"), 0);
    }

    #[test]
    fn g10_a_small_package_needs_a_box() {
        assert_eq!(price(&[parcel(1, [200, 100, 50], 1000)], "FR"), 1000);
    }

    #[test]
    fn g11_volumes_are_added() {
        assert_eq!(price(&[parcel(2, [500, 500, 300], 6000)], "CA"), 3000);
        let two_lines = [parcel(1, [500, 500, 300], 6000); 2];
        assert_eq!(price(&two_lines, "CA"), 3000);
    }

    #[test]
    fn g12_weights_are_added() {
        assert_eq!(price(&[parcel(3, [100, 100, 100], 5000)], "IT"), 2000);
    }

    #[test]
    fn one_fee_for_all_is_charged_once_for_what_is_delivered() {
        let flat = Tariff {
            flat_fee: Some(1000),
            ..BY_BOX
        };
        for (parcels, amount) in [
            (vec![parcel(1, [10, 10, 10], 1)], 1000),
            (vec![parcel(99, [500, 500, 500], 1)], 1000),
            (vec![parcel(1, [0, 0, 0], 0)], 0),
            (vec![], 0),
        ] {
            let price = flat.price(&parcels, country("SE")).unwrap();
            assert_eq!(price.pricing.amount, amount, "{parcels:?}");
        }
    }

    #[test]
    fn tax_is_added_and_rounded_half_up() {
        for (tax_rate, amount) in [(0, 1000), (1900, 1190), (725, 1073), (774, 1077), (5, 1001)] {
            let taxed = Tariff { tax_rate, ..BY_BOX };
            let price = taxed.price(&[parcel(1, [10, 10, 10], 1)], country("DE"));
            assert_eq!(price.unwrap().pricing.amount, amount, "{tax_rate}");
        }
    }

    fn parcels() -> impl Strategy<Value = Vec<Parcel>> {
        let one = (0_u32..50, [0_u32..900, 0..900, 0..900], 0_u32..20_000);
        let one = one.prop_map(|(quantity, sides, weight)| parcel(quantity, sides, weight));
        prop::collection::vec(one, 0..6)
    }

    proptest! {
        #[test]
        fn a_quantity_is_as_many_lines(quantity in 0_u32..20, rest in parcels()) {
            let sides = [300, 200, 100];
            let mut once = rest.clone();
            once.push(parcel(quantity, sides, 700));
            let mut often = rest;
            often.extend((0..quantity).map(|_| parcel(1, sides, 700)));
            prop_assert_eq!(price(&once, "DE"), price(&often, "DE"));
        }

        #[test]
        fn the_order_of_lines_does_not_matter_and_more_never_costs_less(all in parcels()) {
            let mut reversed = all.clone();
            reversed.reverse();
            prop_assert_eq!(price(&all, "US"), price(&reversed, "US"));
            if let Some((_, fewer)) = all.split_last() {
                prop_assert!(price(fewer, "US") <= price(&all, "US"));
            }
        }

        #[test]
        fn no_package_is_too_large_to_be_answered(
            parcels in prop::collection::vec(
                (any::<u32>(), any::<[u32; 3]>(), any::<u32>())
                    .prop_map(|(quantity, sides, weight)| parcel(quantity, sides, weight)),
                0..4,
            ),
            tax_rate in any::<u32>(),
        ) {
            let taxed = Tariff { tax_rate, ..BY_BOX };
            if let Ok(price) = taxed.price(&parcels, country("US")) {
                prop_assert!(price.pricing.amount >= 0);
            }
        }
    }
}
