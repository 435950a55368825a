//! Finds published versions of functions that nothing needs any more, and deletes them.
//!
//! Each counts against the storage that Lambda gives an account. What an alias or provisioned
//! concurrency uses stays, and so does what a stack has as a resource: that goes with the stack.

use futures::{StreamExt, TryStreamExt, stream};
use shopctl_core::names::CloudStackName;

use crate::interrupt::Interrupt;
use crate::patience::patient;
use crate::ports::{CloudError, CloudErrorKind, Ports};
use crate::prune::{PARALLEL, stack_contents};

/// A version that can go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OldVersion {
    /// The function's name.
    pub function: String,
    /// The version's number.
    pub version: u64,
    /// Bytes of its code.
    pub bytes: u64,
}

/// Plans to delete all published versions of the stacks' functions but the `keep` newest of
/// each, and those that something uses. Nested stacks are looked into.
pub async fn plan_versions(
    ports: &Ports,
    stacks: &[CloudStackName],
    keep: usize,
) -> Result<Vec<OldVersion>, CloudError> {
    let ports = &patient(ports, &Interrupt::new(), None);
    let contents = stack_contents(ports, stacks.iter().cloned().collect()).await?;
    let of_functions = contents.functions.iter().map(|function| {
        let named = &contents.versions;
        async move {
            let (published, used) = tokio::try_join!(
                ports.functions.versions(function),
                ports.functions.used_versions(function)
            )?;
            let mut published: Vec<_> = published
                .into_iter()
                .filter(|version| !named.contains(&version.arn))
                .collect();
            published.sort_by_key(|version| std::cmp::Reverse(version.number));
            let old = published.into_iter().skip(keep);
            let free = old.filter(|version| !used.contains(&version.number));
            let old = free.map(|version| OldVersion {
                function: function.clone(),
                version: version.number,
                bytes: version.bytes,
            });
            Ok::<_, CloudError>(old.collect::<Vec<_>>())
        }
    });
    let found: Vec<Vec<OldVersion>> = stream::iter(of_functions)
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    let mut found: Vec<OldVersion> = found.into_iter().flatten().collect();
    found.sort();
    Ok(found)
}

/// Deletes these versions; answers those that Lambda keeps, each with its reason: what runs at
/// the edge of a distribution is known to nobody but Lambda.
pub async fn delete_versions(
    ports: &Ports,
    versions: &[OldVersion],
) -> Result<Vec<(OldVersion, String)>, CloudError> {
    let ports = &patient(ports, &Interrupt::new(), None);
    let mut kept = Vec::new();
    for old in versions {
        match ports
            .functions
            .delete_version(&old.function, old.version)
            .await
        {
            Ok(()) => {}
            Err(error)
                if matches!(
                    error.kind,
                    CloudErrorKind::Refused | CloudErrorKind::Conflict
                ) =>
            {
                kept.push((old.clone(), error.message));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(kept)
}
