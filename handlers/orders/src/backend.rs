//! The world as the functions need it, made of AWS clients.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{
    MessageSystemAttributeNameForSends as SystemAttribute, MessageSystemAttributeValue,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use shop_core::call::{CallError, call};
use shop_core::delivery::{Parcel, Price, PriceRequest};
use shop_core::details::Pieces;
use shop_core::id::Id;
use shop_core::idempotency::{IdempotencyStore, Remembered};
use shop_core::money::Money;
use shop_core::order::CustomerOrder;
use shop_core::payment::{AuthoriseRequest, Authorised, NotAuthorised};
use shop_core::quote::{Quote, QuoteRequest};
use shop_core::trace;

use crate::change::{Changing, Exchanged, Released};
use crate::draft::Line;
use crate::events::Progress;
use crate::farewell::{Farewell, note_key};
use crate::intake::{Failure, Intake};
use crate::process::Processing;
use crate::promotion::{PromotionCode, Rejection};
use crate::promotion_store::PromotionStore;
use crate::store::{Found, Page, Store, Stored};

/// How many orders of a customer are read at once.
const CHUNK: u16 = 50;

/// The functions of other services that are asked, by name or ARN.
#[derive(Debug, Clone)]
pub struct Neighbours {
    /// Names and prices, of the catalogue.
    pub quote: String,
    /// What delivery costs.
    pub delivery_price: String,
    /// Binds a payment to an order.
    pub authorise: String,
    /// Sets an order's goods free.
    pub release: String,
    /// Sets other goods aside.
    pub exchange: String,
}

/// For function `api`.
#[derive(Debug)]
pub struct ApiBackend {
    /// Where orders are kept.
    pub store: Store,
    /// Where promotion codes are kept.
    pub promotions: PromotionStore,
    /// What earlier requests left.
    pub memory: IdempotencyStore,
    /// To send orders with.
    pub queue: aws_sdk_sqs::Client,
    /// Where to.
    pub queue_url: String,
    /// To ask other services with.
    pub lambda: aws_sdk_lambda::Client,
    /// Whom to ask.
    pub neighbours: Neighbours,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AboutOrder<'a> {
    order_id: &'a Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<&'a [Pieces]>,
}

impl ApiBackend {
    /// Asks the catalogue's own function instead of reading its table: how the table looks stays
    /// the catalogue's business, and the permission to call is the authentication.
    async fn quoted(&self, lines: &[Line]) -> Result<Quote, Failure> {
        let request = QuoteRequest {
            product_ids: products(lines),
        };
        Ok(call(&self.lambda, &self.neighbours.quote, &request).await?)
    }

