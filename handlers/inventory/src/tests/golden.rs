//! The examples that the shop has to get right, by their numbers.

use super::*;

use crate::reservation::{Released, Reserved, Unchanged, Until};

#[tokio::test]
async fn g20_three_of_five_leave_two_which_is_scarce() {
    let warehouse = Warehouse::with(&[("boot", 5)]).await;
    warehouse.hear(created("o", &[("boot", 3)])).await;
    assert_eq!(warehouse.pieces("boot").await, 2);
    let told = warehouse.told();
    let scarce = json!({
        "products": [{ "productId": product("boot"), "name": "boot", "quantity": 2 }],
    });
    let reserved = json!({ "orderId": id("o") });
    assert_eq!(
        told,
        [
            ("LowStock".to_owned(), scarce),
            ("StockReserved".to_owned(), reserved)
        ]
    );
    // Once a crossing: not for the next order, but again after there were enough.
    warehouse.hear(created("p", &[("boot", 1)])).await;
    assert_eq!(names(&warehouse.told()), ["StockReserved"]);
    warehouse.set("boot", 3).await;
    assert_eq!(names(&warehouse.told()), [""; 0]);
    warehouse.hear(created("q", &[("boot", 3)])).await;
    assert_eq!(names(&warehouse.told()), ["LowStock", "StockReserved"]);
}

#[tokio::test]
async fn g21_three_of_six_leave_three_which_is_enough() {
    let warehouse = Warehouse::with(&[("boot", 6)]).await;
    warehouse.hear(created("o", &[("boot", 3)])).await;
    assert_eq!(warehouse.pieces("boot").await, 3);
    assert_eq!(names(&warehouse.told()), ["StockReserved"]);
}

#[tokio::test]
async fn g22_one_short_line_stops_the_whole_order() {
    let warehouse = Warehouse::with(&[("boot", 5), ("hat", 1)]).await;
    // Lines of one product count together.
    let items = [("boot", 1), ("hat", 1), ("hat", 1), ("unknown", 1)];
    warehouse.hear(created("o", &items)).await;
    assert_eq!(warehouse.pieces("boot").await, 5);
    assert_eq!(warehouse.pieces("hat").await, 1);
    assert_eq!(warehouse.status("o").await, None, "nothing to pack");
    let told = warehouse.told();
    assert_eq!(names(&told), ["ReservationFailed"]);
    let mut shortages = told[0].1["shortages"].as_array().unwrap().clone();
    shortages.sort_by_key(|shortage| shortage["needed"].as_u64());
    assert_eq!(
        shortages,
        [
            json!({ "productId": product("unknown"), "available": 0, "needed": 1 }),
            json!({ "productId": product("hat"), "available": 1, "needed": 2 }),
        ]
    );
}

#[tokio::test]
async fn g33_a_package_cannot_be_completed_before_it_is_begun() {
    let warehouse = Warehouse::with(&[("boot", 5)]).await;
    warehouse.hear(created("o", &[("boot", 3)])).await;
    warehouse.told();
    let step = warehouse.inventory.complete(&id("o"), now()).await.unwrap();
    assert_eq!(step, Step::Wrong(Status::New));
    let step = warehouse.inventory.complete(&id("x"), now()).await.unwrap();
    assert_eq!(step, Step::Unknown);
    assert_eq!(warehouse.told(), []);
    assert_eq!(warehouse.status("o").await, Some(Status::New));
}

#[tokio::test]
async fn g35_a_new_status_alone_changes_nothing_here() {
    let warehouse = Warehouse::with(&[("boot", 5)]).await;
    warehouse.hear(created("o", &[("boot", 3)])).await;
    warehouse.told();
    let before = warehouse.inventory.request(&id("o")).await.unwrap();
    for status in ["CONFIRMED", "PACKAGED", "FULFILLED", "PACKAGING_FAILED"] {
        warehouse.hear(modified("o", status, &[("boot", 2)])).await;
    }
    assert_eq!(warehouse.inventory.request(&id("o")).await.unwrap(), before);
    assert_eq!(warehouse.pieces("boot").await, 2);
    assert_eq!(warehouse.told(), []);
}

