//! Recorded runs, written by hand: what the executor sends in the situations that users meet.
//! Shared by the golden tests and the demo.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use shopctl_core::diagnostic::Location;
use shopctl_core::event::{
    Command, Event, FailedResource, Failure, Leftover, Numbered, Outcome, Phase, PlannedStack,
    StackOperation, StackResult,
};
use shopctl_core::names::{CloudStackName, StackName};
use shopctl_core::plan::{StackAction, StepId};
use shopctl_core::status::StackStatus;
use shopctl_core::template::OmittedResource;

/// Makes a stream.
pub type Builder = fn() -> Vec<Numbered>;

/// Name and builder of each stream.
pub const ALL: &[(&str, Builder)] = &[
    ("first_deploy", first_deploy),
    ("no_change", no_change),
    ("update", update),
    ("failing_deploy", failing_deploy),
    ("failing_build", failing_build),
    ("interrupted", interrupted),
    ("cancelled", cancelled),
    ("teardown", teardown),
    ("teardown_with_leftovers", teardown_with_leftovers),
];

/// The files that locations of the streams point into.
pub fn source(file: &str) -> Option<String> {
    match file {
        "stacks/orders/template.yaml" => Some(
            "AWSTemplateFormatVersion: \"2010-09-09\"\n\
             Resources:\n\
             \x20 OrderQueue:\n\
             \x20   Type: AWS::SQS::Queue\n\
             \x20   Properties:\n\
             \x20     QueueName: orders\n\
             \x20     FifoQueue: true\n"
                .to_owned(),
        ),
        _ => None,
    }
}

/// A resource of a stack: logical ID, type, begin and end in milliseconds after the stack's start.
type Resource = (&'static str, &'static str, u64, u64);

const PLATFORM: &[Resource] = &[
    ("EventBus", "AWS::Events::EventBus", 200, 700),
    ("AlarmTopic", "AWS::SNS::Topic", 200, 600),
    ("EventBusName", "AWS::SSM::Parameter", 800, 1200),
];
const IDENTITY: &[Resource] = &[
    ("UserPool", "AWS::Cognito::UserPool", 200, 1100),
    ("UserPoolClient", "AWS::Cognito::UserPoolClient", 1200, 1700),
];
const API: &[Resource] = &[
    ("HttpApi", "AWS::ApiGatewayV2::Api", 100, 900),
    ("DefaultStage", "AWS::ApiGatewayV2::Stage", 1000, 1400),
    ("JwtAuthorizer", "AWS::ApiGatewayV2::Authorizer", 1000, 1600),
    ("AccessLogs", "AWS::Logs::LogGroup", 100, 400),
];
const PRODUCTS: &[Resource] = &[
    ("Table", "AWS::DynamoDB::Table", 100, 2400),
    ("ApiFunctionRole", "AWS::IAM::Role", 100, 700),
    ("ApiFunctionLogs", "AWS::Logs::LogGroup", 100, 300),
    ("SeedFunctionRole", "AWS::IAM::Role", 100, 800),
    ("ApiFunction", "AWS::Lambda::Function", 2500, 3300),
    ("SeedFunction", "AWS::Lambda::Function", 2500, 3400),
    (
        "ApiIntegration",
        "AWS::ApiGatewayV2::Integration",
        3400,
        3700,
    ),
    ("ListRoute", "AWS::ApiGatewayV2::Route", 3800, 4000),
    ("GetRoute", "AWS::ApiGatewayV2::Route", 3800, 4000),
    ("CategoriesRoute", "AWS::ApiGatewayV2::Route", 3800, 4100),
    ("ApiPermission", "AWS::Lambda::Permission", 3400, 3600),
    ("Catalogue", "Custom::Seed", 3500, 9800),
];
const ORDERS: &[Resource] = &[
    ("OrderQueue", "AWS::SQS::Queue", 400, 900),
    ("DeadLetterQueue", "AWS::SQS::Queue", 100, 300),
    ("Table", "AWS::DynamoDB::Table", 100, 2200),
    ("ApiFunction", "AWS::Lambda::Function", 2300, 3000),
    ("ProcessFunction", "AWS::Lambda::Function", 2300, 3200),
    (
        "ProcessMapping",
        "AWS::Lambda::EventSourceMapping",
        3300,
        4000,
    ),
    ("PlaceRoute", "AWS::ApiGatewayV2::Route", 3300, 3500),
    ("ListRoute", "AWS::ApiGatewayV2::Route", 3300, 3500),
];
const NOTIFICATIONS: &[Resource] = &[
    ("OrderTopic", "AWS::SNS::Topic", 100, 400),
    ("MailFunction", "AWS::Lambda::Function", 500, 1300),
    ("OrderCreatedRule", "AWS::Events::Rule", 1400, 1700),
    ("MailIdentity", "AWS::SES::EmailIdentity", 100, 300),
];
const SITE: &[Resource] = &[
    ("Bucket", "AWS::S3::Bucket", 100, 700),
    (
        "AccessControl",
        "AWS::CloudFront::OriginAccessControl",
        100,
        500,
    ),
    ("Distribution", "AWS::CloudFront::Distribution", 800, 14_200),
    ("BucketPolicy", "AWS::S3::BucketPolicy", 14_300, 14_600),
];

