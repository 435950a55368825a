//! JSON Schemas of all events, made of the types that services read and write them with.
//!
//! The documents are `stacks/platform/schemas/<source>/<detail type>.json`; a test compares them
//! with the types (`INSTA_UPDATE=always` writes them anew), so that neither changes without the
//! other. They describe the detail; around it stands what EventBridge puts there.
//!
//! [`assert_documented`] is for the tests of whoever publishes.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::details::{
    LowStock, Modified, OrderReference, PackageCreated, PaymentState, PublicUser,
    ReservationFailed, SalesReport, ShipmentProgress, StockChanged,
};
use crate::events::Outgoing;
use crate::id::Id;
use crate::money::Currency;
use crate::order::CustomerOrder;
use crate::product::Product;

/// An event with its schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Who publishes it.
    pub source: &'static str,
    /// What happened.
    pub detail_type: &'static str,
    /// JSON Schema of its detail, draft 2020-12.
    pub schema: Value,
}

fn document<T: JsonSchema>(
    source: &'static str,
    detail_type: &'static str,
    description: &str,
) -> Document {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("title".to_owned(), json!(detail_type));
    schema.insert("description".to_owned(), json!(description));
    Document {
        source,
        detail_type,
        schema: schema.to_value(),
    }
}

/// Every event of the shop.
pub fn documents() -> Vec<Document> {
    const USERS: &str = "shop.users";
    const PRODUCTS: &str = "shop.products";
    const ORDERS: &str = "shop.orders";
    const INVENTORY: &str = "shop.inventory";
    const DELIVERY: &str = "shop.delivery";
    const PAYMENT: &str = "shop.payment";
    const SALES_REPORT: &str = "shop.sales-report";
    vec![
        document::<PublicUser>(
            USERS,
            "UserCreated",
            "Somebody has an account and a profile.",
        ),
        document::<Modified<PublicUser>>(
            USERS,
            "UserModified",
            "Somebody has another name or e-mail address.",
        ),
        document::<PublicUser>(
            USERS,
            "UserDeleted",
            "Somebody left. What he ordered stays in the books.",
        ),
        document::<Product>(PRODUCTS, "ProductCreated", "There is a new product."),
        document::<Modified<Product>>(
            PRODUCTS,
            "ProductModified",
            "A product changed in more than its stock.",
        ),
        document::<Product>(
            PRODUCTS,
            "ProductDeleted",
            "A product is gone; what is off the list only is modified.",
        ),
        document::<CustomerOrder>(ORDERS, "OrderCreated", "An order was placed."),
        document::<Modified<CustomerOrder>>(
            ORDERS,
            "OrderModified",
            "An order changed, for instance its status.",
        ),
        document::<CustomerOrder>(ORDERS, "OrderDeleted", "An order is gone."),
        document::<OrderReference>(
            INVENTORY,
            "StockReserved",
            "All goods of an order are reserved.",
        ),
        document::<ReservationFailed>(
            INVENTORY,
            "ReservationFailed",
            "There is not enough for an order; nothing of it is reserved.",
        ),
        document::<OrderReference>(
            INVENTORY,
            "ReservationReleased",
            "The goods of an order are free again.",
        ),
        document::<LowStock>(INVENTORY, "LowStock", "Products run out."),
        document::<StockChanged>(
            INVENTORY,
            "StockChanged",
            "There are more or fewer pieces of a product.",
        ),
        document::<PackageCreated>(
            INVENTORY,
            "PackageCreated",
            "A package is ready for the courier.",
        ),
        document::<OrderReference>(
            INVENTORY,
            "PackagingFailed",
            "Nothing of an order could be packed.",
        ),
        document::<ShipmentProgress>(DELIVERY, "DeliveryStarted", "A package is on its way."),
        document::<ShipmentProgress>(DELIVERY, "DeliveryCompleted", "A package was delivered."),
        document::<ShipmentProgress>(
            DELIVERY,
            "DeliveryFailed",
            "A package was not delivered and comes back.",
        ),
        document::<PaymentState>(PAYMENT, "PaymentCreated", "Money for an order is held."),
        document::<Modified<PaymentState>>(
            PAYMENT,
            "PaymentModified",
            "Money for an order was taken, let go or given back.",
        ),
        document::<SalesReport>(
            SALES_REPORT,
            "SalesReportCreated",
            "The sales of a day are summed up.",
        ),
    ]
}

