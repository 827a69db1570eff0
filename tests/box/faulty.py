# SPDX-License-Identifier: Apache-2.0
"""Nodes whose processes are ours, and the orders to faulty.c in front of one of them."""
import ctypes
import mmap
import os
import re
import struct
import subprocess

from kairan_box import Node, program, run, wait_until

MEMORY, STORAGE = 1, 2
EIO, FULL, DENY, SHORT, DONE, KILL = range(6)
HOWS = {EIO: 'EIO', FULL: 'ENOSPC', DENY: 'EROFS', SHORT: 'a short write', DONE: 'EIO after the work', KILL: 'a kill'}
HEAD = struct.Struct('IIQIIQQQQ2048s')  # as in faulty.c
FIELDS = ('what', 'how', 'k', 'lasting', 'every', 'calls', 'struck', 'places', 'tried', 'where')
TABLE = 16384 * 8
NO_RANDOM_ADDRESSES = 0x0040000
TOPOLOGY = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'dist', 'lab', 'pair.conf')
LIBC = ctypes.CDLL(None)


def programs(build):
    """Where the environment does not name the programs, the build folder does."""
    for name, path in (('KAIRAN', 'tools/kairan/kairan'), ('KAIRAND', 'node/daemon/kairand'), ('KAIRAN_PUBLISH', 'tests/box/box-publish'),
                       ('KAIRAN_FAULTY_LIB', 'tests/box/kairan-faulty.so')):
        os.environ.setdefault(name, os.path.join(build, path))


class Page:
    """What faulty.c is to do, and what it has to tell."""

    def __init__(self, path):
        self.path = path
        with open(path, 'wb') as file:
            file.truncate(HEAD.size + TABLE)
        with open(path, 'r+b') as file:
            self.at = mmap.mmap(file.fileno(), HEAD.size + TABLE)

    def read(self):
        row = dict(zip(FIELDS, HEAD.unpack(self.at[:HEAD.size])))
        row['where'] = row['where'].split(b'\0')[0].decode(errors='replace')
        return row

    def arm(self, what, how=0, k=0, lasting=False, every=1):
        now = self.read()
        self.at[:HEAD.size] = HEAD.pack(0, how, k, lasting, every, 0, 0, now['places'], now['tried'], b'')
        self.at[:4] = struct.pack('I', what)

    def disarm(self):
        self.at[:4] = struct.pack('I', 0)

    def forget(self):
        self.at[:] = bytes(len(self.at))


class Real(Node):
    """A node whose process is ours."""

    def __init__(self, path, page):
        super().__init__(os.path.basename(path), path)
        self.page = page
        self.process = None
        self.faulty = False
        self.limit = lambda: None
        self.log = path + '.log'
        self.mark = 0

    def start(self, faulty=False):
        self.faulty = faulty
        env = dict(os.environ)
        if faulty:
            env.update(LD_PRELOAD=program('KAIRAN_FAULTY_LIB'), KAIRAN_FAULTY=self.page.path)

        def prepare():
            LIBC.personality(NO_RANDOM_ADDRESSES)
            self.limit()
        with open(self.log, 'a', encoding='utf-8') as log:
            self.process = subprocess.Popen([program('KAIRAND'), '--dir', self.path], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=env, preexec_fn=prepare)

    def mark_log(self):
        self.mark = os.path.getsize(self.log) if os.path.exists(self.log) else 0

    def said(self):
        """What it logged since the mark."""
        with open(self.log, encoding='utf-8', errors='replace') as file:
            file.seek(self.mark)
            return file.read()

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def wait_end(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self):
        """Asks it to end; false: it had to be killed."""
        if not self.runs():
            return True
        self.process.terminate()
        if self.wait_end(20):
            return True
        self.process.kill()
        self.process.wait()
        return False

    def again(self, faulty=False):
        self.end()
        self.start(faulty)

    def up(self):
        answer = self.ask('peers')
        return answer.code == 0 and all(row['link'] == 'up' for row in answer.json['peers'])

    def state(self):
        """What status says: 'down', 'read-only' or 'up'."""
        answer = self.ask('status')
        if not answer.out:
            return 'down'
        state = answer.json
        return 'down' if state['node'] != 'up' else 'read-only' if state['read_only'] else 'up'

    def holds(self, item):
        return self.ask('show', item).code == 0

    def stored_at(self, item, other):
        """Does it say that the other one has stored it?"""
        answer = self.ask('explain', item, other)
        return answer.code == 0 and any(row['direction'] == 'out' and row['delivery'] == 'stored' for row in answer.json['pairs'])

    def publish(self, title):
        """(id, None), or (None, what the node or its absence said instead)."""
        done = subprocess.run([program('KAIRAN_PUBLISH'), self.path], input=f'CLEAR - {title}\n', stdout=subprocess.PIPE, text=True,
                              check=False, timeout=60)
        answer = done.stdout.strip()
        return (answer, None) if re.fullmatch('[a-z2-7]{52}', answer) else (None, answer)


class Pair:
    """Two nodes or more, whose first one has an agreement with each of the others."""

    def __init__(self, top, topology=TOPOLOGY, names=('op-a', 'op-b')):
        self.dir = os.path.join(top, 'lab')
        self.page = Page(os.path.join(top, 'faulty'))
        for args in (['up', '--lab', self.dir, topology], ['down', '--lab', self.dir]):
            answer = run([program('KAIRAN'), 'lab', *args])
            if answer.code != 0:
                raise AssertionError(f'lab {args[0]}: {answer}')
        self.nodes = [Real(os.path.join(self.dir, name), self.page) for name in names]

    def other(self, node):
        return self.nodes[node is self.nodes[0]]

    def both_up(self):
        return all(node.up() for node in self.nodes)

    def link(self, seconds=15):
        """Starts what does not run, and waits until both say that the link is up. Who dials waits longer each time; a new
        process does not."""
        for node in self.nodes:
            if not node.runs():
                node.start()
        if wait_until(self.both_up, 0.5, 0.01) is not None:
            return True
        for node in self.nodes:
            node.again(node.faulty)
        return wait_until(self.both_up, seconds, 0.02) is not None

    def arrives(self, item, source, seconds=20):
        """Until the other one holds it and has acknowledged it."""
        target = self.other(source)
        return wait_until(lambda: source.stored_at(item, target.name) and target.holds(item), seconds, 0.01) is not None

    def stop(self):
        for node in self.nodes:
            node.end()
