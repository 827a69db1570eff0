# SPDX-License-Identifier: Apache-2.0
"""What the box tests share: TAP lines, a lab of real nodes in a folder of its own, the record of every
frame, the dump of every store, and the search through both.

The programs come by environment: KAIRAN, KAIRAND, KAIRAN_DUMP, KAIRAN_RECORDER. Only processes of the
lab's own folder are ever signalled.
"""
import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(HERE, 'samples')
NODES = ('cabinet', 'min-energy', 'min-comm', 'cep-power', 'op-power-a', 'op-power-b', 'op-telecom-a', 'foreign-cert')


COMPLAINT = re.compile(r'Assertion .* failed|Sanitizer|runtime error:')


class Tap:
    """Counts; the plan comes last, so that a test that dies half-way is seen as such."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def ok(self, good, what, detail=''):
        self.count += 1
        self.failed += not good
        print(f'{"ok" if good else "not ok"} {self.count} - {what}', flush=True)
        if not good and detail != '':
            for line in str(detail).splitlines()[:40]:
                print(f'# {line[:1000]}', flush=True)
        return good

    def same(self, got, wanted, what):
        return self.ok(got == wanted, what, '' if got == wanted else f'got    {got!r}\nwanted {wanted!r}')

    def skip(self, what, why):
        self.count += 1
        print(f'ok {self.count} - {what} # SKIP {why}', flush=True)

    def note(self, text):
        print(f'# {text}', flush=True)

    def done(self):
        print(f'1..{self.count}', flush=True)
        return 1 if self.failed else 0


def program(name):
    path = os.environ.get(name)
    if not path or not os.path.exists(path):
        print(f'Bail out! {name} does not name a program')
        sys.exit(1)
    return os.path.abspath(path)


class Answer:
    """What a command printed, and how it ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise AssertionError(f'not JSON ({error}); exit {self.code}: {self.err.decode(errors="replace")}') from None

    def __str__(self):
        return f'exit {self.code}\n{self.out[-2000:].decode(errors="replace")}\n{self.err[-2000:].decode(errors="replace")}'


def run(args, timeout=120, **more):
    done = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False, **more)
    return Answer(done.returncode, done.stdout, done.stderr)


def wait_until(what, seconds, every=0.2):
    """Calls what() until it is true; returns the seconds that it took, or None when time was up."""
    start = time.monotonic()
    while True:
        if what():
            return time.monotonic() - start
        if time.monotonic() - start > seconds:
            return None
        time.sleep(every)


GIVEN = set()  # ports that a node of this test has already


def free_port():
    """Below the ports that the kernel hands to outgoing connections: one of these could take it before the node does. None twice."""
    for port in random.sample(range(20000, 32000), 200):
        if port in GIVEN:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(('127.0.0.1', port))
                GIVEN.add(port)
                return port
            except OSError:
                continue
    raise AssertionError('no free port on loopback')


class Node:
    """One data directory and the commands that ask it."""

    def __init__(self, name, path):
        self.name, self.path = name, path

    def run(self, *args, timeout=120):
        return run([program('KAIRAN'), '--dir', self.path, '--lang', 'en', *args], timeout=timeout)

    def ask(self, *args, timeout=120):
        return self.run('--json', *args, timeout=timeout)

    def list(self, *filters):
        """All pages of list."""
        rows, cursor = [], None
        while True:
            page = self.ask('list', '--limit', '500', *filters, *(('--after', cursor) if cursor else ()))
            if page.code not in (0, 4):
                raise AssertionError(f'{self.name}: list: {page}')
            if not page.out:
                return rows
            rows += page.json['advisories']
            cursor = page.json.get('next')
            if not cursor:
                return rows

    def ids(self):
        return {row['id'] for row in self.list()}

    def pid(self):
        """Of its kairand, 0 when none runs: a recycled process id is not ours."""
        try:
            with open(os.path.join(self.path, 'kairand.pid'), encoding='ascii') as file:
                pid = int(file.read())
            with open(f'/proc/{pid}/cmdline', 'rb') as file:
                return pid if self.path.encode() in file.read().split(b'\0') else 0
        except (OSError, ValueError):
            return 0

    def stop(self, how=signal.SIGTERM):
        pid = self.pid()
        if pid:
            os.kill(pid, how)
            if wait_until(lambda: self.pid() == 0, 15, 0.02) is None:
                os.kill(pid, signal.SIGKILL)

    def dump(self):
        """Path of a file with everything that the store holds, opened with this node's keys."""
        path = self.path + '.dump'
        with open(path, 'wb') as file:
            subprocess.run([program('KAIRAN_DUMP'), self.path], stdout=file, check=True, timeout=300)
        return path

    def files(self):
        """Everything on its disk but the key files."""
        for folder, folders, names in os.walk(self.path):
            if folder == self.path and 'keys' in folders:
                folders.remove('keys')
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    yield path


