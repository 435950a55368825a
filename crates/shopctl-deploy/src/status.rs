//! Reads what is deployed; changes nothing.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use shopctl_core::names::{CloudStackName, StackName};
use shopctl_core::planner::{Desired, Observed, ObservedStack};
use shopctl_core::record::{LATEST_KEY, Record, VERSION};

use crate::interrupt::Interrupt;
use crate::patience::patient;
use crate::ports::{CloudError, CloudErrorKind, Ports};

/// The stacks that are there and the record of the last deploy: one call a stack and one
/// for the record, all at once; then one for the site's bucket when the record knows it.
pub async fn observe(
    ports: &Ports,
    bucket: &str,
    stacks: &[(StackName, CloudStackName)],
) -> Result<Observed, CloudError> {
    // Many stacks at once may be more than CloudFormation answers at once.
    let ports = patient(ports, &Interrupt::new(), None);
    let ports = &ports;
    let descriptions = try_join_all(stacks.iter().map(|(stack, cloud_name)| async move {
        let description = ports.cloudformation.describe(cloud_name.as_str()).await?;
        Ok::<_, CloudError>((stack.clone(), description))
    }));
    let (descriptions, record) =
        tokio::try_join!(descriptions, ports.objects.get(bucket, LATEST_KEY))?;
    let mut found = BTreeMap::new();
    for (stack, description) in descriptions {
        if let Some(description) = description {
            found.insert(
                stack,
                ObservedStack {
                    stack_id: description.stack_id,
                    status: description.status,
                    last_changed: description.last_changed,
                    outputs: description.outputs,
                    termination_protection: description.termination_protection,
                    rollback: description.rollback,
                    policy: None,
                },
            );
        }
    }
    let bucket_exists = record.is_some();
    // A record of another version, or a damaged one, only costs change sets.
    let record = record
        .and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok())
        .filter(|record| record.version == VERSION);
    let recorded_site = record.as_ref().and_then(|record| record.site.as_ref());
    let site = match recorded_site.filter(|_| !found.is_empty()) {
        Some(site) => match ports.objects.list(&site.bucket).await {
            Ok(listed) => Some((site.bucket.clone(), listed)),
            // The bucket went with its stack, which the plan will find out.
            Err(error) if error.kind == CloudErrorKind::NotFound => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    Ok(Observed {
        stacks: found,
        bucket_exists,
        record,
        site,
    })
}

/// Reads the policies of stacks for which the project names one, of those that are there.
pub async fn observe_policies(
    ports: &Ports,
    desired: &Desired,
    observed: &mut Observed,
) -> Result<(), CloudError> {
    let named = desired.stacks.iter().filter_map(|stack| {
        stack.settings.policy.as_ref()?;
        Some(&stack.template.stack)
    });
    let ports = patient(ports, &Interrupt::new(), None);
    let reads = named.filter_map(|stack| {
        let id = &observed.stacks.get(stack)?.stack_id;
        let read = ports.cloudformation.stack_policy(id);
        Some(async move { Ok::<_, CloudError>((stack, read.await?)) })
    });
    for (stack, policy) in try_join_all(reads).await? {
        if let Some(seen) = observed.stacks.get_mut(stack) {
            seen.policy = policy;
        }
    }
    Ok(())
}
