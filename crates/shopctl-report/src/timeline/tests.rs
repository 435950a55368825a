#![allow(clippy::unwrap_used, reason = "tests")]

use insta::assert_snapshot;
use serde_json::json;

use super::{Timeline, timeline_html, timeline_svg};

const RUN: &str = r#"
{"version":1,"sequence":1,"elapsed_ms":0,"type":"run_started","run":"20260712-r1","command":"deploy","project":"shop","environment":"prod"}
{"version":1,"sequence":2,"elapsed_ms":10,"type":"phase_started","phase":"build"}
{"version":1,"sequence":3,"elapsed_ms":4010,"type":"phase_finished","phase":"build","summary":"3 handlers"}
{"version":1,"sequence":4,"elapsed_ms":4100,"type":"step_started","step":{"kind":"upload","key":"a"},"title":"upload <a>"}
{"version":1,"sequence":5,"elapsed_ms":4300,"type":"step_finished","step":{"kind":"upload","key":"a"},"changed":true,"summary":"1 object"}
{"version":1,"sequence":6,"elapsed_ms":4400,"type":"stack_started","stack":"orders","cloud_name":"shop-prod-orders","operation":"create"}
{"version":1,"sequence":7,"elapsed_ms":5000,"type":"resource_changed","stack":"orders","logical_id":"Table","resource_type":"AWS::DynamoDB::Table","status":"CREATE_IN_PROGRESS"}
{"version":1,"sequence":8,"elapsed_ms":5200,"type":"resource_changed","stack":"orders","logical_id":"Table","resource_type":"AWS::DynamoDB::Table","status":"CREATE_IN_PROGRESS"}
{"version":1,"sequence":8,"elapsed_ms":5300,"type":"resource_changed","stack":"orders","logical_id":"Queue","resource_type":"AWS::SQS::Queue","status":"CREATE_IN_PROGRESS"}
{"version":1,"sequence":9,"elapsed_ms":9000,"type":"resource_changed","stack":"orders","logical_id":"Table","resource_type":"AWS::DynamoDB::Table","status":"CREATE_FAILED"}
{"version":1,"sequence":10,"elapsed_ms":9500,"type":"resource_changed","stack":"orders","logical_id":"Table","resource_type":"AWS::DynamoDB::Table","status":"DELETE_IN_PROGRESS"}
{"version":1,"sequence":11,"elapsed_ms":10500,"type":"resource_changed","stack":"orders","logical_id":"Table","resource_type":"AWS::DynamoDB::Table","status":"DELETE_COMPLETE"}
{"version":1,"sequence":12,"elapsed_ms":11000,"type":"stack_failed","stack":"orders","failure":{}}
{"version":1,"sequence":13,"elapsed_ms":11000,"type":"something_new","stack":"orders"}
"#;

#[test]
fn what_took_longest_is_told_first_and_what_goes_on_lasts_until_the_end() {
    let timeline = Timeline::read(RUN).unwrap();
    let slowest = timeline.slowest(9);
    let lines = slowest
        .iter()
        .map(|(row, length)| format!("{length} {} {}", row.name, row.detail));
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @"
    5700 Queue AWS::SQS::Queue
    5000 Table AWS::DynamoDB::Table
    4000 build 3 handlers
    200 upload <a> 1 object
    ");
}

#[test]
fn a_recorded_run_has_its_steps_and_stacks_in_the_order_in_which_they_began() {
    let resource = |id: &str, status: &str, begin: u64, elapsed: u64| json!({"logicalId": id, "resourceType": "AWS::SQS::Queue", "status": status, "startedMs": begin, "elapsedMs": elapsed});
    let document = json!({
        "version": 1, "run": "20260712-r1", "command": "rollback", "state": "failed",
        "project": "shop", "environment": "prod", "account": "1", "region": "eu-central-1",
        "tool": "0.1.0", "started": "2026-07-12T10:20:01Z", "elapsedMs": 9000,
        "by": {"user": "ada", "host": "runner", "pid": 1},
        "steps": [
            {"step": "site", "startedMs": 7000},
            {"step": "phase:local_cloud", "startedMs": 10, "elapsedMs": 500},
        ],
        "stacks": {
            "idle": {"cloudName": "shop-prod-idle", "action": "none"},
            "orders": {
                "cloudName": "shop-prod-orders", "action": "update", "failed": true,
                "timing": {"operation": "update", "startedMs": 600, "elapsedMs": 4000, "resources": [
                    resource("Queue", "UPDATE_FAILED", 700, 3000),
                    resource("Other", "UPDATE_IN_PROGRESS", 800, 10),
                ]},
            },
        },
    });
    let timeline = Timeline::of(&serde_json::from_value(document).unwrap());
    assert_eq!(timeline.title, "rollback of shop in prod");
    assert_eq!(
        (timeline.outcome.as_deref(), timeline.total),
        (Some("failed"), 9000)
    );
    let lines = timeline.rows.iter().map(|row| {
        let bar = &row.bars[0];
        let end = bar
            .end
            .map_or_else(|| "-".to_owned(), |end| end.to_string());
        let failed = if bar.failed { " failed" } else { "" };
        format!("{:?} {} {}..{end}{failed}", row.kind, row.name, bar.begin)
    });
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @"
    Phase local cloud 10..510
    Stack orders 600..4600 failed
    Resource Queue 700..3700 failed
    Resource Other 800..-
    Step site files 7000..-
    ");
}

