#!/usr/bin/env python3
"""Measures functions of the shop beside the same in Python and Node: cold start, warm requests, memory, size.

    benches/handlers/measure.py [--write docs/performance.md] [--starts 30] [--requests 2000] [--latency 2]

It is the Lambda Runtime API itself, on loopback, and starts each function as a process, as Lambda does (lambda_host.py).
The data store is a stand-in that answers every implementation with the same bytes after the same time; that time is
taken off, so that what is left is the function's own. Services are built in the profile that AWS gets; the others get
their pinned packages into a folder of their own (`--cache`). All implementations have to answer a list of requests alike
before any of them is measured. Needs Python 3.11 and Node 20, and the standard library alone.
"""

import argparse
import datetime
import io
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parent.parent)]
from lambda_host import RuntimeApi, Store  # noqa: E402
from page import machine, put, table  # noqa: E402
from work import ANSWERS, COMPARED, MEASURED, SERVICES, SETTINGS  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
BEGIN = "<!-- figures: benches/handlers/measure.py writes them -->"
# Requests before those that count: connections are there, and just-in-time compilers have seen the code.
WARMING = 200
# What issue and architecture ask of a service in Rust.
AIM_START, AIM_WARM, AIM_ZIP = 25.0, 1.0, 8.0


class Rust:
    name = "Rust"

    def __init__(self, given):
        self.folder = given.binaries

    def command(self, service, _function):
        return [self.folder / service], {}, self.folder

    def size(self, service):
        return sizes([(self.folder / service, "bootstrap")])


class Python:
    name = "Python"

    def __init__(self, given):
        self.python, self.folder = given.python, given.cache / "python"
        if not (self.folder / "installed").exists():
            # Into a folder of its own: what else is installed has no say in it.
            subprocess.run([self.python, "-m", "pip", "install", "--quiet", "--no-warn-conflicts", "--root-user-action=ignore",
                            "--require-hashes", "--only-binary", ":all:", "--target", self.folder,
                            "-r", HERE / "python/requirements.txt"], check=True)
            subprocess.run([self.python, "-m", "compileall", "-q", self.folder], check=True)
            (self.folder / "installed").touch()
        shutil.copy(HERE / "python/shop.py", self.folder)

    def command(self, _service, function):
        return [self.python, "-m", "awslambdaric", f"shop.{function}"], {"PYTHONPATH": str(self.folder)}, self.folder

    def size(self, _service):
        return sizes(within(self.folder, lambda path: "__pycache__" not in path.parts and path.name != "installed"))


class Node:
    name = "Node"

    def __init__(self, given):
        self.node, self.folder = given.node, given.cache / "node"
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", "bootstrap.mjs", "shop.mjs"):
            shutil.copy(HERE / "node" / name, self.folder)
        if not (self.folder / "node_modules").exists():
            subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=self.folder, check=True)

    def command(self, _service, function):
        # What AWS sets for its own runtime: connections are kept.
        return [self.node, "bootstrap.mjs"], {"AWS_NODEJS_CONNECTION_REUSE_ENABLED": "1"}, self.folder

    def size(self, _service):
        return sizes(within(self.folder, lambda path: path.name != "package-lock.json"))


def within(folder, wanted):
    return [(path, str(path.relative_to(folder))) for path in sorted(folder.rglob("*")) if path.is_file() and wanted(path)]


def sizes(files):
    """Megabytes of files, plain and zipped as strongly as zip does it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, name in files:
            archive.write(path, name)
    return {"plain": sum(path.stat().st_size for path, _ in files) / 2**20, "zipped": len(packed.getvalue()) / 2**20}


class Function:
    """One process of a function."""

    def __init__(self, implementation, service, function, store, folder):
        self.store, self.api = store, RuntimeApi()
        command, environment, cwd = implementation.command(service, function)
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TZ": ":UTC",
            "AWS_LAMBDA_RUNTIME_API": self.api.address, "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": "bench", "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "LAMBDA_TASK_ROOT": str(cwd), "_HANDLER": function,
            "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "test", "AWS_ENDPOINT_URL": store.endpoint,
            **SETTINGS, **environment,
        }
        self.log = folder / "log"
        with open(self.log, "wb") as out:
            self.started = time.perf_counter()
            self.process = subprocess.Popen(list(map(str, command)), cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.api.server.listener.close()

    def ready(self):
        """Seconds from the start of the process until it asks for work."""
        try:
            return self.api.wait_until_asked(lambda: self.process.poll() is None) - self.started
        except SystemExit as error:
            sys.exit(f"{error}\n{self.log.read_text()[-3000:]}")

    def ask(self, event, since=None):
        """The answer to an event, and the function's own seconds: without the store's, from `since` or from when the
        event left."""
        self.store.take()
        self.api.hand_over(event)
        sent, received, body = self.api.wait_for_outcome()
        spent, _ = self.store.take()
        return json.loads(body), received - (since or sent) - spent

    def peak(self):
        """The most memory that was resident so far, in megabytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


