//! Reads what is deployed; changes nothing.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use shopctl_core::names::{CloudStackName, StackName};
use shopctl_core::planner::{Observed, ObservedStack};
use shopctl_core::record::{LATEST_KEY, Record, VERSION};

use crate::interrupt::Interrupt;
use crate::patience::patient;
use crate::ports::{CloudError, Ports};

/// The stacks that are there and the record of the last deploy: one call a stack and one
/// for the record, all at once.
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
                },
            );
        }
    }
    Ok(Observed {
        stacks: found,
        bucket_exists: record.is_some(),
        // A record of another version, or a damaged one, only costs change sets.
        record: record
            .and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok())
            .filter(|record| record.version == VERSION),
    })
}