#[test]
fn the_chart() {
    let svg = timeline_svg(&Timeline::read(RUN).unwrap());
    assert_snapshot!(svg.split_once("</style>\n").unwrap().1, @r#"
    <text class="strong" x="20" y="32" font-size="16">deploy of shop in prod</text>
    <text class="quiet" x="20" y="50">the events break off after 11.0s, run 20260712-r1</text>
    <g transform="translate(20 64)">
    <line x1="260" x2="260" y1="18" y2="126"/><text class="quiet" x="260" y="12" text-anchor="middle">0.0s</text>
    <line x1="329" x2="329" y1="18" y2="126"/><text class="quiet" x="329" y="12" text-anchor="middle">1.0s</text>
    <line x1="398" x2="398" y1="18" y2="126"/><text class="quiet" x="398" y="12" text-anchor="middle">2.0s</text>
    <line x1="467" x2="467" y1="18" y2="126"/><text class="quiet" x="467" y="12" text-anchor="middle">3.0s</text>
    <line x1="536" x2="536" y1="18" y2="126"/><text class="quiet" x="536" y="12" text-anchor="middle">4.0s</text>
    <line x1="605" x2="605" y1="18" y2="126"/><text class="quiet" x="605" y="12" text-anchor="middle">5.0s</text>
    <line x1="675" x2="675" y1="18" y2="126"/><text class="quiet" x="675" y="12" text-anchor="middle">6.0s</text>
    <line x1="744" x2="744" y1="18" y2="126"/><text class="quiet" x="744" y="12" text-anchor="middle">7.0s</text>
    <line x1="813" x2="813" y1="18" y2="126"/><text class="quiet" x="813" y="12" text-anchor="middle">8.0s</text>
    <line x1="882" x2="882" y1="18" y2="126"/><text class="quiet" x="882" y="12" text-anchor="middle">9.0s</text>
    <line x1="951" x2="951" y1="18" y2="126"/><text class="quiet" x="951" y="12" text-anchor="middle">10.0s</text>
    <line x1="1020" x2="1020" y1="18" y2="126"/><text class="quiet" x="1020" y="12" text-anchor="middle">11.0s</text>
    <text class="strong" x="0" y="40">build<title>build 3 handlers</title></text>
    <rect class="phase" x="261" y="30" width="276" height="12" rx="2"><title>build 4.0s 3 handlers</title></rect>
    <text class="quiet" x="543" y="40">4.0s</text>
    <text class="" x="0" y="60">upload &lt;a&gt;<title>upload &lt;a&gt; 1 object</title></text>
    <rect class="step" x="543" y="50" width="14" height="12" rx="2"><title>upload &lt;a&gt; 0.2s 1 object</title></rect>
    <text class="quiet" x="563" y="60">0.2s</text>
    <text class="strong" x="0" y="80">orders<title>orders failed</title></text>
    <rect class="bad" x="564" y="70" width="456" height="12" rx="2"><title>orders 6.6s failed</title></rect>
    <text class="quiet" x="1026" y="80">6.6s</text>
    <text class="quiet" x="14" y="100">Table<title>Table AWS::DynamoDB::Table</title></text>
    <rect class="bad" x="605" y="90" width="277" height="12" rx="2"><title>Table 4.0s AWS::DynamoDB::Table</title></rect>
    <rect class="resource" x="916" y="90" width="69" height="12" rx="2"><title>Table 1.0s AWS::DynamoDB::Table</title></rect>
    <text class="quiet" x="991" y="100">5.0s</text>
    <text class="quiet" x="14" y="120">Queue<title>Queue AWS::SQS::Queue</title></text>
    <rect class="resource" x="626" y="110" width="394" height="12" rx="2"><title>Queue 5.7s AWS::SQS::Queue</title></rect>
    <text class="quiet" x="1026" y="120">5.7s</text>
    </g>
    </svg>
    "#);
}

#[test]
fn the_page_loads_nothing_and_no_name_breaks_it() {
    let page = timeline_html(&Timeline::read(RUN).unwrap());
    assert!(page.contains("upload &lt;a&gt;") && !page.contains("upload <a>"));
    assert!(page.contains("prefers-color-scheme:dark"));
    for outside in ["src=", "href=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn other_text_is_refused_with_its_line() {
    let error = |text: &str| Timeline::read(text).unwrap_err().to_string();
    assert_snapshot!(error("{}\n\nnonsense"), @"line 3 is no event: expected ident at line 1 column 2");
    assert_snapshot!(error("{}\n"), @"there is no run in it: the event 'run_started' is missing");
}
