//! Random days in a warehouse, against a model of a few lines.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

use crate::reservation::{Released, Reserved, Unchanged, Until};

const PRODUCTS: [&str; 3] = ["boot", "hat", "scarf"];
/// What can be ordered, and which product that is.
const ARTICLES: [(&str, usize); 4] = [("boot/41", 0), ("boot/42", 0), ("hat", 1), ("scarf", 2)];
const ORDERS: [&str; 4] = ["o", "p", "q", "r"];

#[derive(Debug, Clone)]
enum Deed {
    Reserve(usize, Vec<(usize, u32)>),
    Cancel(usize),
    Over(usize, &'static str),
    Change(usize, Vec<(usize, u32)>),
    Start(usize),
    Pack(usize, usize, u32),
    Complete(usize),
    Set(usize, u32),
}

fn deed() -> impl Strategy<Value = Deed> {
    let order = || 0..ORDERS.len();
    let items = || prop::collection::vec((0..ARTICLES.len(), 1..4_u32), 1..4);
    let ends = prop::sample::select(vec!["CANCELLED", "DELIVERY_FAILED", "CONFIRMED"]);
    prop_oneof![
        4 => (order(), items()).prop_map(|(o, i)| Deed::Reserve(o, i)),
        2 => order().prop_map(Deed::Cancel),
        2 => (order(), ends).prop_map(|(o, end)| Deed::Over(o, end)),
        1 => (order(), items()).prop_map(|(o, i)| Deed::Change(o, i)),
        3 => order().prop_map(Deed::Start),
        2 => (order(), 0..ARTICLES.len(), 0..4_u32).prop_map(|(o, a, n)| Deed::Pack(o, a, n)),
        2 => order().prop_map(Deed::Complete),
        1 => (0..PRODUCTS.len(), 0..12_u32).prop_map(|(p, n)| Deed::Set(p, n)),
    ]
}

/// By the number of an article; in stock by that of a product.
type Pieces = BTreeMap<usize, u32>;

#[derive(Debug, Clone, PartialEq)]
enum Order {
    Refused,
    New(Pieces),
    Packing { ordered: Pieces, packed: Pieces },
    Packed { inside: Pieces, back: bool },
    Cancelled,
}

/// What the warehouse should be.
#[derive(Debug, Default)]
struct Model {
    stock: Pieces,
    orders: BTreeMap<usize, Order>,
}

impl Model {
    fn take(&mut self, wanted: &Pieces) -> bool {
        let wanted = of_products(wanted);
        let enough = wanted.iter().all(|(product, n)| self.stock[product] >= *n);
        if enough {
            for (product, n) in wanted {
                *self.stock.entry(product).or_default() -= n;
            }
        }
        enough
    }

    fn give(&mut self, pieces: &Pieces) {
        for (product, n) in of_products(pieces) {
            *self.stock.entry(product).or_default() += n;
        }
    }

