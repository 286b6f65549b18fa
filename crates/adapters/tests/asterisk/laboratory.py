"""A private Asterisk in its chroot, and phones played by SIPp: what record.py records with.

The configuration and the phones are those of the black-box tests (tests/it/pbx_asterisk).
"""

import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

TREE = pathlib.Path(__file__).resolve().parents[4]
PARTS = TREE / "tests/it/pbx_asterisk"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "kontur-telephony"
PHONES = ("101", "102", "103", "104")
SPACE = b"\r\n\r\n"


def free_port(kind=socket.SOCK_DGRAM, address="127.0.0.1"):
    """A port that nobody listens on; a range of their own, so that no other process is given it as an ephemeral one."""
    while True:
        port = random.randrange(20000, 32000, 4)
        with socket.socket(socket.AF_INET, kind) as tried:
            try:
                tried.bind((address, port))
                return port
            except OSError:
                continue


def filled(text, values):
    """`{{name}}` replaced: by the value of that name, or by the piece of a scenario of that name."""

    def value(match):
        name = match.group(1)
        if name in values:
            return str(values[name])
        return filled((PARTS / "phones/pieces" / f"{name}.xml").read_text().rstrip("\n"), values)

    return re.sub(r"\{\{(\w+)\}\}", value, text)


def tone():
    """A second of A-law that is not silence."""
    return bytes((0xD5 ^ (i % 20) * 4) & 0xFF for i in range(8000))


class Asterisk:
    """One process with its own folder, ports and history."""

    def __init__(self, version, read="call,agent,system", manager=""):
        self.root = CACHE / f"asterisk-{version}"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lab-", dir=self.root / "tmp"))
        self.inside = "/" + str(self.folder.relative_to(self.root))
        self.sip, self.trunk = free_port(), free_port(address="127.0.0.2")
        self.ami, self.http = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM)
        self.phone_ports = {phone: free_port() for phone in PHONES}
        modules = next((self.root / "usr/lib").glob("**/asterisk/modules"))
        values = {
            "folder": self.inside,
            "modules": "/" + str(modules.relative_to(self.root)),
            "sip_port": self.sip,
            "trunk_port": self.trunk,
            "ami_port": self.ami,
            "http_port": self.http,
            "read": read,
            # Of the two that write custom CDRs to SQLite, the second came with Asterisk 22.
            "newer_modules": "load = res_cdrel_custom.so\nload = res_websocket_client.so" if version == "22" else "",
            "manager": manager,
            **{f"phone_{phone}": port for phone, port in self.phone_ports.items()},
        }
        for name in ("etc", "lib", "spool/monitor", "run", "log/cdr-csv", "moh", "phones"):
            (self.folder / name).mkdir(parents=True)
        for name in (PARTS / "etc").iterdir():
            (self.folder / "etc" / name.name).write_text(filled(name.read_text(), values))
        (self.folder / "tone.al").write_bytes(tone())
        (self.folder / "moh/tone.alaw").write_bytes(tone())
        self.started = []
        self.process = self.run(["chroot", str(self.root), "asterisk", "-f", "-C", f"{self.inside}/etc/asterisk.conf"], "asterisk")

    def run(self, command, name):
        with open(self.folder / f"{name}.out", "ab") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.folder / "phones")
        self.started.append(process)
        return process

    def sipp(self, scenario, address, port, options, **values):
        values = {"answer_ms": 500, "talk_ms": 60000, "patience_ms": 60000, "tone": self.folder / "tone.al", **values}
        name = f"{scenario}-{port}"
        file = self.folder / "phones" / f"{name}.xml"
        file.write_text(filled((PARTS / "phones" / f"{scenario}.xml").read_text(), values))
        return self.run(
            ["sipp", f"127.0.0.1:{self.sip}", "-sf", str(file), "-i", address, "-p", str(port), "-mi", address,
             "-mp", str(free_port(address=address)), "-nostdin", "-trace_err", "-trace_msg",
             "-message_file", f"{name}.log", "-error_file", f"{name}.err", *options],
            name,
        )

    def phone(self, number, scenario, **values):
        return self.sipp(scenario, "127.0.0.1", self.phone_ports[number], ["-rtp_echo"], **{"me": number, **values})

    def trunk_side(self, scenario, **values):
        """The provider's exchange: takes the calls to the outside."""
        return self.sipp(scenario, "127.0.0.2", self.trunk, ["-rtp_echo"], **values)

    def client(self, me, dialed, **values):
        return self.sipp("caller", "127.0.0.2", free_port(address="127.0.0.2"), ["-m", "1", "-key", "me", me, "-key", "dialed", dialed], **values)

    def employee(self, me, dialed, **values):
        return self.sipp("caller", "127.0.0.1", free_port(), ["-m", "1", "-key", "me", me, "-key", "dialed", dialed], **values)

    def cdr(self):
        file = self.folder / "log/cdr-csv/Master.csv"
        return file.read_bytes() if file.exists() else b""

    def stop(self):
        for process in self.started[1:]:
            process.kill()
            process.wait()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def remove(self):
        shutil.rmtree(self.folder)


class Manager:
    """One AMI connection. `stream` is all that came after the login, or all that came if the login is left to others."""

    def __init__(self, port, login=True):
        self.login = 0
        deadline = time.monotonic() + 20
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                assert time.monotonic() < deadline, "no AMI"
                time.sleep(0.05)
        self.buffer = b""
        self.changed = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()
        if not login:
            return
        self.act("Login", Username="kontur", Secret="amisecret", ActionID="login")
        self.wait("Response: Success.*?\r\n\r\n")
        self.wait("Event: FullyBooted")
        self.login = re.search(rb"Message: Authentication accepted\r\n\r\n", self.buffer).end()

    def read(self):
        while piece := self.socket.recv(65536):
            with self.changed:
                self.buffer += piece
                self.changed.notify_all()

    def act(self, action, **headers):
        """A header with a list is sent once for each."""
        lines = [f"Action: {action}"]
        for name, value in headers.items():
            lines += [f"{name}: {each}" for each in (value if isinstance(value, list) else [value])]
        self.socket.sendall("\r\n".join(lines).encode() + SPACE)

    def wait(self, pattern, count=1, seconds=25):
        """Until the pattern was seen count times; the last match."""
        found = []

        def seen():
            found[:] = re.finditer(pattern.encode(), self.buffer, re.S)
            return len(found) >= count

        with self.changed:
            assert self.changed.wait_for(seen, seconds), f"{pattern} was not seen {count} times"
        return found[count - 1]

    def event(self, name, count=1, **headers):
        """Until an event of that name with these headers was seen."""
        deadline = time.monotonic() + 25
        while True:
            with self.changed:
                found = [e for e in self.events() if e.get("Event") == name and all(e.get(k, "").startswith(v) for k, v in headers.items())]
                if len(found) >= count:
                    return found[count - 1]
                left = deadline - time.monotonic()
                assert left > 0 and self.changed.wait(left), f"{name} {headers} was not seen {count} times"

    def events(self):
        for block in self.stream().split(SPACE)[:-1]:
            yield dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in block.decode("utf-8", "replace").split("\r\n"))

    def stream(self):
        return self.buffer[self.login :]

    def quiet(self, seconds=0.7):
        with self.changed:
            while self.changed.wait(seconds):
                pass
