//! The provider's table: key `paymentToken`, TTL attribute `expires`.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, to_item};
use shop_core::table::held;

use crate::authorisation::Authorisation;
use crate::vault::{Failure, Vault};

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// The table called `table`.
    pub fn new(client: Client, table: String) -> Self {
        Store { client, table }
    }
}

impl Vault for Store {
    async fn get(&self, token: &str) -> Result<Option<Authorisation>, Failure> {
        let key = HashMap::from([(
            "paymentToken".to_owned(),
            AttributeValue::S(token.to_owned()),
        )]);
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await?;
        Ok(answer.item.map(from_item).transpose()?)
    }

    async fn insert(&self, authorisation: &Authorisation) -> Result<(), Failure> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(authorisation)?))
            .condition_expression("attribute_not_exists(paymentToken)")
            .send()
            .await?;
        Ok(())
    }

    async fn replace(&self, authorisation: &Authorisation) -> Result<bool, Failure> {
        let before = authorisation.version.saturating_sub(1);
        let written = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(authorisation)?))
            .condition_expression("#version = :before")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":before", AttributeValue::N(before.to_string()))
            .send()
            .await;
        Ok(held(written)?)
    }
}
