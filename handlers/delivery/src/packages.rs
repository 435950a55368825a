//! Function `packages`: a package that the warehouse has packed (`PackageCreated`) becomes a shipment,
//! a shipment forgets its address when its order does (`OrderModified`), and a shop that demonstrates
//! itself delivers it after a while (`DeliveryDue`, which the function sends to itself).
//!
//! `PackageCreated` does not say where it goes, so the order is asked for (feature U132): a call that fails
//! is tried again and kept in the end, while an address that was collected from earlier events might
//! not have come yet. Once made, a shipment is not touched by later deliveries of the event, not even
//! when it or its order was deleted meanwhile; and an order that is over gets none.
//!
//! The order may forget its address between the answer and the shipment, and the news of that finds no
//! shipment. So the order is asked once more when the shipment is there: one of the two sees the other.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, Utc};
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use serde_json::Value;
use shop_core::batch::handle_events;
use shop_core::details::PackageCreated;
use shop_core::events::Event;
use shop_core::id::Id;
use shop_core::order::{Address, OrderStatus, now};
use shop_core::runtime::error_chain;

use crate::demonstration::{self, DUE, Due};
use crate::shipment::Shipment;

/// What the world does when it does not do what was asked.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Statuses of orders whose goods go nowhere any more.
const OVER: [OrderStatus; 4] = [
    OrderStatus::Cancelled,
    OrderStatus::PackagingFailed,
    OrderStatus::DeliveryFailed,
    OrderStatus::Fulfilled,
];

/// The detail of `OrderModified`, as far as it is needed.
#[derive(Debug, Deserialize)]
struct OrderModified {
    new: ModifiedOrder,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModifiedOrder {
    order_id: Id,
    address: Address,
}

/// What is needed of an order.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderToDeliver {
    /// Whose it is.
    pub user_id: String,
    /// Where it goes.
    pub address: Address,
    /// Where it is on its way.
    pub status: OrderStatus,
}

/// What dispatching needs of the world.
pub trait Dispatch {
    /// The order, if there is one.
    async fn order(&self, order_id: &Id) -> Result<Option<OrderToDeliver>, Failure>;

    /// Writes a new shipment; says no when its order has or had one already.
    async fn insert(&self, shipment: &Shipment) -> Result<bool, Failure>;

    /// Has `DeliveryDue` come after the shop's delay; does nothing in a shop that has couriers.
    async fn set_due(&self, order_id: &Id) -> Result<(), Failure>;

    /// Whether the order has a shipment, or had one that was deleted.
    async fn had_shipment(&self, order_id: &Id) -> Result<bool, Failure>;

    /// The shipment of an order.
    async fn shipment(&self, order_id: &Id) -> Result<Option<Shipment>, Failure>;

    /// Puts `shipment` in the place of the one with the version before; says no when that is not
    /// there any more.
    async fn replace(&self, shipment: &Shipment) -> Result<bool, Failure>;
}

/// Why a package is not a shipment yet, in one line.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// It is no such event.
    #[error("message is not an event about a package: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Nobody knows where it goes.
    #[error("failed to retrieve order {0}")]
    NoOrder(Id),
    /// Somebody else changed the shipment at the same time.
    #[error("shipment of order {0} was changed meanwhile")]
    Contended(Id),
    /// A step failed.
    #[error("{0}")]
    Step(String),
}

impl From<Failure> for DispatchError {
    fn from(failure: Failure) -> Self {
        DispatchError::Step(error_chain(&*failure))
    }
}

