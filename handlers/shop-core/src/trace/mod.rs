//! Traces: one id for all that a request sets off, in whatever function, and spans for X-Ray.
//!
//! The id comes with an invocation (`X-Amzn-Trace-Id`) and leaves with every call of an AWS service
//! ([`crate::aws`]), as `AWSTraceHeader` of a queue's message and `TraceHeader` of an event. A table's
//! stream carries none, so a row keeps it as attribute `trace`, and the outbox in a column. Every log
//! line within a scope has it as `trace`.
//!
//! Spans are sent to the daemon that Lambda runs beside the function, as X-Ray documents by UDP
//! (feature U211). Where there is no daemon nothing is sent, and all else is the same.

mod header;
mod layer;
mod scope;
mod segment;

pub use header::{InvalidHeader, TraceHeader};
pub use layer::TraceLayer;
pub use scope::{ATTRIBUTE, Scope, annotate, current, noted, within_message};
pub(crate) use scope::{fault, scope};
pub use segment::Daemon;