const STACKS: [(&str, &[Resource]); 7] = [
    ("platform", PLATFORM),
    ("identity", IDENTITY),
    ("api", API),
    ("products", PRODUCTS),
    ("orders", ORDERS),
    ("notifications", NOTIFICATIONS),
    ("site", SITE),
];

/// Events in the making, in any order; numbered in the order of time at the end.
struct Stream {
    events: Vec<(u64, Event)>,
}

impl Stream {
    fn begin(command: Command) -> Self {
        let mut stream = Self { events: Vec::new() };
        stream.at(
            0,
            Event::RunStarted {
                run: "20260712T102201Z-4f1c".to_owned(),
                command,
                project: "shop".to_owned(),
                environment: "local".into(),
            },
        );
        stream
    }

    fn at(&mut self, time: u64, event: Event) {
        self.events.push((time, event));
    }

    fn finish(mut self) -> Vec<Numbered> {
        self.events.sort_by_key(|(time, _)| *time);
        let numbered = self.events.into_iter().zip(1..);
        numbered
            .map(|((elapsed_ms, event), sequence)| Numbered {
                version: 1,
                sequence,
                elapsed_ms,
                event,
            })
            .collect()
    }

    fn phase(&mut self, phase: Phase, from: u64, to: u64, units: &[&str], summary: &str) {
        self.at(from, Event::PhaseStarted { phase });
        let total = units.len() as u64;
        for (done, message) in (0..).zip(units) {
            self.at(
                from + 1 + (to - from) * done / total,
                Event::PhaseProgressed {
                    phase,
                    message: (*message).to_owned(),
                    done,
                    total: (total > 1).then_some(total),
                },
            );
        }
        self.at(
            to,
            Event::PhaseFinished {
                phase,
                summary: summary.to_owned(),
            },
        );
    }

    /// The phases of a deploy when hardly anything has to be built.
    fn warm_phases(&mut self, plan: &str) {
        self.phase(Phase::LocalCloud, 10, 210, &[], "running on port 4566");
        self.phase(Phase::Build, 210, 1400, &[], "3 handlers, none changed");
        self.phase(Phase::Site, 1400, 1450, &[], "42 files, not changed");
        self.phase(Phase::Render, 1450, 1520, &[], "7 templates");
        self.phase(Phase::Plan, 1520, 1900, &[], plan);
    }

    fn planned(&mut self, time: u64, uploads: usize, stacks: &[(&str, StackAction, &str)]) {
        let stacks = stacks
            .iter()
            .map(|(name, action, reason)| PlannedStack {
                stack: (*name).into(),
                action: *action,
                reason: (*reason).to_owned(),
                resources: resources_of(name).len(),
                after: Vec::new(),
                expected_ms: None,
            })
            .collect();
        self.at(
            time,
            Event::Planned {
                account: "000000000000".to_owned(),
                region: "us-east-1".to_owned(),
                stacks,
                uploads,
                omitted: vec![OmittedResource {
                    stack: "platform".into(),
                    logical_id: "EventArchive".into(),
                    resource_type: "AWS::Events::Archive".to_owned(),
                }],
            },
        );
    }

