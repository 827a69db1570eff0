# SPDX-License-Identifier: Apache-2.0
"""A machine is lost and comes back from its backup: what it held then, what it filed since and what others filed since
are there again, once. A backup or a restore that is killed in the middle passes for nothing that it is not. What has
ended since the backup goes at the first sweep.
"""
import os
import resource
import shutil
import signal
import subprocess

from kairan_box import Node, folder, main, program, read_dump, run, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
PAIR = os.path.join(HERE, '..', '..', 'dist', 'lab', 'pair.conf')
DAY_S = 86400


def secinfo(title, *more):
    return ('file', 'secinfo', '--set', f'title={title}', '--set', 'text=Seen.', '--set', 'subtype=lesson', '--set', 'action=none',
            '--tlp', 'GREEN', '--audience', 'org:op-a,org:op-b', *more)


class Pair:
    def __init__(self, tap, root):
        self.tap, self.root, self.dir = tap, root, os.path.join(root, 'lab')
        self.a, self.b = (Node(name, os.path.join(self.dir, name)) for name in ('op-a', 'op-b'))
        self.words = os.path.join(root, 'words')
        with open(self.words, 'w', encoding='ascii', opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write('seven words that nobody will ever guess\n')

    def up(self, *args):
        answer = run([program('KAIRAN'), 'lab', 'up', *args, '--lab', self.dir], timeout=90)
        self.tap.ok(answer.code == 0, 'the nodes run', answer)

    def down(self):
        for node in (self.a, self.b):
            node.stop()

    def file(self, node, *args):
        return node.ask(*secinfo(*args)).json['id']

    def same(self, ids, what):
        took = wait_until(lambda: self.a.ids() == ids and self.b.ids() == ids, 60)
        self.tap.ok(took is not None, what, f'{len(ids)} wanted, {len(self.a.ids())} and {len(self.b.ids())} there')


def epoch(node):
    return [row['value'] for row in read_dump(node.dump(), tables=True)
            if row.get('table') == 'meta' and bytes.fromhex(row['key']) == b'epoch']


def limited(node, size, *args):
    """The command is killed by the kernel in the middle of the file that would pass this size."""
    return subprocess.run([program('KAIRAN'), '--dir', node.path, *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False, timeout=60,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))).returncode


def killed_backups(tap, pair, old):
    target = os.path.join(pair.root, 'killed.kbackup')
    with open(old, 'rb') as file:
        before = file.read()
    for size in (1, 700, 9000, 70000):
        code = limited(pair.a, size, 'backup', target, '--plain')
        tap.ok(code == -signal.SIGXFSZ and not os.path.exists(target), f'killed after {size} bytes: no backup is there', code)
        limited(pair.a, size, 'backup', old, '--plain')
        with open(old, 'rb') as file:
            tap.ok(file.read() == before, 'and an older one stays as it is')
        for name in [name for name in os.listdir(pair.root) if name.endswith('.tmp')]:
            rest = os.path.join(pair.root, name)
            answer = Node('rest', os.path.join(pair.root, 'of-rest')).run('restore', rest)
            tap.ok(answer.code in (1, 3), 'what was left of it is refused', answer)
            os.unlink(rest)


def killed_restores(tap, pair, backup):
    for size in (300, 4000, 60000):
        node = Node('half', os.path.join(pair.root, 'half'))
        code = limited(node, size, 'restore', backup)
        tap.same(code, -signal.SIGXFSZ, f'a restore is killed at a file of {size} bytes')
        start = run([program('KAIRAND'), '--dir', node.path, '--check'])
        tap.ok(start.code == 1 and b'did not end' in start.err, 'no node starts on what is there, and says why', start)
        read = node.run('list')
        tap.ok(read.code == 3 and b'did not end' in read.err, 'nobody reads it', read)
        again = node.run('restore', backup)
        tap.ok(again.code == 3 and b'not empty' in again.err, 'nor restores over it', again)
        tap.ok(os.path.exists(os.path.join(node.path, 'restore-unfinished')), 'the directory says so itself')
        shutil.rmtree(node.path)


