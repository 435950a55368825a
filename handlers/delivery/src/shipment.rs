//! A shipment: the goods of one order on their way to its customer.
//!
//! Only decisions. `NEW` (packed, waits for a courier), `IN_PROGRESS` (a courier has it),
//! `COMPLETED` or `FAILED` (features U133 and U134). Every step leaves a line in the history, which
//! is what the customer follows (U136).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shop_core::details::{Pieces, ShipmentProgress};
use shop_core::events::Outgoing;
use shop_core::id::Id;
use shop_core::order::Address;
use shop_core::problem::Problem;
use shop_core::stream::Change;

/// Why a shipment failed that was deleted before it arrived.
const CALLED_OFF: &str = "The delivery was called off.";

/// Where a shipment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Packed, and no courier has it.
    New,
    /// A courier has it.
    InProgress,
    /// The customer has it.
    Completed,
    /// The customer will not get it.
    Failed,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Step {
    /// Where it was.
    pub status: Status,
    /// Since when.
    pub time: DateTime<Utc>,
    /// What there is to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The goods of one order on their way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Shipment {
    /// The order.
    pub order_id: Id,
    /// Its customer.
    pub user_id: String,
    /// Where it goes.
    pub address: Address,
    /// What is in it.
    pub items: Vec<Pieces>,
    /// Where it is.
    pub status: Status,
    /// What the customer follows it by.
    pub tracking_number: Id,
    /// The user who started to deliver it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub courier: Option<String>,
    /// Where it was, from the beginning on.
    pub history: Vec<Step>,
    /// When it was packed.
    pub created_date: DateTime<Utc>,
    /// When it changed last.
    pub modified_date: DateTime<Utc>,
    /// Grows with every change, so that two changes at a time are noticed.
    pub version: u64,
}

/// What a courier does with a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Takes it along.
    Start,
    /// Hands it over.
    Complete,
    /// Cannot hand it over, for this reason.
    Fail(String),
}

/// A shipment as its customer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Tracking {
    /// The order.
    pub order_id: Id,
    /// Where it is.
    pub status: Status,
    /// What to ask about it by.
    pub tracking_number: Id,
    /// Where it was, from the beginning on.
    pub history: Vec<Step>,
}

impl Shipment {
    /// A package that waits for a courier.
    pub fn new(
        order_id: Id,
        user_id: String,
        address: Address,
        items: Vec<Pieces>,
        now: DateTime<Utc>,
    ) -> Self {
        Shipment {
            order_id,
            user_id,
            address,
            items,
            status: Status::New,
            tracking_number: Id::new(),
            courier: None,
            history: vec![Step {
                status: Status::New,
                time: now,
                note: None,
            }],
            created_date: now,
            modified_date: now,
            version: 1,
        }
    }

