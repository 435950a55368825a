use super::*;

fn help(status: StackStatus, choices: Vec<Repair>, stuck: &[&str]) -> StackHelp {
    let found = Assessment {
        status,
        mode: DeploymentMode::Standard,
        failure: status.obstacle().is_some().then(|| Failure {
            cloud_name: "shop-prod-orders".into(),
            status: Some(status),
            resource: None,
            reason: "Invalid queue name".to_owned(),
            hint: None,
            diagnosis: None,
        }),
        stuck: stuck.iter().map(|id| (*id).into()).collect(),
        choices,
    };
    StackHelp::new("prod", &"orders".into(), "shop-prod-orders".into(), found)
}

#[test]
fn what_helps_is_a_command_to_copy() {
    let stuck = help(
        StackStatus::UpdateRollbackFailed,
        vec![
            Repair::Continue(Continuation::Whole),
            Repair::Continue(Continuation::Skipping(vec!["Table".into(), "Queue".into()])),
            Repair::Continue(Continuation::Force),
        ],
        &["Table", "Queue"],
    );
    let well = help(StackStatus::UpdateComplete, Vec::new(), &[]);
    insta::assert_snapshot!(text(&[stuck, well], "prod"), @r"
    orders: shop-prod-orders is UPDATE_ROLLBACK_FAILED
      cause: Invalid queue name
      stuck: Table, Queue
      shopctl recover --env prod orders --continue
          continues the rollback, once what stands in its way is repaired
      shopctl recover --env prod orders --skip-resources Table,Queue
          continues it and leaves these resources as they are
      shopctl recover --env prod orders --force-rollback
          continues it and leaves whatever CloudFormation cannot roll back

    1 of 2 stacks need no help
    ");
}

#[test]
fn a_paused_update_can_be_undone_or_retried() {
    let paused = help(StackStatus::UpdateFailed, vec![Repair::RollBack], &[]);
    let commands: Vec<&str> = paused.commands.iter().map(|c| c.command.as_str()).collect();
    assert_eq!(
        commands,
        [
            "shopctl recover --env prod orders --rollback",
            "shopctl deploy --env prod --retry-paused"
        ]
    );
}
