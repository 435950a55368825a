//! Every invocation in a scope of its own.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use lambda_runtime::tower::{Layer, Service};
use lambda_runtime::{Error, LambdaInvocation};

use super::scope::Scope;
use super::segment::Daemon;

/// Runs invocations within [`Scope`]s named after the function. `'a` is how long what the function
/// borrows lives.
#[derive(Debug, Clone)]
pub struct TraceLayer<'a> {
    name: String,
    borrows: PhantomData<&'a ()>,
}

impl TraceLayer<'_> {
    /// For the function called `name`.
    pub fn new(name: String) -> Self {
        TraceLayer {
            name,
            borrows: PhantomData,
        }
    }
}

impl<'a, S> Layer<S> for TraceLayer<'a> {
    type Service = Traced<'a, S>;

    fn layer(&self, inner: S) -> Self::Service {
        Traced {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service whose calls are traced.
#[derive(Debug, Clone)]
pub struct Traced<'a, S> {
    inner: S,
    layer: TraceLayer<'a>,
}

impl<'a, S> Service<LambdaInvocation> for Traced<'a, S>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: 'a,
{
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let context = &invocation.context;
        let header = context.xray_trace_id.as_deref();
        let scope = Scope::invocation(
            &self.layer.name,
            &context.request_id,
            header.and_then(|text| text.parse().ok()),
            Daemon::of_environment(),
        );
        // The event is read in here already, and what is wrong with it is logged.
        let answer = scope.span().in_scope(|| self.inner.call(invocation));
        Box::pin(scope.run(answer))
    }
}
