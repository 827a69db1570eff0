#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what people would pick instead of Kairan, on the same payloads, and prints rows for kairan-bench as JSON.

usage: run.py SCRATCH ITEMS [--install]

Brokers and clients come from Debian (packages), hypercore from npm, into SCRATCH; --install lets tools/setup fetch what
Debian's are missing. Whatever is not to be had is named on stderr and left out. Everything listens on loopback, on ports
that are free, and ends with this program.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
RUNS, SAMPLES = 5, 200
HYPERCORE = "hypercore@10"  # the last that needs no database of its own
# text of about so many KB, bytes, of ITEMS
SIZES = [(0.5, 512, 2), (2, 2048, 1), (16, 16384, 10), (256, 262144, 100)]
ONE_RUN_S = 300
PARENT = os.getppid()


class Missing(Exception):
    """Cannot be measured here; the words say why."""


def follow():
    """Ends this program where whoever started it is gone."""
    if os.getppid() != PARENT:
        sys.exit(1)


def say(words):
    print(f"kairan-bench: peers: {words}", file=sys.stderr, flush=True)


def program(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise Missing(f"{name} is not installed")
    return path


def free_port():
    with socket.socket() as at:
        at.bind(("127.0.0.1", 0))
        return at.getsockname()[1]


def run(argv, **more):
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=ONE_RUN_S, check=False, **more)
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or f"exit {done.returncode}").splitlines()[-1]
        raise Missing(f"{pathlib.Path(str(argv[0])).name} failed: {last}")
    return done.stdout


def certificate(scratch):
    """A key and a certificate of this run alone, for 127.0.0.1."""
    key, cert = scratch / "key.pem", scratch / "cert.pem"
    if not cert.exists():
        run([program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert])
        key.chmod(0o644)  # a broker may give up root before it reads it; the folder is ours alone
    return key, cert


def client(scratch, name, library):
    """The client, built here: its library is none of those that Kairan needs."""
    flags = run([program("pkg-config"), "--cflags", "--libs", library]).split()
    built = scratch / f"{name}-client"
    run([program("cc"), "-D_GNU_SOURCE", "-std=c11", "-O2", "-o", built, HERE / f"{name}.c", HERE / "peer.c", *flags, "-lpthread"])
    return built


def start(argv, port, log):
    """The broker, listening; Missing with its last words when it does not."""
    with open(log, "w", encoding="utf-8") as out:
        broker = subprocess.Popen([str(word) for word in argv], stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    for _ in range(200):
        if broker.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return broker
        time.sleep(0.05)
    stop(broker)
    lines = pathlib.Path(log).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise Missing(f"{pathlib.Path(str(argv[0])).name} did not start: {lines[-1] if lines else 'it said nothing'}")


def stop(broker):
    if broker.poll() is None:
        broker.send_signal(signal.SIGTERM)
        try:
            broker.wait(10)
        except subprocess.TimeoutExpired:
            broker.kill()
            broker.wait()


def brokered(scratch, name, library, make_argv):
    """A function that measures one size through a broker of that name."""
    built = client(scratch, name, library)
    key, cert = certificate(scratch)

    def measure(items, size, samples):
        folder = scratch / f"{name}-{size}"
        folder.mkdir()
        port = free_port()
        broker = start(make_argv(folder, port, key, cert), port, folder / "log")
        try:
            return json.loads(run([built, "127.0.0.1", port, cert, items, size, RUNS, samples]))
        finally:
            stop(broker)

    return measure


def nats(scratch):
    server = program("nats-server")

    def argv(folder, port, key, cert):
        conf = folder / "conf"
        conf.write_text(f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{folder}/store" }}\n'
                        f'tls {{ cert_file: "{cert}", key_file: "{key}" }}\n', encoding="utf-8")
        return [server, "-c", conf]

    return brokered(scratch, "nats", "libnats", argv)


def mosquitto(scratch):
    server = program("mosquitto")

    def argv(folder, port, key, cert):
        conf = folder / "conf"
        conf.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\ncertfile {cert}\nkeyfile {key}\npersistence true\n"
                        f"persistence_location {folder}/\nmax_inflight_messages 0\nmax_queued_messages 0\n"
                        + ("user root\n" if os.getuid() == 0 else ""), encoding="utf-8")
        return [server, "-c", conf]

    return brokered(scratch, "mosquitto", "libmosquitto", argv)


def hypercore(scratch):
    node, npm = program("node"), program("npm")
    place = scratch / "npm"
    place.mkdir()
    (place / "package.json").write_text('{"private": true}', encoding="utf-8")
    run([npm, "install", "--no-audit", "--no-fund", "--silent", HYPERCORE], cwd=place)
    script = place / "hypercore.mjs"  # imports are looked for beside the script
    shutil.copy(HERE / "hypercore.mjs", script)

    def measure(items, size, samples):
        folder = scratch / f"hypercore-{size}"
        folder.mkdir()
        return json.loads(run([node, script, folder, items, size, RUNS, samples]))

    return measure


PEERS = [
    ("NATS JetStream", nats, True,
     "file store without fsync a message (every 2 minutes); not signed; TLS to the broker, which reads everything"),
    ("Mosquitto QoS 1", mosquitto, True,
     "memory, written to disk at intervals (half an hour) and at its end; not signed; TLS to the broker, which reads everything"),
    ("hypercore", hypercore, False,
     "no fsync; 64 blocks a signature, over the log's tree; Noise from end to end; one writer, all or nothing to a reader"),
]


def quartiles(values):
    ordered = sorted(values)
    return [ordered[int((len(ordered) - 1) * part + 0.5)] for part in (0.25, 0.5, 0.75)]


def row(name, values, unit, note, more):
    low, middle, high = quartiles(values)
    return {"name": name, "value": float(middle), "unit": unit, "spread": (high - low) / 2, "note": note, **more}


def rows_of(title, measure, broker, promise, items):
    rows = []
    for kb, size, divisor in SIZES:
        follow()
        say(f"{title}, {kb} KB")
        got = measure(max(items // divisor, 10), size, SAMPLES if kb == 2 else 0)
        rows.append(row(f"{title}: published and received, {kb} KB", got["rates"], "items/s", promise, {"broker": broker and kb == 2}))
        if got["ms"]:
            rows.append(row(f"{title}: publish → received, 2 KB", got["ms"], "ms", promise, {"broker": False}))
    return rows


def main(scratch, items, install):
    scratch = pathlib.Path(scratch).resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    if install and subprocess.run([HERE.parents[1] / "setup", HERE / "packages"], check=False, stdout=sys.stderr).returncode != 0:
        say("tools/setup failed; what is there is measured")
    rows = []
    for title, prepare, broker, promise in PEERS:
        try:
            rows += rows_of(title, prepare(scratch), broker, promise, items)
        except (Missing, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as why:
            say(f"{title} is left out: {why}")
    json.dump(rows, sys.stdout, indent=1)
    print()
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3 or not sys.argv[2].isdigit():
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # brokers end with us
    sys.exit(main(sys.argv[1], int(sys.argv[2]), "--install" in sys.argv[3:]))
