//! Brings the site's files into its bucket, invalidates what changed, and proves
//! that the URLs answer.
//!
//! Order matters: a page must never point at an asset that is not there. New assets
//! go first, pages last, and assets that nothing points at any more are removed after
//! the invalidation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use indexmap::IndexMap;
use shopctl_core::names::ArtifactDigest;
use shopctl_core::plan::PlannedValue;
use shopctl_core::planner::Observed;
use shopctl_core::record::{SiteFileRecord, SiteRecord};
use shopctl_core::run_document::site_object_key;

use crate::context::{Context, SiteSource, UrlCheck, Work};
use crate::executor::{Done, StepError};
use crate::ports::{Body, CloudError, ObjectHeaders, ObjectStore, ProbeAnswer};

/// A file of the site.
#[derive(Debug, Clone)]
pub struct SiteFile {
    /// Object key, with `/`.
    pub key: String,
    /// Its bytes.
    pub body: Body,
    /// SHA-256 of the bytes in hexadecimal digits.
    pub digest: String,
    /// Headers.
    pub headers: ObjectHeaders,
    /// When it is uploaded, and whether caches have to hear of its change.
    pub class: SiteFileClass,
}

/// How a file of the site is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SiteFileClass {
    /// Its name holds a hash of its content: it never changes.
    Hashed,
    /// A file with a lasting name, for instance a picture.
    Plain,
    /// A page or the run-time configuration: it points at the others.
    Page,
}

impl SiteFileClass {
    /// Its word in run documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hashed => "hashed",
            Self::Plain => "plain",
            Self::Page => "page",
        }
    }

    /// The class of that word; a page, which is treated with the most care, when there is none.
    pub fn of_word(word: &str) -> Self {
        match word {
            "hashed" => Self::Hashed,
            "plain" => Self::Plain,
            _ => Self::Page,
        }
    }
}

/// A value of the configuration that the page reads at run time.
#[derive(Debug, Clone)]
pub enum SiteConfigValue {
    /// A text, number or boolean of the project file.
    Given(serde_json::Value),
    /// What a stack puts out, or a fact of the environment.
    Planned(PlannedValue),
}

/// Above this many paths one wildcard is cheaper and quicker than a list.
const MAX_INVALIDATION_PATHS: usize = 15;

/// Uploads at once.
const PARALLEL_UPLOADS: usize = 8;

/// Syncs the site.
pub(crate) async fn sync(work: &Work) -> Result<Done, StepError> {
    let Some(site) = &work.site else {
        return Ok(Done {
            changed: false,
            summary: "there is no site".to_owned(),
        });
    };
    let bucket = known(&site.bucket, "the site's bucket", work)?;
    let files = desired_files(site, work)?;
    let listed = match work.state.take_site_listing(&bucket) {
        Some(listed) => listed,
        None => work.ports.objects.list(&bucket).await?,
    };
    let mut recorded = match work.state.site_record() {
        Some(record) if record.bucket == bucket => record.files,
        _ => BTreeMap::new(),
    };
    recorded.retain(|key, record| listed.get(key) == Some(&record.etag));
    let changed: Vec<&SiteFile> = files
        .iter()
        .filter(|file| {
            recorded
                .get(&file.key)
                .is_none_or(|record| record.digest != digest(file))
        })
        .collect();

    let config = site.config.as_ref().map(|(name, _)| name);
    for class in [
        SiteFileClass::Hashed,
        SiteFileClass::Plain,
        SiteFileClass::Page,
    ] {
        let of_class: Vec<SiteFile> = changed
            .iter()
            .filter(|file| file.class == class)
            .copied()
            .cloned()
            .collect();
        let mut uploads = stream::iter(of_class)
            .map(|file| {
                let kept = Some(work.bucket.clone()).filter(|_| config != Some(&file.key));
                upload(work.ports.objects.clone(), bucket.clone(), kept, file)
            })
            .buffer_unordered(PARALLEL_UPLOADS);
        while let Some(uploaded) = uploads.next().await {
            let (key, record) = uploaded?;
            recorded.insert(key, record);
        }
    }

    let stale: Vec<String> = changed
        .iter()
        .filter(|file| file.class != SiteFileClass::Hashed && listed.contains_key(&file.key))
        .map(|file| file.key.clone())
        .collect();
    let kept: BTreeSet<&str> = files.iter().map(|file| file.key.as_str()).collect();
    let removed: Vec<String> = listed
        .keys()
        .filter(|key| !kept.contains(key.as_str()))
        .cloned()
        .collect();
    if let Some(distribution) = &site.distribution {
        let paths = invalidation_paths(&stale);
        if !paths.is_empty() {
            let distribution = known(distribution, "the site's distribution", work)?;
            work.ports
                .distributions
                .invalidate(&distribution, &paths, &format!("shopctl-{}", work.run))
                .await?;
        }
    }
    if !removed.is_empty() {
        work.ports.objects.delete(&bucket, &removed).await?;
        for key in &removed {
            recorded.remove(key);
        }
    }
    work.state.set_site(SiteRecord {
        bucket,
        files: recorded,
    });

    let summary = if changed.is_empty() && removed.is_empty() {
        format!("{} files, none changed", files.len())
    } else {
        format!(
            "{} of {} files uploaded, {} invalidated, {} removed",
            changed.len(),
            files.len(),
            stale.len(),
            removed.len()
        )
    };
    Ok(Done {
        changed: !changed.is_empty() || !removed.is_empty(),
        summary,
    })
}

