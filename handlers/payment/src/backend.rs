//! The world as the functions need it: tables on AWS and the provider.

use shop_core::id::Id;

use crate::payment::Payment;
use crate::provider::Provider;
use crate::settle::{Binding, Call, Failure, World};
use crate::store::Store;

/// Tables and provider.
#[derive(Debug)]
pub struct Backend {
    /// Where payments are kept.
    pub store: Store,
    /// Who has the money.
    pub provider: Provider,
}

impl World for Backend {
    async fn get(&self, order_id: &Id) -> Result<Option<Payment>, Failure> {
        self.store.get(order_id).await
    }

    async fn bind(&self, payment: &Payment) -> Result<Binding, Failure> {
        self.store.bind(payment).await
    }

    async fn replace(&self, payment: &Payment) -> Result<bool, Failure> {
        self.store.replace(payment).await
    }

    async fn ask(&self, token: &str, call: &Call) -> Result<bool, Failure> {
        Ok(self.provider.ask(token, call).await?)
    }
}
