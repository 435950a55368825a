//! Plans as users see them, on terminals of 80 and 120 columns and in pull requests.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use insta::assert_snapshot;
use serde_json::json;
use shopctl_core::change::{
    Danger, DangerClass, ExportRemoval, Fate, KnownAfter, Preview, PropertyChange, Recreation,
    Replacement, ResourceAction, ResourceChange, Shown, SitePreview, StackChange, StackEffect,
    UploadPreview, VERSION,
};
use shopctl_report::{Appearance, preview_markdown, render_preview};

fn stack(name: &str, effect: StackEffect, reason: &str) -> StackChange {
    StackChange {
        stack: name.into(),
        cloud_name: format!("shop-prod-{name}").as_str().into(),
        effect,
        reason: reason.to_owned(),
        asked: true,
        resources: Vec::new(),
        parameters: Vec::new(),
        outputs: Vec::new(),
        tags: Vec::new(),
        termination_protection: None,
        exports: Vec::new(),
        known_after: Vec::new(),
        notes: Vec::new(),
    }
}

fn resource(name: &str, kind: &str, action: ResourceAction) -> ResourceChange {
    ResourceChange {
        logical_id: name.into(),
        resource_type: kind.to_owned(),
        physical_id: None,
        action,
        replacement: Replacement::No,
        fate: None,
        properties: Vec::new(),
        dangers: Vec::new(),
    }
}

fn property(path: &str, before: Option<Shown>, after: Option<Shown>) -> PropertyChange {
    PropertyChange {
        path: path.to_owned(),
        before,
        after,
        recreation: Recreation::Never,
        causes: Vec::new(),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "short to use")]
fn text(value: &str) -> Option<Shown> {
    Some(Shown::Value(value.into()))
}

fn danger(class: DangerClass, message: &str) -> Danger {
    Danger {
        class,
        message: message.to_owned(),
    }
}

fn preview(stacks: Vec<StackChange>) -> Preview {
    Preview {
        version: VERSION,
        project: "shop".to_owned(),
        environment: "prod".into(),
        account: "123456789012".to_owned(),
        region: "eu-central-1".to_owned(),
        changes: stacks
            .iter()
            .any(|stack| stack.effect != StackEffect::Unchanged),
        stacks,
        uploads: vec![UploadPreview {
            key: "artifacts/ab.zip".to_owned(),
            label: "handlers/orders".to_owned(),
        }],
        site: None,
        left_alone: Vec::new(),
    }
}

