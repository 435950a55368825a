"""Snapshots of the local cloud's whole state, so that killing it at any moment loses time but never consistency.

MiniStack saves each service to a file of its own, on an orderly stop only, and S3 objects as they are written. After
a crash stacks, tables and objects would disagree. Here one snapshot holds everything: it is taken while no request
runs, no stack changes and no other thread holds the interpreter, and it becomes the saved state by one atomic rename.

Layout of the data folder: `state.pickle` (the services), `blobs/<sha256>` (every byte string over 4 KiB: objects,
function code), `lock` (one process a folder). This module does not decide when a snapshot is taken; `launch.py` does.
"""

import collections
import copy
import fcntl
import functools
import hashlib
import io
import logging
import os
import pickle
import sys
import time

import ministack.app as app
from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict
from ministack.services import lambda_svc, s3

logger = logging.getLogger("shopctl.snapshot")

FORMAT = 1
BLOB_BYTES = 4096

# What the services' own get_state leaves out, and a shop needs after a restart:
#   dynamodb  without its records a stream restarts at 0 while the event source mappings keep their old, higher
#             positions: DynamoDB streams look dead until as many new records have been written
#   s3        MiniStack keeps object bodies beside the state; here they are part of it
#   ses       the sent mails, which people read back
#   sts       sessions, or an assumed role would fall back to the default account
EXTRA = {
    "dynamodb": ("_stream_records", "_stream_trimmed", "_closed_streams"),
    "s3": (
        "_object_tags", "_object_acl", "_object_annotations", "_object_versions", "_object_retention",
        "_object_legal_hold", "_multipart_uploads", "_completed_multipart_uploads",
    ),
    "ses": ("_sent_emails",),
    "sts": ("_sessions",),
}

# Function code stays in the state as bytes (the pickler makes a blob of it). MiniStack would write it to files of
# its own and delete those that the newest state does not need, although the last snapshot may still need them.
lambda_svc._externalize_code_zip = lambda function, referenced: None
lambda_svc._prune_orphan_code_blobs = lambda referenced: None


class Blob:
    """Stands in an S3 object's record for its body, once that is in a snapshot: MiniStack would hold every version of
    every object in memory, and each deploy adds binaries."""

    __slots__ = ("digest", "_blobs")

    def __init__(self, digest, blobs):
        self.digest, self._blobs = digest, blobs

    def __deepcopy__(self, memo):
        return self

    def read(self):
        return self._blobs.read(self.digest)


def _reading_blobs(original):
    """One of the two functions that S3 reads bodies through, seeing through blobs."""

    def read(*arguments):
        body = original(*arguments)
        return body.read() if isinstance(body, Blob) else body

    return read


s3._read_body = _reading_blobs(s3._read_body)
s3._version_body = _reading_blobs(s3._version_body)


class Busy(Exception):
    """A stack is changing; a snapshot now would hold half of that change."""


class Unreadable(Exception):
    """The saved state exists but cannot be restored."""


def changing_stacks():
    """Names of the stacks that an operation is changing right now."""
    cloudformation = sys.modules.get("ministack.services.cloudformation")
    if cloudformation is None:
        return []
    return sorted(
        scoped_key[-1]
        for scoped_key, stack in list(cloudformation._stacks._data.items())
        if isinstance(stack, dict)
        and stack.get("StackStatus", "").endswith("_IN_PROGRESS")
        and stack["StackStatus"] != "REVIEW_IN_PROGRESS"
    )


