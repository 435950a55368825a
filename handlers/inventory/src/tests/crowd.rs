//! Many customers at once.

use futures::future::join_all;
use futures::join;

use super::*;

use crate::reservation::{Released, Reserved, Until};

/// Fifty customers want two products each, in whatever order they name them, of which there is
/// enough for some.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_customers_never_get_more_than_there_is() {
    let warehouse = Warehouse::new(16).await;
    let products = [("boot", 30), ("hat", 30), ("scarf", 30)];
    warehouse.fill(&products).await;
    let wanted = |customer: usize| {
        let (first, second) = (products[customer % 3].0, products[(customer + 1) % 3].0);
        let pieces = u32::try_from(customer % 4).unwrap() + 1;
        let mut items = vec![(first, pieces), (second, 1)];
        if customer.is_multiple_of(2) {
            items.reverse();
        }
        items
    };
    let reserve = async |customer: usize| {
        let order = id(&format!("o-{customer}"));
        // Each message comes twice at the same time, as from two instances of the function.
        let items = lines(&wanted(customer));
        let (one, two) = join!(
            warehouse.inventory.reserve(&order, &items, now()),
            warehouse.inventory.reserve(&order, &items, now())
        );
        let results = [one.unwrap(), two.unwrap()];
        assert!(results.iter().any(|r| matches!(r, Reserved::Before(_))));
        results.contains(&Reserved::Yes)
    };
    let served = join_all((0..50).map(reserve)).await;

    let mut left = [30_u32; 3];
    for (customer, _) in served.iter().enumerate().filter(|(_, got)| **got) {
        for (name, pieces) in wanted(customer) {
            let index = products.iter().position(|(n, _)| *n == name).unwrap();
            left[index] = left[index].checked_sub(pieces).expect("oversold");
        }
    }
    for ((name, _), left) in products.iter().zip(left) {
        assert_eq!(warehouse.pieces(name).await, left, "{name}");
    }
    let (yes, no): (Vec<bool>, Vec<bool>) = served.iter().partition(|got| **got);
    assert!(!yes.is_empty() && !no.is_empty(), "{served:?}");
    let told = warehouse.told();
    let count = |name: &str| told.iter().filter(|(told, _)| told == name).count();
    assert_eq!(count("StockReserved"), yes.len());
    assert_eq!(count("ReservationFailed"), no.len());
}

/// A cancellation and its order arrive at the same moment, many times: the pieces are back, always.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_beside_its_order_leaves_nothing_reserved() {
    let warehouse = Warehouse::new(16).await;
    warehouse.fill(&[("boot", 100), ("hat", 100)]).await;
    let both = async |customer: usize| {
        let order = id(&format!("o-{customer}"));
        let items = lines(&[("hat", 1), ("boot", 2)]);
        let (reserved, released) = join!(
            warehouse.inventory.reserve(&order, &items, now()),
            warehouse.inventory.release(&order, Until::Packing, now())
        );
        assert!(matches!(
            reserved.unwrap(),
            Reserved::Yes | Reserved::Before(Status::Cancelled)
        ));
        assert_eq!(released.unwrap(), Released::Yes);
    };
    join_all((0..30).map(both)).await;
    assert_eq!(warehouse.pieces("boot").await, 100);
    assert_eq!(warehouse.pieces("hat").await, 100);
}

/// A packer begins and the customer cancels: one of them is first, and both know who.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packing_or_cancelling_is_first_but_never_both() {
    let warehouse = Warehouse::new(8).await;
    warehouse.fill(&[("boot", 100)]).await;
    for round in 0..20 {
        let name = format!("o-{round}");
        warehouse.hear(created(&name, &[("boot", 1)])).await;
        let order = id(&name);
        let (started, released) = join!(
            warehouse.inventory.start(&order, now()),
            warehouse.inventory.release(&order, Until::Packing, now())
        );
        let started = matches!(started.unwrap(), Step::Done(_));
        let released = released.unwrap() == Released::Yes;
        assert_ne!(started, released, "round {round}");
    }
}