    /// The order is over, however far it is.
    fn over(&mut self, order: usize) {
        match self.orders.get(&order).cloned() {
            Some(
                Order::New(pieces)
                | Order::Packing {
                    ordered: pieces, ..
                },
            ) => {
                self.give(&pieces);
                self.orders.insert(order, Order::Cancelled);
            }
            Some(Order::Packed {
                inside,
                back: false,
            }) => {
                self.give(&inside);
                self.orders
                    .insert(order, Order::Packed { inside, back: true });
            }
            None => {
                self.orders.insert(order, Order::Cancelled);
            }
            Some(_) => {}
        }
    }
}

fn merged(items: &[(usize, u32)]) -> Pieces {
    let mut pieces = Pieces::new();
    for (article, n) in items {
        *pieces.entry(*article).or_default() += n;
    }
    pieces
}

/// All sizes of a product together.
fn of_products(pieces: &Pieces) -> Pieces {
    let products: Vec<_> = pieces.iter().map(|(a, n)| (ARTICLES[*a].1, *n)).collect();
    merged(&products)
}

fn named(items: &[(usize, u32)]) -> Vec<(&'static str, u32)> {
    items.iter().map(|(a, n)| (ARTICLES[*a].0, *n)).collect()
}

/// Does one deed in the warehouse and in the model, and compares the answers.
async fn act(warehouse: &Warehouse, model: &mut Model, deed: &Deed) {
    let inventory = &warehouse.inventory;
    match deed {
        Deed::Reserve(order, items) => {
            let wanted = merged(items);
            let answer = inventory
                .reserve(&id(ORDERS[*order]), &lines(&named(items)), now())
                .await
                .unwrap();
            if model.orders.contains_key(order) {
                assert!(matches!(answer, Reserved::Before(_)), "{answer:?}");
            } else if model.take(&wanted) {
                assert_eq!(answer, Reserved::Yes);
                model.orders.insert(*order, Order::New(wanted));
            } else {
                assert!(matches!(answer, Reserved::No(_)), "{answer:?}");
                model.orders.insert(*order, Order::Refused);
            }
        }
        Deed::Cancel(order) => {
            let answer = inventory
                .release(&id(ORDERS[*order]), Until::Packing, now())
                .await
                .unwrap();
            let expected = match model.orders.get(order) {
                None | Some(Order::New(_)) => Released::Yes,
                Some(Order::Refused | Order::Cancelled) => Released::Before,
                Some(_) => Released::Packing,
            };
            assert_eq!(answer, expected);
            if expected == Released::Yes {
                model.over(*order);
            }
        }
        Deed::Over(order, status) => {
            warehouse
                .hear(modified(ORDERS[*order], status, &[("boot", 1)]))
                .await;
            if *status != "CONFIRMED" {
                model.over(*order);
            }
        }
        Deed::Change(order, items) => {
            let answer = inventory
                .change_order(&id(ORDERS[*order]), &lines(&named(items)), now())
                .await
                .unwrap();
            match model.orders.get(order).cloned() {
                Some(Order::New(before)) => {
                    model.give(&before);
                    let wanted = merged(items);
                    let enough = model.take(&wanted);
                    assert_eq!(answer.is_ok(), enough);
                    if enough {
                        model.orders.insert(*order, Order::New(wanted));
                    } else {
                        assert!(model.take(&before));
                    }
                }
                Some(Order::Packing { .. } | Order::Packed { .. }) => {
                    assert_eq!(answer, Err(Unchanged::Packing));
                }
                _ => assert_eq!(answer, Err(Unchanged::NotReserved)),
            }
        }
        Deed::Start(order) => {
            let answer = inventory.start(&id(ORDERS[*order]), now()).await.unwrap();
            match model.orders.get(order).cloned() {
                Some(Order::New(ordered)) => {
                    assert!(matches!(answer, Step::Done(_)));
                    let packed = ordered.clone();
                    model
                        .orders
                        .insert(*order, Order::Packing { ordered, packed });
                }
                None | Some(Order::Refused) => assert_eq!(answer, Step::Unknown),
                Some(_) => assert!(matches!(answer, Step::Wrong(_))),
            }
        }
        Deed::Pack(order, item, pieces) => {
            let answer = inventory
                .pack(
                    &id(ORDERS[*order]),
                    &article(ARTICLES[*item].0),
                    *pieces,
                    now(),
                )
                .await
                .unwrap();
            if let Some(Order::Packing { ordered, packed }) = model.orders.get_mut(order) {
                match ordered.get(item) {
                    None => assert_eq!(answer, Step::UnknownItem),
                    Some(most) if pieces > most => assert_eq!(answer, Step::TooMany(*most)),
                    Some(_) => {
                        assert!(matches!(answer, Step::Done(_)));
                        packed.insert(*item, *pieces);
                    }
                }
            } else {
                assert!(matches!(answer, Step::Unknown | Step::Wrong(_)));
            }
        }
        Deed::Complete(order) => {
            let answer = inventory
                .complete(&id(ORDERS[*order]), now())
                .await
                .unwrap();
            if let Some(Order::Packing { ordered, packed }) = model.orders.get(order).cloned() {
                assert!(matches!(answer, Step::Done(_)));
                let left = ordered.iter().map(|(p, n)| (*p, n - packed[p])).collect();
                model.give(&left);
                let packed = Order::Packed {
                    inside: packed,
                    back: false,
                };
                model.orders.insert(*order, packed);
            } else {
                assert!(matches!(answer, Step::Unknown | Step::Wrong(_)));
            }
        }
        Deed::Set(item, pieces) => {
            warehouse.set(PRODUCTS[*item], *pieces).await;
            model.stock.insert(*item, *pieces);
        }
    }
}

/// Whatever happens in whatever order, stock and requests are what the model says, and what the
/// bus was told last about a product is its stock.
#[test]
fn any_day_ends_as_the_model_says() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let warehouse = runtime.block_on(Warehouse::new(2));
    let mut runner = TestRunner::new(Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    });
    let day = prop::collection::vec(deed(), 1..40);
    let result = runner.run(&day, |deeds| {
        runtime.block_on(async {
            let tables = ["outbox", "packaging_item", "packaging", "product"];
            warehouse.server.empty("inventory", &tables).await;
            warehouse.fill(&PRODUCTS.map(|name| (name, 6))).await;
            let mut model = Model {
                stock: (0..PRODUCTS.len()).map(|product| (product, 6)).collect(),
                ..Model::default()
            };
            let mut heard: BTreeMap<String, (u64, u64)> = BTreeMap::new();
            for deed in &deeds {
                act(&warehouse, &mut model, deed).await;
                for (_, detail) in warehouse.inventory.sink.drain() {
                    let Some(version) = detail["version"].as_u64() else {
                        continue;
                    };
                    let product = detail["productId"].as_str().unwrap().to_owned();
                    let quantity = detail["quantity"].as_u64().unwrap();
                    let last = heard.insert(product, (version, quantity));
                    assert!(last.is_none_or(|(before, _)| before < version));
                }
                for (index, name) in PRODUCTS.iter().enumerate() {
                    let pieces = warehouse.pieces(name).await;
                    assert_eq!(pieces, model.stock[&index], "{name} after {deed:?}");
                    if let Some((_, quantity)) = heard.get(product(name).as_str()) {
                        assert_eq!(*quantity, u64::from(pieces), "{name} as told");
                    }
                }
            }
        });
        Ok(())
    });
    result.unwrap();
}
