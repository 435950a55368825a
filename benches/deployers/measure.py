#!/usr/bin/env python3
"""Measures shopctl beside `aws cloudformation deploy`, SAM and the CDK: the same generated stacks, the same local cloud,
one run.

    cargo build --release -p shopctl
    benches/deployers/measure.py [--stacks 1,10,50,200] [--peers-up-to 10] [--latency 0] [--write docs/performance.md]

Every tool talks to the local cloud through a proxy of ours (proxy.py) that counts its calls; peers are installed with
pinned versions into a folder of their own (`--cache`). Each command is a process from start to end: wall time, processor
time and peak memory are the kernel's (wait4), calls and round trips are the proxy's. Python's standard library is all
this needs, and node for the CDK.
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parent.parent)]
from generate import generate  # noqa: E402
from page import machine, put, table  # noqa: E402
from proxy import Proxy  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
# Each in a virtual environment of its own: they want different versions of the same libraries.
PYTHON_PEERS = {"aws": "awscli==1.45.55", "sam": "aws-sam-cli==1.170.0"}
LAYER = 10
STEPS = ["deploy", "plan", "no-op", "status", "change", "teardown"]


class Bench:
    def __init__(self, given):
        self.given = given
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="shopctl-bench-"))
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8",
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "SAM_CLI_TELEMETRY": "0",
            "CDK_DISABLE_VERSION_CHECK": "1", "CI": "1",
            # The installation of the local cloud is shared, its instance is this run's own.
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")),
            "SHOPCTL_LOCAL_HOME": str(self.folder / "clouds"),
        }
        for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "PIP_INDEX_URL", "npm_config_registry"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        self.results = []

    def run(self, arguments, cwd, environment=None, check=True):
        """One process from start to end."""
        started = time.monotonic()
        log = self.folder / "log"
        with open(log, "wb") as out:
            process = subprocess.Popen(arguments, cwd=cwd, env={**self.environment, **(environment or {})},
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if check and process.returncode != 0:
            sys.exit(f"{' '.join(map(str, arguments))} ended with {process.returncode}\n{log.read_text()[-3000:]}")
        return {"seconds": wall, "cpu": usage.ru_utime + usage.ru_stime, "megabytes": usage.ru_maxrss / 1024}

    def measured(self, tool, step, stacks, commands, cwd, environment=None):
        """Runs commands one after the other as one step, and keeps what they cost together."""
        self.proxy.take()
        total = {"seconds": 0.0, "cpu": 0.0, "megabytes": 0.0}
        for arguments in commands:
            cost = self.run(arguments, cwd, environment)
            total["seconds"] += cost["seconds"]
            total["cpu"] += cost["cpu"]
            total["megabytes"] = max(total["megabytes"], cost["megabytes"])
        row = {"tool": tool, "step": step, "stacks": stacks, **total, **self.proxy.take()}
        self.results.append(row)
        self.keep()
        print(f"{tool:8} {step:10} {stacks:4} stacks {row['seconds']:8.2f} s {row['cpu']:7.2f} s cpu "
              f"{row['megabytes']:6.0f} MB {row['calls']:6} calls {row['rounds']:5} rounds", flush=True)
        if self.given.verbose:
            print("        ", row["by"], flush=True)

    def start_cloud(self, project):
        shopctl = self.given.shopctl
        self.run([shopctl, "local", "start"], project)
        status = subprocess.run([shopctl, "local", "status", "--output", "json"], cwd=project, env=self.environment,
                                capture_output=True, check=True)
        instance = json.loads(status.stdout)["instance"]
        self.proxy = Proxy(instance["port"], self.given.latency / 1000)
        self.environment["AWS_ENDPOINT_URL"] = self.proxy.endpoint

    def shopctl(self, stacks, project):
        tool, options = self.given.shopctl, ["--env", "counted"]
        steps = [("deploy", ["deploy", *options, "--yes"]), ("no-op", ["deploy", *options, "--yes"])]
        if self.knows("plan"):
            steps.insert(1, ("plan", ["plan", *options]))
        steps += [("status", ["status", *options])]
        for step, arguments in steps:
            self.measured("shopctl", step, stacks, [[tool, *arguments]], project)
        generate(project, stacks, self.given.resources, LAYER, change=True)
        self.measured("shopctl", "change", stacks, [[tool, "deploy", *options, "--yes"]], project)
        self.measured("shopctl", "teardown", stacks, [[tool, "teardown", *options, "--yes"]], project)

    def knows(self, command):
        return subprocess.run([self.given.shopctl, command, "--help"], capture_output=True).returncode == 0

    def aws(self, stacks, project, wiring):
        aws = self.given.cache / "aws/bin/aws"
        deploys = [
            [aws, "cloudformation", "deploy", "--stack-name", f"bench-aws-{stack['name']}", "--no-fail-on-empty-changeset",
             "--template-file", project / "stacks" / stack["name"] / "template.yaml",
             *(["--parameter-overrides", *(f"{key}={value}" for key, value in stack["inputs"].items())] if stack["inputs"] else [])]
            for stack in wiring
        ]
        deletes = [[aws, "cloudformation", "delete-stack", "--stack-name", f"bench-aws-{stack['name']}"] for stack in wiring[::-1]]
        for step, commands in (("deploy", deploys), ("no-op", deploys), ("teardown", deletes)):
            self.measured("aws", step, stacks, commands, project)

    def sam(self, stacks, project, wiring):
        sam = self.given.cache / "sam/bin/sam"
        deploys = [
            [sam, "deploy", "--stack-name", f"bench-sam-{stack['name']}", "--no-fail-on-empty-changeset", "--no-confirm-changeset",
             "--template-file", project / "stacks" / stack["name"] / "template.yaml", "--no-progressbar",
             *(["--parameter-overrides", *(f"{key}={value}" for key, value in stack["inputs"].items())] if stack["inputs"] else [])]
            for stack in wiring
        ]
        deletes = [[sam, "delete", "--no-prompts", "--stack-name", f"bench-sam-{stack['name']}", "--region", "us-east-1"]
                   for stack in wiring[::-1]]
        for step, commands in (("deploy", deploys), ("no-op", deploys), ("teardown", deletes)):
            self.measured("sam", step, stacks, commands, project)

    def cdk(self, stacks, project, _):
        folder = self.given.cache / "cdk"
        shutil.copy(HERE / "cdk/app.js", folder / "app.js")
        cdk = [folder / "node_modules/.bin/cdk", "--app", "node app.js", "--output", project / "cdk.out"]
        environment = {"PROJECT_FOLDER": str(project)}
        options = ["--all", "--concurrency", "8", "--require-approval", "never", "--progress", "events"]
        for step, arguments in (("deploy", ["deploy", *options]), ("plan", ["diff"]), ("no-op", ["deploy", *options]),
                                ("teardown", ["destroy", "--all", "--force", "--concurrency", "8"])):
            self.measured("cdk", step, stacks, [[*cdk, *arguments]], folder, environment)

    def starts(self):
        """How long until a tool has said something: its version, its help."""
        cache, rows = self.given.cache, []
        tools = [("shopctl", [self.given.shopctl]), ("aws", [cache / "aws/bin/aws"]), ("sam", [cache / "sam/bin/sam"]),
                 ("cdk", [cache / "cdk/node_modules/.bin/cdk"])]
        for tool, command in tools:
            if tool != "shopctl" and tool not in self.given.peers:
                continue
            for argument in ("--version", "help" if tool == "aws" else "--help"):
                if (tool, argument) == ("aws", "help"):
                    continue  # it wants a pager
                costs = [self.run([*command, argument], self.folder) for _ in range(21 if tool == "shopctl" else 3)]
                times = [cost["seconds"] for cost in costs]
                rows.append({"command": f"{tool} {argument}", "median": statistics.median(times), "best": min(times),
                             "cpu": min(cost["cpu"] for cost in costs)})
                print(f"{tool} {argument}: {statistics.median(times) * 1000:.1f} ms", flush=True)
        return rows

    def install_peers(self):
        cache = self.given.cache
        cache.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ)
        for peer, package in PYTHON_PEERS.items():
            if peer in self.given.peers and not (cache / peer / "bin" / peer).exists():
                subprocess.run([sys.executable, "-m", "venv", cache / peer], check=True)
                subprocess.run([cache / peer / "bin/pip", "install", "--quiet", package], check=True, env=environment)
        if "cdk" in self.given.peers and not (cache / "cdk/node_modules/.bin/cdk").exists():
            (cache / "cdk").mkdir(exist_ok=True)
            shutil.copy(HERE / "cdk/package.json", cache / "cdk")
            subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=cache / "cdk", check=True, env=environment)

    def all(self):
        self.install_peers()
        seed = self.folder / "project"
        generate(seed, 1, self.given.resources, LAYER)
        self.begun = [round(load, 1) for load in os.getloadavg()]
        self.starts_of_processes = self.starts()
        self.start_cloud(seed)
        try:
            for stacks in self.given.stacks:
                project = self.folder / f"project-{stacks}"
                wiring = generate(project, stacks, self.given.resources, LAYER)
                if stacks <= self.given.peers_up_to:
                    for peer in self.given.peers:
                        getattr(self, peer)(stacks, project, wiring)
                self.shopctl(stacks, project)
        finally:
            self.run([self.given.shopctl, "local", "stop"], seed, check=False)
            shutil.rmtree(self.folder, ignore_errors=True)
        return self.report()

    def report(self):
        return {"machine": machine(), "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
                "load": self.begun, "resources": self.given.resources, "latency_ms": self.given.latency,
                "starts": self.starts_of_processes, "results": self.results}

    def keep(self):
        """What has been measured so far, in case that the rest takes too long."""
        if self.given.json:
            self.given.json.write_text(json.dumps(self.report(), indent=1))


def tables(report):
    """The figures as Markdown."""
    rows = report["results"]
    ours = {(row["step"], row["stacks"]): row for row in rows if row["tool"] == "shopctl"}
    first = table(["shopctl", "stacks", "seconds", "processor", "memory", "calls", "round trips"], [
        [row["step"], str(row["stacks"]), f"{row['seconds']:.2f}", f"{row['cpu']:.2f} s", f"{row['megabytes']:.0f} MB",
         str(row["calls"]), str(row["rounds"])]
        for row in sorted(ours.values(), key=lambda row: (STEPS.index(row["step"]), row["stacks"]))
    ])
    others = table(["tool", "step", "stacks", "seconds", "to shopctl", "processor", "to shopctl", "memory", "calls", "to shopctl"], [
        [row["tool"], row["step"], str(row["stacks"]), f"{row['seconds']:.2f}", ratio(row, mine, "seconds"),
         f"{row['cpu']:.2f} s", ratio(row, mine, "cpu"), f"{row['megabytes']:.0f} MB", str(row["calls"]), ratio(row, mine, "calls")]
        for row in rows if row["tool"] != "shopctl" for mine in [ours.get((row["step"], row["stacks"]))]
    ])
    starts = table(["command", "median", "best", "processor"], [
        [f"`{row['command']}`", f"{row['median'] * 1000:.0f} ms", f"{row['best'] * 1000:.0f} ms",
         f"{row['cpu'] * 1000:.0f} ms"] for row in report["starts"]
    ])
    return (f"Measured on {report['date']}: {report['machine']}; load average {report['load'][0]} at the start; "
            f"{report['resources']} resources a stack; {report['latency_ms']} ms added to every call.\n\n"
            f"### Start of the process\n\n{starts}\n\n### shopctl\n\n{first}\n\n### Beside others\n\n{others}\n")


def ratio(theirs, mine, key):
    return f"{theirs[key] / mine[key]:.1f}x" if mine and mine[key] else "-"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stacks", type=lambda text: [int(part) for part in text.split(",")], default=[1, 10, 50, 200])
    parser.add_argument("--resources", type=int, default=40)
    parser.add_argument("--peers", type=lambda text: [part for part in text.split(",") if part], default=["aws", "sam", "cdk"])
    parser.add_argument("--peers-up-to", type=int, default=10, help="stacks up to which the others are measured")
    parser.add_argument("--latency", type=float, default=0, help="milliseconds added to every call")
    parser.add_argument("--shopctl", type=pathlib.Path, default=CHECKOUT / "target/release/shopctl")
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path(os.path.expanduser("~/.cache/shopctl-bench")))
    parser.add_argument("--json", type=pathlib.Path, help="where the figures go")
    parser.add_argument("--write", type=pathlib.Path, help="a page whose part between the marks is replaced by the tables")
    parser.add_argument("--verbose", action="store_true", help="say which calls")
    given = parser.parse_args()
    given.shopctl, given.cache = given.shopctl.resolve(), given.cache.resolve()
    if not given.shopctl.exists():
        sys.exit(f"{given.shopctl} is not there: cargo build --release -p shopctl")
    report = Bench(given).all()
    text = tables(report)
    if given.write:
        put(given.write, "<!-- figures: measure.py writes them -->", text)
    print("\n" + text)


if __name__ == "__main__":
    main()
