#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 and cut links while advisories are published; afterwards nothing that was acknowledged is missing.

    crash.py [--items N] [--kills K] [--cuts C] [--seed S] [--build DIR]

Four nodes in a ring, so that items come by two paths; every link runs through a proxy of this script that can
cut it. In each round every node publishes its share under labels for all, for one and for two of the others;
at a random moment one node is killed, or its links are cut, and comes back after a random pause, mostly while
the rounds before are still being caught up. The title of an item says who is to hold it. Prints TAP.
"""
import argparse
import json
import os
import random
import re
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from kairan_box import Tap, folder, free_port, program, run, wait_until

NAMES = 'abcd'


class Proxy(threading.Thread):
    """Carries the connections to every node, and cuts those of one, with whatever is on its way."""

    def __init__(self):
        super().__init__(daemon=True)
        self.selector = selectors.DefaultSelector()
        self.lock = threading.Lock()
        self.pairs = {}  # socket → (the other one, port of the node)
        self.down = set()  # ports whose links are cut
        self.wanted = []  # cuts to be made
        self.wake, self.waker = socket.socketpair()
        self.selector.register(self.wake, selectors.EVENT_READ, None)

    def carry(self, port):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(('127.0.0.1', 0))
        listener.listen(64)
        self.selector.register(listener, selectors.EVENT_READ, port)
        return listener.getsockname()[1]

    def cut(self, port, seconds):
        with self.lock:
            self.down.add(port)
            self.wanted.append(port)
        self.waker.send(b'x')
        time.sleep(seconds)
        with self.lock:
            self.down.discard(port)

    def accept(self, listener, port):
        near, _ = listener.accept()
        far = socket.socket()
        with self.lock:
            refused = port in self.down
        try:
            if refused:
                raise OSError
            far.connect(('127.0.0.1', port))
        except OSError:
            near.close()
            far.close()
            return
        for one, other in ((near, far), (far, near)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pairs[one] = (other, port)
            self.selector.register(one, selectors.EVENT_READ, None)

    def close(self, one):
        for end in (one, self.pairs[one][0]):
            # A reset, so that what lies in the buffers is lost, as with a cable that is pulled.
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            self.selector.unregister(end)
            del self.pairs[end]
            end.close()

    def pump(self, one):
        try:
            data = one.recv(65536)
            if data:
                self.pairs[one][0].sendall(data)
                return
        except OSError:
            pass
        self.close(one)

    def run(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.wake:
                    self.wake.recv(64)
                elif key.data is not None:
                    self.accept(key.fileobj, key.data)
                elif key.fileobj in self.pairs:
                    self.pump(key.fileobj)
            with self.lock:
                wanted, self.wanted = self.wanted, []
            for one in [one for one, (_, port) in self.pairs.items() if port in wanted]:
                if one in self.pairs:
                    self.close(one)


class Node:
    def __init__(self, net, name):
        self.net, self.name = net, name
        self.dir = os.path.join(net.top, name)
        self.port = free_port()
        self.endpoint = f'tcp://127.0.0.1:{net.proxy.carry(self.port)}'
        self.process = None
        self.acked = {}  # id → title
        self.unknown = 0

    def run(self, *args, good=(0,)):
        done = run([program('KAIRAN'), '--dir', self.dir, '--lang', 'en', *args], timeout=300)
        if good is not None and done.code not in good:
            raise AssertionError(f'{self.name}: {" ".join(args)}: {done}')
        return done

    def ask(self, *args, good=(0,)):
        return json.loads(self.run(*args, '--json', good=good).out or 'null')

    def start(self):
        with open(self.dir + '.log', 'a', encoding='utf-8') as log:
            self.process = subprocess.Popen([program('KAIRAND'), '--dir', self.dir], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def answers(self):
        return self.run('peers', good=None).code != 2

    def peers(self):
        return self.ask('peers', good=None)['peers']

    def all_up(self):
        rows = self.peers()
        return len(rows) == 2 and all(row['link'] == 'up' for row in rows)

    def counted(self):
        """Items that came from each neighbour, and that went to it, since this process began."""
        return {row['name']: (row['received_items'] or 0, row['sent_items'] or 0) for row in self.peers()}

    def held(self):
        """[(id, title)], every page of list."""
        rows, cursor = [], None
        while True:
            page = self.ask('list', '--limit', '500', *(('--after', cursor) if cursor else ()), good=(0, 4))
            rows += [(row['id'], row['title']) for row in page['advisories']] if page else []
            cursor = page.get('next') if page else None
            if not cursor:
                return rows

    def publish(self, lines):
        """Publishes all lines, through whatever happens to the node meanwhile."""
        publisher = subprocess.Popen([program('KAIRAN_PUBLISH'), self.dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for line, title in lines:
            publisher.stdin.write(line + '\n')
            publisher.stdin.flush()
            answer = publisher.stdout.readline().strip()
            if re.fullmatch('[a-z2-7]{52}', answer):
                self.acked[answer] = title
            elif answer.startswith('unknown'):
                self.unknown += 1  # stored or not: nobody was told
                time.sleep(0.05)
            else:
                self.net.refusals.append(f'{self.name}: {title}: {answer}')
        publisher.stdin.close()
        publisher.wait()


class Net:
    def __init__(self, tap, args, top):
        self.tap, self.args, self.top = tap, args, top
        self.during = 0  # blows that fell while somebody published
        self.refusals = []
        self.random = random.Random(args.seed)
        self.proxy = Proxy()
        self.nodes = {name: Node(self, name) for name in NAMES}
        self.proxy.start()
        self.number = 0

    def each(self):
        return self.nodes.values()

    def links(self):
        return [(self.nodes[a], self.nodes[b]) for a, b in zip(NAMES, NAMES[1:] + NAMES[0])]

    def build(self):
        for node in self.each():
            org = node.ask('init', '--name', f'Node {node.name}', '--country', 'JP', '--sector', 'jp-seed7:pow', '--listen',
                           f'tcp://127.0.0.1:{node.port}', '--endpoint', node.endpoint)
            node.org = org['org']
            node.card = node.dir + '.kcard'
            node.run('card', 'export', '-o', node.card)
            node.fingerprint = node.ask('card', 'show', node.card)['fingerprint']
            node.start()
        for node in self.each():
            if wait_until(node.answers, 30) is None:
                raise AssertionError(f'{node.name} does not start')
        for a, b in self.links():
            self.join(a, b)
        return self.all_up(60)

    def all_up(self, seconds=90):
        return wait_until(lambda: all(node.all_up() for node in self.each()), seconds) is not None

    def join(self, a, b):
        terms, proposed, agreed = (f'{self.top}/{a.name}{b.name}.{end}' for end in ('conf', '1.kagree', '2.kagree'))
        a.run('card', 'import', b.card, '--fingerprint', b.fingerprint, '--as', b.name)
        b.run('card', 'import', a.card, '--fingerprint', a.fingerprint, '--as', a.name)
        a.run('agree', 'draft', '--with', b.name, '--preset', 'operator-operator', '-o', terms)
        with open(terms, encoding='utf-8') as file:
            text = file.read()
        for key, value in (('may_introduce', 'true'), ('ceiling', '"RED"'), ('onward', '"any"')):
            text = re.sub(rf'^(\s*{key} = )[^;]*;', rf'\g<1>{value};', text, flags=re.M)
        with open(terms, 'w', encoding='utf-8') as file:
            file.write(text)
        a.run('agree', 'propose', terms, '-o', proposed)
        b.run('agree', 'accept', proposed, '-o', agreed)
        a.run('agree', 'import', agreed)

    def line(self, node, all_only=False):
        """(line for box-publish, title); the title's last word says who is to hold it."""
        at = NAMES.index(node.name)
        after, across = NAMES[(at + 1) % 4], NAMES[(at + 2) % 4]
        self.number += 1
        tlp, orgs = ('CLEAR', '') if all_only else self.random.choice((('CLEAR', ''), ('AMBER', after), ('RED', after),
                                                                      ('AMBER', after + across), ('CLEAR', '')))
        holders = NAMES if tlp == 'CLEAR' else ''.join(sorted({node.name, *orgs}))
        title = f'item {self.number} {holders}'
        named = ','.join(self.nodes[org].org for org in orgs) or '-'
        return f'{tlp} {named} {title}', title

    def burst(self, shares, all_only=False):
        """Threads that publish so many items at each node."""
        threads = []
        for node, share in shares.items():
            lines = [self.line(node, all_only) for _ in range(share)]
            threads.append(threading.Thread(target=node.publish, args=(lines,)))
        for thread in threads:
            thread.start()
        return threads

    def done(self):
        return sum(len(node.acked) + node.unknown for node in self.each())

    def hurt(self, what, node, threads, aim):
        """A blow when so many items are published, or a little later, while others catch up."""
        pause = self.random.uniform(0, 1.5)
        later = self.random.choice((0, 0, 0.005, 0.05, 0.4))
        while self.done() < aim and any(thread.is_alive() for thread in threads):
            time.sleep(0.0005)
        time.sleep(self.random.uniform(0, later))
        self.during += any(thread.is_alive() for thread in threads)
        if what == 'kill':
            node.kill()
            time.sleep(pause)
            node.start()
        else:
            self.proxy.cut(node.port, pause)

    def rounds(self):
        events = ['kill'] * self.args.kills + ['cut'] * self.args.cuts
        self.random.shuffle(events)
        left = self.args.items
        for i, event in enumerate(events):
            share = left // (len(events) - i) if i + 1 < len(events) else left
            left -= share
            shares = {node: share // 4 + (j < share % 4) for j, node in enumerate(self.each())}
            aim = self.done() + self.random.randrange(max(share, 1))
            threads = self.burst(shares)
            self.hurt(event, self.random.choice(list(self.each())), threads, aim)
            for thread in threads:
                thread.join()
            if i % 10 == 9:
                self.tap.note(f'{i + 1} of {len(events)} rounds, {sum(len(n.acked) for n in self.each())} acknowledged')

    # ---- what must be true

    def missing(self):
        """Holdings against the titles: [what is wrong], and the lists."""
        lists = {node.name: node.held() for node in self.each()}
        titles = {}
        for rows in lists.values():
            titles.update(rows)
        for node in self.each():
            titles.update(node.acked)
        sets = {name: {row[0] for row in rows} for name, rows in lists.items()}
        wrong = []
        for ident, title in titles.items():
            holders = title.split()[-1]
            wrong += [f'{ident} "{title}" is not at {name}' for name in NAMES if name in holders and ident not in sets[name]]
            wrong += [f'{ident} "{title}" is at {name}' for name in NAMES if name not in holders and ident in sets[name]]
        return wrong, lists

    def settle(self, seconds):
        """Until every holding fits its title; what is wrong when time is up."""
        end = time.monotonic() + seconds
        while True:
            wrong, lists = self.missing()
            if not wrong or time.monotonic() > end:
                return wrong, lists
            time.sleep(1)

    def quiet(self):
        """Until no counter of items moves for two seconds."""
        seen, since = None, time.monotonic()
        end = since + 60
        while time.monotonic() - since < 2 and time.monotonic() < end:
            now = {node.name: node.counted() for node in self.each()}
            if now != seen:
                seen, since = now, time.monotonic()
            time.sleep(0.2)
        return seen

    def nothing_new(self, node):
        """A restart when all is caught up: nothing is sent again."""
        before = self.quiet()
        node.kill()
        node.start()
        up = self.all_up()
        after = self.quiet()
        moved = [f'{name}-{peer}: received, sent {before[name][peer]} before and {pair} after'
                 for name, rows in after.items() for peer, pair in rows.items()
                 if pair != ((0, 0) if name == node.name else before[name][peer])]
        self.tap.ok(up and not moved, f'{node.name} killed and restarted with nothing new: nothing is sent again',
              '\n'.join(moved) or 'a link stays down')

    def only_new(self, node, items):
        """What the others publish meanwhile, and nothing else, is sent when it comes back."""
        before = self.quiet()
        node.kill()
        others = {other: items // 3 for other in self.each() if other is not node}
        for thread in self.burst(others, all_only=True):
            thread.join()
        new = sum(others.values())
        node.start()
        up = self.all_up()
        wrong, _ = self.settle(60)
        after = self.quiet()
        received = sum(pair[0] for pair in after[node.name].values())
        sent = sum(after[other.name][node.name][1] - before[other.name][node.name][1] for other in self.each()
                   if node.name in after[other.name])
        fine = up and not wrong and received == new and new <= sent <= new + new // 10 + 5
        self.tap.ok(fine, f'{node.name} down while {new} items are published: it takes each once, and no others are sent',
              f'received {received}, sent to it {sent}\n' + '\n'.join(wrong))

    def check_all(self):
        for node in self.each():
            done = node.run('check', good=None)
            self.tap.ok(done.code == 0, f'kairan check of {node.name} finds nothing', done)


def test(tap, args, net):
    tap.ok(net.build(), 'four nodes in a ring, all links up')
    start = time.monotonic()
    net.rounds()
    unknown = sum(node.unknown for node in net.each())
    acked = sum(len(node.acked) for node in net.each())
    tap.note(f'{acked} acknowledged, {unknown} without an answer, {args.kills} kills, {args.cuts} cuts, {net.during} of them while '
             f'somebody published, in {time.monotonic() - start:.1f} s')
    tap.ok(acked + unknown == args.items and not net.refusals, 'every item was acknowledged, or its node was away',
           '\n'.join(net.refusals))
    start = time.monotonic()
    wrong, lists = net.settle(180)
    tap.ok(not wrong, 'nothing that was acknowledged is missing where it may be, and nothing is where it may not', '\n'.join(wrong))
    tap.note(f'caught up {time.monotonic() - start:.1f} s after the last round')
    twice = [f'{name}: {len(rows)} rows, {len(set(rows))} items' for name, rows in lists.items() if len(rows) != len(set(rows))]
    tap.ok(not twice, 'nothing is held twice', '\n'.join(twice))
    tap.ok(net.all_up(), 'all links come up again')
    for node in net.each() if args.kills > 3 else [net.random.choice(list(net.each()))]:
        net.nothing_new(node)
    net.only_new(net.random.choice(list(net.each())), 60)
    net.check_all()
    for node in net.each():
        node.stop()
        tap.same(node.process.returncode, 0, f'{node.name} ends cleanly')


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('--items', type=int, default=600)
    parser.add_argument('--kills', type=int, default=3)
    parser.add_argument('--cuts', type=int, default=3)
    parser.add_argument('--seed', type=int, default=int.from_bytes(os.urandom(4), 'big'))
    parser.add_argument('--build', default='build', help='the build folder, where the environment does not name the programs')
    args = parser.parse_args()
    for name, path in (('KAIRAN', 'tools/kairan/kairan'), ('KAIRAND', 'node/daemon/kairand'), ('KAIRAN_PUBLISH', 'tests/box/box-publish')):
        os.environ.setdefault(name, os.path.join(args.build, path))
    return args


def main():
    args = arguments()
    tap = Tap()
    tap.note(f'again with: --items {args.items} --kills {args.kills} --cuts {args.cuts} --seed {args.seed}')
    with folder() as top:
        net = Net(tap, args, top)
        try:
            test(tap, args, net)
        except (AssertionError, OSError, KeyError, ValueError, subprocess.SubprocessError) as error:
            tap.ok(False, 'the test came to its end', f'{type(error).__name__}: {error}')
        finally:
            for node in net.each():
                node.stop()
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