/// All files as they are to be, in the order in which they go.
fn desired_files(site: &SiteSource, context: &Context) -> Result<Vec<SiteFile>, StepError> {
    let mut files = site.files.clone();
    if let Some((name, values)) = &site.config {
        files.push(config_file(name, values, context)?);
    }
    files.sort_by(|a, b| (a.class, &a.key).cmp(&(b.class, &b.key)));
    Ok(files)
}

/// Whether the site is known to be as it is to be: nothing would be written. Makes no call.
pub(crate) fn is_synced(context: &Context, observed: &Observed) -> bool {
    let Some(site) = &context.site else {
        return true;
    };
    let Some((bucket, listed)) = &observed.site else {
        return false;
    };
    let record = observed.record.as_ref();
    let Some(recorded) = record.and_then(|record| record.site.as_ref()) else {
        return false;
    };
    let Ok(files) = desired_files(site, context) else {
        return false;
    };
    let same = |file: &SiteFile| {
        recorded.files.get(&file.key).is_some_and(|record| {
            record.digest == digest(file) && listed.get(&file.key) == Some(&record.etag)
        })
    };
    context.state.value(&site.bucket).as_ref() == Some(bucket)
        && files.len() == listed.len()
        && files.iter().all(same)
}

/// Uploads a file, and keeps its bytes in the bucket `kept` for a rollback.
async fn upload(
    objects: Arc<dyn ObjectStore>,
    bucket: String,
    kept: Option<String>,
    file: SiteFile,
) -> Result<(String, SiteFileRecord), CloudError> {
    let digest = digest(&file);
    // What comes from the kept bytes is there already.
    if let Some(kept) = kept
        && !matches!(file.body, Body::Object { .. })
    {
        let key = site_object_key(&file.digest);
        let sha256 = ArtifactDigest::new(file.digest.clone());
        objects
            .put_if_absent(&kept, &key, file.body.clone(), &sha256)
            .await?;
    }
    let etag = objects
        .put(&bucket, &file.key, file.body, &file.headers)
        .await?;
    Ok((file.key, SiteFileRecord { digest, etag }))
}

/// The configuration that the page reads at run time.
fn config_file(
    name: &str,
    values: &IndexMap<String, SiteConfigValue>,
    context: &Context,
) -> Result<SiteFile, StepError> {
    let mut document = serde_json::Map::new();
    for (key, value) in values {
        let value = match value {
            SiteConfigValue::Given(value) => value.clone(),
            SiteConfigValue::Planned(value) => known(
                value,
                &format!("'{key}' of the site's configuration"),
                context,
            )?
            .into(),
        };
        document.insert(key.clone(), value);
    }
    let mut bytes = serde_json::Value::Object(document).to_string().into_bytes();
    bytes.push(b'\n');
    Ok(SiteFile {
        key: name.to_owned(),
        digest: shopctl_core::record::digest(&bytes),
        body: Body::Bytes(bytes),
        headers: ObjectHeaders {
            content_type: "application/json".to_owned(),
            cache_control: "no-cache".to_owned(),
            content_encoding: None,
        },
        class: SiteFileClass::Page,
    })
}

