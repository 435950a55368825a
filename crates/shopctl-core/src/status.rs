//! Stack statuses and what a deploy or a teardown does about each.
//!
//! Source of the values: `StackStatus` in the CloudFormation API reference
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html>).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! statuses {
    ($($variant:ident = $text:literal),+ $(,)?) => {
        /// The status of a stack.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum StackStatus {
            $(
                #[doc = concat!("`", $text, "`")]
                #[serde(rename = $text)]
                $variant,
            )+
            /// One that this version does not know: whatever it means, it is not touched.
            #[serde(rename = "UNKNOWN")]
            Unknown,
        }

        impl StackStatus {
            /// Every status that this version knows.
            pub const ALL: &[StackStatus] = &[$(StackStatus::$variant),+];

            /// The status as CloudFormation writes it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(StackStatus::$variant => $text,)+
                    StackStatus::Unknown => "UNKNOWN",
                }
            }
        }

        impl FromStr for StackStatus {
            type Err = UnknownStatus;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(StackStatus::$variant),)+
                    _ => Err(UnknownStatus(text.to_owned())),
                }
            }
        }
    };
}

statuses! {
    CreateInProgress = "CREATE_IN_PROGRESS",
    CreateFailed = "CREATE_FAILED",
    CreateComplete = "CREATE_COMPLETE",
    RollbackInProgress = "ROLLBACK_IN_PROGRESS",
    RollbackFailed = "ROLLBACK_FAILED",
    RollbackComplete = "ROLLBACK_COMPLETE",
    DeleteInProgress = "DELETE_IN_PROGRESS",
    DeleteFailed = "DELETE_FAILED",
    DeleteComplete = "DELETE_COMPLETE",
    UpdateInProgress = "UPDATE_IN_PROGRESS",
    UpdateCompleteCleanupInProgress = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    UpdateComplete = "UPDATE_COMPLETE",
    UpdateFailed = "UPDATE_FAILED",
    UpdateRollbackInProgress = "UPDATE_ROLLBACK_IN_PROGRESS",
    UpdateRollbackFailed = "UPDATE_ROLLBACK_FAILED",
    UpdateRollbackCompleteCleanupInProgress = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    UpdateRollbackComplete = "UPDATE_ROLLBACK_COMPLETE",
    ReviewInProgress = "REVIEW_IN_PROGRESS",
    ImportInProgress = "IMPORT_IN_PROGRESS",
    ImportComplete = "IMPORT_COMPLETE",
    ImportRollbackInProgress = "IMPORT_ROLLBACK_IN_PROGRESS",
    ImportRollbackFailed = "IMPORT_ROLLBACK_FAILED",
    ImportRollbackComplete = "IMPORT_ROLLBACK_COMPLETE",
}

/// A status that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown stack status '{0}'")]
pub struct UnknownStatus(pub String);

impl fmt::Display for StackStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What `deploy` does with a stack that it finds in some status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeployApproach {
    /// A change set of type `CREATE`.
    Create,
    /// A change set of type `UPDATE`.
    Update,
    /// Delete what never became a stack, then create.
    DeleteThenCreate,
    /// An operation is running: wait for its end, then look again.
    Wait,
    /// An update could not be rolled back: continue the rollback, once, then look again.
    ContinueRollback,
    /// A person has to decide.
    Stop(Obstacle),
}

/// What `teardown` does with a stack that it finds in some status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeardownApproach {
    /// It is gone.
    Nothing,
    /// An operation is running: wait for its end, then look again.
    Wait,
    /// Delete it.
    Delete,
    /// A person has to decide.
    Stop(Obstacle),
}

/// Why a deploy cannot go on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// An update failed and so did its rollback.
    UpdateRollbackFailed,
    /// An update failed and was left as it is because rollback was off.
    UpdatePaused,
    /// A delete failed half way.
    DeleteFailed,
    /// An import could not be rolled back.
    ImportRollbackFailed,
}

impl Obstacle {
    /// What the user can do, with the command; `stack` is its name in the project file.
    pub fn hint(self, environment: &str, stack: &str) -> String {
        match self {
            Obstacle::UpdateRollbackFailed => format!(
                "repair what could not be rolled back and run `shopctl deploy --env {environment}` \
                 again, or leave it behind: `shopctl recover --env {environment} {stack}` shows how"
            ),
            Obstacle::UpdatePaused => format!(
                "roll back with `shopctl recover --env {environment} {stack} --rollback`, or go on \
                 from here with `shopctl deploy --env {environment} --retry-paused`"
            ),
            Obstacle::DeleteFailed => format!(
                "finish the delete first: `shopctl recover --env {environment} {stack} --delete`, \
                 then deploy again"
            ),
            Obstacle::ImportRollbackFailed => format!(
                "no command can repair this state: `shopctl recover --env {environment} {stack}` \
                 shows what failed; correct it in the CloudFormation console"
            ),
        }
    }
}

impl StackStatus {
    /// Whether an operation is running, as far as this version knows.
    pub fn is_in_progress(self) -> bool {
        match self {
            StackStatus::Unknown => true,
            StackStatus::ReviewInProgress => false,
            known => known.as_str().ends_with("_IN_PROGRESS"),
        }
    }

    /// Whether the stack is whole: the result of a finished operation, or of one that was
    /// rolled back to a whole stack.
    pub fn is_healthy(self) -> bool {
        use StackStatus as S;
        matches!(
            self,
            S::CreateComplete
                | S::UpdateComplete
                | S::UpdateCompleteCleanupInProgress
                | S::ImportComplete
                | S::UpdateRollbackComplete
                | S::ImportRollbackComplete
        )
    }

