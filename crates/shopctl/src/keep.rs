//! Ends the documents that are kept of runs; see `shopctl_deploy::runs` for the rest.

use chrono::{DateTime, Utc};
use shopctl_core::event::Event;
use shopctl_core::run_document::RunDocument;
use shopctl_deploy::ports::{CloudError, ObjectStore};
use shopctl_deploy::runs;

use crate::run::Run;

/// Time in the form that all documents use.
pub(crate) fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// At the end: what came of it.
pub(crate) async fn end(
    objects: &dyn ObjectStore,
    bucket: &str,
    run: &Run,
    document: &mut RunDocument,
) -> Result<(), CloudError> {
    let now = Utc::now();
    document.finished = Some(time(now));
    let elapsed = now.signed_duration_since(run.started).num_milliseconds();
    document.elapsed_ms = u64::try_from(elapsed).ok();
    document.settle(&run.timings());
    runs::write(objects, bucket, document).await
}

/// Says that the run's document could not be written.
pub(crate) fn warn_unwritten(run: &Run, error: &CloudError) {
    run.events.send(Event::Warned {
        message: format!(
            "the record of this run could not be written, so the next one compares every \
             stack with a change set: {error}"
        ),
        location: None,
    });
}