class _Pickler(pickle.Pickler):
    """Long byte strings become references to blobs; containers become their plain kind."""

    def __init__(self, out, blobs):
        super().__init__(out, protocol=5)
        self._blobs = blobs

    def persistent_id(self, value):
        if type(value) is bytes and len(value) > BLOB_BYTES:
            return self._blobs.reference(value)
        if type(value) is Blob:
            self._blobs.used.add(value.digest)
            return value.digest
        return None

    def reducer_override(self, value):
        # A default factory may be a lambda, which cannot be pickled; restoring makes its own default dicts.
        if isinstance(value, collections.defaultdict):
            return dict, (), None, None, iter(value.items())
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """Reads back data only: no class but these can be named by a state file."""

    _ALLOWED = {
        ("ministack.core.responses", "AccountScopedDict"): AccountScopedDict,
        ("ministack.core.responses", "AccountRegionScopedDict"): AccountRegionScopedDict,
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("collections", "deque"): collections.deque,
    }
    _ALLOWED_MODULES = {
        "builtins": {"dict", "set", "frozenset", "bytearray", "complex", "range"},
        "datetime": {"datetime", "date", "time", "timedelta", "timezone"},
        "decimal": {"Decimal"},
        "uuid": {"UUID", "SafeUUID"},
        "copyreg": {"_reconstructor"},
    }

    def __init__(self, source, load_blob):
        super().__init__(source)
        self.persistent_load = load_blob

    def find_class(self, module, name):
        if (module, name) in self._ALLOWED:
            return self._ALLOWED[(module, name)]
        if name in self._ALLOWED_MODULES.get(module, ()):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a saved state")


class _Blobs:
    """Byte strings on disk under their SHA-256: written once, never changed, shared by all that hold the same bytes."""

    def __init__(self, folder):
        self._folder = folder
        os.makedirs(folder, exist_ok=True)
        self._digests = {}  # id -> (value, digest); holding the value keeps its id from being used again
        self._seen = {}
        self.used = set()

    def begin(self):
        """Start a snapshot."""
        self._seen, self.used = {}, set()

    def reference(self, value):
        """The digest of a value of this snapshot."""
        known = self._digests.get(id(value)) or (value, hashlib.sha256(value).hexdigest())
        self._seen[id(value)] = known
        self.used.add(known[1])
        return known[1]

    def write(self):
        """Write the blobs of this snapshot that are not on disk yet."""
        for value, digest in self._seen.values():
            path = os.path.join(self._folder, digest)
            if not os.path.exists(path):
                _write_atomically(path, [value])

    def prune(self):
        """Delete what the snapshot on disk no longer needs. Only after it has been written."""
        for name in os.listdir(self._folder):
            if name not in self.used:
                os.unlink(os.path.join(self._folder, name))

    def saved(self, value):
        """The digest of a value that the last snapshot holds, or None."""
        return (self._seen.get(id(value)) or (None, None))[1]

    def keep(self, values):
        """Remember the digests of these values for the next snapshot, and let go of all others."""
        self._digests = {id(value): self._seen[id(value)] for value in values if id(value) in self._seen}
        self._seen = {}

    def read(self, digest):
        with open(os.path.join(self._folder, digest), "rb") as file:
            return file.read()


