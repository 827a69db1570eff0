# SPDX-License-Identifier: Apache-2.0
"""The doctor of real nodes: nothing wrong, nothing said; each thing that is made wrong is found, named, and gone once it is
mended. Both languages fit 80 columns; with the node down it says what it could not see.
"""
import os
import shutil
import signal
import subprocess
import time
import unicodedata

from kairan_box import Node, folder, free_port, main, program, run, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
PAIR = os.path.join(HERE, '..', '..', 'dist', 'lab', 'pair.conf')
DAY_S = 86400
# What is the machine's affair, and not this test's.
MACHINE = {'disk', 'memory', 'open-files'}


def found(node):
    """Exit code, and finding → {subject: (level, detail)}."""
    answer = node.ask('doctor')
    rows = {}
    for row in answer.json['findings']:
        if row['finding'] not in MACHINE:
            rows.setdefault(row['finding'], {})[row['subject']] = (row['level'], row['detail'])
    return answer, rows


class Alone:
    """A node without partners, whose root keys are away."""

    def __init__(self, root):
        self.node = Node('alone', os.path.join(root, 'alone'))
        self.node.run('init', '--name', 'Alone', '--country', 'JP', '--sector', 'jp-seed7:pow', '--listen', f'tcp://127.0.0.1:{free_port()}')
        for name in ('root.key', 'next-root.key'):
            shutil.move(os.path.join(self.node.path, 'keys', name), os.path.join(root, name))
        self.log = open(os.path.join(root, 'alone.log'), 'wb')
        self.process = subprocess.Popen([program('KAIRAND'), '--dir', self.node.path], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def stop(self):
        self.process.terminate()
        self.process.wait(15)
        self.log.close()


def alone(tap, root):
    lonely = Alone(root)
    node, path = lonely.node, lonely.node.path
    try:
        tap.ok(wait_until(lambda: found(node)[1] == {}, 15) is not None, 'nothing is wrong with a new node', found(node)[0])
        answer, _ = found(node)
        machine = any(row['level'] != 'look' for row in answer.json['findings'])
        tap.same(answer.code, 1 if machine else 0, 'and so its exit code says')
        other = os.path.join(root, 'other')
        run([program('KAIRAN'), '--dir', other, 'init', '--name', 'Other', '--country', 'JP', '--sector', 'jp-seed7:pow'])
        wrongs(tap, node, path, other)
    finally:
        lonely.stop()
    _, rows = found(node)
    tap.same(set(rows), {'node-down'}, 'with the node down that is what it says')


def wrongs(tap, node, path, other):
    """What is made wrong, what is found, under which subject and level, and how it is mended."""
    def conf(text):
        with open(os.path.join(path, 'kairan.conf'), encoding='utf-8') as file:
            before = file.read()
        with open(os.path.join(path, 'kairan.conf'), 'a', encoding='utf-8') as file:
            file.write(text)
        return lambda: open(os.path.join(path, 'kairan.conf'), 'w', encoding='utf-8').write(before)

    def mode(name, wrong, right):
        os.chmod(os.path.join(path, name), wrong)
        return lambda: os.chmod(os.path.join(path, name), right)

    def moved(name, there=None):
        file = os.path.join(path, name)
        os.rename(file, file + '.aside')
        if there:
            shutil.copy(there, file)
            os.chmod(file, 0o600)
        return lambda: os.rename(file + '.aside', file)

    def linked(name):
        file = os.path.join(path, name)
        os.rename(file, file + '.aside')
        os.symlink(file + '.aside', file)
        return lambda: os.rename(file + '.aside', file)

    def draft(age):
        file = os.path.join(path, 'drafts', '1123-100000-abcd.draft')
        with open(file, 'wb'):
            pass
        os.utime(file, (time.time() - age, time.time() - age))
        return lambda: os.unlink(file)

    for make, finding, subject, level in (
            (lambda: mode('keys/duty.key', 0o640, 0o600), 'open-path', 'keys/duty.key', 'now'),
            (lambda: mode('keys/rest-1.key', 0o644, 0o640), 'open-path', 'keys/rest-1.key', 'now'),
            (lambda: mode('keys', 0o770, 0o750), 'open-path', 'keys', 'now'),
            (lambda: mode('store', 0o755, 0o750), 'open-path', 'store', 'now'),
            (lambda: mode('store/data.mdb', 0o644, 0o640), 'open-path', 'store/data.mdb', 'now'),
            (lambda: mode('kairan.conf', 0o660, 0o640), 'open-path', 'kairan.conf', 'now'),
            (lambda: mode('drafts', 0o777, 0o770), 'open-path', 'drafts', 'now'),
            (lambda: linked('keys/seal.key'), 'open-path', 'keys/seal.key', 'now'),
            (lambda: moved('keys/token.key'), 'no-key', 'keys/token.key', 'now'),
            (lambda: moved('keys/rest-1.key'), 'no-key', 'keys/rest-1.key', 'now'),
            (lambda: moved('keys/duty.key', os.path.join(other, 'keys', 'duty.key')), 'key-not-ours', 'keys/duty.key', 'now'),
            (lambda: moved('keys/decider.key', os.path.join(path, 'keys', 'duty.key')), 'key-not-ours', 'keys/decider.key', 'now'),
            (lambda: draft(60), 'draft', '1123-100000-abcd', 'look'),
            (lambda: draft(7200), 'draft', '1123-100000-abcd', 'soon'),
            (lambda: conf('\nstore = { quota_bytes = 1000L; };\n'), 'quota', 'store.quota_bytes', 'now')):
        mend = make()
        answer, rows = found(node)
        tap.ok(rows.get(finding, {}).get(subject, ('',))[0] == level and len(rows) == 1, f'{finding}: {subject}', answer)
        tap.ok(answer.code == (0 if level == 'look' else 1) or any(row['finding'] in MACHINE for row in answer.json['findings']),
               f'{finding}: its exit code', answer)
        mend()
    tap.same(found(node)[1], {}, 'all is well again')


def width(line):
    return sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in line)


