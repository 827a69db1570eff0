#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sockets that stall: strangers, clients of the control socket and a peer that go silent in the middle of something.

    stall.py [--build DIR]

While they stall the node serves everybody else, in bounded memory and without spinning; whoever stalls is cut
within a bounded time, and the log says so. Prints TAP.
"""
import argparse
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import time

from faulty import Pair, programs
from kairan_box import Tap, folder, wait_until

FILES = 900  # descriptors that the node may have: a third of what the strangers want
STRANGERS = 1000
CLIENTS = 400
CUT_S = 20
BIG = 40  # items of 900 kB for a peer that does not read
SILENT_S = 70  # a peer is asked whether it lives after 15 s, and given up after 45
MB = 1 << 20
QUARANTINE = 512 * MB if os.environ.get('KAIRAN_SANITIZED') else 0  # what the sanitizers keep of what was freed
TOPOLOGY = '''
nodes = (
	{ name = "op-a"; title = "Operator A"; country = "JP"; sectors = [ "jp-seed7:pow" ]; },
	{ name = "op-b"; title = "Operator B"; country = "JP"; sectors = [ "jp-seed7:pow" ]; },
	{ name = "op-c"; title = "Operator C"; country = "JP"; sectors = [ "jp-seed7:pow" ]; }
);
agreements = (
	{ a = "op-a"; b = "op-b"; preset = "operator-operator"; side = "operator"; communities = [ ]; },
	{ a = "op-a"; b = "op-c"; preset = "operator-operator"; side = "operator"; communities = [ ]; }
);
'''
GREETING = b'\xff' + bytes(8) + b'\x7f\x03\x00' + b'NULL'.ljust(20, b'\0') + bytes(32)
READY = b'\x05READY\x0bSocket-Type' + struct.pack('>I', 6) + b'DEALER'
STATUS = bytes((0x92, 1, 11))


class Usage:
    """What the process costs."""

    def __init__(self, node):
        self.node = node

    def memory(self):
        with open(f'/proc/{self.node.process.pid}/status', encoding='ascii') as file:
            return int(re.search(r'VmRSS:\s+(\d+)', file.read()).group(1)) * 1024

    def files(self):
        return len(os.listdir(f'/proc/{self.node.process.pid}/fd'))

    def seconds(self):
        with open(f'/proc/{self.node.process.pid}/stat', encoding='ascii') as file:
            fields = file.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def load(self, seconds=2):
        """Of one processor, over some seconds."""
        before = self.seconds()
        time.sleep(seconds)
        return (self.seconds() - before) / seconds


def serves(tap, pair, node, what):
    """It answers, and what is published at it arrives."""
    began = time.monotonic()
    item, said = node.publish(f'while {what}')
    arrived = item is not None and wait_until(lambda: node.stored_at(item, 'op-c'), 10, 0.01) is not None
    answer = node.ask('peers')
    tap.ok(arrived and answer.code in (0, 12), f'it serves others while {what} ({time.monotonic() - began:.2f} s)', said)


def closed(one):
    try:
        while True:
            if not one.recv(4096):
                return True
    except (BlockingIOError, socket.timeout):
        return False
    except OSError:
        return True


def all_closed(ends, seconds):
    left = list(ends)
    for one in left:
        one.setblocking(False)

    def done():
        left[:] = [one for one in left if not closed(one)]
        return not left
    return wait_until(done, seconds, 0.1), len(left)


# ---- strangers at the open port

def strangers(tap, pair, node, usage):
    with open(os.path.join(node.path, 'kairan.conf'), encoding='utf-8') as file:
        port = int(re.search(r'tcp://127\.0\.0\.1:(\d+)', file.read()).group(1))
    before, memory = usage.files(), usage.memory()
    node.mark_log()
    ends = []
    for number in range(STRANGERS):
        end = socket.create_connection(('127.0.0.1', port), timeout=5)
        # silent; half a greeting; a greeting and no handshake
        end.sendall((b'', GREETING[:20], GREETING.replace(b'NULL' + bytes(1), b'CURVE'))[number % 3])
        ends.append(end)
    serves(tap, pair, node, f'{STRANGERS} strangers say nothing')
    tap.ok(usage.files() < FILES, f'it has {usage.files()} of {FILES} descriptors in use')
    load = usage.load()
    tap.ok(load < 0.5, f'it uses {load:.2f} of a processor meanwhile')
    grown = usage.memory() - memory
    tap.ok(grown < 64 * MB + QUARANTINE, f'its memory grew by {grown // MB} MiB')
    took, left = all_closed(ends, CUT_S)
    tap.ok(took is not None, f'all strangers are cut within {CUT_S} s', f'{left} are not')
    for end in ends:
        end.close()
    tap.ok('connection.too-many' in node.said(), 'the log says that there were too many', node.said()[-2000:])
    tap.ok(wait_until(lambda: usage.files() <= before + 2, CUT_S) is not None, 'their descriptors are free again', usage.files())


# ---- the control socket

def client(node, data):
    end = socket.socket(socket.AF_UNIX)
    end.connect(os.path.join(node.path, 'control.sock'))  # waits for its turn in the queue
    end.settimeout(5)
    if data.startswith(HELLO):
        end.sendall(HELLO)
        said = b''
        while b'READY' not in said:  # what comes before that would end the handshake
            said += end.recv(4096)
        data = data[len(HELLO):]
    end.sendall(data)
    return end


def frame(data, more=False):
    return bytes((more, len(data))) + data


HELLO = GREETING + bytes((4, len(READY))) + READY
CONTROL = {
    'that connect and say nothing': b'',
    'that stop in the middle of a greeting': GREETING[:20],
    'that ask nothing': HELLO,
    'that stop in the middle of a request': HELLO + frame(b'', True) + b'\x02' + struct.pack('>Q', 4 * MB) + bytes(1000),
}


def control(tap, pair, node, usage):
    before, memory = usage.files(), usage.memory()
    node.mark_log()
    ends = [(what, client(node, data)) for _ in range(CLIENTS // len(CONTROL)) for what, data in CONTROL.items()]
    serves(tap, pair, node, f'{len(ends)} clients of the control socket stall')
    tap.ok(usage.files() < before + 160, f'most of them are cut at once: {usage.files() - before} descriptors')
    load = usage.load()
    tap.ok(load < 0.5, f'it uses {load:.2f} of a processor meanwhile')
    for what in CONTROL:
        took, left = all_closed([end for kind, end in ends if kind == what], CUT_S)
        tap.ok(took is not None, f'clients {what} are cut within {CUT_S} s', f'{left} are not')
    tap.ok('control.cut reason=too-many' in node.said() and 'control.cut reason=idle' in node.said(), 'the log says so', node.said()[-2000:])
    grown = usage.memory() - memory
    tap.ok(grown < 64 * MB + QUARANTINE, f'its memory grew by {grown // MB} MiB')
    for _, end in ends:
        end.close()
    tap.ok(wait_until(lambda: usage.files() <= before + 2, CUT_S) is not None, 'their descriptors are free again',
           f'{usage.files()}, before {before}')


def never_reads(tap, pair, node, usage):
    """Asks and asks, and reads no answer, until its own request does not go out any more."""
    memory = usage.memory()
    end = client(node, HELLO)
    end.settimeout(1)
    asked = 0
    try:
        while asked < 200000:
            end.sendall((frame(b'', True) + frame(STATUS)) * 100)
            asked += 100
    except OSError:
        pass
    serves(tap, pair, node, f'a client has asked {asked} times and reads no answer')
    grown = usage.memory() - memory
    tap.ok(grown < 64 * MB + QUARANTINE, f'its memory grew by {grown // MB} MiB')
    end.close()


# ---- a peer that is stopped

def stop(pair, node):
    """The peer's process stands still: its sockets stay open and nobody reads them. Then much is filed for it."""
    path = os.path.join(pair.dir, 'attachment')
    with open(path, 'wb') as file:
        file.write(os.urandom(900000))
    pair.nodes[1].process.send_signal(signal.SIGSTOP)
    return [node.ask('file', 'secinfo', '--set', f'title=big {number}', '--set', 'text=t', '--set', 'subtype=lesson', '--set', 'action=none',
                     '--tlp', 'CLEAR', '--part', f'bulk:CLEAR:application/octet-stream={path}').json['id'] for number in range(BIG)]


