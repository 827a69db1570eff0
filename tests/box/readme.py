# SPDX-License-Identifier: Apache-2.0
"""README's section on joining two organisations, word for word: every command of it runs as it stands
there, and at the end the item has arrived. Only the home folder, the ports, the fingerprints that
people read to each other and the item's id are put in.
"""
import os
import re
import signal
import subprocess

from kairan_box import Node, folder, free_port, main, program, run, wait_until

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'README.md')
SECTION = 'Joining two organisations'
COMMAND = re.compile(r'^\s*([ab])\$ (.+)$')


def section():
    with open(README, encoding='utf-8') as file:
        text = file.read()
    return re.search(rf'^## {SECTION}$(.*?)^## ', text, re.MULTILINE | re.DOTALL).group(1)


class Reader:
    """Somebody who follows the section, with a shell in a folder of their own."""

    def __init__(self, root):
        self.home = root
        self.put_in = {}
        self.background = []
        self.env = dict(os.environ, HOME=root, PATH=':'.join(
            [os.path.dirname(program('KAIRAN')), os.path.dirname(program('KAIRAND')), os.environ['PATH']]))
        for name in ('KAIRAN_DIR', 'LD_PRELOAD'):
            self.env.pop(name, None)

    def node(self, who):
        return Node(who, os.path.join(self.home, f'kairan-{who}'))

    def type(self, command):
        for old, new in self.put_in.items():
            command = re.sub(rf'\b{old}\b', new, command)
        if command.endswith('&'):
            self.background.append(subprocess.Popen(['bash', '-c', f'exec {command[:-1]}'], cwd=self.home, env=self.env,
                                                    stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            return None
        return run(['bash', '-c', command], cwd=self.home, env=self.env)

    def leave(self):
        for process in self.background:
            process.send_signal(signal.SIGTERM)
        return [process.wait(15) for process in self.background]


def fingerprint(node):
    """What the owner reads aloud: the one own card that is listed before any other was imported."""
    cards = node.ask('card', 'list').json['cards']
    return cards[0]['fingerprint'] if len(cards) == 1 else None


def before(tap, reader, who, command):
    """What a person would wait for, or ask the other one, before typing this."""
    words = command.split()
    if 'FINGERPRINT-OF' in command and 'FINGERPRINT-OF-A' not in reader.put_in:
        for other in ('a', 'b'):
            reader.put_in[f'FINGERPRINT-OF-{other.upper()}'] = fingerprint(reader.node(other)) or 'none'
    if 'peers' in words:
        took = wait_until(lambda: all(row['link'] == 'up' for row in reader.node(who).ask('peers').json['peers']), 30)
        tap.ok(took is not None, 'the link comes up by itself')
    if 'list' in words and 'ID' in reader.put_in:
        took = wait_until(lambda: reader.put_in['ID'] in reader.node(who).ids(), 30)
        tap.ok(took is not None, f'the item is at {who}')


def after(tap, reader, who, command, answer):
    words = command.split()
    if answer is None:
        took = wait_until(lambda: os.path.exists(os.path.join(reader.node(who).path, 'control.sock')), 15)
        tap.ok(took is not None, f'{command}: it runs')
        return
    tap.ok(answer.code == 0, command, answer)
    if 'file' in words:
        reader.put_in['ID'] = answer.out.split()[0].decode()
        reader.title = re.search(r'title="([^"]+)"', command).group(1)
    if 'list' in words and 'card' not in words:
        tap.ok(reader.title in answer.out.decode(), 'and it is listed with its title', answer)
    if 'explain' in words:
        tap.ok(answer.out.startswith(b'+'), 'explain says that it was let through', answer)


def test(tap):
    commands = [match.groups() for match in map(COMMAND.match, section().splitlines()) if match]
    tap.ok(len(commands) >= 15 and {who for who, _ in commands} == {'a', 'b'}, 'the section has commands for both', commands)
    with folder() as root:
        reader = Reader(root)
        for port in sorted(set(re.findall(r'127\.0\.0\.1:(\d+)', section()))):
            reader.put_in[port] = str(free_port())
        try:
            for who, command in commands:
                before(tap, reader, who, command)
                after(tap, reader, who, command, reader.type(command))
            tap.same(reader.node('b').ask('verify', '--all').code, 0, 'b verifies what it got')
        finally:
            ends = reader.leave()
        tap.same(ends, [0, 0], 'both nodes end cleanly')


main(test)
