"""The MariaDB server that stands for every `AWS::RDS::DBInstance` of MySQL or MariaDB: run as a child of the launcher,
and given the users and databases that templates ask for.

shopctl-local has found the server, prepared its data folder and chosen its port; `SHOPCTL_DATABASE` says so. Without it
a template's database is an entry in a list, as in plain MiniStack.
"""

import json
import logging
import os
import signal
import subprocess
import threading
import time

logger = logging.getLogger("shopctl.database")

START_SECONDS = 30.0
STOP_SECONDS = 4.0
# A server that ends at once again is given a moment, so that its log stays readable.
PAUSE_SECONDS = 2.0
# Relative to the instance's folder, in which the launcher runs: the whole path may be too long for a socket.
FOLDER = "database"
SOCKET = os.path.join(FOLDER, "socket")

# Databases of the server itself.
OWN = ("information_schema", "mysql", "performance_schema", "sys")


class Database:
    """The server and its owner's connection."""

    def __init__(self, port, command, libraries):
        self.port = port
        self._command, self._libraries = command, libraries
        self._process = None
        self._stopping = threading.Event()

    @staticmethod
    def from_environment():
        text = os.environ.get("SHOPCTL_DATABASE")
        return Database(**json.loads(text)) if text else None

    def start(self):
        """Start it and keep it running; does not wait until it answers."""
        self._spawn()
        threading.Thread(target=self._watch, name="database-watch", daemon=True).start()

    def _spawn(self):
        environment = {"LD_LIBRARY_PATH": self._libraries} if self._libraries else {}
        self._process = subprocess.Popen(self._command, cwd=FOLDER, env=environment, stdin=subprocess.DEVNULL)

    def _watch(self):
        while True:
            status = self._process.wait()
            if self._stopping.wait(PAUSE_SECONDS):
                return
            logger.error("the database server ended (%s); it is started again", status)
            self._spawn()

    def connect(self):
        """A connection as its owner, once the server answers."""
        import pymysql

        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return pymysql.connect(unix_socket=SOCKET, user="root", autocommit=True)
            except pymysql.err.OperationalError:
                if time.monotonic() >= deadline or self._stopping.is_set():
                    raise
                time.sleep(0.02)

    def provide(self, instance, name):
        """Give a database instance its master user, and its first database when `name` says one. May be repeated."""
        user, password = instance["MasterUsername"], instance["_MasterUserPassword"]
        instance["Endpoint"]["Port"] = self.port
        with self.connect() as connection, connection.cursor() as cursor:
            # MiniStack's RDS Data API logs in as root with the master user's password.
            for account in ((user, "%"), ("root", "127.0.0.1")):
                cursor.execute("CREATE USER IF NOT EXISTS %s@%s", account)
                cursor.execute("SET PASSWORD FOR %s@%s = PASSWORD(%s)", (*account, password))
                cursor.execute("GRANT ALL ON *.* TO %s@%s WITH GRANT OPTION", account)
            if name:
                cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{name.replace('`', '``')}`")

    def clear(self):
        """Forget all that instances left: databases and users."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW DATABASES")
            for (name,) in cursor.fetchall():
                if name not in OWN:
                    cursor.execute(f"DROP DATABASE `{name.replace('`', '``')}`")
            cursor.execute("SELECT user, host FROM mysql.global_priv WHERE host <> 'localhost'")
            for account in cursor.fetchall():
                cursor.execute("DROP USER %s@%s", account)

    def stop(self):
        """End it in good order; what does not end in time is killed, which its log makes good."""
        self._stopping.set()
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
