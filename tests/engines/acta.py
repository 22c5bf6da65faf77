"""The real binary: a store, a server, and its API."""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("TEST_ACTA_BINARY", str(ROOT / "target/release/acta"))

KEY, SECRET = "engines", "engines-secret"

SECONDS_MAX = 60

# Seconds of an ISO 8601 duration, as the simulator writes them, to hundredths.
DURATION_SQL = (
    "trunc((coalesce(try_cast(regexp_extract({0}, '(\\d+)H', 1) AS DOUBLE), 0) * 3600"
    " + coalesce(try_cast(regexp_extract({0}, '(\\d+)M', 1) AS DOUBLE), 0) * 60"
    " + coalesce(try_cast(regexp_extract({0}, '([\\d.]+)S', 1) AS DOUBLE), 0)"
    " + CASE WHEN {0} IS NULL THEN NULL ELSE 0 END) * 100 + 1e-6) / 100"
)


def sha256(path):
    return sha256_of(path.read_bytes())


def sha256_of(content):
    return hashlib.sha256(content).hexdigest()


def simulate(folder, count):
    """Statements of a year and a half."""
    path = folder / "simulated.jsonl"
    arguments = ["simulate", "--statements", str(count), "--seed", "7", "--years", "2"]
    subprocess.run([BINARY, *arguments, "--output", str(path)], check=True)
    return path


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Store:
    """A store, in a directory unless the environment names a database, and its server."""

    def __init__(self, folder):
        names = {name: value for name, value in os.environ.items() if not name.startswith("ACTA_")}
        names["ACTA_SEED_KEY"], names["ACTA_SEED_SECRET"] = KEY, SECRET
        names["ACTA_LOG_LEVEL"] = "warn"
        names["ACTA_FACTS_ENABLED"] = "true"
        names["ACTA_FACTS_DIRECTORY"] = str(folder / "facts")
        if database := os.environ.get("TEST_ENGINES_DATABASE"):
            names["ACTA_STORAGE_URL"] = database
        else:
            names["ACTA_DATA"] = str(folder / "data")
        self.is_local = "ACTA_STORAGE_URL" not in names
        self.environment = names
        self.origin = f"http://127.0.0.1:{free_port()}"
        self.process = None

    def start(self):
        listen = self.origin.removeprefix("http://")
        command = [BINARY, "serve", "--listen", listen]
        self.process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL
        )
        end = time.monotonic() + SECONDS_MAX
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}")
            try:
                with urllib.request.urlopen(f"{self.origin}/ready"):
                    return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.025)
        raise RuntimeError("the server is not ready")

    def stop(self):
        self.process.terminate()
        if self.process.wait() != 0:
            raise RuntimeError(f"the server stopped with {self.process.returncode}")

    def run(self, *arguments):
        """Runs a command on the store, while it is served."""
        command = [BINARY, *map(str, arguments)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{arguments}: {done.stderr}")
        return done.stdout

    def request(self, method, path, body=None, headers=None):
        request = urllib.request.Request(f"{self.origin}/api/v1/{path}", method=method)
        pair = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        request.add_header("Authorization", f"Basic {pair}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        with urllib.request.urlopen(request) as response:
            return response.read(), response.headers

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def head(self, path):
        return self.request("HEAD", path)[1]

    def ask(self, question):
        return json.loads(self.request("POST", "tenants/1/query", question)[0])

    def wait_for_facts(self):
        end = time.monotonic() + SECONDS_MAX
        while json.loads(self.get("tenants/1/facts")[0])["lag"] != 0:
            if end < time.monotonic():
                raise RuntimeError("the facts stay behind")
            time.sleep(0.05)

    def export(self, folder):
        """Exports facts as the command line does where it reaches the server, or else by HTTP."""
        if self.is_local:
            return json.loads(self.run("facts", "export", folder, "--json"))
        manifest = json.loads(self.get("tenants/1/facts/export/manifest.json")[0])
        known = {}
        if (folder / "manifest.json").exists():
            old = json.loads((folder / "manifest.json").read_text())
            known = {file["name"]: file["sha256"] for file in old["files"]}
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for file in manifest["files"]:
            content = self.get(f"tenants/1/facts/export/{file['name']}")[0]
            (folder / file["name"]).write_bytes(content)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        written = sum(known.get(file["name"]) != file["sha256"] for file in manifest["files"])
        return {"rows": manifest["rows"], "files_written": written}