#[tokio::test]
async fn every_message_may_come_twice_and_late() {
    let warehouse = Warehouse::with(&[("boot", 9)]).await;
    let items = [("boot", 2)];
    for _ in 0..2 {
        warehouse.hear(created("o", &items)).await;
    }
    assert_eq!(warehouse.pieces("boot").await, 7);
    for _ in 0..2 {
        warehouse.hear(modified("o", "CANCELLED", &items)).await;
    }
    warehouse.hear(created("o", &items)).await;
    assert_eq!(warehouse.pieces("boot").await, 9);
    assert_eq!(
        names(&warehouse.told()),
        ["StockReserved", "ReservationReleased"]
    );

    // The end of an order overtakes its beginning: nothing is ever reserved.
    for (name, end) in [
        ("p", modified("p", "CANCELLED", &items)),
        (
            "q",
            event("shop.orders", "OrderDeleted", order("q", "NEW", &items)),
        ),
    ] {
        warehouse.hear(end).await;
        warehouse.hear(created(name, &items)).await;
        assert_eq!(warehouse.status(name).await, Some(Status::Cancelled));
    }
    let released = warehouse
        .inventory
        .release(&id("r"), Until::Packing, now())
        .await;
    assert_eq!(released.unwrap(), Released::Yes);
    let again = warehouse
        .inventory
        .reserve(&id("r"), &lines(&items), now())
        .await;
    assert_eq!(again.unwrap(), Reserved::Before(Status::Cancelled));
    assert_eq!(warehouse.pieces("boot").await, 9);

    // Packed, lost on its way, and told twice: what was packed comes back once.
    warehouse.hear(created("s", &[("boot", 3)])).await;
    warehouse.pack("s", &[("boot", 2)]).await;
    assert_eq!(warehouse.pieces("boot").await, 7);
    for _ in 0..2 {
        warehouse
            .hear(modified("s", "DELIVERY_FAILED", &items))
            .await;
    }
    assert_eq!(warehouse.pieces("boot").await, 9);
    let request = warehouse
        .inventory
        .request(&id("s"))
        .await
        .unwrap()
        .unwrap();
    assert!(request.returned_date.is_some());
}

#[tokio::test]
async fn a_package_holds_what_was_packed_and_the_rest_goes_back() {
    let warehouse = Warehouse::with(&[("boot", 9), ("hat", 9)]).await;
    warehouse
        .hear(created("o", &[("boot", 3), ("hat", 2)]))
        .await;
    warehouse.told();
    warehouse.pack("o", &[("boot", 1), ("hat", 0)]).await;
    let items = json!([{ "productId": product("boot"), "quantity": 1 }]);
    assert_eq!(
        warehouse.told(),
        [(
            "PackageCreated".to_owned(),
            json!({ "orderId": id("o"), "items": items })
        )]
    );
    assert_eq!(warehouse.pieces("boot").await, 8);
    assert_eq!(warehouse.pieces("hat").await, 9);

    // D16: a package of nothing is a failure, and it can happen.
    warehouse.hear(created("p", &[("hat", 2)])).await;
    warehouse.told();
    warehouse.pack("p", &[("hat", 0)]).await;
    assert_eq!(
        warehouse.told(),
        [("PackagingFailed".to_owned(), json!({ "orderId": id("p") }))]
    );
    assert_eq!(warehouse.pieces("hat").await, 9);
}