/// Handles one batch.
pub async fn serve(
    world: &impl Dispatch,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, Error> {
    Ok(handle_events(event.payload, async |event| {
        handle(world, event, now()).await
    })
    .await)
}

async fn handle(
    world: &impl Dispatch,
    event: Event<Value>,
    now: DateTime<Utc>,
) -> Result<(), DispatchError> {
    match event.detail_type.as_str() {
        "OrderModified" => {
            let OrderModified { new } = serde_json::from_value(event.detail)?;
            forget(world, new.order_id, new.address, now).await
        }
        DUE => {
            let Due { order_id } = serde_json::from_value(event.detail)?;
            demonstration::deliver(world, order_id, now).await
        }
        _ => dispatch(world, serde_json::from_value(event.detail)?, now).await,
    }
}

/// When the customer has left and the order is over, the shipment needs no address any more.
async fn forget(
    world: &impl Dispatch,
    order_id: Id,
    address: Address,
    now: DateTime<Utc>,
) -> Result<(), DispatchError> {
    if !address.is_forgotten() {
        return Ok(());
    }
    let found = world.shipment(&order_id).await?;
    let Some(shipment) = found.filter(|shipment| !shipment.address.is_forgotten()) else {
        return Ok(());
    };
    let forgotten = Shipment {
        address,
        modified_date: now,
        version: shipment.version + 1,
        ..shipment
    };
    if !world.replace(&forgotten).await? {
        return Err(DispatchError::Contended(order_id));
    }
    tracing::info!(%order_id, "address of the shipment forgotten");
    Ok(())
}

async fn dispatch(
    world: &impl Dispatch,
    package: PackageCreated,
    now: DateTime<Utc>,
) -> Result<(), DispatchError> {
    let PackageCreated { order_id, items } = package;
    let Some(order) = world.order(&order_id).await? else {
        // It is deleted when it is over, which comes after its shipment.
        if world.had_shipment(&order_id).await? {
            tracing::info!(%order_id, "package of an order that was deleted");
            return Ok(());
        }
        return Err(DispatchError::NoOrder(order_id));
    };
    if OVER.contains(&order.status) {
        tracing::info!(%order_id, status = %order.status, "package of an order that is over");
        // Perhaps the event comes again because what follows was not reached the first time.
        return forget(world, order_id, order.address, now).await;
    }
    let shipment = Shipment::new(order_id.clone(), order.user_id, order.address, items, now);
    let created = world.insert(&shipment).await?;
    // Once more when the event comes again: the first time may have ended right before this.
    world.set_due(&order_id).await?;
    tracing::info!(%order_id, created, "package waits for a courier");
    match world.order(&order_id).await? {
        Some(order) => forget(world, order_id, order.address, now).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::cell::{Cell, RefCell};
    use std::collections::HashMap;

    use lambda_runtime::Context;
    use serde_json::json;
    use shop_core::interleave::{interleave, step};

    use super::*;
    use crate::shipment::{Action, Status};

    /// Each call is a step that others may come before.
    #[derive(Default)]
    struct FakeWorld {
        orders: RefCell<HashMap<Id, OrderToDeliver>>,
        table: RefCell<HashMap<Id, Shipment>>,
        orders_down: Cell<bool>,
        /// Whose `DeliveryDue` will come.
        due: RefCell<Vec<Id>>,
    }

    impl Dispatch for FakeWorld {
        async fn order(&self, order_id: &Id) -> Result<Option<OrderToDeliver>, Failure> {
            step().await;
            if self.orders_down.get() {
                return Err("orders are down".into());
            }
            Ok(self.orders.borrow().get(order_id).cloned())
        }

        async fn insert(&self, shipment: &Shipment) -> Result<bool, Failure> {
            step().await;
            let mut table = self.table.borrow_mut();
            let known = table.contains_key(&shipment.order_id);
            if !known {
                table.insert(shipment.order_id.clone(), shipment.clone());
            }
            Ok(!known)
        }

        async fn set_due(&self, order_id: &Id) -> Result<(), Failure> {
            self.due.borrow_mut().push(order_id.clone());
            Ok(())
        }

        async fn had_shipment(&self, order_id: &Id) -> Result<bool, Failure> {
            Ok(self.table.borrow().contains_key(order_id))
        }

        async fn shipment(&self, order_id: &Id) -> Result<Option<Shipment>, Failure> {
            step().await;
            Ok(self.table.borrow().get(order_id).cloned())
        }

        async fn replace(&self, shipment: &Shipment) -> Result<bool, Failure> {
            step().await;
            let mut table = self.table.borrow_mut();
            let row = table.get_mut(&shipment.order_id);
            let row = row.filter(|row| row.version + 1 == shipment.version);
            Ok(row.map(|row| *row = shipment.clone()).is_some())
        }
    }

    fn id(name: &str) -> Id {
        Id::fixed(1_767_225_600, name)
    }

    impl FakeWorld {
        fn with_order(self, name: &str, status: &str) -> Self {
            let order = json!({
                "userId": "eve", "status": status,
                "address": {
                    "name": "Eve", "street": "1 Main Street", "city": "Springfield",
                    "postalCode": "12345", "country": "DE",
                },
                "total": {"amount": 100, "currency": "EUR"},
            });
            let order = serde_json::from_value(order).unwrap();
            self.orders.borrow_mut().insert(id(name), order);
            self
        }

        /// Delivers the events; answers the numbers of those that failed.
        async fn deliver(&self, bodies: &[String]) -> Vec<String> {
            let records: Vec<_> = bodies
                .iter()
                .enumerate()
                .map(|(n, body)| json!({"messageId": n.to_string(), "body": body}))
                .collect();
            let event = serde_json::from_value(json!({ "Records": records })).unwrap();
            let response = serve(self, LambdaEvent::new(event, Context::default())).await;
            let failures = response.unwrap().batch_item_failures.into_iter();
            failures.map(|failure| failure.item_identifier).collect()
        }
    }

    fn packed(name: &str) -> String {
        json!({
            "id": "1", "source": "shop.inventory", "detail-type": "PackageCreated",
            "time": "2026-01-02T03:04:05Z",
            "detail": {
                "orderId": id(name), "items": [{"productId": id("boot"), "quantity": 2}],
            },
        })
        .to_string()
    }

    fn modified(name: &str, address: &Address) -> String {
        let order = json!({"orderId": id(name), "address": address, "status": "FULFILLED"});
        json!({
            "id": "2", "source": "shop.orders", "detail-type": "OrderModified",
            "time": "2026-01-02T03:04:05Z",
            "detail": {"old": order, "new": order, "changed": ["address"]},
        })
        .to_string()
    }

    #[tokio::test]
    async fn a_package_waits_with_the_address_of_its_order() {
        let world = FakeWorld::default().with_order("a", "PACKAGED");
        assert!(world.deliver(&[packed("a")]).await.is_empty());
        let table = world.table.borrow();
        let shipment = &table[&id("a")];
        assert_eq!(shipment.status, Status::New);
        assert_eq!(shipment.user_id, "eve");
        assert_eq!(shipment.address.street, "1 Main Street");
        assert_eq!(shipment.items[0].quantity, 2);
    }

    #[tokio::test]
    async fn an_event_that_comes_twice_does_not_send_a_shipment_back() {
        let world = FakeWorld::default().with_order("a", "CONFIRMED");
        world.deliver(&[packed("a")]).await;
        world.table.borrow_mut().get_mut(&id("a")).unwrap().status = Status::InProgress;
        assert!(world.deliver(&[packed("a")]).await.is_empty());
        assert_eq!(world.table.borrow()[&id("a")].status, Status::InProgress);
    }

    #[tokio::test]
    async fn a_deleted_shipment_does_not_come_back() {
        let world = FakeWorld::default().with_order("a", "DELIVERY_FAILED");
        assert!(world.deliver(&[packed("a")]).await.is_empty());
        assert!(world.table.borrow().is_empty());
    }

    #[tokio::test]
    async fn a_package_that_comes_again_after_its_order_was_deleted_is_let_pass() {
        let world = FakeWorld::default().with_order("a", "PACKAGED");
        world.deliver(&[packed("a")]).await;
        let before = world.table.borrow().clone();
        world.orders.borrow_mut().clear();
        assert!(world.deliver(&[packed("a")]).await.is_empty());
        assert_eq!(*world.table.borrow(), before);
    }

    #[tokio::test]
    async fn a_package_that_cannot_be_placed_is_tried_again_and_alone() {
        let world = FakeWorld::default().with_order("a", "PACKAGED");
        let bodies = [packed("unknown"), packed("a"), "no event".to_owned()];
        assert_eq!(world.deliver(&bodies).await, ["0", "2"]);
        assert!(world.table.borrow().contains_key(&id("a")));

        world.orders_down.set(true);
        assert_eq!(world.deliver(&[packed("a")]).await, ["0"]);
    }

    #[tokio::test]
    async fn a_shipment_forgets_its_address_with_its_order() {
        let world = FakeWorld::default().with_order("a", "PACKAGED");
        world.deliver(&[packed("a")]).await;
        let before = world.table.borrow()[&id("a")].clone();
        world.deliver(&[modified("a", &before.address)]).await;
        assert_eq!(world.table.borrow()[&id("a")], before);

        let gone = before.address.clone().forgotten();
        let news = [
            modified("a", &gone),
            modified("a", &gone),
            modified("none", &gone),
        ];
        // One of two that come at once finds that it was overtaken, and comes again.
        assert!(world.deliver(&news).await.len() <= 1);
        assert!(world.deliver(&news).await.is_empty());
        let after = world.table.borrow()[&id("a")].clone();
        assert_eq!(after.address, gone);
        assert_eq!(after.version, before.version + 1);
        assert_eq!(after.history, before.history);
    }

    #[test]
    fn an_order_that_forgets_its_address_while_its_package_is_placed_leaves_none() {
        for turns in 0..1 << 12 {
            let world = FakeWorld::default().with_order("a", "PACKAGED");
            // Both events come again until they are done.
            let placed = async { while !world.deliver(&[packed("a")]).await.is_empty() {} };
            let ended = async {
                step().await;
                let gone = {
                    let mut orders = world.orders.borrow_mut();
                    let order = orders.get_mut(&id("a")).unwrap();
                    order.status = OrderStatus::DeliveryFailed;
                    order.address = order.address.clone().forgotten();
                    order.address.clone()
                };
                while !world.deliver(&[modified("a", &gone)]).await.is_empty() {}
            };
            interleave(turns, placed, ended);
            let table = world.table.borrow();
            let shipment = table.get(&id("a"));
            assert!(
                shipment.is_none_or(|shipment| shipment.address.is_forgotten()),
                "{turns:b}"
            );
        }
    }

    #[test]
    fn a_package_that_was_placed_and_not_looked_at_again_is_looked_at_when_its_event_comes_again() {
        let world = FakeWorld::default().with_order("a", "DELIVERY_FAILED");
        let placed = json!({
            "orderId": id("a"), "userId": "eve", "status": "PACKAGED",
            "address": world.orders.borrow()[&id("a")].address,
        });
        let placed: OrderToDeliver = serde_json::from_value(placed).unwrap();
        let shipment = Shipment::new(id("a"), placed.user_id, placed.address, Vec::new(), now());
        world.table.borrow_mut().insert(id("a"), shipment);
        let forgotten = world.orders.borrow()[&id("a")].address.clone().forgotten();
        world.orders.borrow_mut().get_mut(&id("a")).unwrap().address = forgotten;
        let again = async { assert!(world.deliver(&[packed("a")]).await.is_empty()) };
        interleave(0, again, async {});
        assert!(world.table.borrow()[&id("a")].address.is_forgotten());
    }

    /// What the function sends to itself when a package is due.
    fn due(name: &str) -> String {
        demonstration::due(&id(name), now()).to_string()
    }

    #[tokio::test]
    async fn u100_a_package_that_is_due_is_delivered_step_by_step_and_once() {
        let world = FakeWorld::default().with_order("a", "PACKAGED");
        assert!(world.deliver(&[packed("a")]).await.is_empty());
        assert_eq!(*world.due.borrow(), [id("a")]);
        for _ in 0..2 {
            assert!(world.deliver(&[due("a")]).await.is_empty());
            let shipment = world.table.borrow()[&id("a")].clone();
            let steps: Vec<_> = shipment.history.iter().map(|step| step.status).collect();
            assert_eq!(steps, [Status::New, Status::InProgress, Status::Completed]);
        }
    }

    #[tokio::test]
    async fn u100_a_courier_who_was_quicker_has_it() {
        let world = FakeWorld::default().with_order("a", "PACKAGED");
        world.deliver(&[packed("a")]).await;
        let steps = [Action::Start, Action::Fail("nobody at home".to_owned())];
        for step in steps {
            let before = world.table.borrow()[&id("a")].clone();
            let after = before.after(&step, "kim", now()).unwrap().unwrap();
            assert!(world.replace(&after).await.unwrap());
            assert!(world.deliver(&[due("a")]).await.is_empty());
            assert_eq!(world.table.borrow()[&id("a")], after);
        }
        // One that was called off does not come back.
        world.table.borrow_mut().clear();
        assert!(world.deliver(&[due("a")]).await.is_empty());
        assert!(world.table.borrow().is_empty());
    }
}