    /// What earlier runs tell of a stack that was planned, and the stacks before it.
    fn expect(&mut self, name: &str, time: u64, before: &[&str]) {
        for (_, event) in &mut self.events {
            if let Event::Planned { stacks, .. } = event {
                for planned in stacks
                    .iter_mut()
                    .filter(|planned| planned.stack.as_str() == name)
                {
                    planned.expected_ms = Some(time);
                    planned.after = before.iter().map(|before| (*before).into()).collect();
                }
            }
        }
    }

    fn upload(&mut self, from: u64, to: u64, label: &str, changed: bool) {
        let step = StepId::upload(&format!("artifacts/{label}.zip"));
        self.at(
            from,
            Event::StepStarted {
                step: step.clone(),
                title: format!("upload {label}"),
            },
        );
        let verb = if changed {
            "uploaded"
        } else {
            "already there:"
        };
        self.at(
            to,
            Event::StepFinished {
                step,
                changed,
                summary: format!("{verb} {label}"),
            },
        );
    }

    fn step(&mut self, id: &str, title: &str, from: u64, to: u64, changed: bool, summary: &str) {
        let step = StepId::single(id);
        self.at(
            from,
            Event::StepStarted {
                step: step.clone(),
                title: title.to_owned(),
            },
        );
        self.at(
            to,
            Event::StepFinished {
                step,
                changed,
                summary: summary.to_owned(),
            },
        );
    }

    fn skipped(&mut self, time: u64, id: StepId, title: &str, cause: Option<&str>) {
        let cause = cause.map(|stack| StepId::stack(&stack.into()));
        self.at(
            time,
            Event::StepSkipped {
                step: id,
                title: title.to_owned(),
                cause,
            },
        );
    }

    fn started(&mut self, time: u64, name: &str, operation: StackOperation, resources: usize) {
        self.at(
            time,
            Event::StackStarted {
                stack: name.into(),
                cloud_name: cloud_name(name),
                operation,
                resources: Some(resources),
            },
        );
    }

    fn resource(&mut self, time: u64, stack: &str, resource: &Resource, status: &str) {
        self.failed_resource(time, stack, resource, status, None);
    }

    fn failed_resource(
        &mut self,
        time: u64,
        stack: &str,
        resource: &Resource,
        status: &str,
        reason: Option<&str>,
    ) {
        self.at(
            time,
            Event::ResourceChanged {
                stack: stack.into(),
                logical_id: resource.0.into(),
                resource_type: resource.1.to_owned(),
                status: status.to_owned(),
                reason: reason.map(str::to_owned),
            },
        );
    }

    /// A stack from its start to its good end; the time of the end.
    fn stack(
        &mut self,
        from: u64,
        name: &str,
        operation: StackOperation,
        resources: &[Resource],
    ) -> u64 {
        let (verb, result, status) = match operation {
            StackOperation::Delete => ("DELETE", StackResult::Deleted, None),
            StackOperation::Update => (
                "UPDATE",
                StackResult::Updated,
                Some(StackStatus::UpdateComplete),
            ),
            _ => (
                "CREATE",
                StackResult::Created,
                Some(StackStatus::CreateComplete),
            ),
        };
        self.started(from, name, operation, resources.len());
        let mut end = from;
        for resource in resources {
            self.resource(
                from + resource.2,
                name,
                resource,
                &format!("{verb}_IN_PROGRESS"),
            );
            self.resource(
                from + resource.3,
                name,
                resource,
                &format!("{verb}_COMPLETE"),
            );
            end = end.max(from + resource.3 + 200);
        }
        let event = Event::StackFinished {
            stack: name.into(),
            status,
            result,
            outputs: outputs(name, operation),
        };
        self.at(end, event);
        end
    }

