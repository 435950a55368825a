"""Starts MiniStack for shopctl: one process, loopback only, with the patches and with crash-safe state.

Started by shopctl-local with a cleared environment:
  GATEWAY_PORT                  the port to serve
  SHOPCTL_DATA                  the folder of the saved state
  SHOPCTL_DATABASE              the database server to run beside it, if any (see database.py)
  AUTH                          "true" enforces the policies of roles (see policies.py)
  SHOPCTL_RECORD                the file that says this process runs; removed on an orderly end
  SHOPCTL_DIE_WITH_PARENT       the process whose end ends this one too (test runs)

Own endpoints: `GET /_shopctl/status`, `POST /_shopctl/snapshot` (200 saved or unchanged; 409 while a stack changes),
`GET /_shopctl/calls` (what roles asked for, where policies are enforced).
Ends with SIGTERM or SIGINT: the state is saved, functions are ended.
Exit codes that shopctl-local acts on: 3 the saved state cannot be read, 4 the installation is broken.
"""

import asyncio
import json
import logging
import os
import signal
import sys
import threading
import time

VERSION = "1.5.33"
# How often the state is saved while it changes.
SNAPSHOT_SECONDS = 15.0
# A stack operation takes well under a second; one that waits for a slow custom resource must not hold up a stop.
PATIENCE_SECONDS = 2.0

logger = logging.getLogger("shopctl")


def end_with(parent):
    """Ask for the end of this process once its parent is another one: then the one that started it is gone."""
    # Not the kernel's parent-death signal: that one follows the thread that started the process.

    def watch():
        while os.getppid() == parent:
            time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


class Server:
    """MiniStack's application behind the launcher's own endpoints."""

    def __init__(self, application, policies, snapshot, store):
        self._application = application
        self._policies = policies
        self._snapshot = snapshot
        self._store = store
        self._saving = asyncio.Lock()
        self._requests = 0
        self._stop = asyncio.Event()
        self._saved_at = None
        self._problem = None

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "")
        if scope["type"] == "http" and path.startswith("/_shopctl/"):
            # Not for pages: a browser adds Origin to what a page sends here.
            if any(name == b"origin" for name, _ in scope["headers"]):
                await self._answer(send, 403, {"error": "not for browsers"})
            else:
                await self._own(scope["method"], path, receive, send)
            return
        if scope["type"] != "lifespan" and not path.startswith("/_ministack/health"):
            self._requests += 1
        await self._application(scope, receive, send)

    async def _own(self, method, path, receive, send):
        if (method, path) == ("GET", "/_shopctl/status"):
            await self._answer(send, 200, {
                "pid": os.getpid(), "version": VERSION, "savedAt": self._saved_at, "problem": self._problem,
                "changing": self._snapshot.changing_stacks(),
            })
        elif (method, path) == ("GET", "/_shopctl/calls"):
            await self._answer(send, 200, {"calls": self._policies.calls()})
        elif (method, path) == ("POST", "/_shopctl/snapshot"):
            try:
                written = await self.save(PATIENCE_SECONDS)
                await self._answer(send, 200, {"written": written})
            except self._snapshot.Busy as busy:
                await self._answer(send, 409, {"error": f"a stack is changing: {busy}"})
            except Exception as error:
                logger.exception("snapshot failed")
                await self._answer(send, 500, {"error": str(error)})
        else:
            await self._answer(send, 404, {"error": "no such endpoint"})

    @staticmethod
    async def _answer(send, status, document):
        body = json.dumps(document).encode()
        head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})

    async def save(self, patience):
        """Take and write a snapshot; waits up to `patience` seconds for stacks to settle. Tells whether it differed."""
        deadline = time.monotonic() + patience
        async with self._saving:
            while True:
                try:
                    states = self._store.capture()
                    break
                except self._snapshot.Busy:
                    if time.monotonic() >= deadline:
                        raise
                    await asyncio.sleep(0.05)
            written = await asyncio.to_thread(self._store.write, states)
            self._store.slim()
        self._saved_at, self._problem = time.time(), None
        return written

    async def save_often(self):
        """Save while requests come in and until nothing changes any more."""
        seen, settled, pause = 0, True, SNAPSHOT_SECONDS
        while True:
            await asyncio.sleep(pause)
            if settled and seen == self._requests:
                continue
            seen, started = self._requests, time.monotonic()
            try:
                settled = not await self.save(0)
            except self._snapshot.Busy:
                settled = False
            except Exception as error:
                self._problem = str(error)
                logger.exception("the state could not be saved")
            # A large state must not keep the server busy with saving.
            pause = max(SNAPSHOT_SECONDS, 20 * (time.monotonic() - started))

    async def run(self, port):
        from hypercorn.asyncio import serve
        from hypercorn.config import Config

        config = Config()
        config.bind = [f"127.0.0.1:{port}"]
        config.keep_alive_timeout = 75
        config.graceful_timeout = 0.5
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        saving = asyncio.create_task(self.save_often())
        await serve(self, config, shutdown_trigger=self._wait_for_stop)
        saving.cancel()

    async def _wait_for_stop(self):
        await self._stop.wait()
        # While requests are still served, so that stacks under way can settle.
        try:
            await self.save(PATIENCE_SECONDS)
        except self._snapshot.Busy as busy:
            logger.warning("stopped while a stack was changing (%s): the last saved state stays", busy)
        except Exception:
            logger.exception("the state could not be saved")