    async fn priced(&self, parcels: &[Parcel], country: &str) -> Result<Option<Money>, Failure> {
        let request = PriceRequest {
            items: parcels.to_vec(),
            country: country.to_owned(),
        };
        let function = &self.neighbours.delivery_price;
        match call::<Price>(&self.lambda, function, &request).await {
            Ok(price) => Ok(Some(price.pricing)),
            // It answers every country that there is.
            Err(CallError::Failed { answer, .. }) => {
                tracing::info!(country, answer, "delivery is not priced");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn authorised(
        &self,
        order: &CustomerOrder,
        payment_token: &str,
    ) -> Result<Result<(), String>, Failure> {
        let request = AuthoriseRequest {
            order_id: order.order.order_id.clone(),
            user_id: order.user_id.clone(),
            payment_token: payment_token.to_owned(),
            total: order.order.total,
        };
        let function = &self.neighbours.authorise;
        let answer: Authorised = call(&self.lambda, function, &request).await?;
        if answer.ok {
            return Ok(Ok(()));
        }
        Ok(Err(match answer.reason {
            Some(NotAuthorised::NotCovered) | None => {
                format!("the payment does not cover {}", order.order.total)
            }
            Some(NotAuthorised::TokenUsed) => "the payment belongs to another order".to_owned(),
            Some(NotAuthorised::Closed) => "the payment of this order is closed".to_owned(),
        }))
    }
}

/// The products of the lines, each once.
fn products(lines: &[Line]) -> Vec<Id> {
    let ids: BTreeSet<&Id> = lines.iter().map(|line| &line.article.product_id).collect();
    ids.into_iter().cloned().collect()
}

/// What a message says beside its body: the trace that `process` goes on with.
fn traced() -> Result<Option<HashMap<SystemAttribute, MessageSystemAttributeValue>>, BuildError> {
    let Some(header) = trace::current() else {
        return Ok(None);
    };
    let value = MessageSystemAttributeValue::builder()
        .data_type("String")
        .string_value(header.to_string())
        .build()?;
    Ok(Some(HashMap::from([(
        SystemAttribute::AwsTraceHeader,
        value,
    )])))
}

impl Intake for ApiBackend {
    async fn recall(&self, key: &str, now: DateTime<Utc>) -> Result<Option<Remembered>, Failure> {
        Ok(self.memory.recall(key, now).await?)
    }

    async fn remember(
        &self,
        key: &str,
        fingerprint: &str,
        payload: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Remembered>, Failure> {
        Ok(self.memory.remember(key, fingerprint, payload, now).await?)
    }

    async fn quote(&self, lines: &[Line]) -> Result<Quote, Failure> {
        self.quoted(lines).await
    }

    async fn delivery_price(
        &self,
        parcels: &[Parcel],
        country: &str,
    ) -> Result<Option<Money>, Failure> {
        self.priced(parcels, country).await
    }

    async fn promotion(&self, code: &str) -> Result<Option<PromotionCode>, Failure> {
        Ok(self.promotions.get(code).await?)
    }

    async fn redeem(
        &self,
        order: &CustomerOrder,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Rejection>, Failure> {
        Ok(self.promotions.redeem(order, now).await?)
    }

    async fn give_back(&self, order: &CustomerOrder) -> Result<(), Failure> {
        Ok(self.promotions.give_back(order).await?)
    }

    async fn authorise(
        &self,
        order: &CustomerOrder,
        payment_token: &str,
    ) -> Result<Result<(), String>, Failure> {
        self.authorised(order, payment_token).await
    }

    async fn find(&self, order: &CustomerOrder) -> Result<Option<CustomerOrder>, Failure> {
        let found = self.store.get(&order.user_id, &order.order.order_id);
        Ok(found.await?.map(|stored| stored.order))
    }

    async fn enqueue(&self, order: &CustomerOrder) -> Result<(), Failure> {
        self.queue
            .send_message()
            .queue_url(&self.queue_url)
            .message_group_id(&order.user_id)
            .message_deduplication_id(order.order.order_id.as_str())
            .message_body(serde_json::to_string(order)?)
            .set_message_system_attributes(traced()?)
            .send()
            .await?;
        Ok(())
    }

    async fn record(&self, order: &CustomerOrder) -> Result<CustomerOrder, Failure> {
        // To a request that is repeated after its order was deleted, that is still the answer.
        let stored = self.store.record(order).await?;
        Ok(stored.map_or_else(|| order.clone(), |stored| stored.order))
    }
}

impl Progress for ApiBackend {
    async fn find(&self, order_id: &Id) -> Result<Found, Failure> {
        Ok(self.store.find(order_id).await?)
    }

    async fn replace(&self, read: &Stored, order: &CustomerOrder) -> Result<bool, Failure> {
        Ok(self.store.replace(read, order).await?)
    }

    async fn give_back(&self, order: &CustomerOrder) -> Result<(), Failure> {
        Ok(self.promotions.give_back(order).await?)
    }
}

impl Changing for ApiBackend {
    async fn release(&self, order_id: &Id) -> Result<Released, Failure> {
        let request = AboutOrder {
            order_id,
            items: None,
        };
        Ok(call(&self.lambda, &self.neighbours.release, &request).await?)
    }

    async fn exchange(&self, order_id: &Id, goods: &[Pieces]) -> Result<Exchanged, Failure> {
        let request = AboutOrder {
            order_id,
            items: Some(goods),
        };
        Ok(call(&self.lambda, &self.neighbours.exchange, &request).await?)
    }

    async fn quote(&self, lines: &[Line]) -> Result<Quote, Failure> {
        self.quoted(lines).await
    }

    async fn delivery_price(
        &self,
        parcels: &[Parcel],
        country: &str,
    ) -> Result<Option<Money>, Failure> {
        self.priced(parcels, country).await
    }

    async fn authorise(
        &self,
        order: &CustomerOrder,
        payment_token: &str,
    ) -> Result<Result<(), String>, Failure> {
        self.authorised(order, payment_token).await
    }
}

/// For function `process`.
#[derive(Debug)]
pub struct ProcessBackend {
    /// Where orders are kept.
    pub store: Store,
    /// Which accounts are gone.
    pub memory: IdempotencyStore,
}

impl Processing for ProcessBackend {
    async fn record(&self, order: &CustomerOrder) -> Result<Option<Stored>, Failure> {
        Ok(self.store.record(order).await?)
    }

    async fn has_left(&self, user_id: &str, now: DateTime<Utc>) -> Result<bool, Failure> {
        let note = self.memory.recall(&note_key(user_id), now).await?;
        Ok(note.is_some())
    }

    async fn replace(&self, read: &Stored, order: &CustomerOrder) -> Result<bool, Failure> {
        Ok(self.store.replace(read, order).await?)
    }
}

/// For function `events`.
#[derive(Debug)]
pub struct EventsBackend {
    /// Where orders are kept.
    pub store: Store,
    /// Where promotion codes are kept.
    pub promotions: PromotionStore,
    /// Which accounts are gone.
    pub memory: IdempotencyStore,
}

impl Farewell for EventsBackend {
    async fn note(&self, user_id: &str, now: DateTime<Utc>) -> Result<(), Failure> {
        self.memory
            .remember(&note_key(user_id), "", "", now)
            .await?;
        Ok(())
    }

    async fn orders(&self, user_id: &str, from: Option<&Id>) -> Result<Page, Failure> {
        Ok(self.store.list(user_id, CHUNK, from).await?)
    }
}

impl Progress for EventsBackend {
    async fn find(&self, order_id: &Id) -> Result<Found, Failure> {
        Ok(self.store.find(order_id).await?)
    }

    async fn replace(&self, read: &Stored, order: &CustomerOrder) -> Result<bool, Failure> {
        Ok(self.store.replace(read, order).await?)
    }

    async fn give_back(&self, order: &CustomerOrder) -> Result<(), Failure> {
        Ok(self.promotions.give_back(order).await?)
    }
}
