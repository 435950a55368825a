//! Delivery: what it costs, and a package from the warehouse to its customer.

use reqwest::Method;
use serde_json::{Value, json};
use shopctl_tests::eventually;

use crate::Shop;
use crate::bus::{Tap, publish};
use crate::customer::Customer;
use crate::orders::{all_products, messages_in, order_of, problem};

pub(crate) fn delivery_is_priced(shop: &Shop) {
    let product = &all_products(shop)[0];
    let url = shop.site("/api/delivery/price");
    let ask = |quantity: u32, country: &str| {
        let item = json!({"productId": product["productId"], "quantity": quantity});
        let body = json!({"items": [item], "country": country});
        shop.http.post(&url, &[], &body)
    };
    for (quantity, country, fee) in [(1, "DE", 1000), (60, "pl", 1000), (2, "US", 1500)] {
        let price = ask(quantity, country).expect(200).json();
        let amount = fee * boxes(&product["package"], quantity.into());
        let expected = json!({"pricing": {"amount": amount, "currency": "EUR"}});
        assert_eq!(price, expected, "{quantity} of {product} to {country}");
    }
    let said = problem(ask(0, "Germany"), 422);
    assert_eq!(said["errors"][0]["pointer"], "/items/0/quantity", "{said}");
    assert_eq!(said["errors"][1]["pointer"], "/country", "{said}");

    // As the order service asks.
    let function = shop.output("delivery-pricing", "PriceFunctionArn");
    let package = json!({"width": 100, "length": 100, "height": 100, "weight": 5000});
    let item = json!({"quantity": 3, "package": package});
    let request = json!({"items": [item], "country": "IT"});
    let price = shop.emulator.invoke(function, &request);
    assert_eq!(price["pricing"]["amount"], 2000, "{price}");
}

/// How many boxes pieces of a product take.
fn boxes(package: &Value, quantity: u64) -> u64 {
    let side = |name: &str| package[name].as_u64().unwrap_or(0);
    let volume = side("width") * side("length") * side("height") * quantity;
    let weight = side("weight") * quantity;
    volume
        .div_ceil(500 * 500 * 500)
        .max(weight.div_ceil(12_000))
}

pub(crate) fn package_reaches_its_customer(shop: &Shop, bus: &Tap<'_>) {
    let della = Customer::sign_up(shop, "della@example.com");
    let other = Customer::sign_up(shop, "emil@example.com");
    let courier = Customer::staff(shop, "kim@example.com", "delivery");
    let packer = Customer::staff(shop, "pat@example.com", "warehouse");

    let packed = packed_order(shop, &della, &packer);
    let order = packed.as_str();
    let path = format!("/api/deliveries/{order}");
    let waiting = |courier: &Customer<'_>| {
        let list = courier.get("/api/deliveries?limit=100").expect(200).json();
        let list = list["deliveries"].as_array().unwrap().clone();
        list.into_iter().find(|it| it["orderId"] == order)
    };
    problem(della.get("/api/deliveries"), 403);
    problem(packer.get("/api/deliveries"), 403);
    let shipment = eventually("the package waits", || waiting(&courier));
    assert_eq!(shipment["status"], "NEW", "{shipment}");
    assert_eq!(shipment["address"]["street"], "Seestraße 12", "{shipment}");

    // Told once more, as the bus may: nothing changes.
    package_created(shop, order);
    problem(courier.post(&format!("{path}/complete"), &json!({})), 409);
    for _ in 0..2 {
        courier
            .post(&format!("{path}/start"), &json!({}))
            .expect(200);
    }
    eventually("it waits no more", || {
        waiting(&courier).is_none().then_some(())
    });
    let started = bus.hear("DeliveryStarted", |detail| detail["orderId"] == order);
    let number = &started["trackingNumber"];

    let tracking = format!("/api/orders/{order}/tracking");
    problem(other.get(&tracking), 404);
    let seen = della.get(&tracking).expect(200).json();
    assert_eq!(seen["status"], "IN_PROGRESS", "{seen}");
    assert_eq!(&seen["trackingNumber"], number, "{seen}");
    assert_eq!(seen["history"].as_array().unwrap().len(), 2, "{seen}");
    assert!(seen.get("courier").is_none(), "{seen}");

    courier
        .post(&format!("{path}/complete"), &json!({}))
        .expect(200);
    let completed = bus.hear("DeliveryCompleted", |detail| detail["orderId"] == order);
    assert_eq!(&completed["trackingNumber"], number);
    assert_eq!(
        della.get(&tracking).expect(200).json()["status"],
        "COMPLETED"
    );
    let late = json!({"reason": "nobody at home"});
    problem(courier.post(&format!("{path}/fail"), &late), 409);

    deleted_delivery_has_failed(shop, bus, &della, &courier);
    let dead = shop.output("delivery", "PackagesDeadLetterQueueUrl");
    assert_eq!(messages_in(shop, dead), 0, "in the dead-letter queue");
}

fn deleted_delivery_has_failed(
    shop: &Shop,
    bus: &Tap<'_>,
    customer: &Customer<'_>,
    courier: &Customer<'_>,
) {
    let admin = Customer::staff(shop, "rita@example.com", "admin");
    let order = packed_order(shop, customer, &admin);
    let path = format!("/api/deliveries/{order}");
    eventually("the package waits", || {
        (admin.get(&path).status == 200).then_some(())
    });
    problem(courier.send(Method::DELETE, &path, &[], None), 403);
    admin.send(Method::DELETE, &path, &[], None).expect(200);
    let failed = bus.hear("DeliveryFailed", |detail| detail["orderId"] == order);
    assert_eq!(failed["reason"], "The delivery was called off.", "{failed}");
    problem(courier.get(&path), 404);
}

/// An order that the warehouse has packed.
fn packed_order(shop: &Shop, customer: &Customer<'_>, packer: &Customer<'_>) -> String {
    let product = &all_products(shop)[0];
    let placed = customer.order(&order_of(&[(product, 1)]), None).expect(202);
    let order_id = placed.json()["orderId"].as_str().unwrap().to_owned();
    let path = format!("/api/packaging-requests/{order_id}");
    eventually("it can be packed", || {
        (packer.get(&path).status == 200).then_some(())
    });
    for step in ["start", "complete"] {
        packer
            .post(&format!("{path}/{step}"), &json!({}))
            .expect(200);
    }
    order_id
}

fn package_created(shop: &Shop, order_id: &str) {
    let detail = json!({"orderId": order_id, "items": []});
    publish(shop, "shop.inventory", "PackageCreated", &detail);
}