def shown(tap, node):
    for lang in ('en', 'ja'):
        answer = run([program('KAIRAN'), '--dir', node.path, '--lang', lang, 'doctor'])
        lines = answer.out.decode().splitlines()
        tap.ok(len(lines) > 4 and all(width(line) <= 80 for line in lines), f'{lang}: fits 80 columns', answer)
    lines = node.run('--lines', 'doctor').out.decode().splitlines()
    tap.ok(lines and all(line.count('\t') == 6 for line in lines), 'lines for scripts', lines)


def start(node, offset_s, log):
    """The node again, with a clock that is so far off."""
    path = os.path.join(node.path, 'kairan.conf')
    with open(path, encoding='utf-8') as file:
        text = file.read().split('\nlab =')[0]
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'{text}\nlab = {{ clock_offset = {offset_s}L; }};\n')
    return subprocess.Popen([program('KAIRAND'), '--dir', node.path], stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def later(tap, pair, log):
    """Clocks that go on: what ends, what grows old."""
    a, b = pair
    for node in pair:
        subprocess.run([program('KAIRAN_LABMARK'), node.path], check=True, timeout=30)
    for days, b_s, wanted, why in (
            (0, 0, {}, 'today'),
            (0, 600, {('peer-clock', 'op-b'): 'soon'}, 'ten minutes off'),
            (0, 120, {('peer-clock', 'op-b'): 'look'}, 'two minutes off'),
            (80, None, {('link-down', 'op-b'): 'now'}, 'eighty days later, and the other is down'),
            (100, None, {('link-down', 'op-b'): 'now', ('old-card', 'op-b'): 'soon'}, 'a hundred days later'),
            (100, 0, {}, 'the card is refreshed when the link is up'),
            (340, 0, {('agreement-ends', 'op-b'): 'soon', ('review', 'op-b'): 'soon', ('our-record', ''): 'soon'}, '25 days before the end'),
            (355, 0, {('agreement-ends', 'op-b'): 'now', ('review', 'op-b'): 'soon', ('our-record', ''): 'now'}, 'ten days before it'),
            (370, 0, {('agreement-ended', 'op-b'): 'now', ('our-record', ''): 'now'}, 'five days after it'),
            (720, 0, {('our-card', ''): 'now', ('our-record', ''): 'now', ('their-card', 'op-b'): 'now', ('old-card', 'op-b'): 'soon'}, 'two years later')):
        processes = [start(a, days * DAY_S, log)] + ([start(b, days * DAY_S + b_s, log)] if b_s is not None else [])

        def seen():
            return {(finding, subject): level for finding, rows in found(a)[1].items() for subject, (level, _) in rows.items()
                    if finding not in ('no-contact', 'root-here')}
        fine = wait_until(lambda: seen() == wanted, 20) is not None
        tap.ok(fine, f'{why}: {", ".join(finding for finding, _ in wanted) or "nothing"}', seen())
        for process in processes:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def test(tap):
    with folder() as root, open(os.path.join(root, 'nodes.log'), 'wb') as log:
        alone(tap, root)
        lab = os.path.join(root, 'lab')
        a, b = (Node(name, os.path.join(lab, name)) for name in ('op-a', 'op-b'))
        try:
            answer = run([program('KAIRAN'), 'lab', 'up', PAIR, '--lab', lab], timeout=90)
            tap.same(answer.code, 0, 'two nodes run')
            _, rows = found(a)
            tap.same({finding: set(subjects) for finding, subjects in rows.items()},
                     {'no-contact': {'op-b'}, 'root-here': {'keys/root.key', 'keys/next-root.key'}}, 'a lab has no contacts, and its root keys at hand')
            b.stop()
            tap.ok(wait_until(lambda: found(a)[1].get('link-down', {}).get('op-b', ('',))[0] == 'now', 30) is not None, 'a link that is down')
            shown(tap, a)
        finally:
            for node in (a, b):
                node.stop()
        _, rows = found(a)
        tap.same(set(rows), {'node-down', 'no-contact', 'root-here'}, 'and everything that is on the disk while the node is down')
        later(tap, (a, b), log)


main(test)
