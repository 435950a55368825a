//! Function `quote`: what the order service may know of products.
//!
//! Another function calls it directly; its permission to do so is the only way in.

use lambda_runtime::{Error, LambdaEvent};
use shop_core::quote::{Quote, QuoteRequest};

use crate::catalogue::Catalogue;

/// Answers with the products of the request that can be ordered.
pub async fn serve(
    catalogue: &impl Catalogue,
    event: LambdaEvent<QuoteRequest>,
) -> Result<Quote, Error> {
    let asked = &event.payload.product_ids;
    let mut products = catalogue.find_all(asked).await?;
    products.retain(|product| product.listed);
    tracing::info!(
        asked = asked.len(),
        found = products.len(),
        "products quoted"
    );
    Ok(Quote {
        products: products.into_iter().map(Into::into).collect(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use lambda_runtime::Context;

    use super::*;
    use crate::fake::{FakeCatalogue, product};
    use shop_core::product::Product;

    #[tokio::test]
    async fn what_can_be_ordered_is_quoted_with_its_package() {
        let boot = Product {
            sizes: vec!["41".to_owned(), "42".to_owned()],
            ..product("Boot", "Shoes")
        };
        let hidden = Product {
            listed: false,
            ..product("Bag", "Bags")
        };
        let shop = FakeCatalogue::with([boot.clone(), hidden.clone()]);
        let request = QuoteRequest {
            product_ids: vec![
                boot.product_id.clone(),
                hidden.product_id,
                product("Gone", "Shoes").product_id,
            ],
        };
        let quote = serve(&shop, LambdaEvent::new(request, Context::default()))
            .await
            .unwrap();
        let json = serde_json::to_string(&quote).unwrap();
        insta::assert_snapshot!(json, @r#"{"products":[{"productId":"37dGaoL8uNeFbl784ad6TQg0Lzw","name":"Boot","price":{"amount":1000,"currency":"EUR"},"package":{"width":200,"length":320,"height":120,"weight":1400},"sizes":["41","42"]}]}"#);
    }
}
