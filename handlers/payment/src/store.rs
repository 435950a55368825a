//! The payment tables: payments by `orderId`, and which order each token belongs to by
//! `paymentToken`. A token is bound and its payment written in one transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, to_item};
use shop_core::id::Id;
use shop_core::table::{Transacted, held, transact};
use shop_core::trace;

use crate::payment::Payment;
use crate::settle::{Binding, Failure};

/// The tables.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
    token_table: String,
}

type Row = HashMap<String, AttributeValue>;

impl Store {
    /// Payments in `table`, tokens in `token_table`.
    pub fn new(client: Client, table: String, token_table: String) -> Self {
        Store {
            client,
            table,
            token_table,
        }
    }

    /// The payment of an order.
    pub async fn get(&self, order_id: &Id) -> Result<Option<Payment>, Failure> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("orderId", AttributeValue::S(order_id.to_string()))
            .consistent_read(true)
            .send()
            .await?;
        Ok(answer.item.map(from_item).transpose()?)
    }

    /// Writes the payment in the place of the one with the version before and binds its token.
    pub async fn bind(&self, payment: &Payment) -> Result<Binding, Failure> {
        let guard = Row::from([
            text("paymentToken", &payment.payment_token),
            text("orderId", payment.order_id.as_str()),
            text("userId", &payment.user_id),
        ]);
        let mine = "attribute_not_exists(paymentToken) OR (orderId = :order AND userId = :user)";
        let guard = Put::builder()
            .table_name(&self.token_table)
            .set_item(Some(guard))
            .condition_expression(mine)
            .expression_attribute_values(":order", value(payment.order_id.as_str()))
            .expression_attribute_values(":user", value(&payment.user_id))
            .build()?;
        let row = Put::builder()
            .table_name(&self.table)
            .set_item(Some(trace::noted(to_item(payment)?)));
        let row = if payment.version == 1 {
            row.condition_expression("attribute_not_exists(orderId)")
        } else {
            row.condition_expression("#version = :before")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":before", before(payment))
        };
        let writes = vec![
            TransactWriteItem::builder().put(guard).build(),
            TransactWriteItem::builder().put(row.build()?).build(),
        ];
        Ok(match transact(&self.client, writes).await? {
            Transacted::Written => Binding::Bound,
            Transacted::Refused(0) => Binding::Taken,
            Transacted::Refused(_) => Binding::Changed,
        })
    }

    /// Puts the payment in the place of the one with the version before; says no when that is not
    /// there any more.
    pub async fn replace(&self, payment: &Payment) -> Result<bool, Failure> {
        let written = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(trace::noted(to_item(payment)?)))
            .condition_expression("#version = :before")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":before", before(payment))
            .send()
            .await;
        Ok(held(written)?)
    }
}

fn value(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn text(name: &str, text: &str) -> (String, AttributeValue) {
    (name.to_owned(), value(text))
}

fn before(payment: &Payment) -> AttributeValue {
    AttributeValue::N(payment.version.saturating_sub(1).to_string())
}
