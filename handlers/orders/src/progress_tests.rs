#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::json;

use shop_core::id::Id;

use super::*;

fn at(second: u32) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + i64::from(second), 0).unwrap()
}

fn id(name: &str) -> Id {
    Id::fixed(1_767_225_600, name)
}

pub(crate) fn order() -> Order {
    serde_json::from_value(json!({
        "orderId": id("order"), "status": "NEW", "createdDate": at(0), "modifiedDate": at(0),
        "items": [
            {"productId": id("boot"), "name": "Boot", "quantity": 3,
             "unitPrice": {"amount": 1000, "currency": "EUR"}},
            {"productId": id("cup"), "name": "Cup", "quantity": 1,
             "unitPrice": {"amount": 500, "currency": "EUR"}},
        ],
        "address": {"name": "Eve", "street": "1", "city": "C", "postalCode": "1", "country": "DE"},
        "deliveryPrice": {"amount": 400, "currency": "EUR"},
        "promotion": {"code": "TEN", "percentage": 10},
        "discount": {"amount": 350, "currency": "EUR"},
        "total": {"amount": 3550, "currency": "EUR"},
        "history": [{"status": "NEW", "time": at(0)}],
    }))
    .unwrap()
}

fn packed(boots: u32, cups: u32) -> Occurrence {
    let item = |name, quantity| Pieces {
        article: id(name).into(),
        quantity,
    };
    Occurrence::PackageCreated(vec![item("boot", boots), item("cup", cups)])
}

/// What becomes of a new order after these, each at its own second.
fn run(occurrences: &[Occurrence]) -> Order {
    let mut order = order();
    for (second, what) in (1..).zip(occurrences) {
        if let Some(next) = after(&order, what, at(second)).unwrap() {
            order = next;
        }
    }
    order
}

/// Every life that an order can have, in its own order.
fn lives() -> Vec<Vec<Occurrence>> {
    use Occurrence::{
        DeliveryCompleted, DeliveryFailed, PackagingFailed, ReservationFailed, ReservationReleased,
        StockReserved,
    };
    vec![
        vec![StockReserved, packed(3, 1), DeliveryCompleted],
        vec![StockReserved, packed(2, 0), DeliveryCompleted],
        vec![StockReserved, packed(3, 1), DeliveryFailed],
        vec![StockReserved, PackagingFailed],
        vec![StockReserved, ReservationReleased],
        vec![ReservationFailed(Vec::new())],
        vec![ReservationReleased],
    ]
}

#[test]
fn an_order_goes_through_its_statuses_and_remembers_when() {
    let order = run(&lives()[0]);
    let history: Vec<_> = order
        .history
        .iter()
        .map(|change| {
            format!(
                "{} {}",
                change.status,
                change.time.timestamp() - at(0).timestamp()
            )
        })
        .collect();
    assert_eq!(
        history,
        ["NEW 0", "CONFIRMED 1", "PACKAGED 2", "FULFILLED 3"]
    );
    assert_eq!(order.modified_date, at(3));
    assert_eq!(order.total.amount, 3550);
}

#[test]
fn what_is_not_in_the_package_is_not_paid_for() {
    let order = run(&lives()[1]);
    assert_eq!(order.items.len(), 1);
    assert_eq!(order.items[0].quantity, 2);
    assert_eq!(
        order.items[0].name, "Boot",
        "the product stays as it was ordered (D15)"
    );
    assert_eq!(order.discount.unwrap().amount, 200);
    assert_eq!(order.total.amount, 2000 - 200 + 400);
}

#[test]
fn a_package_never_holds_more_than_was_ordered() {
    let order = run(&[Occurrence::StockReserved, packed(9, 9)]);
    assert_eq!(order.total.amount, 3550);
}

#[test]
fn u056_what_is_packed_of_a_size_is_of_that_size() {
    let mut order = order();
    let boot = order.items.remove(0);
    for (size, quantity) in [("42", 2), ("41", 3)] {
        let mut item = boot.clone();
        item.article.size = Some(size.to_owned());
        item.quantity = quantity;
        order.items.insert(0, item);
    }
    order.status = OrderStatus::Confirmed;
    let packed = Pieces {
        article: order.items[1].article.clone(),
        quantity: 3,
    };
    let packed = Occurrence::PackageCreated(vec![packed]);
    let order = after(&order, &packed, at(1)).unwrap().unwrap();
    assert_eq!(order.items.len(), 1, "{:?}", order.items);
    assert_eq!(order.items[0].article.size.as_deref(), Some("42"));
    assert_eq!(order.items[0].quantity, 2);
    assert_eq!(order.total.amount, 2000 - 200 + 400);
}

#[test]
fn what_there_was_too_little_of_is_written_down() {
    let shortage = Shortage {
        product_id: id("boot"),
        available: 2,
        needed: 3,
    };
    let order = run(&[Occurrence::ReservationFailed(vec![shortage.clone()])]);
    let cancellation = order.cancellation.unwrap();
    assert_eq!(cancellation.reason, CancellationReason::NoStock);
    assert_eq!(cancellation.shortages, [shortage]);
}

#[test]
fn the_end_is_the_end() {
    for life in lives() {
        let end = run(&life);
        for what in lives().concat() {
            let next = after(&end, &what, at(99)).unwrap();
            assert_eq!(next, None, "{} after {what:?}", end.status);
        }
    }
}

#[test]
fn nothing_can_be_given_up_after_packing() {
    let packed = run(&[Occurrence::StockReserved, packed(3, 1)]);
    assert_eq!(
        after(&packed, &Occurrence::ReservationReleased, at(9)).unwrap(),
        None
    );
}

proptest! {
    /// However often and in whatever order the events of a life come, the order ends as it does
    /// when each comes once and in time.
    #[test]
    fn events_may_come_twice_and_in_any_order(
        (expected, shuffled) in proptest::sample::select(lives()).prop_flat_map(|life| {
            let twice = [life.clone(), life.clone()].concat();
            let end = life.last().cloned();
            // The life itself, and any of its events once more.
            subsequence(twice, 0..=life.len())
                .prop_map(move |more| [life.clone(), more].concat())
                .prop_shuffle()
                .prop_map(move |events| (end.clone(), events))
        }),
    ) {
        let shuffled_end = run(&shuffled);
        let status = expected.unwrap().status();
        // Of two contradicting events the first counts; a life has none, but for goods that
        // were set free: that a reservation was made before may come too late to matter.
        prop_assert_eq!(shuffled_end.status, status, "{:?}", shuffled);
        let mut statuses: Vec<_> = shuffled_end.history.iter().map(|change| change.status).collect();
        let count = statuses.len();
        statuses.sort_by_key(|status| status.to_string());
        statuses.dedup();
        prop_assert_eq!(statuses.len(), count, "a status twice in {:?}", shuffled_end.history);
        let packed: Vec<_> = shuffled
            .iter()
            .filter(|what| matches!(what, Occurrence::PackageCreated(_)))
            .collect();
        if let Some(package) = packed.first() {
            let in_time = run(&[Occurrence::StockReserved, (*package).clone()]);
            prop_assert_eq!(shuffled_end.total, in_time.total);
        }
    }

    /// An order only ever costs less than it was promised to.
    #[test]
    fn packing_never_makes_an_order_dearer(boots in 0..9_u32, cups in 0..9_u32) {
        let order = run(&[Occurrence::StockReserved, packed(boots, cups)]);
        prop_assert!(order.total.amount <= 3550);
        prop_assert!(order.total.amount >= 400);
    }
}