    fn unchanged(&mut self, time: u64, name: &str) {
        self.at(
            time,
            Event::StackFinished {
                stack: name.into(),
                status: Some(StackStatus::CreateComplete),
                result: StackResult::Unchanged,
                outputs: IndexMap::new(),
            },
        );
    }

    fn run_finished(
        &mut self,
        time: u64,
        outcome: Outcome,
        exit_code: u8,
        urls: BTreeMap<String, String>,
    ) {
        self.end(time, outcome, exit_code, urls, Vec::new(), &[]);
    }

    fn end(
        &mut self,
        time: u64,
        outcome: Outcome,
        exit_code: u8,
        urls: BTreeMap<String, String>,
        left: Vec<Leftover>,
        errors: &[&str],
    ) {
        let errors = errors.iter().map(|error| (*error).to_owned()).collect();
        self.at(
            time,
            Event::RunFinished {
                outcome,
                exit_code,
                urls,
                left,
                errors,
            },
        );
    }
}

fn resources_of(name: &str) -> &'static [Resource] {
    STACKS
        .iter()
        .find(|(stack, _)| *stack == name)
        .map_or(&[], |(_, resources)| resources)
}

fn cloud_name(name: &str) -> CloudStackName {
    CloudStackName::new(format!("shop-local-{name}"))
}

fn outputs(name: &str, operation: StackOperation) -> IndexMap<String, String> {
    match (name, operation) {
        (_, StackOperation::Delete) => IndexMap::new(),
        ("identity", _) => {
            IndexMap::from([("UserPoolId".to_owned(), "us-east-1_a1b2c3".to_owned())])
        }
        _ => IndexMap::new(),
    }
}

fn urls() -> BTreeMap<String, String> {
    BTreeMap::from([
        (
            "site".to_owned(),
            "http://e1x9k2.cloudfront.localhost:4566/".to_owned(),
        ),
        (
            "api".to_owned(),
            "http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4/$default/api".to_owned(),
        ),
    ])
}

fn all(
    action: StackAction,
    reason: &'static str,
) -> Vec<(&'static str, StackAction, &'static str)> {
    STACKS
        .iter()
        .map(|(name, _)| (*name, action, reason))
        .collect()
}

/// Everything for the first time, the local cloud included.
pub fn first_deploy() -> Vec<Numbered> {
    let mut stream = Stream::begin(Command::Deploy);
    stream.phase(
        Phase::LocalCloud,
        10,
        6200,
        &["installing MiniStack 1.5.33", "starting on port 4566"],
        "MiniStack 1.5.33 on port 4566, started",
    );
    let crates = [
        "serde",
        "tokio",
        "hyper",
        "rustls",
        "aws-smithy-types",
        "aws-sdk-dynamodb",
        "aws-sdk-sqs",
        "lambda_runtime",
        "shop-core",
        "products",
        "orders",
        "notifications",
    ];
    stream.phase(
        Phase::Build,
        6200,
        18_400,
        &crates,
        "3 handlers, 3 changed, 14.2 MB",
    );
    stream.phase(
        Phase::Site,
        18_400,
        22_900,
        &["npm ci", "npm run build"],
        "42 files, 1.2 MB",
    );
    stream.phase(Phase::Render, 22_900, 23_000, &[], "7 templates");
    stream.phase(Phase::Plan, 23_000, 23_400, &[], "7 stacks to create");
    stream.planned(23_400, 3, &all(StackAction::Create, "not deployed yet"));
    stream.step(
        "bucket",
        "artifact bucket",
        23_410,
        23_700,
        true,
        "made shop-artifacts-000000000000-us-east-1",
    );
    stream.upload(23_700, 24_500, "products", true);
    stream.upload(23_700, 24_900, "orders", true);
    stream.upload(23_700, 24_600, "notifications", true);
    let create = StackOperation::Create;
    let platform = stream.stack(23_410, "platform", create, PLATFORM);
    let identity = stream.stack(23_410, "identity", create, IDENTITY);
    let api = stream.stack(identity, "api", create, API);
    let products = stream.stack(api, "products", create, PRODUCTS);
    let orders = stream.stack(api, "orders", create, ORDERS);
    stream.stack(platform.max(24_600), "notifications", create, NOTIFICATIONS);
    let site = stream.stack(api, "site", create, SITE);
    stream.step(
        "site",
        "site",
        site,
        site + 1300,
        true,
        "42 of 42 files uploaded, 1 invalidated, 0 removed",
    );
    let end = (site + 1300).max(products).max(orders);
    stream.step(
        "urls",
        "health check",
        end,
        end + 600,
        false,
        "2 URLs answer",
    );
    stream.run_finished(end + 700, Outcome::Succeeded, 0, urls());
    stream.finish()
}

