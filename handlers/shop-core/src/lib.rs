//! What the services of the shop share. It knows no table, route or mail of any
//! single service.

pub mod batch;
pub mod cursor;
pub mod custom_resource;
pub mod events;
pub mod http;
pub mod id;
pub mod idempotency;
pub mod money;
pub mod order;
pub mod problem;
pub mod quote;
pub mod runtime;