STATE_UNREADABLE = 3
INSTALLATION_BROKEN = 4


def load():
    """Import everything, or end saying that the installation is broken."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    try:
        import importlib.metadata

        found = importlib.metadata.version("ministack")
        if found != VERSION:
            raise ImportError(f"the patches are for ministack {VERSION}, found {found}")

        import cryptography.hazmat.primitives.asymmetric.rsa  # noqa: F401, without it every token is refused
        import hypercorn.asyncio  # noqa: F401
        from ministack import app

        import database
        import patches
        import policies
        import snapshot
    except Exception as error:  # whatever a damaged file raises
        logging.exception("the installation is broken: %s", error)
        raise SystemExit(INSTALLATION_BROKEN) from error
    return app, database, patches, policies, snapshot


def main():
    # A closed terminal is no reason to end; shopctl has put this process into a group of its own.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if os.environ.get("SHOPCTL_DIE_WITH_PARENT"):
        end_with(int(os.environ["SHOPCTL_DIE_WITH_PARENT"]))
    app, database, patches, policies, snapshot = load()

    databases = database.Database.from_environment()
    if databases:
        databases.start()
    patches.apply(databases)
    if app.AUTH:
        policies.apply()
    store = snapshot.Store(os.environ["SHOPCTL_DATA"])

    def restore():
        try:
            store.restore()
        except snapshot.Unreadable as error:
            logger.error("the saved state cannot be read: %s", error)
            # Half a state would be worse than none, and none would look like lost data: do not start.
            logging.shutdown()
            if databases:
                databases.stop()
            os._exit(STATE_UNREADABLE)

    # MiniStack restores and saves through these two; saving is the server's task here.
    app.PERSIST_STATE = True
    app._load_persisted_state = restore
    app.save_all = lambda services: None

    async def serve():
        await Server(app.app, policies, snapshot, store).run(int(os.environ["GATEWAY_PORT"]))

    # One line a request would drown what matters in the log.
    logging.getLogger("hypercorn.access").disabled = True
    try:
        if databases:
            # Functions that come back to life find their database.
            databases.connect().close()
        asyncio.run(serve())
    finally:
        patches.end_functions()
        if databases:
            databases.stop()
    record = os.environ.get("SHOPCTL_RECORD")
    if record and os.path.exists(record):
        os.unlink(record)
    # Threads of pollers and schedulers do not end by themselves, and nothing is left for them to do.
    logging.shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()
