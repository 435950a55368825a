//! Reasons of deletes that failed.

use super::Row;
use crate::cause::kind::CauseKind::*;

/// Reasons of deletes that failed.
pub(in crate::cause) const DELETING: &[Row] = &[
    (
        "The bucket you tried to delete is not empty. You must delete all versions in the bucket. (Service: S3, Status Code: 409, Request ID: X)",
        NotEmpty,
        "bucket",
        "teardown --env prod",
    ),
    (
        "The repository with name 'shop' in registry with id '1' cannot be deleted because it still contains images (Service: Ecr) RepositoryNotEmptyException",
        NotEmpty,
        "images",
        "aws ecr delete-repository",
    ),
    (
        "InvalidParameterException: The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.",
        DeletionProtected,
        "users would be lost",
        "aws cognito-idp update-user-pool",
    ),
    (
        "ValidationException: Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
        DeletionProtected,
        "data would be lost",
        "--no-deletion-protection-enabled",
    ),
    (
        "Cannot delete protected DB Instance, please disable deletion protection and try again.",
        DeletionProtected,
        "protected",
        "aws rds modify-db-instance",
    ),
    (
        "WAFAssociatedItemException: AWS WAF couldn't perform the operation because your resource is being used by another resource",
        StillInUse,
        "uses",
        "--retain-failed",
    ),
    (
        "resource sg-1 has a dependent object (Service: Ec2, Status Code: 400) DependencyViolation",
        StillInUse,
        "half an hour",
        "wait",
    ),
    (
        "The distribution you are trying to delete has not been disabled. DistributionNotDisabled",
        StillInUse,
        "uses",
        "again",
    ),
    (
        "Lambda was unable to delete arn:aws:lambda:us-east-1:1:function:x:1 because it is a replicated function.",
        StillInUse,
        "hours",
        "few hours",
    ),
];