#[tokio::test]
async fn u056_two_sizes_of_a_product_are_two_lines_of_one_stock() {
    let warehouse = Warehouse::with(&[("boot", 5)]).await;
    // Stock is of the product: there are five pieces of all sizes together.
    let six = [("boot/41", 3), ("boot/42", 3)];
    warehouse.hear(created("o", &six)).await;
    let told = warehouse.told();
    assert_eq!(names(&told), ["ReservationFailed"]);
    let short = json!([{ "productId": product("boot"), "available": 5, "needed": 6 }]);
    assert_eq!(told[0].1["shortages"], short);

    let five = [("boot/42", 1), ("boot/41", 2), ("boot/42", 1), ("boot", 1)];
    warehouse.hear(created("p", &five)).await;
    assert_eq!(warehouse.pieces("boot").await, 0);
    let request = warehouse.inventory.request(&id("p")).await.unwrap();
    let packed: Vec<_> = request
        .unwrap()
        .items
        .into_iter()
        .map(|item| (item.article.size, item.quantity))
        .collect();
    let size = |size: &str| Some(size.to_owned());
    assert_eq!(packed, [(None, 1), (size("41"), 2), (size("42"), 2)]);

    // Another size instead of one of them moves nothing.
    let other = lines(&[("boot/41", 2), ("boot/42", 2), ("boot/43", 1)]);
    let order = id("p");
    let changed = warehouse.inventory.change_order(&order, &other, now());
    assert_eq!(changed.await.unwrap(), Ok(()));
    warehouse.told();
    warehouse.pack("p", &[("boot/42", 1), ("boot/43", 0)]).await;
    let items = json!([
        { "productId": product("boot"), "size": "41", "quantity": 2 },
        { "productId": product("boot"), "size": "42", "quantity": 1 },
    ]);
    let package = json!({ "orderId": id("p"), "items": items });
    assert_eq!(warehouse.told(), [("PackageCreated".to_owned(), package)]);
    assert_eq!(warehouse.pieces("boot").await, 2);
}

