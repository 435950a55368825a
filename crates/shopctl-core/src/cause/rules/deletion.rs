//! What stands in the way of a deletion.

use super::{Rule, rule};
use crate::cause::kind::CauseKind::*;

pub(super) static RULES: &[Rule] = &[
    rule(
        NotEmpty,
        r"bucket you tried to delete is not empty|BucketNotEmpty",
        "the bucket got new objects, or versions of objects, while it was emptied",
        "stop what writes into it (access logs arrive late) and run `shopctl teardown --env {env}` again",
    ),
    rule(
        NotEmpty,
        r"RepositoryNotEmptyException|repository with name '(?P<repository>[^']+)'.*cannot be deleted because it still contains images",
        "the repository still has images",
        "run `aws ecr delete-repository --force --repository-name ${repository}`, then `shopctl teardown --env {env}` again",
    ),
    rule(
        DeletionProtected,
        r"user pool cannot be deleted because deletion protection is activated",
        "the user pool is protected from deletion; its users would be lost",
        "set `DeletionProtection: INACTIVE` in the template and deploy, or run `aws cognito-idp update-user-pool --user-pool-id POOL --deletion-protection INACTIVE`; then run `shopctl teardown --env {env}` again",
    ),
    rule(
        DeletionProtected,
        r"(?:table|resource) cannot be deleted as it is currently protected against deletion|Disable deletion protection first",
        "the table is protected from deletion; its data would be lost",
        "set `DeletionProtectionEnabled: false` in the template and deploy, or run `aws dynamodb update-table --table-name TABLE --no-deletion-protection-enabled`; then run `shopctl teardown --env {env}` again",
    ),
    rule(
        DeletionProtected,
        r"Cannot delete protected (?:DB|Cluster|\w*)|(?:disable|turn off|modify) deletion protection|DeletionProtection is (?:enabled|turned on)|deletion[ _-]protection",
        "the resource is protected from deletion",
        "set `DeletionProtection: false` in the template and deploy, or run `aws rds modify-db-instance --db-instance-identifier DATABASE --no-deletion-protection --apply-immediately`; then run `shopctl teardown --env {env}` again",
    ),
    rule(
        StillInUse,
        r"replicated function",
        "a function of Lambda@Edge is deleted only hours after its distribution",
        "run `shopctl teardown --env {env}` again in a few hours, or leave it with `--retain-failed`",
    ),
    rule(
        StillInUse,
        r"WAFAssociatedItemException|DistributionNotDisabled|DependencyViolation|has a dependent object|ResourceInUse(?:Exception)?|DeleteConflict|is (?:currently )?in use|still (?:has|in use)|has dependencies",
        "something else still uses the resource; network interfaces of functions need up to half an hour until they are gone",
        "remove what uses it, or wait, and run the command again; `shopctl teardown --env {env} --retain-failed` leaves it behind",
    ),
    rule(
        ServiceRoleGone,
        r"Role \S+ is invalid or cannot be assumed|role (?:defined for the function )?cannot be assumed",
        "the role that CloudFormation works with is gone or does not trust it",
        "make a role of that name again that trusts cloudformation.amazonaws.com, then run the command again",
    ),
];