class Lab:
    """The reference federation on loopback, every frame recorded."""

    def __init__(self, tap, root):
        self.tap = tap
        self.root = root
        self.dir = os.path.join(root, 'lab')
        self.records = os.path.join(root, 'records')
        self.nodes = {name: Node(name, os.path.join(self.dir, name)) for name in NODES}
        os.mkdir(self.records)

    def __getitem__(self, name):
        return self.nodes[name]

    def up(self):
        env = dict(os.environ, LD_PRELOAD=program('KAIRAN_RECORDER'), KAIRAN_RECORD_DIR=self.records)
        answer = run([program('KAIRAN'), 'lab', 'up', '--lab', self.dir], timeout=180, env=env)
        if answer.code != 0:
            raise AssertionError(f'lab up: {answer}')

    def down(self):
        for node in self.nodes.values():
            node.stop()

    def complaints(self):
        """Lines of the nodes' logs that speak of a crash: an assertion's, a sanitizer's."""
        lines = []
        for node in self.nodes.values():
            log = os.path.join(node.path, 'kairand.log')
            if os.path.exists(log):
                with open(log, encoding='utf-8', errors='replace') as file:
                    lines += [f'{node.name}: {line.strip()}' for line in file if COMPLAINT.search(line)]
        return lines

    def node_keys(self):
        """Node key in hexadecimal → name."""
        keys = {}
        for name, node in self.nodes.items():
            with open(node.dump(), encoding='ascii') as file:
                keys[json.loads(file.readline())['node_key']] = name
        return keys

    def frames(self):
        """Files of recorded frames by the node that they were for; '?' where nobody knows."""
        names = self.node_keys()
        paths, files = {}, {}
        for record in os.listdir(self.records):
            with open(os.path.join(self.records, record), 'rb') as lines:
                for line in lines:
                    key, frame = line.split(b' ', 1)
                    name = names.get(key.decode(), '?')
                    if name not in files:
                        paths[name] = os.path.join(self.root, f'to-{name}.frames'.replace('?', 'unknown'))
                        files[name] = open(paths[name], 'wb')
                    files[name].write(frame)
        for file in files.values():
            file.close()
        return paths


@contextlib.contextmanager
def folder():
    """A folder for one test; kept when KAIRAN_KEEP says so. Short, since sockets lie in it."""
    root = tempfile.mkdtemp(prefix='kbox-')
    try:
        yield root
    finally:
        if os.environ.get('KAIRAN_KEEP'):
            print(f'# kept: {root}')
        else:
            shutil.rmtree(root, ignore_errors=True)


@contextlib.contextmanager
def lab(tap):
    with folder() as root:
        federation = Lab(tap, root)
        try:
            federation.up()
            yield federation
        finally:
            federation.down()
            tap.same(federation.complaints(), [], 'no node was unwell')