    /// Whether the last operation reached what was asked for.
    pub fn is_success(self) -> bool {
        use StackStatus as S;
        matches!(
            self,
            S::CreateComplete
                | S::UpdateComplete
                | S::UpdateCompleteCleanupInProgress
                | S::ImportComplete
                | S::DeleteComplete
        )
    }

    /// What a person has to decide before a stack in this status can be changed by any means.
    pub fn obstacle(self) -> Option<Obstacle> {
        match self.deploy_approach() {
            DeployApproach::Stop(obstacle) => Some(obstacle),
            DeployApproach::ContinueRollback => Some(Obstacle::UpdateRollbackFailed),
            _ => None,
        }
    }

    /// What a teardown does with a stack in this status.
    pub fn teardown_approach(self) -> TeardownApproach {
        use StackStatus as S;
        match self {
            S::DeleteComplete => TeardownApproach::Nothing,
            S::ImportRollbackFailed => TeardownApproach::Stop(Obstacle::ImportRollbackFailed),
            status if status.is_in_progress() => TeardownApproach::Wait,
            _ => TeardownApproach::Delete,
        }
    }

    /// What a deploy does with a stack in this status.
    pub fn deploy_approach(self) -> DeployApproach {
        use StackStatus as S;
        match self {
            S::ReviewInProgress | S::DeleteComplete => DeployApproach::Create,
            S::CreateComplete
            | S::UpdateComplete
            | S::ImportComplete
            | S::UpdateRollbackComplete
            | S::ImportRollbackComplete => DeployApproach::Update,
            S::RollbackComplete | S::RollbackFailed | S::CreateFailed => {
                DeployApproach::DeleteThenCreate
            }
            S::UpdateRollbackFailed => DeployApproach::ContinueRollback,
            S::UpdateFailed => DeployApproach::Stop(Obstacle::UpdatePaused),
            S::DeleteFailed => DeployApproach::Stop(Obstacle::DeleteFailed),
            S::ImportRollbackFailed => DeployApproach::Stop(Obstacle::ImportRollbackFailed),
            S::CreateInProgress
            | S::RollbackInProgress
            | S::DeleteInProgress
            | S::UpdateInProgress
            | S::UpdateCompleteCleanupInProgress
            | S::UpdateRollbackInProgress
            | S::UpdateRollbackCompleteCleanupInProgress
            | S::ImportInProgress
            | S::ImportRollbackInProgress
            | S::Unknown => DeployApproach::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_survives_a_round_trip() {
        assert_eq!(StackStatus::ALL.len(), 23);
        for status in StackStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(*status));
        }
        assert!("CREATE_DONE".parse::<StackStatus>().is_err());
    }

    #[test]
    fn a_deploy_waits_exactly_while_an_operation_runs() {
        for status in StackStatus::ALL {
            let waits = status.deploy_approach() == DeployApproach::Wait;
            assert_eq!(waits, status.is_in_progress(), "{status}");
        }
    }

    #[test]
    fn a_stack_that_was_ever_whole_is_never_deleted_by_a_deploy() {
        let deleted: Vec<_> = StackStatus::ALL
            .iter()
            .filter(|status| status.deploy_approach() == DeployApproach::DeleteThenCreate)
            .collect();
        assert_eq!(
            deleted,
            [
                &StackStatus::CreateFailed,
                &StackStatus::RollbackFailed,
                &StackStatus::RollbackComplete
            ]
        );
    }

    #[test]
    fn what_is_not_known_is_waited_for() {
        let unknown = StackStatus::Unknown;
        assert_eq!(unknown.deploy_approach(), DeployApproach::Wait);
        assert_eq!(unknown.teardown_approach(), TeardownApproach::Wait);
        assert!(!unknown.is_success() && !unknown.is_healthy());
        assert_eq!(unknown.obstacle(), None);
    }

    #[test]
    fn a_deploy_never_deletes_what_it_could_not_roll_back() {
        let approach = StackStatus::UpdateRollbackFailed.deploy_approach();
        assert_eq!(approach, DeployApproach::ContinueRollback);
        assert_eq!(
            StackStatus::UpdateRollbackFailed.obstacle(),
            Some(Obstacle::UpdateRollbackFailed)
        );
    }

    #[test]
    fn a_teardown_has_an_action_for_every_status() {
        for status in StackStatus::ALL {
            let approach = status.teardown_approach();
            assert_eq!(
                approach == TeardownApproach::Wait,
                status.is_in_progress(),
                "{status}"
            );
        }
        let stops: Vec<_> = StackStatus::ALL
            .iter()
            .filter(|status| matches!(status.teardown_approach(), TeardownApproach::Stop(_)))
            .collect();
        assert_eq!(stops, [&StackStatus::ImportRollbackFailed]);
        for status in [
            StackStatus::UpdateRollbackFailed,
            StackStatus::DeleteFailed,
            StackStatus::ReviewInProgress,
            StackStatus::UpdateFailed,
        ] {
            assert_eq!(status.teardown_approach(), TeardownApproach::Delete);
        }
    }

    #[test]
    fn every_obstacle_names_the_command_that_helps() {
        for obstacle in [
            Obstacle::UpdateRollbackFailed,
            Obstacle::UpdatePaused,
            Obstacle::DeleteFailed,
            Obstacle::ImportRollbackFailed,
        ] {
            let hint = obstacle.hint("prod", "orders");
            assert!(hint.contains("shopctl recover --env prod orders"), "{hint}");
        }
    }
}
