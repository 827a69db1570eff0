# SPDX-License-Identifier: Apache-2.0
"""The officer's screen on a terminal of its own (a pty that python3-pyte reads as a terminal would): refused where
there is no room, drawn in 80 columns and 24 lines in both languages, keys, a resize, the node going down, and the
terminal as it was when the officer leaves.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import termios

import pyte

from kairan_box import HERE, Node, folder, main, program, run, wait_until

TOPOLOGY = os.path.join(HERE, '..', '..', 'dist', 'lab', 'pair.conf')
TITLE = 'Restarts at night、電力会社の保守用アカウント'
FIELDS = {
    'title': TITLE, 'incident': 'A-1', 'report': '1', 'stage': 'early', 'nature': 'suspected', 'detected-at': '-40m', 'aware-at': '-20m',
    'what': 'Processors restarted.', 'where': 'Control centre', 'extent': 'one site', 'cause': 'unknown', 'service': 'normal',
    'severity-continuity': '1', 'severity-safety': '0', 'severity-confidence': '1', 'contact': 'duty', 'next-report-by': '+4h',
}


class Screen:
    """kairan watch --screen on a pty."""

    def __init__(self, path, lang, rows=24, cols=80):
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b''
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            self.size(0, rows, cols)
            os.environ.update(TERM='linux', LC_ALL='C.UTF-8')  # what pyte speaks
            os.execv(program('KAIRAN'), ['kairan', '--dir', path, '--lang', lang, 'watch', '--screen'])

    def size(self, fd, rows, cols):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))

    def read(self):
        """What came; False at the end."""
        while select.select([self.fd], [], [], 0)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.raw += data
            self.stream.feed(data)
        return True

    def text(self):
        return '\n'.join(self.screen.display)

    def shows(self, *words, seconds=30):
        """Waits until every word stands on the screen."""
        def there():
            self.read()
            # pyte leaves an empty cell behind a wide character
            return all(word in self.text().replace('\0', '') for word in words)
        return wait_until(there, seconds, 0.05) is not None

    def resize(self, rows, cols):
        self.screen.resize(rows, cols)
        self.size(self.fd, rows, cols)
        os.kill(self.pid, signal.SIGWINCH)

    def press(self, keys):
        os.write(self.fd, keys)

    def end(self, seconds=30):
        """Its exit code."""
        ended = wait_until(lambda: not self.read(), seconds, 0.05)
        if ended is None:
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def refusals(tap, node):
    answer = run([program('KAIRAN'), '--dir', node.path, '--lang', 'en', 'watch', '--screen'])
    tap.ok(answer.code == 3 and b'terminal' in answer.err, 'without a terminal it is refused, and says what to do', answer)
    for rows, cols in ((23, 80), (24, 79)):
        screen = Screen(node.path, 'en', rows, cols)
        tap.same(screen.end(), 3, f'{cols} columns and {rows} lines are refused')
        tap.ok(f'{cols} columns and {rows} lines'.encode() in screen.raw, 'with a reason', screen.raw)


def officer(tap, node, item):
    screen = Screen(node.path, 'en')
    tap.ok(screen.shows('LIVE', item[:8], 'acknowledge it', '1 wait, 0 late', 'node up', 'q quit'), 'an incident waits', screen.text())
    tap.ok(screen.shows(TITLE), 'its title is whole', screen.text())
    screen.press(b'\r')
    tap.ok(screen.shows('Processors restarted.', 'q back'), 'Enter opens it', screen.text())
    screen.press(b'q')
    tap.ok(screen.shows('q quit'), 'q goes back')
    screen.press(b'e')
    tap.ok(screen.shows('op-a', 'q back'), 'e explains', screen.text())
    screen.press(b'q')
    screen.shows('q quit')
    screen.press(b'a')
    tap.ok(screen.shows('r received'), 'a asks how far we are', screen.text())
    screen.press(b'x')
    tap.ok(screen.shows('q quit', item[:8]), 'another key says nothing', screen.text())
    screen.resize(30, 100)
    filled = wait_until(lambda: screen.read() and screen.text().splitlines()[29].startswith('up/down'), 30, 0.05)
    tap.ok(filled is not None, 'it fills a larger terminal', screen.text())
    screen.resize(20, 60)
    tap.ok(screen.shows('too small'), 'one that became too small is said to be', screen.text())
    screen.resize(24, 80)
    tap.ok(screen.shows('q quit', item[:8]), 'and it comes back')
    screen.press(b'ar')
    tap.ok(screen.shows('Nothing waits for anybody here.'), 'r: received, and nothing waits', screen.text())
    return screen


def leaving(tap, screen, node):
    node.stop()
    tap.ok(screen.shows('NODE DOWN', 'not known'), 'a node that goes down is seen', screen.text())
    screen.press(b'q')
    tap.same(screen.end(), 0, 'q leaves')
    tap.ok(screen.raw.rfind(b'\x1b[?25h') > screen.raw.rfind(b'\x1b[?25l') >= 0, 'and gives the cursor back')
    japanese = Screen(node.path, 'ja')
    tap.ok(japanese.shows('ノード停止中', '対応待ちはありません。'), 'Japanese, with the node down', japanese.text())
    japanese.press(b'q')
    tap.same(japanese.end(), 0, 'q leaves')


def test(tap):
    with folder() as root:
        lab = os.path.join(root, 'lab')
        node, other = Node('op-b', os.path.join(lab, 'op-b')), Node('op-a', os.path.join(lab, 'op-a'))
        try:
            answer = run([program('KAIRAN'), 'lab', 'up', TOPOLOGY, '--lab', lab], timeout=180)
            if not tap.ok(answer.code == 0, 'two nodes run', answer):
                return
            refusals(tap, node)
            sets = [word for name, value in FIELDS.items() for word in ('--set', f'{name}={value}')]
            answer = other.ask('file', 'incident', '--tlp', 'AMBER', '--audience', 'org:op-b', *sets)
            if not tap.ok(answer.code == 0, 'one files an incident', answer):
                return
            item = answer.json['id']
            tap.ok(wait_until(lambda: item in node.ids(), 30) is not None, 'the other has it')
            rows = node.ask('inbox').json['items']
            tap.ok(len(rows) == 1 and rows[0]['do'] == 'acknowledge' and rows[0]['by'], 'it waits in the inbox', rows)
            leaving(tap, officer(tap, node, item), node)
            tap.same(node.ask('inbox').json['items'], [], 'nothing waits in the inbox')
        finally:
            node.stop()
            other.stop()


main(test)