/// Where a schema speaks of the same value again.
const IN_PLACE: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// Fails the test unless the document of this event says exactly what is in it: nothing that it asks
/// for is missing, and there is nothing that it does not name.
#[track_caller]
pub fn assert_documented(source: &str, event: &Outgoing) {
    assert_detail_documented(source, &event.detail_type, &event.detail);
}

/// The same, of an event that is told in parts.
#[track_caller]
pub fn assert_detail_documented(source: &str, detail_type: &str, detail: &Value) {
    let found = documents()
        .into_iter()
        .find(|known| known.source == source && known.detail_type == detail_type);
    let Some(Document { mut schema, .. }) = found else {
        panic!("there is no document of {detail_type} of {source}");
    };
    close(&mut schema);
    let errors: Vec<String> = match jsonschema::draft202012::new(&schema) {
        Ok(judge) => judge
            .iter_errors(detail)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect(),
        Err(error) => vec![error.to_string()],
    };
    assert!(
        errors.is_empty(),
        "{detail_type} of {source} is not as documented: {errors:#?}\n{detail:#}"
    );
}

/// Makes objects refuse what they do not name.
fn close(schema: &mut Value) {
    let is_object = schema.get("properties").is_some();
    if is_object && schema.get("additionalProperties").is_none() {
        schema["unevaluatedProperties"] = json!(false);
    }
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    // Parts of this same object, which know nothing of the others.
                    Value::Array(parts) if is_object && IN_PLACE.contains(&name.as_str()) => {
                        let parts = parts.iter_mut().filter_map(Value::as_object_mut);
                        parts.flat_map(|part| part.values_mut()).for_each(close);
                    }
                    member => close(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

impl JsonSchema for Id {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A KSUID: sorts by the time it was made.",
            "pattern": "^[0-9A-Za-z]{27}$",
        })
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "An active ISO 4217 code.",
            "pattern": "^[A-Z]{3}$",
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::collections::BTreeMap;
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn folder() -> PathBuf {
        PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../stacks/platform/schemas"
        ))
    }

    /// The documents that are there, by path below the folder.
    fn written() -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for source in fs::read_dir(folder()).unwrap() {
            let source = source.unwrap();
            for file in fs::read_dir(source.path()).unwrap() {
                let file = file.unwrap().path();
                let name = file.strip_prefix(folder()).unwrap().display().to_string();
                found.insert(name, fs::read_to_string(&file).unwrap());
            }
        }
        found
    }

    #[test]
    fn the_documents_are_what_the_types_say() {
        let made: BTreeMap<String, String> = documents()
            .into_iter()
            .map(|document| {
                let path = format!("{}/{}.json", document.source, document.detail_type);
                (path, format!("{:#}\n", document.schema))
            })
            .collect();
        if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
            let _ = fs::remove_dir_all(folder());
            for (path, text) in &made {
                let path = folder().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        }
        let written = written();
        let paths = |of: &BTreeMap<String, String>| of.keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            paths(&written),
            paths(&made),
            "INSTA_UPDATE=always writes them"
        );
        for (path, text) in made {
            assert_eq!(
                written[&path], text,
                "{path}: INSTA_UPDATE=always writes it"
            );
        }
    }

    #[test]
    fn every_document_is_a_schema() {
        for document in documents() {
            let judge = jsonschema::meta::validate(&document.schema);
            assert!(judge.is_ok(), "{document:?}");
            assert_eq!(document.schema["type"], "object", "{document:?}");
        }
    }

    fn event(detail: Value) -> Outgoing {
        Outgoing {
            detail_type: "StockChanged".to_owned(),
            resource: "p".to_owned(),
            detail,
            trace: None,
        }
    }

    #[test]
    fn an_event_is_as_documented() {
        let id = Id::fixed(1_767_225_600, "boot");
        let detail = json!({"productId": id, "quantity": 1, "version": 1});
        assert_documented("shop.inventory", &event(detail));
    }

    #[test]
    #[should_panic(expected = "is not as documented")]
    fn what_the_document_does_not_name_is_found() {
        let id = Id::fixed(1_767_225_600, "boot");
        let detail = json!({"productId": id, "quantity": 1, "version": 1, "warehouse": "north"});
        assert_documented("shop.inventory", &event(detail));
    }

    #[test]
    #[should_panic(expected = "is not as documented")]
    fn what_is_missing_is_found() {
        assert_documented(
            "shop.inventory",
            &event(json!({"quantity": 1, "version": 1})),
        );
    }

    #[test]
    #[should_panic(expected = "there is no document")]
    fn an_event_of_another_service_is_not_this_one() {
        assert_documented("shop.orders", &event(json!({})));
    }
}