/// A change of a header is a change of the file.
pub(crate) fn digest(file: &SiteFile) -> String {
    let mut text = format!(
        "{}\n{}\n{}",
        file.digest, file.headers.content_type, file.headers.cache_control
    );
    if let Some(encoding) = &file.headers.content_encoding {
        text.push_str(&format!("\n{encoding}"));
    }
    shopctl_core::record::digest(text.as_bytes())
}

fn invalidation_paths(stale: &[String]) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for key in stale {
        if key == "index.html" {
            paths.push("/".to_owned());
        }
        paths.push(format!("/{}", encode(key)));
    }
    if paths.len() > MAX_INVALIDATION_PATHS {
        return vec!["/*".to_owned()];
    }
    paths
}

/// Percent-encodes what a URL path does not allow.
fn encode(key: &str) -> String {
    let mut encoded = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Waits until every URL answers as it should.
pub(crate) async fn check_urls(work: &Work) -> Result<Done, StepError> {
    let end = tokio::time::Instant::now() + work.url_deadline;
    let checks = work.urls.iter().filter_map(|check| {
        let path = check.check.as_deref()?;
        Some(check_url(check, path, end, work))
    });
    let checked = futures::future::try_join_all(checks).await?.len();
    Ok(Done {
        changed: false,
        summary: match checked {
            1 => "1 URL answers".to_owned(),
            _ => format!("{checked} URLs answer"),
        },
    })
}

/// Waits until a URL answers as it should.
async fn check_url(
    check: &UrlCheck,
    path: &str,
    end: tokio::time::Instant,
    work: &Work,
) -> Result<(), StepError> {
    let url = known(&check.url, &format!("URL '{}'", check.name), work)?;
    let url = join(&url, path);
    let mut pause = Duration::from_millis(100);
    loop {
        let answer = work.ports.probe.get(&url).await;
        if matches!(answer, ProbeAnswer::Status(200..=299)) {
            return Ok(());
        }
        if tokio::time::Instant::now() >= end {
            let told = match answer {
                ProbeAnswer::Status(status) => format!("answers {status}"),
                ProbeAnswer::Unreachable(reason) => format!("does not answer: {reason}"),
            };
            return Err(StepError::Other {
                message: format!("{} ({url}) {told}", check.name),
                hint: Some(
                    "the stacks are deployed; look at the logs of the functions behind this URL"
                        .to_owned(),
                ),
            });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

/// `base` and `path` with one slash between them.
pub fn join(base: &str, path: &str) -> String {
    format!(
        "{}/{}",
        base.trim_end_matches('/'),
        path.trim_start_matches('/')
    )
}

fn known(value: &PlannedValue, what: &str, context: &Context) -> Result<String, StepError> {
    context.state.value(value).ok_or_else(|| {
        let source = match value {
            PlannedValue::OutputOf { stack, output } => format!("{stack}.{output}"),
            PlannedValue::Known(text) => text.clone(),
        };
        StepError::Other {
            message: format!(
                "{what} reads output '{source}', which the deployed stack does not have"
            ),
            hint: Some(
                "the output may have a condition that is false in this environment".to_owned(),
            ),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_paths_are_named_and_many_become_one_wildcard() {
        let few = ["index.html".to_owned(), "images/a b.svg".to_owned()];
        assert_eq!(
            invalidation_paths(&few),
            ["/", "/index.html", "/images/a%20b.svg"]
        );
        let many: Vec<String> = (0..20).map(|n| format!("{n}.svg")).collect();
        assert_eq!(invalidation_paths(&many), ["/*"]);
        assert!(invalidation_paths(&[]).is_empty());
    }

    #[test]
    fn a_url_and_a_path_meet_in_one_slash() {
        assert_eq!(join("http://a/", "/b"), "http://a/b");
        assert_eq!(join("http://a/api", "products"), "http://a/api/products");
        assert_eq!(join("http://a", "/"), "http://a/");
    }
}
