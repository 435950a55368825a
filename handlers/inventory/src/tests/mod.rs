//! The service against a real MariaDB server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use serde_json::{Value, json};
use shop_core::events::Event;
use shop_core::id::Id;
use shop_core::order::{Article, now};
use shop_core::schemas::assert_detail_documented;
use shop_mysql::testing::{MemorySink, TestServer};

use crate::incoming::handle;
use crate::packaging::Step;
use crate::schema::MIGRATIONS;
use crate::stock::Correction;
use crate::store::{Inventory, Line, Status, THRESHOLD};

mod crowd;
mod golden;
mod laws;
mod routes;

/// What the bus heard: detail types with details.
type Told = Vec<(String, Value)>;

/// A shop's warehouse on a server of its own.
struct Warehouse {
    server: TestServer,
    inventory: Inventory<MemorySink>,
}

impl Warehouse {
    /// An empty one, with so many connections.
    async fn new(connections: u32) -> Self {
        let server = TestServer::start().await;
        server.migrate("inventory", &MIGRATIONS).await;
        let inventory = Inventory {
            database: server.database("inventory", connections),
            sink: MemorySink::default(),
            threshold: THRESHOLD,
        };
        Warehouse { server, inventory }
    }

    /// With these products and pieces; what that told is forgotten.
    async fn with(products: &[(&str, u32)]) -> Self {
        let warehouse = Self::new(4).await;
        warehouse.fill(products).await;
        warehouse
    }

    async fn fill(&self, products: &[(&str, u32)]) {
        for (name, pieces) in products {
            self.inventory
                .name_product(&product(name), name, now())
                .await
                .unwrap();
            self.set(name, *pieces).await;
        }
        self.told();
    }

    async fn set(&self, name: &str, pieces: u32) {
        let product = product(name);
        let set = self.inventory.set_stock(&product, pieces, None, now());
        assert!(matches!(set.await.unwrap(), Correction::Done(_)));
    }

    /// What the bus was told since this was last asked, without `StockChanged`.
    fn told(&self) -> Told {
        let mut told = self.inventory.sink.drain();
        for (detail_type, detail) in &told {
            assert_detail_documented("shop.inventory", detail_type, detail);
        }
        told.retain(|(detail_type, _)| detail_type != "StockChanged");
        told
    }

    async fn pieces(&self, name: &str) -> u32 {
        let stock = self.inventory.stock(&product(name)).await.unwrap();
        stock.unwrap().quantity
    }

    async fn status(&self, order: &str) -> Option<Status> {
        let request = self.inventory.request(&id(order)).await.unwrap();
        request.map(|request| request.status)
    }

    /// An event arrives.
    async fn hear(&self, event: Event<Value>) {
        handle(&self.inventory, event, now()).await.unwrap();
    }

    /// A packer's steps up to and with the package.
    async fn pack(&self, order: &str, pieces: &[(&str, u32)]) {
        let order = id(order);
        let done = |step: Step| assert!(matches!(step, Step::Done(_)), "{step:?}");
        done(self.inventory.start(&order, now()).await.unwrap());
        for (name, pieces) in pieces {
            let article = article(name);
            let packed = self.inventory.pack(&order, &article, *pieces, now());
            done(packed.await.unwrap());
        }
        done(self.inventory.complete(&order, now()).await.unwrap());
    }
}

fn product(name: &str) -> Id {
    Id::fixed(1_767_225_600, name)
}

/// What `boot` or, in a size, `boot/42` names.
fn article(name: &str) -> Article {
    let (name, size) = match name.split_once('/') {
        Some((name, size)) => (name, Some(size.to_owned())),
        None => (name, None),
    };
    Article {
        product_id: product(name),
        size,
    }
}

fn id(order: &str) -> Id {
    Id::fixed(1_777_777_777, order)
}

fn lines(items: &[(&str, u32)]) -> Vec<Line> {
    let line = |(name, quantity): &(&str, u32)| Line {
        article: article(name),
        quantity: *quantity,
    };
    items.iter().map(line).collect()
}

/// An order as its service tells it, with more than the warehouse reads.
fn order(name: &str, status: &str, items: &[(&str, u32)]) -> Value {
    let items: Vec<_> = items
        .iter()
        .map(|(name, quantity)| {
            let mut item = json!({
                "name": name, "quantity": quantity,
                "unitPrice": { "amount": 1000, "currency": "EUR" },
            });
            let article = json!(article(name));
            item.as_object_mut()
                .unwrap()
                .extend(article.as_object().unwrap().clone());
            item
        })
        .collect();
    json!({ "orderId": id(name), "userId": "u-1", "status": status, "items": items })
}

fn event(source: &str, detail_type: &str, detail: Value) -> Event<Value> {
    Event {
        id: "e-1".to_owned(),
        source: source.to_owned(),
        detail_type: detail_type.to_owned(),
        time: now(),
        detail,
    }
}

fn created(name: &str, items: &[(&str, u32)]) -> Event<Value> {
    event("shop.orders", "OrderCreated", order(name, "NEW", items))
}

fn modified(name: &str, status: &str, items: &[(&str, u32)]) -> Event<Value> {
    let detail = json!({
        "old": order(name, "NEW", items), "new": order(name, status, items), "changed": ["status"],
    });
    event("shop.orders", "OrderModified", detail)
}

fn names(told: &Told) -> Vec<&str> {
    told.iter().map(|(name, _)| name.as_str()).collect()
}
