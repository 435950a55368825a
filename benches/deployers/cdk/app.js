// The generated templates as a CDK app: one stack each, in the same order, without assets.
const fs = require("node:fs");
const path = require("node:path");
const { App, BootstraplessSynthesizer, Stack } = require("aws-cdk-lib");
const { CfnInclude } = require("aws-cdk-lib/cloudformation-include");

const project = process.env.PROJECT_FOLDER;
const app = new App({ analyticsReporting: false });
const stacks = {};
for (const { name, inputs, after } of JSON.parse(fs.readFileSync(path.join(project, "wiring.json")))) {
  const stack = new Stack(app, name, {
    stackName: `bench-cdk-${name}`,
    env: { account: "000000000000", region: "us-east-1" },
    synthesizer: new BootstraplessSynthesizer(),
  });
  new CfnInclude(stack, "Template", {
    templateFile: path.join(project, "stacks", name, "template.yaml"),
    parameters: inputs,
  });
  after.forEach((other) => stack.addDependency(stacks[other]));
  stacks[name] = stack;
}
