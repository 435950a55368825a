//! The kinds of causes that the tool tells apart.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// Why something failed, as a word that scripts can rely on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum CauseKind {
            $(
                $(#[$doc])*
                #[serde(rename = $word)]
                $variant,
            )+
        }

        impl CauseKind {
            /// Every kind there is.
            pub const ALL: &[CauseKind] = &[$(CauseKind::$variant),+];

            /// The word that stands for it in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(CauseKind::$variant => $word,)+ }
            }
        }
    };
}

kinds! {
    /// An alarm went off that has operations rolled back.
    AlarmWentOff = "alarm_went_off",
    /// A call or an operation on a resource was not allowed.
    AccessDenied = "access_denied",
    /// Something of that name is there already.
    AlreadyExists = "already_exists",
    /// A bucket, or a repository, has to be empty to be deleted.
    NotEmpty = "not_empty",
    /// A capability was not acknowledged.
    CapabilitiesMissing = "capabilities_missing",
    /// The change set is no longer there.
    ChangeSetGone = "change_set_gone",
    /// The stack moved on since the change set was made.
    ChangeSetStale = "change_set_stale",
    /// The change set is being made or deleted.
    ChangeSetBusy = "change_set_busy",
    /// A custom resource's function reported a failure.
    CustomResourceFailed = "custom_resource_failed",
    /// A custom resource's function did not report at all.
    CustomResourceSilent = "custom_resource_silent",
    /// The resource refuses to be deleted.
    DeletionProtected = "deletion_protected",
    /// A check before the operation found a mistake.
    EarlyValidation = "early_validation",
    /// An export that another stack reads would go or change.
    ExportInUse = "export_in_use",
    /// An export that the template reads is not there.
    ExportMissing = "export_missing",
    /// The stack has to be followed by EXPRESS operations.
    ExpressOnly = "express_only",
    /// Options of a request exclude each other.
    OptionsConflict = "options_conflict",
    /// A hook refused the change.
    HookFailed = "hook_failed",
    /// What is there can be imported only with another `DeletionPolicy`.
    ImportNeedsRetain = "import_needs_retain",
    /// A property has a value that the service does not take.
    InvalidProperty = "invalid_property",
    /// A nested stack failed.
    NestedStackFailed = "nested_stack_failed",
    /// The network between services failed.
    NetworkFailure = "network_failure",
    /// Something that is needed is not there.
    NotFound = "not_found",
    /// The service did the work, but the resource did not become ready.
    NotStabilized = "not_stabilized",
    /// The resource cannot be changed in place.
    NotUpdatable = "not_updatable",
    /// Another operation on the stack or the resource is running.
    OperationInProgress = "operation_in_progress",
    /// Parameters are missing, unknown or have no previous value.
    ParametersWrong = "parameters_wrong",
    /// A replacement was asked for while rollback is off.
    ReplacementWhilePaused = "replacement_while_paused",
    /// The resource is being changed by something else.
    ResourceConflict = "resource_conflict",
    /// A quota of the account is used up.
    QuotaExceeded = "quota_exceeded",
    /// The service failed.
    ServiceFailed = "service_failed",
    /// The stack's service role is gone or cannot be assumed.
    ServiceRoleGone = "service_role_gone",
    /// A stack of that name is there already.
    StackExists = "stack_exists",
    /// The stack is not there.
    StackGone = "stack_gone",
    /// The stack's policy refuses an update.
    StackPolicyDenied = "stack_policy_denied",
    /// The stack stopped after a failure and waits for a choice.
    StackPaused = "stack_paused",
    /// The stack's status allows no such operation.
    StackState = "stack_state",
    /// The template breaks a rule of CloudFormation.
    TemplateInvalid = "template_invalid",
    /// The template is larger than CloudFormation takes.
    TemplateTooLarge = "template_too_large",
    /// The template cannot be read from its bucket.
    TemplateUnreachable = "template_unreachable",
    /// The stack is protected from deletion.
    TerminationProtected = "termination_protected",
    /// CodeDeploy did not shift a function's traffic to its new version.
    TrafficShiftFailed = "traffic_shift_failed",
    /// Too many requests.
    Throttled = "throttled",
    /// Something took longer than it may.
    TimedOut = "timed_out",
    /// The request token was used for something else.
    TokenReused = "token_reused",
    /// Something else still uses the resource.
    StillInUse = "still_in_use",
}

impl CauseKind {
    /// Whether the same thing may work a moment later without any change.
    pub fn may_pass_by_itself(self) -> bool {
        matches!(
            self,
            CauseKind::Throttled
                | CauseKind::NotStabilized
                | CauseKind::NetworkFailure
                | CauseKind::ServiceFailed
                | CauseKind::OperationInProgress
                | CauseKind::ChangeSetBusy
        )
    }
}

impl fmt::Display for CauseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