def stopped(tap, node, peer, items, since):
    took = wait_until(lambda: not any(row['name'] == peer.name and row['link'] == 'up' for row in node.ask('peers').json['peers']),
                      SILENT_S - (time.monotonic() - since), 0.2)
    tap.ok(took is not None, f'its link is ended within {SILENT_S} s')
    said = node.said()
    tap.ok(re.search(r'link-down .*rule=silent', said), 'the log says that it was silent', said[-2000:])
    tap.ok(not any(node.stored_at(item, peer.name) for item in items), 'nothing is said to be stored there')


def goes_on(tap, node, peer, items):
    peer.process.send_signal(signal.SIGCONT)
    missing = [item for item in items if wait_until(lambda item=item: node.stored_at(item, peer.name) and peer.holds(item), 90, 0.05) is None]
    tap.same(missing, [], f'it goes on: all {len(items)} items arrive')
    titles = [row['title'] for row in peer.list()]
    tap.same(len(titles), len(set(titles)), 'each once')


def limit_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


def test(tap):
    with folder() as top:
        topology = os.path.join(top, 'star.conf')
        with open(topology, 'w', encoding='ascii') as file:
            file.write(TOPOLOGY)
        pair = Pair(top, topology, ('op-a', 'op-b', 'op-c'))
        node = pair.nodes[0]
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
        node.limit = limit_files
        try:
            tap.ok(pair.link(30), 'three nodes in a star, both links up', node.said())
            usage, peer = Usage(node), pair.nodes[1]
            memory, since = usage.memory(), time.monotonic()
            began = os.path.getsize(node.log)
            items = stop(pair, node)
            serves(tap, pair, node, 'a peer is stopped')
            strangers(tap, pair, node, usage)
            control(tap, pair, node, usage)
            never_reads(tap, pair, node, usage)
            node.mark = began
            stopped(tap, node, peer, items, since)
            grown = usage.memory() - memory
            tap.ok(grown < 160 * MB + QUARANTINE, f'after all of it its memory has grown by {grown // MB} MiB')
            goes_on(tap, node, peer, items)
            tap.ok(node.runs() and node.end(), 'it ends cleanly')
        finally:
            pair.stop()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', default='build', help='the build folder, where the environment does not name the programs')
    programs(parser.parse_args().build)
    tap = Tap()
    try:
        test(tap)
    except (AssertionError, AttributeError, OSError, KeyError, ValueError, subprocess.SubprocessError) as error:
        tap.ok(False, 'the test came to its end', f'{type(error).__name__}: {error}')
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
