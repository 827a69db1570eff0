# SPDX-License-Identifier: Apache-2.0
"""The journal of real nodes: what they did is in it, in order; others can check an export of it without Kairan, with the
program that the operator guide prints; and both notice what was changed.
"""
import base64
import hashlib
import json
import os
import re
import subprocess
import sys

import msgpack

from kairan_box import Node, Tap, folder, main, program, run, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
PAIR = os.path.join(HERE, '..', '..', 'dist', 'lab', 'pair.conf')
GUIDE = os.path.join(HERE, '..', '..', 'docs', 'operator-guide.md')
KEY = b'k1 journal'.ljust(16, b'\0') + bytes(16)
TITLES = ('One', 'Two', 'Three')


def checker(root):
    """The guide's own program."""
    with open(GUIDE, encoding='utf-8') as file:
        text = re.search(r'^## The journal$.*?^```python\n(.*?)^```', file.read(), re.MULTILINE | re.DOTALL).group(1)
    path = os.path.join(root, 'check.py')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    return path


def check(program_path, export):
    return subprocess.run([sys.executable, program_path, export], capture_output=True, text=True, check=False, timeout=60)


def secinfo(title):
    return ('file', 'secinfo', '--set', f'title={title}', '--set', 'text=Seen.', '--set', 'subtype=lesson', '--set', 'action=none',
            '--tlp', 'GREEN', '--audience', 'org:op-b')


def listed(tap, one, two, ids):
    entries = one.ask('journal', 'list', '--limit', '1000').json['entries']
    numbers = [row['number'] for row in entries]
    tap.ok(numbers == list(range(len(numbers), 0, -1)), 'every entry is listed, newest first', numbers)
    tap.same([row['id'] for row in reversed(entries) if row['event'] == 'item-own'], ids, 'what was issued is there, in order')
    came = [row for row in reversed(two.ask('journal', 'list', '--event', 'item-stored').json['entries'])]
    tap.same([(row['id'], row['name']) for row in came], [(item, 'op-a') for item in ids], 'and at the partner what came, and from whom')
    tap.ok(all(row['words'].startswith('An advisory came in') for row in came), 'in words', came)
    ja = run([program('KAIRAN'), '--dir', two.path, '--lang', 'ja', 'journal', 'list', '--limit', '1'])
    tap.ok(ja.code == 0 and '情報を受け取り'.encode() in ja.out, 'in Japanese too', ja)
    tap.same(len(two.ask('journal', 'list', '--id', ids[0][:8]).json['entries']), 1, 'by the beginning of an id')
    tap.same(len(one.ask('journal', 'list', '--org', 'op-b', '--event', 'item-own').json['entries']), 0, 'by organisation')
    tap.same(two.ask('journal', 'list', '--since', '2099-01-01T00:00:00Z').json['entries'], [], 'by time')


def exported(tap, root, node):
    whole = os.path.join(root, 'whole.jsonl')
    verdict = node.ask('journal', 'verify').json
    tap.ok(verdict['ok'] and verdict['first'] == 1, 'the journal is whole', verdict)
    tap.same(node.ask('journal', 'export', '-o', whole).code, 0, 'it is exported')
    again = node.ask('journal', 'verify', whole)
    tap.ok(again.code == 0 and again.json['head'] == verdict['head'], 'the file is whole, and has the same head', again)
    guide = checker(root)
    done = check(guide, whole)
    tap.ok(done.returncode == 0 and verdict['head'] in done.stdout, "so says the guide's program", done.stdout + done.stderr)
    with open(whole, encoding='ascii') as file:
        lines = file.readlines()
    for what, changed in (('an entry taken out', lines[:3] + lines[4:]), ('two swapped', lines[:3] + [lines[4], lines[3]] + lines[5:]),
                          ('the end cut off', lines[:-1]),
                          ('a byte changed', [*lines[:3], lines[3].replace('"bytes":"mMQg', '"bytes":"mMQgA', 1), *lines[4:]])):
        path = os.path.join(root, 'changed.jsonl')
        with open(path, 'w', encoding='ascii') as file:
            file.writelines(changed)
        answer = node.ask('journal', 'verify', path)
        tap.ok(answer.code == 1 and answer.json['broken']['text'], f'{what}: verify says so', answer)
        tap.ok(check(guide, path).returncode != 0, f"{what}: so does the guide's program")