fn eventful() -> Preview {
    let mut orders = stack(
        "orders",
        StackEffect::Update,
        "its template or code changed",
    );
    orders
        .parameters
        .push(property("Size", text("5"), text("9")));
    orders.resources = vec![
        ResourceChange {
            replacement: Replacement::Yes,
            fate: Some(Fate::Deleted),
            properties: vec![PropertyChange {
                recreation: Recreation::Always,
                ..property("KeySchema[0].AttributeName", text("pk"), text("orderId"))
            }],
            dangers: vec![danger(
                DangerClass::DataLoss,
                "a new, empty one takes its place; the old one is deleted with all that it holds",
            )],
            ..resource("Table", "AWS::DynamoDB::Table", ResourceAction::Modify)
        },
        ResourceChange {
            properties: vec![
                PropertyChange {
                    causes: vec!["Table".to_owned()],
                    ..property(
                        "Environment.Variables.TABLE",
                        text("${Table}"),
                        Some(Shown::KnownAfter("Table is replaced".to_owned())),
                    )
                },
                property(
                    "Code.S3Key",
                    text(
                        "artifacts/3f1c9a0d4e5b6c7d8e9f00112233445566778899aabbccddeeff001122334455.zip",
                    ),
                    text(
                        "artifacts/a0b1c2d3e4f5060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f.zip",
                    ),
                ),
                property("Environment.Variables.API_KEY", Some(Shown::Hidden), None),
            ],
            ..resource(
                "WorkerFunction",
                "AWS::Lambda::Function",
                ResourceAction::Modify,
            )
        },
        ResourceChange {
            dangers: vec![danger(
                DangerClass::SecurityBroadening,
                "allows dynamodb:PutItem, dynamodb:DeleteItem on ${Table.Arn}",
            )],
            ..resource("WorkerRole", "AWS::IAM::Role", ResourceAction::Add)
        },
        ResourceChange {
            fate: Some(Fate::Retained),
            ..resource("Archive", "AWS::S3::Bucket", ResourceAction::Remove)
        },
    ];
    orders
        .outputs
        .push(property("TableName", text("orders-1"), None));
    orders.tags.push(property("team", None, text("checkout")));
    orders.exports.push(ExportRemoval {
        name: "shop-orders".to_owned(),
        output: "TableName".to_owned(),
        importers: vec!["billing".to_owned()],
    });
    orders.termination_protection = Some(true);

    let mut site = stack("site", StackEffect::Update, "its template or code changed");
    site.resources.push(ResourceChange {
        properties: vec![property(
            "PublicAccessBlockConfiguration",
            Some(Shown::Value(json!({"BlockPublicPolicy": "true"}))),
            None,
        )],
        dangers: vec![danger(
            DangerClass::PublicExposure,
            "public access is not blocked (BlockPublicPolicy)",
        )],
        ..resource("Bucket", "AWS::S3::Bucket", ResourceAction::Modify)
    });

    let mut reports = stack("reports", StackEffect::Create, "it is not there");
    reports.resources = vec![
        resource("Schedule", "AWS::Scheduler::Schedule", ResourceAction::Add),
        resource("Report", "AWS::Lambda::Function", ResourceAction::Add),
    ];
    let mut notifications = stack(
        "notifications",
        StackEffect::Undetermined,
        "it reads outputs of a stack that changes",
    );
    notifications.known_after.push(KnownAfter {
        parameter: "OrdersTable".to_owned(),
        stack: "orders".into(),
        output: "TableName".to_owned(),
        assumed: None,
    });
    let mut preview = preview(vec![
        stack("platform", StackEffect::Unchanged, "nothing differs"),
        stack("identity", StackEffect::Unchanged, "nothing differs"),
        orders,
        site,
        reports,
        notifications,
    ]);
    preview.site = Some(SitePreview {
        added: (0..7).map(|n| format!("assets/chunk-{n}.js")).collect(),
        changed: vec!["index.html".to_owned()],
        removed: vec!["assets/old.js".to_owned()],
        unchanged: 31,
    });
    preview.left_alone = vec!["shop-prod-legacy".into()];
    preview
}

#[test]
fn an_eventful_plan() {
    for width in [80, 120] {
        let text = render_preview(&eventful(), Appearance::plain(width));
        assert_snapshot!(format!("preview_{width}"), text);
    }
    assert_snapshot!("preview_markdown", preview_markdown(&eventful()));
}

#[test]
fn danger_has_a_colour_of_its_own() {
    let appearance = Appearance {
        colour: true,
        ..Appearance::plain(80)
    };
    let text = render_preview(&eventful(), appearance);
    assert!(
        text.contains("\u{1b}[31m\u{1b}[1m! data loss"),
        "red and bold"
    );
    assert!(text.contains("\u{1b}[33m! broader access"), "yellow");
}

#[test]
fn a_plan_without_changes_is_short() {
    let quiet = preview(vec![
        stack("platform", StackEffect::Unchanged, "nothing differs"),
        stack("orders", StackEffect::Unchanged, "nothing differs"),
    ]);
    assert_snapshot!(render_preview(&quiet, Appearance::plain(80)), @r"
    shop in prod (account 123456789012, eu-central-1)

    unchanged: platform, orders

    Nothing would change.
    ");
}

#[test]
fn values_cannot_steer_the_terminal_nor_break_the_table() {
    let mut orders = stack("orders", StackEffect::Update, "x");
    orders.resources.push(ResourceChange {
        properties: vec![property(
            "Description",
            text("a\u{1b}[2Jb"),
            text("`c` | d\n| e"),
        )],
        ..resource("Queue", "AWS::SQS::Queue", ResourceAction::Modify)
    });
    let preview = preview(vec![orders]);
    let plain = render_preview(&preview, Appearance::plain(80));
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let markdown = preview_markdown(&preview);
    let row = markdown
        .lines()
        .find(|line| line.contains("Description"))
        .unwrap();
    assert_eq!(row.replace("\\|", "").matches('|').count(), 6, "{row}");
}