/// The same again.
pub fn no_change() -> Vec<Numbered> {
    let mut stream = Stream::begin(Command::Deploy);
    stream.warm_phases("nothing to change");
    stream.planned(1900, 0, &all(StackAction::None, "inputs are as deployed"));
    for (name, _) in STACKS {
        stream.unchanged(1910, name);
    }
    stream.step("site", "site", 1920, 2000, false, "42 files, none changed");
    stream.step("urls", "health check", 2000, 2300, false, "2 URLs answer");
    stream.run_finished(2310, Outcome::Unchanged, 0, urls());
    stream.finish()
}

/// One handler changed; a stack that reads its outputs turns out to stay as it is.
pub fn update() -> Vec<Numbered> {
    let mut stream = Stream::begin(Command::Deploy);
    stream.warm_phases("1 stack to update, 1 to look at");
    stream.at(
        1700,
        Event::Warned {
            message: "environment variable 'LOG_LEVEL' is set to its default".to_owned(),
            location: Some(Location {
                file: "stacks/orders/template.yaml".into(),
                line: 6,
                column: 7,
            }),
        },
    );
    let mut stacks = all(StackAction::None, "inputs are as deployed");
    stacks[3] = ("products", StackAction::Update, "the template changed");
    stacks[4] = (
        "orders",
        StackAction::Decide,
        "an output of 'products' may change",
    );
    stream.planned(1900, 1, &stacks);
    stream.expect("products", 14_000, &["platform", "api"]);
    stream.expect("orders", 9_000, &["products"]);
    for name in ["platform", "identity", "api", "notifications", "site"] {
        stream.unchanged(1910, name);
    }
    stream.upload(1920, 2500, "products", true);
    let changed = [
        ("ApiFunction", "AWS::Lambda::Function", 300, 1400),
        ("SeedFunction", "AWS::Lambda::Function", 300, 1500),
    ];
    let end = stream.stack(2500, "products", StackOperation::Update, &changed);
    stream.unchanged(end + 200, "orders");
    stream.step("site", "site", 1920, 2000, false, "42 files, none changed");
    stream.step(
        "urls",
        "health check",
        end + 200,
        end + 500,
        false,
        "2 URLs answer",
    );
    stream.run_finished(end + 510, Outcome::Succeeded, 0, urls());
    stream.finish()
}

