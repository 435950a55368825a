//! The world as telling needs it, made of AWS clients.

use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageTag};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use shop_core::call::call;
use shop_core::id::Id;
use shop_core::idempotency::{Claim, IdempotencyStore};
use shop_core::order::CustomerOrder;

use crate::notice::{Channel, Notice};
use crate::notify::{Failure, Outlet};

/// Mails, topic, and who was told.
#[derive(Debug)]
pub struct Backend {
    /// Who was told.
    pub sent: IdempotencyStore,
    /// To send mails with.
    pub mail: aws_sdk_sesv2::Client,
    /// Who they come from.
    pub sender: String,
    /// To publish with.
    pub topics: aws_sdk_sns::Client,
    /// Where to.
    pub topic: String,
    /// To ask the order service with.
    pub lambda: aws_sdk_lambda::Client,
    /// Its function that tells about an order.
    pub order_function: String,
}

impl Backend {
    async fn mail(&self, to: &str, html: &str, notice: &Notice) -> Result<(), Failure> {
        let content = |text: &str| Content::builder().charset("UTF-8").data(text).build();
        let message = Message::builder()
            .subject(content(&notice.subject)?)
            .body(
                Body::builder()
                    .text(content(&notice.text)?)
                    .html(content(html)?)
                    .build(),
            )
            .build();
        // What a mail is about can be seen in SES without its text; a tag takes letters, digits,
        // `-` and `_` only.
        let tag = MessageTag::builder()
            .name("notice")
            .value(notice.id.replace('/', "-"))
            .build()?;
        self.mail
            .send_email()
            .from_email_address(&self.sender)
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(message).build())
            .email_tags(tag)
            .send()
            .await?;
        Ok(())
    }

    async fn publish(&self, notice: &Notice) -> Result<(), Failure> {
        self.topics
            .publish()
            .topic_arn(&self.topic)
            .subject(&notice.subject)
            .message(&notice.text)
            .send()
            .await?;
        Ok(())
    }
}

impl Outlet for Backend {
    async fn claim(
        &self,
        id: &str,
        lease: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Claim, Failure> {
        Ok(self.sent.claim(id, lease, now).await?)
    }

    async fn send(&self, notice: &Notice) -> Result<(), Failure> {
        match &notice.channel {
            Channel::Mail { to, html } => self.mail(to, html, notice).await,
            Channel::Topic => self.publish(notice).await,
        }
    }

    async fn complete(&self, id: &str, now: DateTime<Utc>) -> Result<(), Failure> {
        Ok(self.sent.complete(id, now).await?)
    }

    async fn release(&self, id: &str) -> Result<(), Failure> {
        Ok(self.sent.release(id).await?)
    }

    async fn order(&self, order_id: &Id) -> Result<Option<CustomerOrder>, Failure> {
        let question = json!({ "orderId": order_id });
        Ok(call(&self.lambda, &self.order_function, &question).await?)
    }
}
