"""Starts the real binary with a store of its own, and stops it."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

KEY = "clients"
SECRET = "clients-secret"

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ.get("TEST_ACTA_BINARY", str(ROOT / "target/release/acta"))

START_SECONDS_MAX = 10


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A running server."""

    def __init__(self, **settings):
        self.data = tempfile.mkdtemp(prefix="acta-clients-")
        self.origin = f"http://127.0.0.1:{free_port()}"
        names = {name: value for name, value in os.environ.items() if not name.startswith("ACTA_")}
        own = {"ACTA_SEED_KEY": KEY, "ACTA_SEED_SECRET": SECRET, "ACTA_LOG_LEVEL": "warn"}
        arguments = ["serve", "--data", self.data, "--listen", self.origin.removeprefix("http://")]
        self.process = subprocess.Popen(
            [BINARY, *arguments], env={**names, **own, **settings}, stdout=subprocess.DEVNULL
        )
        self._wait()

    def run(self, *arguments):
        """Runs a command on the store while it is served. Returns what it prints."""
        names = {name: value for name, value in os.environ.items() if not name.startswith("ACTA_")}
        command = [BINARY, *arguments, "--data", self.data]
        return subprocess.run(command, env=names, check=True, capture_output=True, text=True).stdout

    def _wait(self):
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}")
            try:
                with urllib.request.urlopen(f"{self.origin}/ready"):
                    return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.025)
        self.stop()
        raise RuntimeError("the server is not ready")

    def stop(self):
        self.process.terminate()
        code = self.process.wait()
        shutil.rmtree(self.data, ignore_errors=True)
        if code != 0:
            raise RuntimeError(f"the server stopped with {code}")