/// A resource is refused: the stack is rolled back, what depends on it is not begun.
pub fn failing_deploy() -> Vec<Numbered> {
    let mut stream = Stream::begin(Command::Deploy);
    stream.warm_phases("7 stacks to create");
    stream.planned(1900, 3, &all(StackAction::Create, "not deployed yet"));
    stream.upload(1920, 2700, "products", true);
    stream.upload(1920, 2800, "orders", true);
    stream.upload(1920, 2100, "notifications", false);
    let create = StackOperation::Create;
    stream.stack(1920, "platform", create, PLATFORM);
    let identity = stream.stack(1920, "identity", create, IDENTITY);
    let api = stream.stack(identity, "api", create, API);
    stream.stack(api, "products", create, PRODUCTS);
    stream.started(api, "orders", create, ORDERS.len());
    let (queue, dead, table) = (&ORDERS[0], &ORDERS[1], &ORDERS[2]);
    stream.resource(api + 100, "orders", dead, "CREATE_IN_PROGRESS");
    stream.resource(api + 100, "orders", table, "CREATE_IN_PROGRESS");
    stream.resource(api + 300, "orders", dead, "CREATE_COMPLETE");
    stream.resource(api + 400, "orders", queue, "CREATE_IN_PROGRESS");
    let reason = "Resource handler returned message: \"The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length. (Service: Sqs, Status Code: 400, Request ID: 5f0c8a52-7d0c-4b67-b7d0-3e2a6d3c9a11)\" (RequestToken: 8a1b, HandlerErrorCode: InvalidRequest)";
    stream.failed_resource(api + 900, "orders", queue, "CREATE_FAILED", Some(reason));
    stream.failed_resource(
        api + 950,
        "orders",
        table,
        "CREATE_FAILED",
        Some("Resource creation cancelled"),
    );
    for resource in [dead, table] {
        stream.resource(api + 1500, "orders", resource, "DELETE_IN_PROGRESS");
        stream.resource(api + 6000, "orders", resource, "DELETE_COMPLETE");
    }
    let failed = api + 6300;
    stream.at(
        failed,
        Event::StackFailed {
            stack: "orders".into(),
            failure: Failure {
                cloud_name: cloud_name("orders"),
                status: Some(StackStatus::RollbackComplete),
                resource: Some(FailedResource {
                    logical_id: "OrderQueue".into(),
                    resource_type: "AWS::SQS::Queue".to_owned(),
                    location: Some(Location {
                        file: "stacks/orders/template.yaml".into(),
                        line: 3,
                        column: 3,
                    }),
                }),
                reason: reason.to_owned(),
                hint: Some(
                    "correct the resource, then run `shopctl deploy --env local`".to_owned(),
                ),
                diagnosis: None,
            },
        },
    );
    for name in ["notifications", "site"] {
        let id = StepId::stack(&StackName::from(name));
        stream.skipped(failed + 1, id, &format!("stack {name}"), Some("orders"));
    }
    stream.skipped(failed + 2, StepId::single("site"), "site", Some("orders"));
    stream.skipped(
        failed + 2,
        StepId::single("urls"),
        "health check",
        Some("orders"),
    );
    let error = format!("stack 'shop-local-orders': OrderQueue (AWS::SQS::Queue): {reason}");
    let end = (failed + 10).max(api + 10_000);
    stream.end(
        end,
        Outcome::Failed,
        1,
        BTreeMap::new(),
        Vec::new(),
        &[&error],
    );
    stream.finish()
}

/// It ends before anything was planned.
pub fn failing_build() -> Vec<Numbered> {
    let mut stream = Stream::begin(Command::Deploy);
    stream.phase(Phase::LocalCloud, 10, 210, &[], "running on port 4566");
    stream.at(
        210,
        Event::PhaseStarted {
            phase: Phase::Build,
        },
    );
    stream.at(
        900,
        Event::PhaseProgressed {
            phase: Phase::Build,
            message: "products".to_owned(),
            done: 11,
            total: Some(12),
        },
    );
    let errors = ["handler 'products' does not compile"];
    stream.end(
        2400,
        Outcome::Failed,
        1,
        BTreeMap::new(),
        Vec::new(),
        &errors,
    );
    stream.finish()
}

/// Ctrl-C while two stacks are created.
pub fn interrupted() -> Vec<Numbered> {
    stopped(false)
}

/// The same, and what CloudFormation was doing is undone.
pub fn cancelled() -> Vec<Numbered> {
    stopped(true)
}