#[tokio::test]
async fn what_was_ordered_before_there_were_sizes_is_packed_without_one() {
    let server = TestServer::start().await;
    server.migrate("inventory", &MIGRATIONS[..3]).await;
    let order = id("o");
    let boot = product("boot");
    let old = server.database("inventory", 1);
    old.transact(async |connection| {
        for sql in [
            "INSERT INTO packaging (order_id, status, created, modified) VALUES (?, 'NEW', NOW(), NOW())",
            "INSERT INTO packaging_item (order_id, product_id, ordered, packed) VALUES (?, ?, 2, 2)",
        ] {
            let query = sqlx::query(sql).bind(order.as_str());
            let query = if sql.contains("product_id") { query.bind(boot.as_str()) } else { query };
            query.execute(&mut *connection).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
    server.migrate("inventory", &MIGRATIONS).await;
    let inventory = Inventory {
        database: server.database("inventory", 1),
        sink: MemorySink::default(),
        threshold: THRESHOLD,
    };
    let warehouse = Warehouse { server, inventory };
    warehouse.fill(&[("boot", 5)]).await;
    warehouse.pack("o", &[("boot", 1)]).await;
    assert_eq!(names(&warehouse.told()), ["PackageCreated"]);
    assert_eq!(warehouse.pieces("boot").await, 6);
}

#[tokio::test]
async fn only_a_packer_at_work_says_what_is_packed() {
    let warehouse = Warehouse::with(&[("boot", 9)]).await;
    warehouse.hear(created("o", &[("boot", 3)])).await;
    let pack = async |name, pieces| {
        warehouse
            .inventory
            .pack(&id("o"), &article(name), pieces, now())
            .await
            .unwrap()
    };
    assert_eq!(pack("boot", 1).await, Step::Wrong(Status::New));
    let started = warehouse.inventory.start(&id("o"), now()).await.unwrap();
    assert!(matches!(started, Step::Done(_)));
    let again = warehouse.inventory.start(&id("o"), now()).await.unwrap();
    assert_eq!(again, Step::Wrong(Status::InProgress));
    assert_eq!(pack("boot", 4).await, Step::TooMany(3));
    assert_eq!(pack("hat", 1).await, Step::UnknownItem);
    assert_eq!(pack("boot/42", 1).await, Step::UnknownItem);
    let Step::Done(request) = pack("boot", 0).await else {
        panic!("not packed");
    };
    assert_eq!((request.items[0].quantity, request.items[0].packed), (3, 0));

    // From now on the customer comes too late; the order itself may still end.
    let release = async |until| {
        warehouse
            .inventory
            .release(&id("o"), until, now())
            .await
            .unwrap()
    };
    assert_eq!(release(Until::Packing).await, Released::Packing);
    assert_eq!(warehouse.pieces("boot").await, 6);
    assert_eq!(release(Until::Packed).await, Released::Yes);
    assert_eq!(warehouse.pieces("boot").await, 9);
}

#[tokio::test]
async fn an_order_is_changed_wholly_or_not_at_all() {
    let warehouse = Warehouse::with(&[("boot", 5), ("hat", 5)]).await;
    let change = async |items: &[(&str, u32)]| {
        warehouse
            .inventory
            .change_order(&id("o"), &lines(items), now())
            .await
            .unwrap()
    };
    assert_eq!(change(&[("boot", 1)]).await, Err(Unchanged::NotReserved));
    warehouse.hear(created("o", &[("boot", 4)])).await;

    // Its own pieces count as there: five of five can be had by one who has four.
    for _ in 0..2 {
        assert_eq!(change(&[("boot", 5), ("hat", 1)]).await, Ok(()));
        assert_eq!(warehouse.pieces("boot").await, 0);
        assert_eq!(warehouse.pieces("hat").await, 4);
    }
    let Err(Unchanged::NoStock { shortages }) = change(&[("hat", 6)]).await else {
        panic!("six of five");
    };
    assert_eq!((shortages[0].available, shortages[0].needed), (4, 5));
    assert_eq!(warehouse.pieces("boot").await, 0, "nothing moved");
    assert_eq!(change(&[("hat", 0)]).await, Err(Unchanged::Empty));
    assert_eq!(change(&[("hat", 2)]).await, Ok(()));
    assert_eq!(warehouse.pieces("boot").await, 5);
    let request = warehouse
        .inventory
        .request(&id("o"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(request.items.len(), 1);

    warehouse.inventory.start(&id("o"), now()).await.unwrap();
    assert_eq!(change(&[("hat", 1)]).await, Err(Unchanged::Packing));
}

#[tokio::test]
async fn events_that_cannot_leave_now_leave_later() {
    let warehouse = Warehouse::with(&[("boot", 5)]).await;
    warehouse.inventory.sink.set_broken(true);
    warehouse.hear(created("o", &[("boot", 1)])).await;
    assert_eq!(warehouse.told(), [], "and the message is done all the same");
    warehouse.inventory.sink.set_broken(false);
    warehouse.set("boot", 9).await;
    assert_eq!(names(&warehouse.told()), ["StockReserved"]);
}

#[tokio::test]
async fn the_first_stock_comes_once() {
    let warehouse = Warehouse::new(2).await;
    let seed = async || {
        crate::schema::seed(&warehouse.inventory, now())
            .await
            .unwrap()
    };
    seed().await;
    let told = warehouse.inventory.sink.drain();
    assert!(told.len() >= 24 && told.iter().all(|(name, _)| name == "StockChanged"));
    let page = warehouse.inventory.stocks(100, None).await.unwrap();
    let first = &page.products[0];
    assert_eq!((page.products.len(), page.next), (told.len(), None));
    let set = warehouse
        .inventory
        .set_stock(&first.product_id, 1, Some(1), now());
    assert!(matches!(set.await.unwrap(), Correction::Done(_)));
    seed().await;
    let stock = warehouse.inventory.stock(&first.product_id).await.unwrap();
    assert_eq!(stock.unwrap().quantity, 1, "what a person set stays");

    // Only the columns that answers and tests read are promised; the rows are in MySQL itself.
    let steps = warehouse.server.migrate("inventory", &MIGRATIONS).await;
    assert_eq!(steps, [""; 0]);
}

#[tokio::test]
async fn the_newest_name_wins_whichever_comes_last() {
    let warehouse = Warehouse::new(2).await;
    let told = |name: &str, minute: u32| {
        let detail = json!({
            "productId": product("boot"), "name": name,
            "modifiedDate": format!("2026-05-01T10:{minute:02}:00Z"), "price": {},
        });
        event(
            "shop.products",
            "ProductModified",
            json!({ "old": detail, "new": detail }),
        )
    };
    warehouse.hear(told("Boot, waxed", 5)).await;
    warehouse.hear(told("Boot", 1)).await;
    let stock = warehouse.inventory.stock(&product("boot")).await.unwrap();
    let stock = stock.unwrap();
    assert_eq!((stock.name.as_str(), stock.quantity), ("Boot, waxed", 0));
}
