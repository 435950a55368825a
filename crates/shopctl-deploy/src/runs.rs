//! What has to outlive a run, in the artifact bucket: its document, the templates that it
//! deployed, and the record that spares the next run its change sets.

use futures::{StreamExt, TryStreamExt, stream};
use indexmap::IndexMap;
use shopctl_core::names::ArtifactDigest;
use shopctl_core::record::{LATEST_KEY, Record};
use shopctl_core::run_document::{self, RunDocument, RunState, VERSION};
use shopctl_core::template::RenderedTemplate;

use crate::lock::Lease;
use crate::ports::{Body, CloudError, CloudErrorKind, ObjectHeaders, ObjectStore};

/// Objects that are written or read at once.
const PARALLEL: usize = 8;

/// Before anything changes: the templates, and a document that says `running`. The run whose
/// lock was taken over is written down as dead.
pub async fn begin<'a>(
    objects: &dyn ObjectStore,
    bucket: &str,
    lease: &Lease,
    document: &mut RunDocument,
    templates: impl Iterator<Item = &'a RenderedTemplate>,
) -> Result<(), CloudError> {
    let puts: Vec<_> = templates
        .map(|template| {
            let key = run_document::template_key(&template.digest);
            let digest = ArtifactDigest::new(template.digest.clone());
            let body = Body::Bytes(template.body.clone().into_bytes());
            async move { objects.put_if_absent(bucket, &key, body, &digest).await }
        })
        .collect();
    stream::iter(puts)
        .buffer_unordered(PARALLEL)
        .try_collect::<Vec<bool>>()
        .await?;
    if let Some(dead) = &lease.taken_over {
        document.took_over = Some(dead.run.clone());
        bury(objects, bucket, &dead.run, &document.run).await?;
    }
    write(objects, bucket, document).await
}

/// Writes down that a run died, unless it said how it ended.
pub async fn bury(
    objects: &dyn ObjectStore,
    bucket: &str,
    dead: &str,
    found_by: &str,
) -> Result<(), CloudError> {
    match read(objects, bucket, dead).await? {
        Some(mut document) if document.state == RunState::Running => {
            document.state = RunState::Abandoned;
            document.found_dead_by = Some(found_by.to_owned());
            write(objects, bucket, &document).await
        }
        _ => Ok(()),
    }
}

/// Writes a run's document.
pub async fn write(
    objects: &dyn ObjectStore,
    bucket: &str,
    document: &RunDocument,
) -> Result<(), CloudError> {
    put_json(objects, bucket, &run_document::key(&document.run), document).await
}

/// Writes the record that the next run compares with.
pub async fn write_record(
    objects: &dyn ObjectStore,
    bucket: &str,
    record: &Record,
) -> Result<(), CloudError> {
    put_json(objects, bucket, LATEST_KEY, record).await
}

async fn put_json(
    objects: &dyn ObjectStore,
    bucket: &str,
    key: &str,
    document: &impl serde::Serialize,
) -> Result<(), CloudError> {
    let bytes = serde_json::to_vec(document).map_err(|error| CloudError {
        kind: CloudErrorKind::Refused,
        operation: format!("writing '{key}'"),
        message: error.to_string(),
    })?;
    let headers = ObjectHeaders {
        content_type: "application/json".to_owned(),
        cache_control: "no-store".to_owned(),
        content_encoding: None,
    };
    objects
        .put(bucket, key, Body::Bytes(bytes), &headers)
        .await?;
    Ok(())
}

/// A run's document; `None` when there is none, or it is of another version.
pub async fn read(
    objects: &dyn ObjectStore,
    bucket: &str,
    run: &str,
) -> Result<Option<RunDocument>, CloudError> {
    let bytes = objects.get(bucket, &run_document::key(run)).await?;
    Ok(bytes
        .and_then(|bytes| serde_json::from_slice::<RunDocument>(&bytes).ok())
        .filter(|document| document.version == VERSION))
}

/// The identifiers of all runs that are kept, oldest first.
pub async fn runs(objects: &dyn ObjectStore, bucket: &str) -> Result<Vec<String>, CloudError> {
    let listed = objects.list_under(bucket, run_document::PREFIX).await?;
    let mut runs: Vec<String> = listed
        .iter()
        .filter_map(|object| {
            let name = object.key.strip_prefix(run_document::PREFIX)?;
            Some(name.strip_suffix(".json")?.to_owned())
        })
        .collect();
    runs.sort();
    Ok(runs)
}

/// The documents of `runs`, in their order; those that cannot be read are left out.
pub async fn documents(
    objects: &dyn ObjectStore,
    bucket: &str,
    runs: &[String],
) -> Result<IndexMap<String, RunDocument>, CloudError> {
    let reads: Vec<_> = runs
        .iter()
        .map(|run| async move {
            let document = read(objects, bucket, run).await?;
            Ok::<_, CloudError>(document.map(|document| (run.clone(), document)))
        })
        .collect();
    let found: Vec<_> = stream::iter(reads).buffered(PARALLEL).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}