fn stopped(cancelled: bool) -> Vec<Numbered> {
    let mut stream = Stream::begin(Command::Deploy);
    stream.warm_phases("7 stacks to create");
    stream.planned(1900, 3, &all(StackAction::Create, "not deployed yet"));
    stream.upload(1920, 2700, "products", true);
    stream.upload(1920, 2800, "orders", true);
    stream.upload(1920, 2100, "notifications", false);
    let create = StackOperation::Create;
    stream.stack(1920, "platform", create, PLATFORM);
    let identity = stream.stack(1920, "identity", create, IDENTITY);
    let api = stream.stack(identity, "api", create, API);
    stream.started(api, "products", create, PRODUCTS.len());
    for resource in &PRODUCTS[..4] {
        stream.resource(api + resource.2, "products", resource, "CREATE_IN_PROGRESS");
    }
    stream.started(api, "orders", create, ORDERS.len());
    stream.resource(api + 100, "orders", &ORDERS[2], "CREATE_IN_PROGRESS");
    let stop = api + 800;
    for name in ["products", "orders"] {
        let mut tell = |at, status: Option<StackStatus>| {
            let attach = (!cancelled).then(|| "shopctl deploy --env local".to_owned());
            let event = Event::StackInterrupted {
                stack: name.into(),
                cancelled,
                status,
                attach,
            };
            stream.at(at, event);
        };
        tell(stop, None);
        if cancelled {
            tell(stop + 10, Some(StackStatus::DeleteComplete));
        }
    }
    for name in ["notifications", "site"] {
        let id = StepId::stack(&StackName::from(name));
        stream.skipped(stop, id, &format!("stack {name}"), None);
    }
    stream.skipped(stop, StepId::single("site"), "site", None);
    stream.skipped(stop, StepId::single("urls"), "health check", None);
    stream.run_finished(stop + 20, Outcome::Interrupted, 130, BTreeMap::new());
    stream.finish()
}

fn teardown_of_all(left: Vec<Leftover>) -> Vec<Numbered> {
    let mut stream = Stream::begin(Command::Teardown);
    stream.phase(Phase::Plan, 10, 420, &[], "7 stacks to delete");
    let mut stacks = all(StackAction::Delete, "teardown");
    stacks.reverse();
    stream.at(
        420,
        Event::Planned {
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            stacks: stacks
                .iter()
                .map(|(name, action, reason)| PlannedStack {
                    stack: (*name).into(),
                    action: *action,
                    reason: (*reason).to_owned(),
                    resources: resources_of(name).len(),
                    after: Vec::new(),
                    expected_ms: None,
                })
                .collect(),
            uploads: 0,
            omitted: Vec::new(),
        },
    );
    let delete = StackOperation::Delete;
    let site = stream.stack(430, "site", delete, SITE);
    let notifications = stream.stack(430, "notifications", delete, NOTIFICATIONS);
    let orders = stream.stack(430, "orders", delete, ORDERS);
    let products = stream.stack(430, "products", delete, PRODUCTS);
    let api = stream.stack(site.max(orders).max(products), "api", delete, API);
    let identity = stream.stack(api, "identity", delete, IDENTITY);
    let platform = stream.stack(notifications, "platform", delete, PLATFORM);
    let end = identity.max(platform);
    stream.step("logs", "log groups", end, end + 300, true, "5 deleted");
    let bucket = "shop-artifacts-000000000000-us-east-1 deleted with 23 object versions";
    stream.step(
        "bucket",
        "artifact bucket",
        end + 300,
        end + 800,
        true,
        bucket,
    );
    stream.end(end + 850, Outcome::Succeeded, 0, BTreeMap::new(), left, &[]);
    stream.finish()
}

/// Everything is removed.
pub fn teardown() -> Vec<Numbered> {
    teardown_of_all(Vec::new())
}

/// Two things stay.
pub fn teardown_with_leftovers() -> Vec<Numbered> {
    teardown_of_all(vec![
        Leftover {
            kind: "AWS::DynamoDB::Table".to_owned(),
            name: "shop-local-orders-Table-1J8KQ2N0XW3ZD".to_owned(),
            reason: "its DeletionPolicy is Retain".to_owned(),
            cost: shopctl_core::price::about("AWS::DynamoDB::Table"),
        },
        Leftover {
            kind: "log group".to_owned(),
            name: "/aws/lambda/shop-local-orders-ProcessFunction".to_owned(),
            reason: "access denied".to_owned(),
            cost: None,
        },
    ])
}
