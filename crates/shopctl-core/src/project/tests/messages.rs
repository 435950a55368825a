//! What a user reads about a wrong file.

use insta::assert_snapshot;

use super::{changed, findings};

/// The smallest valid file, with `lines` behind it.
fn small(lines: &str) -> String {
    format!(
        "version: 1\nproject: shop\nregion: us-east-1\nenvironments: {{ local: {{ local: true }} }}\n{lines}"
    )
}

#[test]
fn a_file_of_another_version_is_only_told_that() {
    assert_snapshot!(findings("version: 2\nstack: {}\n"), @"shopctl.yaml:1:10: expected version 1, there is '2' (this shopctl reads version 1 of the project file)");
    assert_snapshot!(findings("version: \"1\"\nproject: shop\n"), @"shopctl.yaml:1:10: expected version 1, there is '1' (this shopctl reads version 1 of the project file)");
}

#[test]
fn a_file_that_is_no_mapping_or_empty() {
    assert_snapshot!(findings("- shop\n"), @"shopctl.yaml:1:1: expected the project file (a mapping), there is a list");
    assert_snapshot!(findings("shop\n"), @"shopctl.yaml:1:1: expected the project file (a mapping), there is 'shop'");
    assert_snapshot!(findings(""), @"shopctl.yaml:1:1: the file is empty");
    assert_snapshot!(findings("# nothing\n"), @"shopctl.yaml:1:1: the file is empty");
}

