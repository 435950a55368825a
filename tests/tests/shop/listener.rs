//! The listener for developers, by a WebSocket as they open one (feature U185).

use std::time::Duration;

use serde_json::{Value, json};
use shopctl_tests::eventually;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Error, Message, connect};

use crate::Shop;
use crate::customer::Customer;
use crate::orders::{all_products, order_of};

/// The longest silence.
const PATIENCE: Duration = Duration::from_secs(120);

type WebSocket = tungstenite::WebSocket<MaybeTlsStream<std::net::TcpStream>>;

pub(crate) fn developers_hear_what_the_services_tell(shop: &Shop) {
    let url = shop.output("listener", "Url");
    match connect(url) {
        Err(Error::Http(answer)) => assert_eq!(answer.status(), 403),
        other => panic!("without a signature: {other:?}"),
    }
    let mut socket = open(shop, url);
    say(
        &mut socket,
        &json!({ "action": "register", "services": [] }),
    );
    let error = hear(&mut socket);
    assert!(
        error["error"].as_str().unwrap().contains("from 1 to"),
        "{error}"
    );
    say(&mut socket, &json!({ "action": "sing" }));
    let error = hear(&mut socket);
    assert!(
        error["error"].as_str().unwrap().contains("no such action"),
        "{error}"
    );

    let services = ["shop.delivery", "shop.orders"];
    say(
        &mut socket,
        &json!({ "action": "register", "services": services }),
    );
    assert_eq!(hear(&mut socket), json!({ "registered": services }));
    let mut other = open(shop, url);
    say(
        &mut other,
        &json!({ "action": "register", "services": ["shop.users"] }),
    );
    hear(&mut other);

    let wanda = Customer::sign_up(shop, "wanda@example.com");
    let order = order_of(&[(&all_products(shop)[0], 1)]);
    let order = wanda.order(&order, None).expect(202).json();
    let told = hear_of(&mut socket, &services, "OrderCreated", |detail| {
        detail["orderId"] == order["orderId"]
    });
    assert_eq!(told["total"], order["total"], "{told}");
    wanda.get("/api/users/me").expect(200);
    hear_of(&mut other, &["shop.users"], "UserCreated", |detail| {
        detail["email"] == wanda.email
    });

    socket.close(None).unwrap();
    other.close(None).unwrap();
    eventually("who has gone is forgotten", || {
        let table = json!({ "TableName": shop.output("listener", "TableName") });
        let rows = shop.emulator.call("dynamodb", "scan", &table);
        (rows["Count"] == 0).then_some(())
    });
}

fn open(shop: &Shop, url: &str) -> WebSocket {
    let (socket, _) = connect(shop.emulator.signed(url)).expect("the listener is there");
    if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    socket
}

fn say(socket: &mut WebSocket, message: &Value) {
    socket.send(Message::text(message.to_string())).unwrap();
}

#[track_caller]
fn hear(socket: &mut WebSocket) -> Value {
    loop {
        if let Message::Text(text) = socket.read().expect("something is said") {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

/// The detail of the event of this kind that is about this; until then only these services are heard.
#[track_caller]
fn hear_of(
    socket: &mut WebSocket,
    services: &[&str],
    detail_type: &str,
    about: impl Fn(&Value) -> bool,
) -> Value {
    loop {
        let event = hear(socket);
        let source = event["source"].as_str().unwrap();
        assert!(services.contains(&source), "{event}");
        if event["detail-type"] == detail_type && about(&event["detail"]) {
            return event["detail"].clone();
        }
    }
}