class Bench:
    def __init__(self, given):
        self.given = given
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="shop-bench-"))
        self.store = Store(ANSWERS, given.latency / 1000)
        self.implementations = [make(given) for make in (Rust, Python, Node)]

    def function(self, implementation, service, function):
        return Function(implementation, service, function, self.store, self.folder)

    def compare(self):
        """Ends the run unless all implementations answer alike."""
        answers = {}
        for service, function in dict.fromkeys(case[:2] for case in COMPARED):
            for implementation in self.implementations:
                with self.function(implementation, service, function) as process:
                    process.ready()
                    for case in COMPARED:
                        if case[:2] == (service, function):
                            answers.setdefault(case, []).append(comparable(process.ask(case[2])[0]))
        for (_, _, event), (ours, *others) in answers.items():
            for implementation, theirs in zip(self.implementations[1:], others):
                if theirs != ours:
                    sys.exit(f"{implementation.name} does not answer as Rust does:\n{event.decode()}\n{ours}\n{theirs}")

    def cold(self, implementation, service, function, event):
        """Milliseconds until the process asks for work, and until it has answered its first event."""
        with self.function(implementation, service, function) as process:
            ready = process.ready()
            first = process.ask(event, process.started)[1] if event else 0.0
            return ready * 1000, first * 1000

    def warm(self, implementation, service, function, event):
        """Own milliseconds of every request, and the peak of memory after them."""
        with self.function(implementation, service, function) as process:
            process.ready()
            for _ in range(WARMING):
                process.ask(event)
            return [process.ask(event)[1] * 1000 for _ in range(self.given.requests)], process.peak()

    def all(self):
        load = os.getloadavg()[0]
        self.compare()
        rows = []
        for what, (service, function, event) in MEASURED.items():
            # In turns, so that a busy moment of the machine is everybody's.
            starts = {implementation.name: [] for implementation in self.implementations}
            for _ in range(self.given.starts):
                for implementation in self.implementations:
                    starts[implementation.name].append(self.cold(implementation, service, function, event))
            for implementation in self.implementations:
                times, memory = self.warm(implementation, service, function, event)
                ready, first = zip(*starts[implementation.name])
                rows.append({
                    "what": what, "language": implementation.name, "ready": statistics.median(ready),
                    "first": statistics.median(first), "slowest": max(first), "p50": statistics.median(times),
                    "p99": statistics.quantiles(times, n=100)[98], "memory": memory, **implementation.size(service),
                })
                print(json.dumps(rows[-1]), flush=True)
        services = []
        for service, function in SERVICES.items():
            rust = self.implementations[0]
            starts = [self.cold(rust, service, function, None)[0] for _ in range(self.given.starts)]
            services.append({"service": service, "ready": statistics.median(starts), **rust.size(service)})
            print(json.dumps(services[-1]), flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"), "machine": machine(), "load": load,
                "rows": rows, "services": services, "starts": self.given.starts, "requests": self.given.requests,
                "latency": self.given.latency, "versions": self.versions()}

    def versions(self):
        said = [subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()
                for program in ("rustc", self.given.python, self.given.node)]
        return f"Rust {said[0][1]}, Python {said[1][1]}, Node {said[2][0].lstrip('v')}"


def comparable(answer):
    """An answer without what does not matter: the order of members, and of what says nothing."""
    if "statusCode" in answer:
        headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
        return answer["statusCode"], headers, json.loads(answer["body"])
    return answer