def harmed(tap, pair, backup):
    with open(backup, 'rb') as file:
        whole = file.read()
    path = os.path.join(pair.root, 'harmed.kbackup')
    node = Node('none', os.path.join(pair.root, 'none'))
    for what, data in (('cut by a byte', whole[:-1]), ('cut in half', whole[:len(whole) // 2]), ('a byte changed', whole[:5000] + b'~' + whole[5001:]),
                       ('a byte more', whole + b'\n'), ('its date changed', whole.replace(b'made: 20', b'made: 21', 1))):
        with open(path, 'wb') as file:
            file.write(data)
        answer = node.run('restore', path)
        tap.ok(answer.code == 1 and path.encode() in answer.err and not os.path.exists(node.path), f'{what}: refused, nothing is touched', answer)


def refusals(tap, pair, sealed):
    a, wrong = pair.a, os.path.join(pair.root, 'wrong')
    with open(wrong, 'w', encoding='ascii', opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write('seven words that somebody did guess\n')
    node = Node('none', os.path.join(pair.root, 'none'))
    for args, code, word in ((('restore', sealed), 3, b'passphrase'), (('restore', sealed, '--passphrase-file', wrong), 1, b'passphrase')):
        answer = node.run(*args)
        tap.ok(answer.code == code and word in answer.err and not os.path.exists(node.path), ' '.join(args[2:3]) or 'no passphrase', answer)
    inside = os.path.join(a.path, 'drafts', 'x')
    for args in (('backup', os.path.join(pair.root, 'x')), ('backup', os.path.join(pair.root, 'x'), '--plain', '--passphrase-file', pair.words),
                 ('backup', inside, '--plain'), ('backup', wrong, '--plain'), ('restore', sealed, '--passphrase-file', pair.words)):
        answer = a.run(*args)
        tap.ok(answer.code == 3, f'refused: {" ".join(os.path.basename(arg) for arg in args)}', answer)
    os.chmod(pair.words, 0o644)
    answer = a.run('backup', os.path.join(pair.root, 'x'), '--passphrase-file', pair.words)
    tap.ok(answer.code == 3 and b'0644' in answer.err, 'a passphrase that others may read is none', answer)
    os.chmod(pair.words, 0o600)


def while_it_writes(tap, pair):
    """A moment in the middle of an import is a store like any other."""
    samples = os.path.join(HERE, 'samples', 'advisories')
    path, node = os.path.join(pair.root, 'busy.kbackup'), Node('busy', os.path.join(pair.root, 'busy'))
    with subprocess.Popen([program('KAIRAN'), '--dir', pair.b.path, 'import', 'csaf', samples, '--tlp', 'GREEN', '--audience', 'org:op-a'],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as importing:
        codes = [pair.b.run('backup', path, '--plain').code for _ in range(5)]
        importing.wait(60)
    tap.same(codes, [0] * 5, 'backups while the node writes')
    tap.same(node.run('restore', path).code, 0, 'the last one is restored')
    for verb in (('check',), ('journal', 'verify'), ('verify', '--all')):
        answer = node.ask(*verb)
        tap.ok(answer.code == 0 and answer.json['ok'], f'{" ".join(verb)}: whole', answer)


def lost_and_found(tap, pair, sealed, early, late):
    a = pair.a
    before = epoch(a)
    a.stop(signal.SIGKILL)
    shutil.rmtree(a.path)
    answer = a.ask('restore', sealed, '--passphrase-file', pair.words)
    tap.ok(answer.code == 0 and answer.json['items'] == len(early) and answer.json['drafts'] == 1, 'what was lost is restored', answer)
    tap.same(a.ids(), early, 'with what it held then')
    tap.same(oct(os.stat(os.path.join(a.path, 'keys', 'duty.key')).st_mode & 0o777), '0o600', 'and keys that only its owner reads')
    tap.ok(not epoch(a), 'its epoch is void')
    pair.up()
    pair.same(early | late, 'what it filed since and what the other filed since are there again')
    fresh = epoch(a)
    tap.ok(len(fresh) == 1 and fresh != before, 'under a new epoch')
    rows = [row['id'] for row in a.list()]
    tap.same(len(rows), len(set(rows)), 'nothing twice')
    more = {pair.file(a, 'After'), pair.file(pair.b, 'After too')}
    pair.same(early | late | more, 'and it goes on')
    for node in (a, pair.b):
        for verb in (('check',), ('journal', 'verify'), ('verify', '--all')):
            answer = node.ask(*verb)
            tap.ok(answer.code == 0 and answer.json['ok'], f'{node.name}: {" ".join(verb)}', answer)
        stored = [row['id'] for row in node.ask('journal', 'list', '--limit', '1000', '--event', 'item-stored').json['entries']]
        tap.same(len(stored), len(set(stored)), f'{node.name}: nothing was stored twice')
    told = a.ask('journal', 'list', '--event', 'store-restored').json['entries']
    tap.same(len(told), 1, 'the journal tells of the restore')
    return early | late | more


def what_ended_goes(tap, pair):
    """The backup brings back an item whose end, and thirty days, passed before the restore."""
    a = pair.a
    short, long = pair.file(a, 'Short', '--valid', '1h'), pair.file(a, 'Long', '--valid', '300d')
    path = os.path.join(pair.root, 'old.kbackup')
    tap.same(a.run('backup', path, '--plain').code, 0, 'a backup while it is valid')
    pair.down()
    shutil.rmtree(a.path)
    tap.same(a.run('restore', path).code, 0, 'restored')
    tap.ok(short in a.ids(), 'it is there again')
    subprocess.run([program('KAIRAN_LABMARK'), a.path], check=True, timeout=30)
    with open(os.path.join(a.path, 'kairan.conf'), 'a', encoding='utf-8') as file:
        file.write(f'\nlab = {{ clock_offset = {40 * DAY_S}; }};\n')
    with open(os.path.join(pair.root, 'later.log'), 'wb') as log:
        with subprocess.Popen([program('KAIRAND'), '--dir', a.path], stdin=subprocess.DEVNULL, stdout=log, stderr=log) as node:
            gone = wait_until(lambda: short not in a.ids(), 20)
            node.terminate()
            node.wait(15)
    tap.ok(gone is not None, 'forty days later it goes as the node starts')
    tap.ok(long in a.ids(), 'and what is still valid stays')
    dump = read_dump(a.dump())
    tap.ok(all(row.get('item') != short for row in dump), 'nothing of it is in the store')


def test(tap):
    with folder() as root:
        pair = Pair(tap, root)
        try:
            pair.up(PAIR)
            early = {pair.file(pair.a, 'One'), pair.file(pair.a, 'Two'), pair.file(pair.b, 'Three')}
            pair.same(early, 'both have what both filed')
            with open(os.path.join(pair.a.path, 'drafts', 'unsent.draft'), 'wb') as file:
                file.write(b'not yet')
            sealed, plain = os.path.join(root, 'sealed.kbackup'), os.path.join(root, 'plain.kbackup')
            answer = pair.a.ask('backup', sealed, '--passphrase-file', pair.words)
            tap.ok(answer.code == 0 and answer.json['items'] == 3 and answer.json['protection'] == 'passphrase', 'a backup while it runs', answer)
            tap.same(oct(os.stat(sealed).st_mode & 0o777), '0o600', 'that only its owner may read')
            answer = pair.a.ask('backup', plain, '--plain')
            tap.ok(answer.code == 0 and answer.json['protection'] == 'none', 'and one without protection', answer)
            refusals(tap, pair, sealed)
            harmed(tap, pair, plain)
            killed_backups(tap, pair, plain)
            killed_restores(tap, pair, plain)
            late = {pair.file(pair.a, 'Four'), pair.file(pair.b, 'Five'), pair.file(pair.a, 'Six')}
            pair.same(early | late, 'both file more')
            lost_and_found(tap, pair, sealed, early, late)
            while_it_writes(tap, pair)
            what_ended_goes(tap, pair)
        finally:
            pair.down()


main(test)
