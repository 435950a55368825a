//! Where a piece of code is within a trace: a scope is an invocation, or one message of a batch.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};
use tracing::{Instrument, Span};

use super::header::TraceHeader;
use super::segment::{Daemon, Kind, Subsegment, seconds, segment_id};

/// The attribute of a row that says which trace wrote it.
pub const ATTRIBUTE: &str = "trace";

tokio::task_local! {
    static CURRENT: Arc<Scope>;
}

/// A span that others can be below of.
#[derive(Debug)]
pub struct Scope {
    /// What goes on to others.
    carried: TraceHeader,
    /// The span's own identifier.
    id: String,
    name: String,
    request_id: String,
    began: SystemTime,
    recorded: Option<Recorded>,
    annotations: Mutex<Map<String, Value>>,
    fault: AtomicBool,
}

/// Where spans go.
#[derive(Debug, Clone)]
struct Recorded {
    daemon: &'static Daemon,
    /// Trace and parent: those of the invocation, because Lambda's daemon knows no others.
    root: String,
    parent: String,
}

impl Scope {
    /// Invocation `request_id` of function `name` that came with `header`; without one a trace begins
    /// here. Spans are recorded when the trace is sampled and there is a `daemon`.
    pub fn invocation(
        name: &str,
        request_id: &str,
        header: Option<TraceHeader>,
        daemon: Option<&'static Daemon>,
    ) -> Arc<Self> {
        let header = header.unwrap_or_else(TraceHeader::fresh);
        let id = segment_id();
        let recorded = match (daemon, &header.parent) {
            (Some(daemon), Some(parent)) if header.sampled => Some(Recorded {
                daemon,
                root: header.root.clone(),
                parent: parent.clone(),
            }),
            _ => None,
        };
        // What is asked on behalf of a span that nobody records would hang in the air.
        let parent = match &recorded {
            Some(_) => Some(id.clone()),
            None => header.parent.clone(),
        };
        Arc::new(Scope {
            carried: TraceHeader { parent, ..header },
            id,
            name: name.to_owned(),
            request_id: request_id.to_owned(),
            began: SystemTime::now(),
            recorded,
            annotations: Mutex::default(),
            fault: AtomicBool::new(false),
        })
    }

    /// One message of the invocation `self`, which goes on with the trace that it came with.
    fn message(&self, header: TraceHeader) -> Arc<Self> {
        let scope = Scope {
            id: segment_id(),
            name: "message".to_owned(),
            request_id: self.request_id.clone(),
            began: SystemTime::now(),
            recorded: self.recorded.clone().map(|recorded| Recorded {
                parent: self.id.clone(),
                ..recorded
            }),
            annotations: Mutex::default(),
            fault: AtomicBool::new(false),
            // Lambda counts what the invocation went through.
            carried: TraceHeader {
                lineage: self.carried.lineage.clone(),
                ..header
            },
        };
        scope.annotate("trace", &scope.carried.root);
        Arc::new(scope)
    }

    /// The trace that is carried on.
    pub fn header(&self) -> &TraceHeader {
        &self.carried
    }

    /// Adds what the trace can be searched by.
    pub fn annotate(&self, key: &str, value: &str) {
        let mut annotations = self
            .annotations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        annotations.insert(key.to_owned(), value.into());
    }

    /// What every line of the log has while the scope lasts.
    pub(crate) fn span(&self) -> Span {
        tracing::info_span!(
            "invocation",
            requestId = self.request_id,
            trace = self.carried.root
        )
    }

    /// Does `work` within this scope. When it is done, the span is sent.
    pub async fn run<T>(self: Arc<Self>, work: impl Future<Output = T>) -> T {
        let (span, scope) = (self.span(), self.clone());
        let done = CURRENT.scope(self, work).instrument(span).await;
        scope.end();
        done
    }

    fn end(&self) {
        let Some(recorded) = &self.recorded else {
            return;
        };
        let annotations = self
            .annotations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        recorded.daemon.send(&Subsegment {
            name: &self.name,
            id: &self.id,
            trace_id: &recorded.root,
            parent_id: &recorded.parent,
            start_time: seconds(self.began),
            end_time: seconds(SystemTime::now()),
            kind: Kind::Subsegment,
            namespace: None,
            fault: self.fault.load(Ordering::Relaxed),
            annotations: annotations.clone(),
            aws: None,
        });
    }

    /// A call of an AWS service that began at `began` and is over.
    pub(crate) fn called(
        &self,
        service: &str,
        operation: Option<&str>,
        began: SystemTime,
        fault: bool,
    ) {
        let Some(recorded) = &self.recorded else {
            return;
        };
        recorded.daemon.send(&Subsegment {
            name: service,
            id: &segment_id(),
            trace_id: &recorded.root,
            parent_id: &self.id,
            start_time: seconds(began),
            end_time: seconds(SystemTime::now()),
            kind: Kind::Subsegment,
            namespace: Some("aws"),
            fault,
            annotations: Map::new(),
            aws: operation.map(|operation| serde_json::json!({ "operation": operation })),
        });
    }
}

/// The scope that the code is in, if it is in one.
pub(crate) fn scope() -> Option<Arc<Scope>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// The trace that whatever is asked or told from here belongs to.
pub fn current() -> Option<TraceHeader> {
    CURRENT.try_with(|scope| scope.carried.clone()).ok()
}

/// Adds what the current trace can be searched by, for instance an order's id.
pub fn annotate(key: &str, value: &str) {
    if let Some(scope) = scope() {
        scope.annotate(key, value);
    }
}

/// What is done in the current scope fails by our own fault.
pub(crate) fn fault() {
    if let Some(scope) = scope() {
        scope.fault.store(true, Ordering::Relaxed);
    }
}

/// The row with the current trace as one of its attributes: the table's stream carries no trace of
/// its own.
pub fn noted(mut row: HashMap<String, AttributeValue>) -> HashMap<String, AttributeValue> {
    if let Some(header) = current() {
        row.insert(ATTRIBUTE.to_owned(), AttributeValue::S(header.kept()));
    }
    row
}

/// Does `work` for one message, in the trace that the message came with (`AWSTraceHeader`), if it
/// came with one.
pub async fn within_message<T>(header: Option<&str>, work: impl Future<Output = T>) -> T {
    let header = header.and_then(|text| text.parse().ok());
    match (scope(), header) {
        (Some(scope), Some(header)) => scope.message(header).run(work).await,
        _ => work.await,
    }
}

#[cfg(test)]
#[path = "scope_tests.rs"]
mod tests;
