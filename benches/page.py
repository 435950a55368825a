"""What measurements share: tables as Markdown, the machine they were taken on, and their place on a page."""

import os
import pathlib
import platform


def machine():
    """The machine in one line."""
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemTotal")) // 1024 // 1024
    return f"{os.cpu_count()} processors ({model}), {memory} GB, {platform.system()} {platform.release().split('-')[0]}"


def table(head, rows):
    """A table whose first column is text and whose others are figures."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def put(page: pathlib.Path, begin: str, text: str):
    """Puts `text` between the line `begin` of `page` and the next end of figures."""
    end = "<!-- end of figures -->"
    before, rest = page.read_text().split(f"{begin}\n", 1)
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{rest.split(end, 1)[1]}")
