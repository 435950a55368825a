#!/usr/bin/env python3
"""Writes a project of N stacks with M cheap resources each, wired in layers: stack i takes an output of two stacks of
the layer above. The same templates serve shopctl, `aws cloudformation deploy`, SAM and the CDK.

    generate.py FOLDER [--stacks 200] [--resources 40] [--layer 10] [--change]

`--change` gives one resource of every stack another value, for the measurement of a deploy in which all change.
"""

import argparse
import json
import pathlib

PROJECT = "bench"


def name(index):
    return f"s{index:03}"


def parents(index, width):
    """The stacks whose outputs this one takes: the one straight above, and its right neighbour."""
    if index < width:
        return []
    above = index - width
    row = above - above % width
    return sorted({above, row + (above + 1) % width})


def text(index):
    """What a stack puts out; known beforehand, so that tools without wiring can be given it."""
    return f"value-of-{name(index)}"


def resource(index, number, inputs, change):
    """A resource: mostly SSM parameters, with queues, topics and log groups among them."""
    kind = ("AWS::SSM::Parameter", "AWS::SQS::Queue", "AWS::SSM::Parameter", "AWS::SNS::Topic",
            "AWS::SSM::Parameter", "AWS::Logs::LogGroup", "AWS::SSM::Parameter", "AWS::SSM::Parameter")[number % 8]
    lines = [f"  R{number:03}:", f"    Type: {kind}"]
    if kind == "AWS::Logs::LogGroup":
        lines += ["    DeletionPolicy: Delete"]
    lines += ["    Properties:"]
    if kind == "AWS::SSM::Parameter":
        value = f'!Ref In{number % len(inputs)}' if inputs and number % 4 == 0 else f'"{index}.{number}{"*" if change and number == 2 else ""}"'
        lines += ["      Type: String", f"      Value: {value}", "      Description: !Sub of ${AWS::StackName}"]
    elif kind == "AWS::SQS::Queue":
        lines += ["      MessageRetentionPeriod: 3600", "      VisibilityTimeout: 30"]
    elif kind == "AWS::SNS::Topic":
        lines += ["      DisplayName: !Sub topic of ${AWS::StackName}"]
    else:
        lines += ["      RetentionInDays: 7"]
    return lines


def template(index, resources, inputs, change):
    lines = ['AWSTemplateFormatVersion: "2010-09-09"', f"Description: Stack {index} of a generated project"]
    if inputs:
        lines += ["Parameters:"]
        for number, _ in enumerate(inputs):
            lines += [f"  In{number}:", "    Type: String"]
    lines += ["Resources:"]
    for number in range(resources):
        lines += resource(index, number, inputs, change)
    lines += ["Outputs:", "  Out:", f"    Value: {text(index)}"]
    if inputs and resources <= 8:
        # Parameters that no resource has room for are used all the same.
        lines += ["  Seen:", "    Value: !Sub " + "-".join(f"${{In{number}}}" for number, _ in enumerate(inputs))]
    return "\n".join(lines) + "\n"


def generate(folder, stacks, resources, layer, change=False):
    """Writes the project; the stacks in the order of their dependencies with what each takes."""
    folder = pathlib.Path(folder)
    project = [
        "version: 1", f"project: {PROJECT}", "region: us-east-1", "", "stacks:",
    ]
    wiring = []
    for index in range(stacks):
        inputs = parents(index, layer)
        project += [f"  {name(index)}:" + ("" if inputs else " {}")]
        if inputs:
            project += ["    parameters:"]
            project += [f"      In{number}: {{ output: {name(of)}.Out }}" for number, of in enumerate(inputs)]
        file = folder / "stacks" / name(index) / "template.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(template(index, resources, inputs, change))
        wiring.append({"name": name(index), "inputs": {f"In{number}": text(of) for number, of in enumerate(inputs)},
                       "after": [name(of) for of in inputs]})
    project += [
        "", "environments:", "  local: { local: true }",
        # The same cloud as any other account sees it: by its endpoint, with nothing taken for granted.
        '  counted: { account: "000000000000" }', "",
    ]
    (folder / "shopctl.yaml").write_text("\n".join(project))
    (folder / "wiring.json").write_text(json.dumps(wiring))
    return wiring


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--stacks", type=int, default=200)
    parser.add_argument("--resources", type=int, default=40)
    parser.add_argument("--layer", type=int, default=10)
    parser.add_argument("--change", action="store_true")
    given = parser.parse_args()
    generate(given.folder, given.stacks, given.resources, given.layer, given.change)
    print(f"{given.stacks} stacks with {given.resources} resources each in {given.folder}")