def base32(data):
    return base64.b32encode(data).decode().lower().rstrip('=')


def written_anew(path, to, without):
    """The export with one entry left out and the chain computed again, as whoever holds the store could."""
    with open(path, encoding='ascii') as file:
        first, *entries, end = [json.loads(line) for line in file]
    before = bytes(32)
    del entries[without]
    for number, entry in enumerate(entries, 1):
        fields = msgpack.unpackb(base64.b64decode(entry['bytes']))
        fields[0] = before
        data = msgpack.packb(fields)
        before = hashlib.blake2b(data, digest_size=32, key=KEY).digest()
        entry |= {'number': number, 'bytes': base64.b64encode(data).decode(), 'hash': base32(before)}
    end |= {'count': len(entries), 'last': len(entries), 'hash': base32(before)}
    with open(to, 'w', encoding='ascii') as file:
        for line in (first, *entries, end):
            file.write(json.dumps(line, separators=(',', ':')) + '\n')


def witnessed(tap, root, one):
    """What two's journal was, one can say too: two's receipts told it the newest entry each time."""
    whole, forged = os.path.join(root, 'whole.jsonl'), os.path.join(root, 'forged.jsonl')
    answer = one.ask('journal', 'verify', whole)
    witness = answer.json['witness']
    tap.ok(answer.code == 0 and witness['kept'] > 0 and witness['found'] == witness['kept'] and witness['missing'] == [],
           'the heads that a partner kept are all in it', answer)
    written_anew(whole, forged, 1)
    tap.same(check(os.path.join(root, 'check.py'), forged).returncode, 0, 'written anew as a whole it is a chain again')
    answer = one.ask('journal', 'verify', forged)
    tap.ok(answer.code == 1 and answer.json['broken'] is None and len(answer.json['witness']['missing']) == witness['kept'],
           'but not the one that they signed for', answer)
    ja = run([program('KAIRAN'), '--dir', one.path, '--lang', 'ja', 'journal', 'verify', forged])
    tap.ok(ja.code == 1 and '欠落'.encode() in ja.out, 'in Japanese too', ja)
    people = one.run('journal', 'verify', forged)
    tap.ok(people.code == 1 and b'whole' not in people.out and b'NOT what its owner signed for' in people.out, 'nobody reads that it is whole', people)
    nowhere = run([program('KAIRAN'), '--dir', os.path.join(root, 'nowhere'), '--json', 'journal', 'verify', whole])
    tap.ok(nowhere.code == 0 and nowhere.json['witness'] is None, 'where no node is, the chain alone is looked at', nowhere)


def practised(tap, root, one):
    """A drill's journal: what reads it knows that it is one, and its lines are whole."""
    opened = one.ask('drill', 'open', '--name', 'autumn', '--level', 'comcheck', '--with', 'op-b', '--until', '1h')
    tap.ok(opened.code == 0, 'a drill begins', opened)
    path = os.path.join(root, 'drill.jsonl')
    printed = one.run('journal', 'export', '--realm', 'autumn')
    with open(path, 'wb') as file:
        file.write(printed.out)
    first = json.loads(printed.out.splitlines()[0]) if printed.out.startswith(b'{') else {}
    tap.ok(printed.code == 0 and first.get('exercise'), 'the first line of an export says that it is a drill', printed)
    again = run([program('KAIRAN'), '--dir', os.path.join(root, 'nowhere'), '--json', 'journal', 'verify', path])
    tap.ok(again.code == 0, 'and what was printed verifies', again)


def test(tap: Tap):
    with folder() as root:
        lab = os.path.join(root, 'lab')
        one, two = (Node(name, os.path.join(lab, name)) for name in ('op-a', 'op-b'))
        try:
            answer = run([program('KAIRAN'), 'lab', 'up', PAIR, '--lab', lab], timeout=60)
            tap.same(answer.code, 0, 'two nodes run')
            ids = [one.ask(*secinfo(title)).json['id'] for title in TITLES]
            tap.ok(wait_until(lambda: two.ids() == set(ids), 30) is not None, 'what one files the other has')
            # a receipt waits a little for company; it tells the newest entry of the journal
            wait_until(lambda: all(one.ask('show', item).json['receipts'] for item in ids), 20)
            listed(tap, one, two, ids)
            practised(tap, root, one)
        finally:
            for node in (one, two):
                node.stop()
        exported(tap, root, two)
        witnessed(tap, root, one)


main(test)
