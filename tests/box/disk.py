#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A file system that is really full, and one that is read-only: what the node does is what docs/operator-guide.md says.

    disk.py [--fs tmpfs|ext4] [--build DIR]

Mounts a small file system for one of two nodes in a mount namespace of its own, as root or in a user namespace;
where neither is permitted it says so and skips: faults.py injects the same errors. Prints TAP.
"""
import argparse
import os
import shutil
import subprocess
import sys

from faulty import Pair, programs
from kairan_box import Tap, folder, wait_until

SIZE_MB = 24
INSIDE = 'KAIRAN_IN_NAMESPACE'
BACK_S = 40  # the longest pause between two attempts to write is 15 s


def namespace():
    """The words in front of a command that give it mounts of its own; None: not permitted."""
    for words in (['unshare', '--mount'], ['unshare', '--mount', '--map-root-user']):
        try:
            done = subprocess.run([*words, 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', '/mnt'], capture_output=True, check=False)
        except OSError:
            return None
        if done.returncode == 0:
            return words
    return None


class Disk:
    """A small file system under a node's directory."""

    def __init__(self, kind, node, top):
        self.kind = kind
        self.node = node
        self.filler = os.path.join(node.path, 'filler')
        self.ballast = os.path.join(node.path, 'ballast')
        aside = node.path + '.aside'
        os.rename(node.path, aside)
        os.mkdir(node.path, 0o750)
        if kind == 'tmpfs':
            self.mount('-t', 'tmpfs', '-o', f'size={SIZE_MB}m', 'none', node.path)
        else:
            image = os.path.join(top, 'image')
            with open(image, 'wb') as file:
                file.truncate(SIZE_MB << 20)
            subprocess.run(['mkfs.ext4', '-q', '-F', '-m', '0', image], check=True, capture_output=True)
            self.mount('-o', 'loop', image, node.path)
        shutil.copytree(aside, node.path, dirs_exist_ok=True)
        with open(self.ballast, 'wb') as file:
            file.write(bytes(SIZE_MB << 19))

    @staticmethod
    def mount(*args):
        subprocess.run(['mount', *args], check=True)

    def fill(self):
        """Until not one byte more goes in."""
        with open(self.filler, 'ab', buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    pass

    def free(self):
        os.unlink(self.filler)

    def grow(self):
        """Room for all that waits."""
        os.unlink(self.ballast)

    def read_only(self, on):
        self.mount('-o', f'remount,{"ro" if on else "rw"}', self.node.path)

    def gone(self):
        subprocess.run(['umount', self.node.path], check=False)


def send(tap, pair, source, title, text=None):
    """An item with an attachment, filed with the command line; its id, or None."""
    path = os.path.join(pair.dir, 'attachment')
    with open(path, 'wb') as file:
        file.write(os.urandom(400000))
    answer = source.ask('file', 'secinfo', '--set', f'title={title}', '--set', 'text=t', '--set', 'subtype=lesson', '--set', 'action=none',
                        '--tlp', 'CLEAR', '--part', f'bulk:CLEAR:application/octet-stream={path}')
    if text is not None:
        tap.ok(answer.code != 0 and text in answer.err.decode(), f'{title}: refused, and the reason said: {text}', answer)
    return answer.json['id'] if answer.code == 0 else None


def refused(node, title):
    """Publishes until nothing more fits into free pages of the store; what the node says then."""
    item, said = node.publish(title)
    while item is not None:
        item, said = node.publish(f'{title}, after {item}')
    return said


def fills_by_itself(tap, pair, disk):
    """Items come until nothing more fits: none is acknowledged that is not there."""
    source, node = pair.nodes
    items = []
    node.mark_log()
    while len(items) < 60 and node.state() == 'up':
        items.append(send(tap, pair, source, f'filling {len(items) + 1}'))
        wait_until(lambda: source.stored_at(items[-1], node.name) or node.state() != 'up', 5, 0.02)
    tap.ok(node.state() == 'read-only', f'{len(items)} items of 400 kB: the disk is full, and status says READ-ONLY', node.said())
    tap.ok('turn.failed' in node.said() and 'store.read-only' in node.said(), 'the log has turn.failed and store.read-only', node.said())
    tap.ok(node.runs(), 'the node runs')
    lost = [item for item in items if source.stored_at(item, node.name) and not node.holds(item)]
    tap.same(lost, [], 'all that it acknowledged is there')
    disk.fill()
    return items


def while_full(tap, pair):
    source, node = pair.nodes
    listed = node.run('list')
    tap.ok(listed.code == 0 and b'filling 1' in listed.out, 'reading works', listed)
    said = refused(node, 'while full')
    tap.ok(said == 'refused storage', 'a client that publishes is told that it is not stored', said)
    send(tap, pair, node, 'no room for the draft', 'No space left')
    later = send(tap, pair, source, 'for a full node')
    tap.ok(later is not None and not source.stored_at(later, node.name), 'a partner files for it meanwhile: kept there, and not marked as stored')
    return later


def starts_full(tap, pair, disk):
    """A start on a full disk: read-only, or a word; never a fault of the machine."""
    node = pair.nodes[1]
    node.end()
    node.mark_log()
    node.start()
    wait_until(lambda: not node.runs() or node.state() != 'down', 20, 0.02)
    said = refused(node, 'after a start')
    tap.ok(said == 'refused storage' and node.state() == 'read-only', 'started again on the full disk it refuses, and is READ-ONLY', node.said())
    node.end()
    os.unlink(os.path.join(node.path, 'store', 'lock.mdb'))
    disk.fill()
    node.mark_log()
    node.start()
    node.wait_end(20)
    tap.ok(not node.runs() and node.process.returncode == 1 and 'kairand: store: ' in node.said(),
           'without its lock file, for which there is no room, it says so and ends with 1', f'{node.process.returncode}\n{node.said()}')


def room_again(tap, pair, items):
    source, node = pair.nodes
    node.start()
    wait_until(lambda: node.state() != 'down', 20, 0.02)
    node.mark_log()
    took = wait_until(lambda: node.state() == 'up', BACK_S, 0.05)
    tap.ok(took is not None, 'room again: it goes on', node.said())
    tap.ok(pair.link(60), 'the link comes up')
    missing = [item for item in items if wait_until(lambda item=item: node.holds(item) and source.stored_at(item, node.name), 60, 0.05) is None]
    tap.same(missing, [], f'all {len(items)} items arrive')
    titles = [row['title'] for row in node.list()]
    tap.same(len(titles), len(set(titles)), 'each once')
    for one in pair.nodes:
        answer = one.run('check')
        tap.ok(answer.code == 0, f'kairan check of {one.name} finds nothing', answer)


def goes_on(tap, pair, disk):
    """Full while it runs, then room: the same process goes on."""
    source, node = pair.nodes
    disk.fill()
    node.mark_log()
    pid = node.process.pid
    said = refused(node, 'does not fit')
    tap.ok(said == 'refused storage' and node.state() == 'read-only', 'full again: refused, READ-ONLY', said)
    disk.free()
    took = wait_until(lambda: node.state() == 'up', BACK_S, 0.05)
    tap.ok(took is not None and node.process.pid == pid and node.runs() and 'store.writable' in node.said(),
           'room again: the same process logs store.writable and goes on', node.said())
    tap.ok(pair.link(60), 'the link comes up')
    item, said = node.publish('fits again')
    tap.ok(item is not None and pair.arrives(item, node), 'and it publishes', said)


def read_only(tap, pair, disk):
    node = pair.nodes[1]
    node.end()
    disk.read_only(True)
    node.mark_log()
    node.start()
    node.wait_end(20)
    tap.ok(not node.runs() and node.process.returncode == 1 and 'kairand: store: ' in node.said(), 'on a read-only file system it says so and ends with 1',
           f'{node.process.returncode}\n{node.said()}')
    answer = node.run('list')
    tap.ok(answer.code == 0 and b'fits again' in answer.out, 'reading works there', answer)
    disk.read_only(False)
    tap.ok(pair.link(60), 'writable again, started again: the link comes up', node.said())


def test(tap, kind):
    with folder() as top:
        pair = Pair(top)
        node = pair.nodes[1]
        disk = Disk(kind, node, top)
        try:
            tap.ok(pair.link(), f'two nodes, one of them on a {kind} of {SIZE_MB} MB')
            items = fills_by_itself(tap, pair, disk)
            items.append(while_full(tap, pair))
            starts_full(tap, pair, disk)
            disk.free()
            disk.grow()
            room_again(tap, pair, items)
            goes_on(tap, pair, disk)
            read_only(tap, pair, disk)
        finally:
            pair.stop()
            disk.gone()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--fs', choices=('tmpfs', 'ext4'), default='tmpfs')
    parser.add_argument('--build', default='build', help='the build folder, where the environment does not name the programs')
    args = parser.parse_args()
    programs(args.build)
    tap = Tap()
    if INSIDE not in os.environ:
        words = namespace()
        if words is not None:
            os.execvpe(words[0], [*words, sys.executable, *sys.argv], dict(os.environ, **{INSIDE: '1'}))
        tap.skip('a full file system', 'mounting is not permitted here; faults.py injects the errors')
        return tap.done()
    try:
        test(tap, args.fs)
    except (AssertionError, OSError, KeyError, ValueError, subprocess.SubprocessError) as error:
        tap.ok(False, 'the test came to its end', f'{type(error).__name__}: {error}')
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
