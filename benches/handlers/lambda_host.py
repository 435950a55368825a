"""What a function sees of AWS, on loopback: the Lambda Runtime API, and a data store that answers with what it is given.

Both live in this process, so that one clock times them. HTTP is spoken by hand, because what a server library does for
every request would be part of what is measured.
"""

import socket
import threading
import time


class Server:
    """An HTTP server: `answer(path, headers, body)` gives `(status, headers, body)` for each request; None ends the
    connection. `told(started, ended)` hears when a request was there and when its answer began to leave."""

    def __init__(self, answer, told=None):
        self.answer, self.told = answer, told or (lambda started, ended: None)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        data = b""
        try:
            while True:
                while b"\r\n\r\n" not in data:
                    more = connection.recv(65536)
                    if not more:
                        return
                    data += more
                head, data = data.split(b"\r\n\r\n", 1)
                first, *lines = head.decode("latin-1").split("\r\n")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines if ": " in line)}
                if headers.get("expect", "").lower() == "100-continue":
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                body, data = self._body(connection, headers, data)
                started = time.perf_counter()
                answer = self.answer(first.split(" ")[1], headers, body)
                if answer is None:
                    return
                status, headers, body = answer
                reply = f"HTTP/1.1 {status} -\r\ncontent-length: {len(body)}\r\n"
                reply += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                reply = reply.encode() + b"\r\n" + body
                self.told(started, time.perf_counter())
                connection.sendall(reply)
        except ConnectionError:
            pass
        finally:
            connection.close()

    def _body(self, connection, headers, data):
        def more():
            received = connection.recv(65536)
            if not received:
                raise ConnectionError
            return received

        if "chunked" not in headers.get("transfer-encoding", ""):
            length = int(headers.get("content-length", "0"))
            while len(data) < length:
                data += more()
            return data[:length], data[length:]
        body = b""
        while True:
            while b"\r\n" not in data:
                data += more()
            size, data = data.split(b"\r\n", 1)
            length = int(size.split(b";")[0], 16)
            while len(data) < length + 2:
                data += more()
            body, data = body + data[:length], data[length + 2:]
            if length == 0:
                return body, data


class Store:
    """Answers every request of an AWS JSON protocol with `answers[operation](body)`, after `latency` seconds, and adds up how
    long it took for it."""

    def __init__(self, answers, latency):
        self.answers, self.latency, self.spent, self.calls = answers, latency, 0.0, 0
        self.server = Server(self._answer, self._told)
        self.endpoint = f"http://{self.server.address}"

    def _answer(self, _path, headers, body):
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation not in self.answers:
            return 400, {"content-type": "application/x-amz-json-1.0"}, b'{"__type":"UnknownOperationException"}'
        time.sleep(self.latency)
        return 200, {"content-type": "application/x-amz-json-1.0"}, self.answers[operation](body)

    def _told(self, started, ended):
        self.spent += ended - started
        self.calls += 1

    def take(self):
        """Seconds and calls since the last time."""
        taken = self.spent, self.calls
        self.spent, self.calls = 0.0, 0
        return taken


class RuntimeApi:
    """The Runtime API for one process
    (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html)."""

    def __init__(self):
        self.condition = threading.Condition()
        self.asked = None  # when the process asked for its next event
        self.event, self.outcome, self.sent, self.number = None, None, None, 0
        self.server = Server(self._answer, self._told)
        self.address = self.server.address

    def _answer(self, path, _headers, body):
        received = time.perf_counter()
        if path.endswith("/invocation/next"):
            with self.condition:
                self.asked = received
                self.condition.notify_all()
                self.condition.wait_for(lambda: self.event is not None)
                event, self.event = self.event, None
                self.number += 1
                headers = {
                    "lambda-runtime-aws-request-id": f"00000000-0000-4000-8000-{self.number:012}",
                    "lambda-runtime-deadline-ms": str(int(time.time() * 1000) + 30000),
                    "lambda-runtime-invoked-function-arn": "arn:aws:lambda:us-east-1:000000000000:function:bench",
                    "lambda-runtime-trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0",
                    "content-type": "application/json",
                }
                self.leaving = True
                return 200, headers, event
        with self.condition:
            self.outcome = (path.rpartition("/")[2], received, body)
            self.condition.notify_all()
        return 202, {"content-type": "application/json"}, b"{}"

    def _told(self, _started, ended):
        if self.__dict__.pop("leaving", False):
            self.sent = ended

    def wait_until_asked(self, alive, seconds=60):
        """When the process asked for work; fails when it ended or does not ask."""
        until = time.monotonic() + seconds
        with self.condition:
            while self.asked is None:
                self.condition.wait(0.5)
                if not alive() or time.monotonic() > until:
                    raise SystemExit("the function does not ask for work")
            asked, self.asked = self.asked, None
            return asked

    def hand_over(self, event):
        """Gives an event to the process, now or as soon as it asks."""
        with self.condition:
            self.outcome, self.event = None, event
            self.condition.notify_all()

    def wait_for_outcome(self, seconds=60):
        """When the event left, when its answer was there, and the answer."""
        with self.condition:
            if not self.condition.wait_for(lambda: self.outcome is not None, seconds):
                raise SystemExit("the function does not answer")
            kind, received, body = self.outcome
        if kind != "response":
            raise SystemExit(f"the function failed ({kind}): {body.decode()[:2000]}")
        return self.sent, received, body