    /// What it is after `courier` did `action`; nothing when he did it before. A problem when it is
    /// not in a state for that.
    pub fn after(
        &self,
        action: &Action,
        courier: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, Problem> {
        let is_mine = self.courier.as_deref() == Some(courier);
        let (status, note) = match (self.status, action) {
            (Status::New, Action::Start) => (Status::InProgress, None),
            (Status::InProgress, Action::Start) if is_mine => return Ok(None),
            (Status::InProgress, Action::Start) => {
                return Err(Problem::conflict("another courier has this delivery"));
            }
            (Status::InProgress, Action::Complete) => (Status::Completed, None),
            (Status::Completed, Action::Complete) | (Status::Failed, Action::Fail(_)) => {
                return Ok(None);
            }
            (Status::InProgress, Action::Fail(reason)) => (Status::Failed, Some(reason.clone())),
            (Status::New, Action::Complete | Action::Fail(_)) => {
                return Err(Problem::conflict("no courier has started this delivery"));
            }
            (Status::Completed | Status::Failed, _) => {
                return Err(Problem::conflict("this delivery is over"));
            }
        };
        let mut after = self.clone();
        after.status = status;
        after.modified_date = now;
        after.version += 1;
        after.history.push(Step {
            status,
            time: now,
            note,
        });
        if status == Status::InProgress {
            after.courier = Some(courier.to_owned());
        }
        Ok(Some(after))
    }

    fn event(&self, detail_type: &str, reason: Option<String>) -> Outgoing {
        let detail = ShipmentProgress {
            order_id: self.order_id.clone(),
            user_id: self.user_id.clone(),
            address: self.address.clone(),
            tracking_number: self.tracking_number.to_string(),
            reason,
        };
        Outgoing {
            detail_type: detail_type.to_owned(),
            resource: self.order_id.to_string(),
            detail: serde_json::to_value(detail).unwrap_or_else(|_| no_detail(&self.order_id)),
            trace: None,
        }
    }
}

/// A struct of texts always serialises; should that ever change, the order's number is the least
/// that listeners need.
fn no_detail(order_id: &Id) -> Value {
    json!({ "orderId": order_id })
}

impl From<Shipment> for Tracking {
    fn from(shipment: Shipment) -> Self {
        Tracking {
            order_id: shipment.order_id,
            status: shipment.status,
            tracking_number: shipment.tracking_number,
            history: shipment.history,
        }
    }
}

/// The event of a change, if the other services have to hear of it. A shipment that is deleted
/// before it arrived has failed: its order waits for news, and this is the last there is.
pub fn told(change: &Change<Shipment>) -> Option<Outgoing> {
    match (&change.old, &change.new) {
        (Some(old), Some(new)) if old.status != new.status => match new.status {
            Status::New => None,
            Status::InProgress => Some(new.event("DeliveryStarted", None)),
            Status::Completed => Some(new.event("DeliveryCompleted", None)),
            Status::Failed => {
                let reason = new.history.last().and_then(|step| step.note.clone());
                Some(new.event("DeliveryFailed", reason))
            }
        },
        (Some(old), None) if matches!(old.status, Status::New | Status::InProgress) => {
            Some(old.event("DeliveryFailed", Some(CALLED_OFF.to_owned())))
        }
        _ => None,
    }
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use proptest::prelude::*;
    use shop_core::order::now;
    use shop_core::schemas::assert_documented;

    use super::*;

    /// A shipment of the customer `eve`.
    pub fn shipment(name: &str) -> Shipment {
        let address = serde_json::from_value(json!({
            "name": "Eve", "street": "1 Main Street", "city": "Springfield",
            "postalCode": "12345", "country": "DE",
        }));
        let items = vec![Pieces {
            article: Id::fixed(1_767_225_600, "boot").into(),
            quantity: 2,
        }];
        Shipment {
            tracking_number: Id::fixed(1_767_225_600, "tracking"),
            ..Shipment::new(
                Id::fixed(1_767_225_600, name),
                "eve".to_owned(),
                address.unwrap(),
                items,
                now(),
            )
        }
    }

    fn fail() -> Action {
        Action::Fail("nobody at home".to_owned())
    }

    fn after(shipment: &Shipment, actions: &[Action]) -> Shipment {
        actions.iter().fold(shipment.clone(), |shipment, action| {
            shipment.after(action, "kim", now()).unwrap().unwrap()
        })
    }

    #[test]
    fn a_package_is_taken_along_and_handed_over() {
        let done = after(&shipment("a"), &[Action::Start, Action::Complete]);
        assert_eq!(done.status, Status::Completed);
        assert_eq!(done.courier.as_deref(), Some("kim"));
        let history: Vec<_> = done.history.iter().map(|step| step.status).collect();
        assert_eq!(
            history,
            [Status::New, Status::InProgress, Status::Completed]
        );
        assert_eq!(done.version, 3);
    }

    #[test]
    fn a_reason_is_kept_for_the_customer() {
        let failed = after(&shipment("a"), &[Action::Start, fail()]);
        let tracking = Tracking::from(failed);
        assert_eq!(tracking.status, Status::Failed);
        let last = tracking.history.last().unwrap();
        assert_eq!(last.note.as_deref(), Some("nobody at home"));
        let shown = serde_json::to_string(&tracking).unwrap();
        assert!(!shown.contains("kim"), "who delivers is not told: {shown}");
    }

    #[test]
    fn what_is_not_on_its_way_is_not_handed_over_and_what_is_over_stays_so() {
        let new = shipment("a");
        let started = after(&new, &[Action::Start]);
        let completed = after(&started, &[Action::Complete]);
        let failed = after(&started, &[fail()]);
        for (shipment, action, detail) in [
            (
                &new,
                Action::Complete,
                "no courier has started this delivery",
            ),
            (&new, fail(), "no courier has started this delivery"),
            (&completed, Action::Start, "this delivery is over"),
            (&completed, fail(), "this delivery is over"),
            (&failed, Action::Start, "this delivery is over"),
            (&failed, Action::Complete, "this delivery is over"),
        ] {
            let problem = shipment.after(&action, "kim", now()).unwrap_err();
            assert_eq!((problem.status, &*problem.detail), (409, detail));
        }
    }

    #[test]
    fn a_repeated_action_changes_nothing_and_two_couriers_do_not_share_a_package() {
        let started = after(&shipment("a"), &[Action::Start]);
        assert_eq!(started.after(&Action::Start, "kim", now()), Ok(None));
        let problem = started.after(&Action::Start, "lou", now()).unwrap_err();
        assert_eq!(problem.detail, "another courier has this delivery");
        let completed = after(&started, &[Action::Complete]);
        assert_eq!(completed.after(&Action::Complete, "kim", now()), Ok(None));
    }

    fn events(old: Option<&Shipment>, new: Option<&Shipment>) -> Option<(String, Value)> {
        let event = told(&Change {
            old: old.cloned(),
            new: new.cloned(),
        })?;
        assert_documented("shop.delivery", &event);
        Some((event.detail_type, event.detail))
    }

    #[test]
    fn the_bus_hears_of_every_step() {
        let new = shipment("a");
        let started = after(&new, &[Action::Start]);
        let completed = after(&started, &[Action::Complete]);
        let failed = after(&started, &[fail()]);
        assert_eq!(events(None, Some(&new)), None);
        assert_eq!(events(Some(&new), Some(&new)), None);
        assert_eq!(
            events(Some(&new), Some(&started)).unwrap().0,
            "DeliveryStarted"
        );
        assert_eq!(
            events(Some(&started), Some(&completed)).unwrap().0,
            "DeliveryCompleted"
        );
        let (name, detail) = events(Some(&started), Some(&failed)).unwrap();
        insta::assert_snapshot!(format!("{name} {detail}"), @r#"DeliveryFailed {"orderId":"37dGaryDBtCBHp0nczk3OkqjYg1","userId":"eve","address":{"name":"Eve","street":"1 Main Street","city":"Springfield","postalCode":"12345","country":"DE"},"trackingNumber":"37dGaoYrITS1PXSnnFp9cKr3rMA","reason":"nobody at home"}"#);
    }

    #[test]
    fn g32_what_is_deleted_before_it_arrived_has_failed() {
        let new = shipment("a");
        let started = after(&new, &[Action::Start]);
        for undelivered in [&new, &started] {
            let (name, detail) = events(Some(undelivered), None).unwrap();
            assert_eq!(name, "DeliveryFailed");
            assert_eq!(detail["orderId"], json!(new.order_id));
            assert_eq!(detail["reason"], CALLED_OFF);
        }
        let completed = after(&started, &[Action::Complete]);
        let failed = after(&started, &[fail()]);
        for over in [&completed, &failed] {
            assert_eq!(events(Some(over), None), None);
        }
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![Just(Action::Start), Just(Action::Complete), Just(fail())]
    }

    proptest! {
        #[test]
        fn whatever_couriers_do_it_ends_once_and_the_history_tells_how(
            actions in prop::collection::vec((action(), "[kl]"), 0..12),
        ) {
            let mut shipment = shipment("a");
            let mut ends = 0;
            for (action, courier) in actions {
                if let Ok(Some(after)) = shipment.after(&action, &courier, now()) {
                    let before = std::mem::replace(&mut shipment, after);
                    prop_assert_eq!(shipment.version, before.version + 1);
                    let name = events(Some(&before), Some(&shipment)).unwrap().0;
                    ends += u32::from(name != "DeliveryStarted");
                }
                prop_assert_eq!(shipment.history.last().unwrap().status, shipment.status);
                prop_assert!(shipment.status == Status::New || shipment.courier.is_some());
            }
            prop_assert!(ends <= 1);
            prop_assert_eq!(shipment.history.len() as u64, shipment.version);
        }
    }
}
