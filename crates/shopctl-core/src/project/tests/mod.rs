//! Tests of the project file, and what they share.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod docs;
mod graph;
mod laws;
mod messages;
mod model;
mod schema;
mod wiring;

use super::Project;

/// A project like a real one; every key is used.
const SHOP: &str = r#"# what the shop consists of
version: 1
project: shop
region: us-east-1
tags: { cost-center: web }
stacks:
  platform: {}
  identity:
    parameters: { PasswordLength: 12 }
  api:
    parameters:
      UserPoolClientId: { output: identity.UserPoolClientId }
      Stages: [blue, green]
  products:
    template: ./stacks/catalogue.yaml
    parameters: { ApiId: { output: api.ApiId }, Stage: { pseudo: environment } }
    dependsOn: [platform]
  site:
    parameters: { LocalPort: "" }
  pipeline:
    environments: [prod]
handlers:
  products: ./handlers/products/
site:
  path: frontend
  build: [npm, run, build]
  output: frontend/dist
  bucket: { output: site.BucketName }
  distribution: { output: site.DistributionId }
  config:
    file: config.json
    values:
      apiUrl: /api
      pageSize: 24
      debug: false
      region: { pseudo: region }
      userPoolId: { output: identity.UserPoolId }
urls:
  site: { output: site.SiteUrl, check: / }
  api: { output: api.ApiUrl, check: /products }
  pipeline: { output: pipeline.Url }
environments:
  local:
    local: true
    parameters: { site: { LocalPort: { local: port } } }
    config: { debug: true }
    omit: [AWS::Events::Archive]
  prod:
    account: 012345678901
    region: eu-central-1
    protected: true
    architecture: arm64
    profile: lambda
    parameters: { identity: { PasswordLength: 16, Domain: shop.example } }
    tags: { stage: production, cost-center: shop }
    role: arn:aws:iam::012345678901:role/ci/deployer
    externalId: shop-deploys
    serviceRole: arn:aws:iam::012345678901:role/cloudformation
    rollback:
      alarms: [{ output: api.AlarmArn }]
      compositeAlarms: [{ output: identity.AlarmArn }]
      monitoringMinutes: 5
    permissionsBoundary: arn:aws:iam::012345678901:policy/limit
hooks:
  beforeDeploy: [make, generate]
  afterTeardown: [./forget.sh]
"#;

/// What is said about a file, one line a finding.
fn findings(text: &str) -> String {
    match Project::parse("shopctl.yaml", text) {
        Ok(_) => "no findings".to_owned(),
        Err(diagnostics) => diagnostics.to_string(),
    }
}

fn shop() -> Project {
    Project::parse("shopctl.yaml", SHOP).unwrap()
}

/// The shop with one place changed; the place has to be there once.
fn changed(from: &str, to: &str) -> String {
    assert_eq!(SHOP.matches(from).count(), 1, "{from}");
    SHOP.replace(from, to)
}