@contextlib.contextmanager
def pair(tap):
    """Two nodes that agreed, linked: the folder, op-a and op-b."""
    with folder() as root:
        a, b = (Node(name, os.path.join(root, 'lab', name)) for name in ('op-a', 'op-b'))
        try:
            answer = run([program('KAIRAN'), 'lab', 'up', os.path.join(HERE, '..', '..', 'dist', 'lab', 'pair.conf'),
                          '--lab', os.path.join(root, 'lab')], timeout=90)
            tap.ok(answer.code == 0, 'two nodes run', answer)
            yield root, a, b
        finally:
            a.stop()
            b.stop()


def main(test):
    tap = Tap()
    try:
        test(tap)
    except (AssertionError, OSError, KeyError, subprocess.SubprocessError) as error:
        tap.ok(False, 'the test came to its end', f'{type(error).__name__}: {error}')
    sys.exit(tap.done())


# ---- dumps and records

def read_dump(path, tables=False):
    """The rows of a dump; those of tables only when asked for."""
    rows = []
    with open(path, encoding='ascii') as file:
        for line in file:
            if tables or not line.startswith('{"table"'):
                rows.append(json.loads(line))
    return rows


def dump_items(path):
    return {row['item']: row for row in read_dump(path) if 'item' in row}


def unpack(data):
    """One msgpack value of those that frames are made of."""
    def bytes_at(at, count):
        if at + count > len(data):
            raise ValueError('cut')
        return data[at:at + count], at + count

    def number(at, count):
        raw, at = bytes_at(at, count)
        return int.from_bytes(raw, 'big'), at

    def value(at):
        (tag,), at = bytes_at(at, 1)
        if tag < 0x80:
            return tag, at
        if tag == 0xc0:
            return None, at
        if tag in (0xc2, 0xc3):
            return tag == 0xc3, at
        if 0xcc <= tag <= 0xcf:
            return number(at, 1 << tag - 0xcc)
        if 0xa0 <= tag < 0xc0:
            return bytes_at(at, tag & 31)
        if 0xc4 <= tag <= 0xc6:
            count, at = number(at, 1 << tag - 0xc4)
            return bytes_at(at, count)
        if 0xd9 <= tag <= 0xdb:
            count, at = number(at, 1 << tag - 0xd9)
            return bytes_at(at, count)
        if 0x90 <= tag < 0xa0:
            count = tag & 15
        elif tag in (0xdc, 0xdd):
            count, at = number(at, 2 << tag - 0xdc)
        else:
            raise ValueError(f'tag {tag:#x}')
        items = []
        for _ in range(count):
            item, at = value(at)
            items.append(item)
        return items, at

    result, end = value(0)
    if end != len(data):
        raise ValueError('trailing bytes')
    return result


PUSH, CHUNK = 4, 7


def wraps_in(path):
    """The bytes of every wrap in a file of frames, in hexadecimal."""
    found = set()
    with open(path, encoding='ascii') as file:
        for line in file:
            frame = unpack(bytes.fromhex(line.strip()))
            if frame[1] == PUSH:
                wraps = frame[2][3]
            elif frame[1] == CHUNK and frame[3] is not None:
                wraps = frame[3][2]
            else:
                continue
            found |= {wrap[3].hex() for wrap in wraps}
    return found


# ---- searching

def grep(needles, paths):
    with tempfile.NamedTemporaryFile() as file:
        file.write(b'\n'.join(needles))
        file.flush()
        done = subprocess.run(['grep', '-a', '-o', '-h', '-F', '-f', file.name, '--', *paths], stdout=subprocess.PIPE, check=False,
                              env=dict(os.environ, LC_ALL='C'), timeout=600)
    if done.returncode > 1:
        raise AssertionError('grep failed')
    return set(done.stdout.split(b'\n')) & needles


def present(needles, paths):
    """Which of the needles occur in the files. Bytes without line ends; text is searched as it is given."""
    rest = {needle for needle in needles if needle}
    paths = list(paths)
    found = set()
    # A match hides others that overlap it: look for the rest again until nothing more comes.
    while rest and paths:
        new = grep(rest, paths)
        if not new:
            break
        found |= new
        rest -= new
    return found