#[test]
fn missing_keys_come_with_the_line_to_add() {
    assert_snapshot!(findings("{}\n"), @r"
    shopctl.yaml:1:1: missing key 'version' in the project file (add 'version: 1')
    shopctl.yaml:1:1: missing key 'project' in the project file (add 'project: shop')
    shopctl.yaml:1:1: missing key 'stacks' in the project file (add 'stacks:')
    shopctl.yaml:1:1: missing key 'environments' in the project file (add 'environments:')
    ");
    assert_snapshot!(
        findings(&small("stacks: { web: {} }\nsite: { path: web, config: {} }\nurls: { web: {} }\n")),
        @r"
    shopctl.yaml:6:7: missing key 'output' in the site (add 'output: frontend/dist')
    shopctl.yaml:6:7: missing key 'bucket' in the site (add 'bucket:')
    shopctl.yaml:6:28: missing key 'file' in the site's configuration (add 'file: config.json')
    shopctl.yaml:6:28: missing key 'values' in the site's configuration (add 'values:')
    shopctl.yaml:7:14: missing key 'output' in a URL (add 'output: site.SiteUrl')
    "
    );
}

#[test]
fn unknown_keys_at_each_level() {
    assert_snapshot!(findings(&changed("handlers:\n", "handler:\n")), @"shopctl.yaml:22:1: unknown key 'handler' in the project file (did you mean 'handlers'?)");
    assert_snapshot!(findings(&changed("    template: ./", "    tempalte: ./")), @"shopctl.yaml:15:5: unknown key 'tempalte' in a stack (did you mean 'template'?)");
    assert_snapshot!(findings(&changed("  build: [", "  command: [")), @"shopctl.yaml:26:3: unknown key 'command' in the site (there is: path, build, output, bucket, distribution, config)");
    assert_snapshot!(findings(&changed("    file: config.json", "    name: config.json")), @r"
    shopctl.yaml:31:5: unknown key 'name' in the site's configuration (there is: file, values)
    shopctl.yaml:31:5: missing key 'file' in the site's configuration (add 'file: config.json')
    ");
    assert_snapshot!(findings(&changed("{ output: site.SiteUrl, check: / }", "{ output: site.SiteUrl, path: / }")), @"shopctl.yaml:39:33: unknown key 'path' in a URL (there is: output, check)");
    assert_snapshot!(findings(&changed("    protected: true", "    protect: true")), @"shopctl.yaml:51:5: unknown key 'protect' in an environment (did you mean 'protected'?)");
    assert_snapshot!(findings(&changed("{ output: api.ApiId }", "{ outptu: api.ApiId }")), @"shopctl.yaml:16:28: unknown key 'outptu' in a value (did you mean 'output'?)");
    assert_snapshot!(findings(&changed("{ output: site.BucketName }", "{ outputs: site.BucketName }")), @"shopctl.yaml:28:13: unknown key 'outputs' in an output reference (did you mean 'output'?)");
}

#[test]
fn wrong_types() {
    let stacks = |value: &str| findings(&small(&format!("stacks: {value}\n")));
    assert_snapshot!(stacks("[api, products]"), @"shopctl.yaml:5:9: expected a mapping, there is a list");
    assert_snapshot!(stacks("{}"), @"shopctl.yaml:5:9: expected at least one entry, there is none");
    assert_snapshot!(stacks("{ api: yes }"), @"shopctl.yaml:5:16: expected a stack (a mapping), there is 'yes'");
    assert_snapshot!(stacks("{ api: { parameters: [A] } }"), @"shopctl.yaml:5:30: expected a mapping, there is a list");
    assert_snapshot!(stacks("{ api: { parameters: { A: ~, B: {}, C: [[1]], D: !Ref X } } }"), @r#"
    shopctl.yaml:5:35: expected a text, a number or a boolean, there is nothing (write "" for an empty text)
    shopctl.yaml:5:41: expected a value, { output: stack.Output }, { pseudo: region }, { variable: NAME } or { local: port }, there is an empty mapping
    shopctl.yaml:5:49: expected a list item without a comma (CloudFormation splits lists at commas), there is a list
    shopctl.yaml:5:58: expected a text, a number or a boolean, there is 'X' with the tag !Ref
    "#);
    assert_snapshot!(stacks("{ api: { dependsOn: platform } }"), @"shopctl.yaml:5:29: expected a list, there is 'platform' (write [platform])");
    assert_snapshot!(stacks("{ api: { environments: [] } }"), @"shopctl.yaml:5:32: expected at least one entry, there is none");
    assert_snapshot!(findings(&changed("    protected: true", "    protected: yes")), @"shopctl.yaml:51:16: expected true or false, there is 'yes' (write true)");
    assert_snapshot!(findings(&changed("    local: true", "    local: 1")), @"shopctl.yaml:44:12: expected true or false, there is '1' (write true)");
    assert_snapshot!(findings(&changed("[npm, run, build]", "npm run build")), @"shopctl.yaml:26:10: expected a list, there is 'npm run build' (write [npm, run, build])");
    assert_snapshot!(findings(&changed("  path: frontend\n", "  path: 2024\n")), @r#"shopctl.yaml:25:9: expected a folder inside the project, relative to the project file and without '..', there is '2024' (write "2024" to have it as a text)"#);
    assert_snapshot!(findings(&changed("pageSize: 24", "pageSize: [24]")), @"shopctl.yaml:34:17: expected a text, a number, a boolean, { output: stack.Output }, { pseudo: region }, { variable: NAME } or { local: port }, there is a list");
}

#[test]
fn names_that_do_not_fit() {
    assert_snapshot!(findings(&changed("project: shop\n", "project: My_Shop\n")), @"shopctl.yaml:3:10: expected a project name of lower-case letters, digits and single hyphens, there is 'My_Shop' (did you mean 'my-shop'?)");
    assert_snapshot!(findings(&changed("project: shop\n", "project: 3shop\n")), @"shopctl.yaml:3:10: expected a project name of lower-case letters, digits and single hyphens, there is '3shop'");
    assert_snapshot!(findings(&changed("project: shop\n", "project: the-shop-with-the-name-that-is-too-long\n")), @"shopctl.yaml:3:10: 'the-shop-with-the-name-that-is-too-long' has 39 characters, more than 32");
    assert_snapshot!(findings(&changed("  platform: {}", "  Platform: {}")), @"shopctl.yaml:7:3: expected a stack name of lower-case letters, digits and single hyphens, there is 'Platform' (did you mean 'platform'?)");
    assert_snapshot!(findings(&changed("Stages: [", "blue-stages: [")), @"shopctl.yaml:13:7: expected a parameter name of letters and digits, there is 'blue-stages'");
    assert_snapshot!(findings(&changed("tags: { cost-center: web }", "tags: { aws:x: 1, shopctl:project: 2, \"a;b\": 3 }")), @r"
    shopctl.yaml:5:9: 'aws:x' begins with a prefix that is reserved
    shopctl.yaml:5:19: 'shopctl:project' begins with a prefix that is reserved
    shopctl.yaml:5:39: expected a tag key of letters, digits, spaces and _.:/=+-@, there is 'a;b'
    ");
}

#[test]
fn stacks_of_one_name_in_one_account_are_refused() {
    let text = "version: 1\nproject: shop\nregion: us-east-1\nstacks: { api: {}, eu-api: {} }\nenvironments: { prod: {}, prod-eu: {} }\n";
    assert_snapshot!(findings(text), @"shopctl.yaml:5:27: stack 'api' in environment 'prod-eu' and 'eu-api' in 'prod' would both be 'shop-prod-eu-api' in CloudFormation (rename one of the environments or stacks)");
    // Elsewhere the same name is another stack.
    let elsewhere = text.replace("prod-eu: {}", "prod-eu: { region: eu-west-1 }");
    assert_snapshot!(findings(&elsewhere), @"no findings");
    let accounts = text.replace(
        "{ prod: {}, prod-eu: {} }",
        "{ prod: { account: 000000000001 }, prod-eu: { account: 000000000002 } }",
    );
    assert_snapshot!(findings(&accounts), @"no findings");
}

#[test]
fn values_of_environments() {
    assert_snapshot!(findings(&changed("account: 012345678901", "account: 12345")), @"shopctl.yaml:49:14: expected an account number of 12 digits, there is '12345'");
    assert_snapshot!(findings(&changed("region: eu-central-1", "region: EU-Central-1")), @"shopctl.yaml:50:13: expected an AWS region such as 'eu-central-1', there is 'EU-Central-1' (did you mean 'eu-central-1'?)");
    assert_snapshot!(findings(&changed("region: eu-central-1", "region: frankfurt")), @"shopctl.yaml:50:13: expected an AWS region such as 'eu-central-1', there is 'frankfurt'");
    assert_snapshot!(findings(&changed("architecture: arm64", "architecture: aarch64")), @"shopctl.yaml:52:19: expected x86_64 or arm64, there is 'aarch64' (did you mean 'arm64'?)");
    assert_snapshot!(findings(&changed("architecture: arm64", "architecture: [arm64]")), @"shopctl.yaml:52:19: expected x86_64 or arm64, there is a list");
    assert_snapshot!(findings(&changed("[AWS::Events::Archive]", "[Archive, AWS::X::Y, AWS::X::Y]")), @r"
    shopctl.yaml:47:12: expected a resource type such as 'AWS::Events::Archive', there is 'Archive'
    shopctl.yaml:47:32: 'AWS::X::Y' is in the list twice (first at shopctl.yaml:47:21)
    ");
    assert_snapshot!(findings(&changed("    local: true\n", "    local: true\n    account: 123456789012\n")), @"shopctl.yaml:45:14: the local cloud has the account 000000000000, not '123456789012' (remove 'account', or 'local: true' if this is AWS)");
    assert_snapshot!(findings(&changed("    region: eu-central-1\n", "").replace("region: us-east-1\n", "")), @"shopctl.yaml:47:3: environment 'prod' has no region (add 'region: us-east-1' to it, or to the project for all environments)");
}

#[test]
fn paths_that_lead_out_of_the_project() {
    for path in [
        "/srv/products",
        "../products",
        "a/../../products",
        "a\\b",
        "''",
    ] {
        let text = changed("./handlers/products/", path);
        assert!(
            findings(&text).contains("expected a folder inside the project"),
            "{path}"
        );
    }
    assert_snapshot!(findings(&changed("./handlers/products/", "/handlers/products")), @"shopctl.yaml:23:13: expected a folder inside the project, relative to the project file and without '..', there is '/handlers/products' (did you mean 'handlers/products'?)");
    assert_snapshot!(findings(&changed("./stacks/catalogue.yaml", "../catalogue.yaml")), @"shopctl.yaml:15:15: expected a file inside the project, relative to the project file and without '..', there is '../catalogue.yaml'");
}

#[test]
fn handlers_of_one_folder() {
    assert_snapshot!(findings(&changed("  products: ./handlers/products/\n", "  products: ./handlers/products/\n  stock: handlers/products\n")), @"shopctl.yaml:24:10: handlers 'products' and 'stock' are the same folder 'handlers/products' (keep one of them; first at shopctl.yaml:23:13. One binary may hold several functions)");
}

#[test]
fn references_that_lead_nowhere() {
    assert_snapshot!(findings(&changed("{ output: api.ApiId }", "{ output: apu.ApiId }")), @"shopctl.yaml:16:36: there is no stack 'apu' (did you mean 'api'?)");
    assert_snapshot!(findings(&changed("{ output: api.ApiId }", "{ output: ApiId }")), @"shopctl.yaml:16:36: expected an output as 'stack.Output', there is 'ApiId'");
    assert_snapshot!(findings(&changed("{ output: api.ApiId }", "{ output: api.ApiId, pseudo: region }")), @"shopctl.yaml:16:47: a value is either 'output' or 'pseudo', not both (remove 'output' or 'pseudo')");
    assert_snapshot!(findings(&changed("{ pseudo: environment }", "{ pseudo: AWS::Region }")), @"shopctl.yaml:16:66: expected region, account, environment or project, there is 'AWS::Region' (did you mean 'region'?)");
    assert_snapshot!(findings(&changed("dependsOn: [platform]", "dependsOn: [plattform]")), @"shopctl.yaml:17:17: there is no stack 'plattform' (did you mean 'platform'?)");
    assert_snapshot!(findings(&changed("environments: [prod]", "environments: [production]")), @"shopctl.yaml:21:20: there is no environment 'production' (did you mean 'prod'?)");
    assert_snapshot!(findings(&changed("{ identity: { PasswordLength: 16", "{ identiy: { PasswordLength: 16")), @"shopctl.yaml:54:19: there is no stack 'identiy' (did you mean 'identity'?)");
    assert_snapshot!(findings(&changed("site.DistributionId", "web.DistributionId")), @"shopctl.yaml:29:27: there is no stack 'web' (there is: platform, identity, api, products, site, pipeline)");
    assert_snapshot!(findings(&changed("identity.UserPoolId }", "id.UserPoolId }")), @"shopctl.yaml:37:29: there is no stack 'id' (there is: platform, identity, api, products, site, pipeline)");
    assert_snapshot!(findings(&changed("site.SiteUrl", "sites.SiteUrl")), @"shopctl.yaml:39:19: there is no stack 'sites' (did you mean 'site'?)");
}

#[test]
fn stacks_that_an_environment_lacks() {
    assert_snapshot!(findings(&changed("{ output: api.ApiId }", "{ output: pipeline.Id }")), @"shopctl.yaml:16:36: environment 'local' has stack 'products' but not 'pipeline', whose output it takes (give 'ApiId' another value under environments.local.parameters.products, or let both stacks have the same environments)");
    assert_snapshot!(findings(&changed("identity.UserPoolId }", "pipeline.Id }")), @"shopctl.yaml:37:29: environment 'local' has the site but not the stack 'pipeline', whose output it takes (let both stacks have the same environments)");
    assert_snapshot!(findings(&changed("{ site: { LocalPort: { local: port } } }", "{ pipeline: { Name: x } }")), @"shopctl.yaml:45:19: environment 'local' has no stack 'pipeline' (add 'local' to 'environments' of the stack, or remove its values here)");
}

#[test]
fn local_values_on_aws() {
    assert_snapshot!(findings(&changed("{ LocalPort: \"\" }", "{ LocalPort: { local: port } }")), @"shopctl.yaml:19:39: a local value means nothing in environment 'prod', which is on AWS (give 'LocalPort' under environments.<name>.parameters.site of a local environment)");
    assert_snapshot!(findings(&changed("debug: false", "endpoint: { local: url }")), @"shopctl.yaml:35:26: expected host, port, endpoint or databasePort, there is 'url' (did you mean 'endpoint'?)");
    assert_snapshot!(findings(&changed("debug: false", "endpoint: { local: endpoint }")), @"shopctl.yaml:35:26: a local value means nothing in environment 'prod', which is on AWS (give 'endpoint' under environments.<name>.config of a local environment)");
    // What an AWS environment gives itself is what counts there.
    let both = changed("{ LocalPort: \"\" }", "{ LocalPort: { local: port } }")
        .replace("{ identity: {", "{ site: { LocalPort: \"\" }, identity: {");
    assert_snapshot!(findings(&both), @"no findings");
}

#[test]
fn a_configuration_without_a_site() {
    let text =
        small("stacks: { web: {} }\n").replace("local: true", "local: true, config: { a: 1 }");
    assert_snapshot!(findings(&text), @"shopctl.yaml:4:49: environment 'local' gives values to a configuration that the site does not have (add 'config:' with 'file' and 'values' to 'site')");
}

#[test]
fn items_that_cloudformation_would_split() {
    assert_snapshot!(findings(&changed("[blue, green]", "[\"blue,green\"]")), @"shopctl.yaml:13:16: expected a list item without a comma (CloudFormation splits lists at commas), there is 'blue,green'");
}

#[test]
fn too_many_tags() {
    let tags: Vec<String> = (0..49).map(|n| format!("k{n}: v")).collect();
    let text = changed(
        "{ cost-center: web }",
        &format!("{{ {} }}", tags.join(", ")),
    );
    assert_snapshot!(findings(&text), @r"
    shopctl.yaml:43:3: stacks of environment 'local' would have 51 tags with the two that shopctl adds, more than 50
    shopctl.yaml:48:3: stacks of environment 'prod' would have 53 tags with the two that shopctl adds, more than 50
    ");
}

#[test]
fn circles_name_their_path_and_places() {
    let text = small(
        "stacks:\n  web: { parameters: { A: { output: api.A } } }\n  api:\n    parameters:\n      P: { output: data.D }\n  data:\n    dependsOn: [api]\n  self: { parameters: { S: { output: self.S } } }\n",
    );
    assert_snapshot!(findings(&text), @r"
    shopctl.yaml:9:20: stacks wait for each other: api -> data -> api (remove one of: api has 'P: { output: data.D }' at shopctl.yaml:9:20; data has 'dependsOn: api' at shopctl.yaml:11:17)
    shopctl.yaml:12:38: stack 'self' waits for itself (remove one of: self has 'S: { output: self.S }' at shopctl.yaml:12:38)
    ");
}

#[test]
fn all_findings_come_at_once_in_the_order_of_the_file() {
    let text = changed("project: shop\n", "project: Shop\n")
        .replace("{ output: api.ApiId }", "{ output: apu.ApiId }")
        .replace("    protected: true", "    protect: true")
        .replace("  build: [npm", "  built: [npm");
    assert_snapshot!(findings(&text), @r"
    shopctl.yaml:3:10: expected a project name of lower-case letters, digits and single hyphens, there is 'Shop' (did you mean 'shop'?)
    shopctl.yaml:16:36: there is no stack 'apu' (did you mean 'api'?)
    shopctl.yaml:26:3: unknown key 'built' in the site (did you mean 'build'?)
    shopctl.yaml:51:5: unknown key 'protect' in an environment (did you mean 'protected'?)
    ");
}

#[test]
fn long_and_odd_texts_do_not_break_the_message() {
    let long = "x".repeat(500);
    let text = changed(
        "region: eu-central-1",
        &format!("region: \"a\\nb\\e[31m{long}\""),
    );
    assert_snapshot!(findings(&text), @r"shopctl.yaml:50:13: expected an AWS region such as 'eu-central-1', there is 'a\nb\u{1b}[31mxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'");
}

#[test]
fn a_role_is_of_the_environments_account_and_only_on_aws() {
    let role = "    role: arn:aws:iam::012345678901:role/ci/deployer\n";
    let local = "    local: true\n";
    let arn = "arn:aws:iam::012345678901:role/cloudformation";
    let other = "arn:aws:iam::999999999999:role/cloudformation";
    let cases = [
        (
            changed("iam::012345678901:role/ci", "iam::999999999999:role/ci"),
            "56:11: the role belongs to account 999999999999, the environment 'prod' to 012345678901",
        ),
        (
            changed(role, ""),
            "56:17: 'externalId' is given to a role, and there is none",
        ),
        (
            changed(local, &format!("{local}{role}")),
            "45:11: the local cloud has no roles to take on",
        ),
        (
            changed("arn:aws:iam::012345678901:role/ci/deployer", "deployer"),
            "56:11: expected the ARN of an IAM role",
        ),
        (
            changed(
                "iam::012345678901:role/cloudf",
                "iam::999999999999:role/cloudf",
            ),
            "58:18: the role belongs to account 999999999999, the environment 'prod' to 012345678901",
        ),
        (
            changed("iam::012345678901:policy", "iam::999999999999:policy"),
            "63:26: the policy belongs to account 999999999999, the environment 'prod' to 012345678901",
        ),
        (
            changed(
                local,
                &format!("{local}    permissionsBoundary: arn:aws:iam::aws:policy/X\n"),
            ),
            "45:26: the local cloud bounds nobody (remove 'permissionsBoundary'",
        ),
        (
            changed(local, &format!("{local}    serviceRole: {arn}\n")),
            "45:18: the local cloud has no roles to take on (remove 'serviceRole'",
        ),
        (
            changed(
                "platform: {}",
                &format!("platform: {{ serviceRole: {other} }}"),
            ),
            "7:28: the role belongs to account 999999999999, the environment 'prod' to 012345678901",
        ),
    ];
    for (text, message) in cases {
        let found = findings(&text);
        assert!(
            found.starts_with(&format!("shopctl.yaml:{message}")),
            "{found}"
        );
    }
}

#[test]
fn alarms_that_cannot_watch() {
    let alarm = |region: &str, account: &str| {
        let arn = format!("arn:aws:cloudwatch:{region}:{account}:alarm:errors");
        findings(&changed("{ output: api.AlarmArn }", &arn))
    };
    assert_snapshot!(alarm("eu-central-1", "012345678901"), @"no findings");
    assert_snapshot!(alarm("us-east-1", "012345678901"), @"shopctl.yaml:60:16: the alarm is in us-east-1, the environment 'prod' in eu-central-1 (name an alarm in the place that is deployed to, or an output that is one)");
    assert_snapshot!(alarm("eu-central-1", "999999999999"), @"shopctl.yaml:60:16: the alarm is of account 999999999999, the environment 'prod' of account 012345678901 (name an alarm in the place that is deployed to, or an output that is one)");
    assert_snapshot!(findings(&changed("api.AlarmArn", "apu.AlarmArn")), @"shopctl.yaml:60:26: there is no stack 'apu' (did you mean 'api'?)");
    let output = "{ output: api.AlarmArn }";
    let many = changed(output, &[output; 5].join(", "));
    assert_snapshot!(findings(&many), @"shopctl.yaml:60:7: 6 alarms; CloudFormation watches 5 (make one composite alarm of them)");
    let local = changed("    local: true\n", "    local: true\n    rollback: {}\n");
    assert_snapshot!(findings(&local), @"shopctl.yaml:45:15: the local cloud watches no alarms (remove 'rollback', or 'local: true' if this is AWS)");
    let own = changed(
        "platform: {}",
        "platform: { rollback: { alarms: [{ output: platform.Alarm }] } }",
    );
    assert_snapshot!(findings(&own), @"shopctl.yaml:7:46: stack 'platform' waits for itself (remove one of: platform has 'rollback: { output: platform.Alarm }' at shopctl.yaml:7:46)");
}
