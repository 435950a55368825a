"""A proxy in front of the local cloud that counts calls: which, how many, and how many had to wait for one another.

It speaks HTTP/1.1 with connections that stay open on both sides and holds every answer back for `latency` seconds, which
is what a network does. It changes nothing but the address.
"""

import asyncio
import collections
import threading
import time
import urllib.parse


class Proxy:
    """Counts from `take()` to `take()`."""

    def __init__(self, port, latency=0.0):
        self._upstream, self._latency = port, latency
        self._calls = []
        self._ready = threading.Event()
        self.port = None
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._ready.wait()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def take(self):
        """The calls since the last time: number, by name, and the longest chain of calls of which each began after the
        one before had ended, which is the number of round trips that follow one another."""
        calls, self._calls = self._calls, []
        chain, last = 0, float("-inf")
        for begin, end, _ in sorted(calls, key=lambda call: call[1]):
            if begin >= last:
                chain, last = chain + 1, end
        return {"calls": len(calls), "rounds": chain, "by": dict(collections.Counter(name for *_, name in calls).most_common())}

    async def _serve(self):
        server = await asyncio.start_server(self._client, "127.0.0.1", 0, limit=1 << 26)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        async with server:
            await server.serve_forever()

    async def _client(self, reader, writer):
        upstream = None
        try:
            while True:
                head, body = await message(reader)
                begin = time.monotonic()
                if b"expect: 100-continue" in head.lower():
                    head = b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"expect:"))
                if upstream is None:
                    upstream = await asyncio.open_connection("127.0.0.1", self._upstream, limit=1 << 26)
                upstream[1].write(head + b"\r\n\r\n" + body)
                await upstream[1].drain()
                method = head.split(b" ", 1)[0]
                answer_head, answer = await message(upstream[0], answers=method)
                if self._latency:
                    await asyncio.sleep(self._latency)
                self._calls.append((begin, time.monotonic(), call_name(head, body)))
                writer.write(answer_head + b"\r\n\r\n" + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for stream in filter(None, (writer, upstream and upstream[1])):
                stream.close()


async def message(reader, answers=None):
    """Head and body of a request, or of the answer to one. A chunked body stays chunked."""
    head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
    fields = {}
    for line in head.split(b"\r\n")[1:]:
        field, _, value = line.partition(b":")
        fields[field.strip().lower()] = value.strip()
    if answers == b"HEAD" or answers and head.split(b" ")[1] in (b"204", b"304"):
        return head, b""
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        body = b""
        while True:
            size = await reader.readuntil(b"\r\n")
            length = int(size.split(b";")[0], 16)
            body += size + await reader.readexactly(length + 2)
            if length == 0:
                return head, body
    return head, await reader.readexactly(int(fields.get(b"content-length", b"0")))


def call_name(head, body):
    """`CloudFormation DescribeStacks`, `S3 PUT`: what the call is called."""
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    for line in lines[1:]:
        if line.lower().startswith("x-amz-target:"):
            return line.split(":", 1)[1].strip()
    action = urllib.parse.parse_qs(body.decode("latin-1")).get("Action") if b"Action=" in body[:4096] else None
    return action[0] if action else f"{method} {target.split('?')[0].count('/') > 1 and 'object' or 'bucket'}"