def tables(report):
    """The figures as Markdown."""
    rust = {row["what"]: row for row in report["rows"] if row["language"] == "Rust"}

    def ratio(row, key):
        return f"{row[key] / rust[row['what']][key]:.1f}x"

    cold = table(["first request", "language", "asks for work", "to Rust", "has answered", "to Rust", "slowest"], [
        [row["what"], row["language"], f"{row['ready']:.1f} ms", ratio(row, "ready"), f"{row['first']:.1f} ms", ratio(row, "first"),
         f"{row['slowest']:.1f} ms"] for row in report["rows"]
    ])
    warm = table(["warm request", "language", "p50", "to Rust", "p99", "to Rust", "peak memory", "to Rust"], [
        [row["what"], row["language"], f"{row['p50']:.2f} ms", ratio(row, "p50"), f"{row['p99']:.2f} ms", ratio(row, "p99"),
         f"{row['memory']:.0f} MB", ratio(row, "memory")] for row in report["rows"]
    ])
    seen, packages = set(), []
    for row in report["rows"]:
        key = (row["language"], round(row["zipped"], 3))
        if key not in seen:
            seen.add(key)
            packages.append([row["what"], row["language"], f"{row['plain']:.1f} MB", ratio(row, "plain"),
                             f"{row['zipped']:.1f} MB", ratio(row, "zipped")])
    packed = table(["package", "language", "plain", "to Rust", "zipped", "to Rust"], packages)
    services = table(["service", "asks for work", "binary", "zipped"], [
        [f"`{row['service']}`", f"{row['ready']:.1f} ms", f"{row['plain']:.1f} MB", f"{row['zipped']:.2f} MB"]
        for row in report["services"]
    ])
    slowest = max(row["first"] for row in rust.values())
    largest = max(row["zipped"] for row in report["services"])

    def aim(what, value, limit, unit):
        return [what, f"{limit:g} {unit}", f"{value:.2f} {unit}", "yes" if value < limit else "**no**"]

    aims = table(["aim", "less than", "measured", "kept"], [
        aim("cold start to the first answer, median of the slowest", slowest, AIM_START, "ms"),
        *(aim(f"added to the store's time by {what}, {key}", row[key], AIM_WARM, "ms")
          for what, row in rust.items() for key in ("p50", "p99")),
        aim("zipped service, the largest", largest, AIM_ZIP, "MiB"),
    ])
    return (f"Measured on {report['date']}: {report['machine']}; load average {report['load']:.1f} at the start; "
            f"{report['versions']}; {report['starts']} starts and {report['requests']} requests each; the store takes "
            f"{report['latency']:g} ms, which are taken off. MB are MiB.\n\n"
            f"### Aims\n\n{aims}\n\n### Cold\n\n{cold}\n\n### Warm\n\n{warm}\n\n### Packages\n\n{packed}\n\n"
            f"### Every service\n\n{services}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=30, help="cold starts of each")
    parser.add_argument("--requests", type=int, default=2000, help="warm requests of each")
    parser.add_argument("--latency", type=float, default=2, help="milliseconds the store takes for an answer")
    parser.add_argument("--binaries", type=pathlib.Path, help="services that are built already")
    parser.add_argument("--python", default="python3.11")
    parser.add_argument("--node", default="node")
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path(os.path.expanduser("~/.cache/shop-bench")))
    parser.add_argument("--json", type=pathlib.Path, help="where the figures go")
    parser.add_argument("--write", type=pathlib.Path, help="a page whose part between the marks is replaced by the tables")
    given = parser.parse_args()
    given.cache = given.cache.resolve()
    if given.binaries is None:
        packages = [argument for service in SERVICES for argument in ("-p", service)]
        subprocess.run(["cargo", "build", "--profile", "lambda", "--bins", *packages], cwd=CHECKOUT, check=True)
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", CHECKOUT / "target"))
        given.binaries = target / "lambda"
    given.binaries = given.binaries.resolve()
    report = Bench(given).all()
    if given.json:
        given.json.write_text(json.dumps(report, indent=1))
    text = tables(report)
    if given.write:
        put(given.write, BEGIN, text)
    print("\n" + text)


if __name__ == "__main__":
    main()
