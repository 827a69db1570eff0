#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memory and storage fail under a real kairand, at every point that a start and one exchange reach.

    faults.py [--every N] [--only memory|storage] [--build DIR]

Two nodes, one of them with faulty.c in front of the C library. A round is a start until the link is up, or an
exchange: published at one node, stored at the other, acknowledged. In each round something fails: a request for
memory at a place (a stack of callers) where none has failed yet, once or with all that follow, or the k-th write,
sync or resize of LMDB's files, once or from there on. Afterwards the node goes on, or has ended as
docs/operator-guide.md says and its log tells why; its store is whole, nothing that was acknowledged is missing, and
what failed works when it is tried again, and is there once. With --every N about every N-th point fails. Prints TAP.
"""
import argparse
import collections
import os
import re
import signal
import sys
import time

from faulty import HOWS, KILL, MEMORY, STORAGE, Pair, programs
from kairan_box import Tap, folder, wait_until

# Libraries that do not ask whether they got memory, and how that ends the process: (object, exit code) → only in a start.
# libpgm is libzmq's; libconfig reads the settings before anything is opened.
ENDINGS = {('libzmq', -signal.SIGABRT): False, ('libpgm-5.3', -signal.SIGABRT): True, ('libpgm-5.3', -signal.SIGSEGV): True,
           ('libconfig', -signal.SIGSEGV): True, ('libconfig', 2): True}
PASSING = ('libc', 'libstdc++', 'libsodium', 'ld-linux-x86-64')
PATIENCE = 20
QUIET = 3  # rounds that count, and rounds without anything new at the end
RARE = 25  # more of these while places are known that did not come up again


class Round:
    """One fault under one node, and what came of it."""

    def __init__(self, loop, node, what, lasting=False):
        self.loop, self.node, self.what, self.lasting = loop, node, what, lasting
        self.pair = loop.pair
        self.wrong = []
        self.seen = {}
        node.mark_log()

    def owner(self):
        """Which object asked for what it did not get: the first that does not only pass it on."""
        for line in self.seen['where'].splitlines():
            name = line.rsplit('+0x', 1)[0].split('.so')[0]
            if name not in PASSING:
                return name
        return 'libc'

    def state(self):
        """How the process stands, in the words of the guide."""
        self.node.wait_end(0.02)
        if self.node.runs():
            return 'goes on'
        code, said = self.node.process.returncode, self.node.said()
        # What two threads say at once may share a line.
        if code == 1 and re.search(r'^kairand: .|kairand: out of memory for|node\.failed', said, re.M):
            return 'says why and ends with 1'
        if code == -signal.SIGKILL and self.loop.how == KILL:
            return 'is killed'
        only_start = ENDINGS.get((self.owner(), code))
        # Where nobody gets any more, another thread may end before the one that was first.
        if self.loop.for_good and code == -signal.SIGABRT and re.search('^FATAL ERROR: OUT OF MEMORY|std::bad_alloc|pgm_malloc', said, re.M):
            only_start = False
        words = re.search('kairand: ended by SIG|^out of dynamic memory', said, re.M)
        if words and only_start is not None and only_start <= isinstance(self.loop, Start):
            who = 'a library' if self.loop.for_good else self.owner()
            return f'is ended by {who} ({signal.Signals(-code).name if code < 0 else code})'
        self.wrong.append(f'it ended with {code}')
        return f'ends with {code}'

    def disarm(self):
        self.pair.page.disarm()
        self.seen = self.pair.page.read()

    def recover(self, source, title, item):
        """The link is up again, the store is whole, and what failed works now."""
        if not self.pair.link():
            self.wrong.append('the link does not come up again')
            return
        answer = self.node.run('check')
        if answer.code != 0:
            self.wrong.append(f'check: {answer}')
        if item is None:
            item, said = source.publish(title)
        if item is None:
            self.wrong.append(f'published again: {said}')
            return
        self.loop.acked[item] = title
        if not self.pair.arrives(item, source, PATIENCE):
            self.wrong.append(f'{item} does not arrive')

    def report(self, state):
        self.loop.ends[state] += 1
        if not self.wrong:
            return
        self.loop.wrong += 1
        for line in (f'{self.loop.name}, {self.what}: {"; ".join(self.wrong)}', *self.seen['where'].splitlines(),
                     *self.node.said().splitlines()[-12:]):
            self.loop.tap.note(line)


class Loop:
    """All rounds of one phase at one node."""

    def __init__(self, tap, pair, name, node):
        self.tap, self.pair, self.name, self.node = tap, pair, name, node
        self.ends = collections.Counter()
        self.wrong = 0
        self.how = None
        self.for_good = False
        self.acked = {}  # id → title
        self.began = time.monotonic()

    def title(self):
        return f'{self.name}, item {len(self.acked) + self.wrong + 1}'

    def result(self, reached, tried):
        self.tap.ok(self.wrong == 0, f'{self.name}: {reached} injection points reached, {tried} tried', f'{self.wrong} went wrong')
        self.tap.note(', '.join(f'{count} times it {state}' for state, count in sorted(self.ends.items())) +
                      f'; {time.monotonic() - self.began:.0f} s')

    def once(self):
        """Nothing that was acknowledged is missing, nothing is there twice."""
        for node in self.pair.nodes:
            rows = node.list()
            held = {row['id']: row['title'] for row in rows}
            missing = sorted(set(self.acked) - set(held))
            counts = collections.Counter(row['title'] for row in rows)
            twice = sorted(title for title, count in counts.items() if count > 1)
            self.tap.ok(not missing and not twice, f'{self.name}: all {len(self.acked)} acknowledged items are at {node.name}, once',
                        f'missing {missing}\ntwice {twice}')


class Start(Loop):
    def round(self, what, arm, lasting=False, settle=0):
        """Starts the node under a fault; false: nothing failed."""
        node, other = self.node, self.pair.other(self.node)
        node.end()
        if not other.runs() or other.faulty:
            other.again()
        turn = Round(self, node, what, lasting)
        arm()
        node.start(faulty=True)
        def stands():
            return not node.runs() or node.up() or node.state() == 'read-only'

        if wait_until(stands, 1, 0.01) is None:
            other.again()  # who dials waits longer each time; a new process does not
        if wait_until(stands, PATIENCE, 0.01) is None:
            turn.wrong.append(f'neither ends nor comes up in {PATIENCE} s')
        if lasting:
            still(turn)
        time.sleep(settle)
        turn.disarm()
        state = turn.state()
        if turn.seen['struck'] == 0 and not turn.wrong and state == 'goes on':
            return False
        turn.recover(node, self.title(), None)
        turn.report(state)
        return True


class Exchange(Loop):
    def __init__(self, tap, pair, name, node, source):
        super().__init__(tap, pair, name, node)
        self.source = source

    def ready(self, turn):
        for node in self.pair.nodes:
            if not node.runs() or node.faulty != (node is self.node):
                node.again(node is self.node)
        if not self.pair.link():
            turn.wrong.append('the link is not up')

    def round(self, what, arm, lasting=False, settle=0):
        """One exchange under a fault; false: nothing failed."""
        node, source = self.node, self.source
        target = self.pair.other(source)
        turn = Round(self, node, what, lasting)
        self.ready(turn)
        turn.node.mark_log()
        title = self.title()
        arm()
        item, said = source.publish(title)
        if item is not None:
            self.acked[item] = title
            wait_until(lambda: not node.runs() or (source.stored_at(item, target.name) and target.holds(item)) or
                       (self.pair.page.read()['struck'] > 0 and not lasting and not node.up()) or (lasting and node.state() == 'read-only'),
                       PATIENCE, 0.01)
        if lasting:
            still(turn)
        if item is not None and source.stored_at(item, target.name) and not target.holds(item):
            turn.wrong.append('acknowledged to the peer, and not held')
        if item is not None and not source.holds(item):
            turn.wrong.append('acknowledged to the client, and not held')
        time.sleep(settle)
        turn.disarm()
        state = turn.state()
        if turn.seen['struck'] == 0 and not turn.wrong and state == 'goes on' and item is not None and self.pair.arrives(item, source):
            return False
        if item is None and not re.search(r'^kairand: |warning|error', node.said(), re.M) and self.how != KILL:
            turn.wrong.append(f'refused ({said}), and the log is silent')
        turn.recover(source, title, item)
        turn.report(state)
        return True


def still(turn):
    """While the fault lasts: a node that ended does not come back without a word, one that runs says how it is."""
    node = turn.node
    if node.runs():
        return
    turn.state()
    mark = node.mark
    node.mark_log()
    node.start(faulty=True)
    if wait_until(lambda: not node.runs() or node.state() != 'down', PATIENCE, 0.01) is None:
        turn.wrong.append('started again it neither ends nor answers')
    turn.state()
    node.mark = mark


# ---- the loops

def count(loop, arm):
    """A round in which nothing fails: the calls that it makes, those of the moment after it too."""
    if loop.round('nothing', arm, settle=0.3):
        loop.tap.ok(False, f'{loop.name}: works when nothing fails')
    return loop.pair.page.read()['calls']


def all_memory(loop, every, lasting=False):
    """Rounds until nothing new is there to fail, and not by chance."""
    page = loop.pair.page
    page.forget()
    loop.for_good = lasting
    for _ in range(QUIET):
        count(loop, lambda: page.arm(MEMORY, every=0))
    number, quiet = 0, 0
    seen = page.read()
    while quiet < QUIET or (every == 1 and seen['tried'] < seen['places'] and quiet < RARE):
        struck = loop.round(f'memory {number + 1}', lambda: page.arm(MEMORY, lasting=lasting, every=every), settle=0.1 if quiet else 0)
        number += struck
        quiet = 0 if struck else quiet + 1
        seen = page.read()
    loop.result(seen['places'], seen['tried'])
    return seen['places'], seen['tried']


def all_storage(loop, every):
    page = loop.pair.page
    page.forget()
    calls = max(count(loop, lambda: page.arm(STORAGE)) for _ in range(QUIET))
    points = [(how, lasting, k) for how in HOWS for lasting in (False, True) for k in range(1, calls + 1) if not (lasting and how == KILL)]
    tried = 0
    for how, lasting, k in points[::every]:
        loop.how = how
        what = f'{HOWS[how]} at call {k} of {calls}' + (' and all later ones' if lasting else '')
        # Turns fall together in one round and not in another, and with them the commits: the last calls come up now and then.
        tried += any(loop.round(what, lambda how=how, k=k, lasting=lasting: page.arm(STORAGE, how, k, lasting), lasting, settle=0.05)
                     for _ in range(QUIET))
    loop.tap.note(f'{loop.name}: {calls} calls')
    loop.result(len(points), tried)
    return len(points), tried


def test(tap, args, pair):
    first, second = pair.nodes
    total = collections.Counter()
    kinds = {'memory': all_memory, 'memory for good': lambda loop, every: all_memory(loop, every, lasting=True), 'storage': all_storage}
    for what, every_point in kinds.items():
        if args.only is not None and not what.startswith(args.only):
            continue
        if what != 'storage' and os.environ.get('KAIRAN_SANITIZED'):
            tap.skip(what, 'the sanitizers bring a malloc of their own')
            continue
        for loop in (Start(tap, pair, f'{what}, start of {first.name}', first),
                     Start(tap, pair, f'{what}, start of {second.name}', second),
                     Exchange(tap, pair, f'{what}, exchange, at the publisher', first, first),
                     Exchange(tap, pair, f'{what}, exchange, at the receiver', second, first)):
            # An exchange has few places and is quick.
            dense = what != 'storage' and isinstance(loop, Exchange)
            reached, tried = every_point(loop, max(args.every // 6, 1) if dense else args.every)
            total[f'{what} reached'] += reached
            total[f'{what} tried'] += tried
            loop.once()
        tap.note(f'{what}: {total[f"{what} reached"]} injection points reached, {total[f"{what} tried"]} tried')


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('--every', type=int, default=1)
    parser.add_argument('--only', choices=('memory', 'storage'))
    parser.add_argument('--build', default='build', help='the build folder, where the environment does not name the programs')
    args = parser.parse_args()
    programs(args.build)
    return args


def main():
    args = arguments()
    tap = Tap()
    with folder() as top:
        pair = Pair(top)
        try:
            test(tap, args, pair)
        except (AssertionError, OSError, KeyError, ValueError) as error:
            tap.ok(False, 'the test came to its end', f'{type(error).__name__}: {error}')
        finally:
            pair.stop()
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
