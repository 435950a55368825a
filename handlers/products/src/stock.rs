//! Function `events`: keeps on each product how many pieces there are, as the inventory says.
//!
//! An event may come twice, late or before an older one. Each carries the version of the count that
//! it is about, and the catalogue notes a count only when its version is above the one it knows.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::{Error, LambdaEvent};
use shop_core::batch::handle_batch;
use shop_core::details::StockChanged;
use shop_core::events::Event;
use shop_core::runtime::error_chain;

use crate::catalogue::Catalogue;

/// Handles one batch.
pub async fn serve(
    catalogue: &impl Catalogue,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, Error> {
    Ok(handle_batch(event.payload, async |message: SqsMessage| {
        note(catalogue, message.body.as_deref().unwrap_or_default()).await
    })
    .await)
}

async fn note(catalogue: &impl Catalogue, body: &str) -> Result<(), String> {
    let event: Event<StockChanged> = serde_json::from_str(body)
        .map_err(|error| format!("message is no StockChanged: {error}"))?;
    let count = event.detail;
    let noted = catalogue
        .stock(&count)
        .await
        .map_err(|error| error_chain(&error))?;
    tracing::info!(product_id = %count.product_id, version = count.version, noted, "stock counted");
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use lambda_runtime::Context;
    use proptest::prelude::*;
    use serde_json::json;
    use shop_core::id::Id;

    use super::*;
    use crate::fake::{FakeCatalogue, product};

    fn body(id: &Id, quantity: u32, version: u64) -> String {
        json!({
            "id": "e", "source": "shop.inventory", "detail-type": "StockChanged",
            "time": "2026-01-02T03:04:05Z",
            "detail": {"productId": id, "quantity": quantity, "version": version},
        })
        .to_string()
    }

    async fn deliver(shop: &FakeCatalogue, bodies: &[String]) -> Vec<String> {
        let records = bodies.iter().enumerate();
        let records = records.map(|(n, body)| json!({"messageId": n.to_string(), "body": body}));
        let records: Vec<_> = records.collect();
        let event = serde_json::from_value(json!({ "Records": records })).unwrap();
        let response = serve(shop, LambdaEvent::new(event, Context::default()))
            .await
            .unwrap();
        let failures = response.batch_item_failures.into_iter();
        failures.map(|failure| failure.item_identifier).collect()
    }

    #[tokio::test]
    async fn the_latest_count_stays_whatever_comes_when() {
        let boot = product("Boot", "Shoes");
        let shop = FakeCatalogue::with([boot.clone()]);
        let id = &boot.product_id;
        for (quantity, version, known) in [(5, 1, 5), (3, 3, 3), (4, 2, 3), (3, 3, 3), (0, 4, 0)] {
            assert!(
                deliver(&shop, &[body(id, quantity, version)])
                    .await
                    .is_empty()
            );
            let product = shop.find(id).await.unwrap().unwrap();
            assert_eq!(product.available, Some(known), "after version {version}");
            assert_eq!(
                product.version, boot.version,
                "an administrator's version stays"
            );
        }
    }

    #[tokio::test]
    async fn a_product_that_is_gone_holds_nothing_up_and_a_wrong_message_comes_back_alone() {
        let boot = product("Boot", "Shoes");
        let shop = FakeCatalogue::with([boot.clone()]);
        let gone = product("Gone", "Shoes");
        let failed = deliver(
            &shop,
            &[
                body(&gone.product_id, 1, 1),
                "{}".to_owned(),
                body(&boot.product_id, 2, 1),
            ],
        )
        .await;
        assert_eq!(failed, ["1"]);
        let product = shop.find(&boot.product_id).await.unwrap().unwrap();
        assert_eq!(product.available, Some(2));
        assert_eq!(shop.find(&gone.product_id).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_table_that_is_down_gives_the_message_back() {
        let boot = product("Boot", "Shoes");
        let shop = FakeCatalogue::with([boot.clone()]);
        shop.down.set(true);
        assert_eq!(deliver(&shop, &[body(&boot.product_id, 2, 1)]).await, ["0"]);
        shop.down.set(false);
        assert!(
            deliver(&shop, &[body(&boot.product_id, 2, 1)])
                .await
                .is_empty()
        );
    }

    proptest! {
        #[test]
        fn any_order_of_any_repetition_ends_with_the_last_count(
            order in prop::collection::vec(1_u64..6, 1..20),
        ) {
            let boot = product("Boot", "Shoes");
            let shop = FakeCatalogue::with([boot.clone()]);
            let id = &boot.product_id;
            let count = |version: u64| u32::try_from(version * 10).unwrap();
            let bodies: Vec<_> = order.iter().map(|v| body(id, count(*v), *v)).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let known = runtime.block_on(async {
                deliver(&shop, &bodies).await;
                shop.find(id).await.unwrap().unwrap().available
            });
            prop_assert_eq!(known, order.iter().max().map(|version| count(*version)));
        }
    }
}