def _write_atomically(path, chunks):
    temporary = path + ".new"
    with open(temporary, "wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _read_parts(storage):
    """Uploads under way are put together from bytes."""
    for upload in storage._multipart_uploads._data.values():
        for part in (upload.get("parts") or {}).values():
            if isinstance(part.get("body"), Blob):
                part["body"] = part["body"].read()


class Store:
    """The saved state in one data folder."""

    def __init__(self, folder):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self._path = os.path.join(folder, "state.pickle")
        self._lock = open(os.path.join(folder, "lock"), "w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SystemExit(f"the data folder {folder} is in use by another local cloud") from error
        self._blobs = _Blobs(os.path.join(folder, "blobs"))
        self._saved = None  # service -> pickled bytes, as on disk

    def capture(self):
        """Copy the state of all services. On the event loop: no request runs meanwhile.

        Raises Busy while a stack is changing.
        """
        changing = changing_stacks()
        if changing:
            raise Busy(", ".join(changing))
        # Other threads (queue pollers, running functions) wait for the interpreter lock until this is over, so they
        # cannot change one service between the copies of two.
        interval = sys.getswitchinterval()
        sys.setswitchinterval(5)
        try:
            for attempt in range(20):
                try:
                    return {key: self._copy(key, get) for key, get in app._build_persistence_save_dict().items()}
                except RuntimeError:  # a dict changed size: a thread ran while a copy let go of the lock
                    if attempt == 19:
                        raise
        finally:
            sys.setswitchinterval(interval)

    @staticmethod
    def _copy(key, get_state):
        state = get_state()
        if state is None:  # the module could not be imported
            return None
        module = sys.modules.get(f"ministack.services.{app._state_map[key]}")
        extra = {name: copy.deepcopy(getattr(module, name)) for name in EXTRA.get(key, ()) if hasattr(module, name)}
        if key == "s3":
            extra["objects"] = {bucket: copy.deepcopy(record["objects"]) for bucket, record in module._buckets._data.items()}
        return {"own": state, "extra": extra}

    def write(self, states):
        """Write a captured state, if it differs from the saved one. Tells whether it did."""
        self._blobs.begin()
        services = {}
        for key, state in states.items():
            if state is None:
                continue
            out = io.BytesIO()
            try:
                _Pickler(out, self._blobs).dump(state)
            except Exception as error:
                raise RuntimeError(f"the state of {key} cannot be saved: {error}") from error
            services[key] = out.getvalue()
        if services == self._saved:
            return False
        self._blobs.write()
        _write_atomically(self._path, [pickle.dumps({"format": FORMAT, "services": services}, protocol=5)])
        self._saved = services
        self._blobs.prune()
        return True

    def slim(self):
        """Let go of the bytes that the last snapshot holds. On the event loop, after `write`."""
        for bucket in s3._buckets._data.values():
            for record in bucket["objects"].values():
                self._slim(record, "body")
        for versions in s3._object_versions._data.values():
            for version in versions:
                self._slim(version, "data")
        # Functions of one service hold the same code: once is enough.
        codes = {}
        for function in lambda_svc._functions._data.values():
            for holder in (function, *(function.get("versions") or {}).values()):
                digest = self._blobs.saved(holder.get("code_zip"))
                if digest:
                    holder["code_zip"] = codes.setdefault(digest, holder["code_zip"])
        self._blobs.keep(codes.values())

    def _slim(self, record, field):
        digest = self._blobs.saved(record.get(field))
        if digest:
            record[field] = Blob(digest, self._blobs)

    def restore(self):
        """Give the saved state to the services. All of it, or Unreadable."""
        try:
            with open(self._path, "rb") as file:
                saved = _Unpickler(file, self._blobs.read).load()
        except FileNotFoundError:
            return
        except Exception as error:
            raise Unreadable(f"{self._path}: {error}") from error
        if saved.get("format") != FORMAT:
            raise Unreadable(f"{self._path}: written by another version (format {saved.get('format')})")
        services = saved["services"]
        started = time.monotonic()
        read = functools.cache(self._blobs.read)  # functions of one service share their code

        def stand_in(digest):
            return Blob(digest, self._blobs)

        for key, pickled in services.items():
            module_name = app._state_map.get(key)
            if module_name is None:
                continue
            try:
                state = _Unpickler(io.BytesIO(pickled), stand_in if key == "s3" else read).load()
                module = app._get_module(module_name)
                # The extras go first: restoring an event source mapping starts its poller.
                for name, value in state["extra"].items():
                    if name == "objects":
                        for bucket, objects in value.items():
                            module._buckets._data.setdefault(bucket, {"objects": {}})["objects"] = objects
                    else:
                        getattr(module, name).update(value)
                if key == "s3":
                    _read_parts(module)
                if state["own"]:
                    module.load_persisted_state(state["own"])
            except Exception as error:
                raise Unreadable(f"{self._path}: {key}: {error}") from error
        logger.info("restored %d services in %d ms", len(services), (time.monotonic() - started) * 1000)
