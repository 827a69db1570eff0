# SPDX-License-Identifier: Apache-2.0
"""One incident as one signed file: what is in it and what is not, that anybody verifies it without a node, and that no line of
it can be changed, left out or added.
"""
import base64
import json
import os

from kairan_box import Node, folder, main, program, run, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
PAIR = os.path.join(HERE, '..', '..', 'dist', 'lab', 'pair.conf')
INCIDENT = {'title': 'Station control stopped', 'text': 'The station controller stopped twice.', 'incident': 'I-1', 'report': '1',
            'stage': 'early', 'nature': 'occurred', 'detected-at': '2026-11-23T02:41:00.000Z', 'aware-at': '2026-11-23T02:50:00.000Z',
            'what': 'stopped', 'where': 'north', 'extent': 'one station', 'cause': 'unknown//low/2026-11-23T02:50:00.000Z',
            'service': 'partial', 'severity-continuity': '2', 'severity-safety': '0', 'severity-confidence': '1', 'contact': 'duty',
            'next-report-by': '2026-11-23T04:00:00.000Z'}


ALERT = {'title': 'Check your controllers', 'text': 'One stopped twice.', 'basis': 'threatened', 'certainty': 'possible', 'scope': 'stations',
         'action': 'Check them now.', 'valid-until': '+1h'}
NOTE = 'Nobody of the incident is to read this.'


def values(fields):
    return [word for name, value in fields.items() for word in ('--set', f'{name}={value}')]


def offline(root, *args):
    """The command where there is no node and no data."""
    nowhere = os.path.join(root, 'nowhere')
    return run([program('KAIRAN'), '--dir', nowhere, '--lang', 'en', '--json', *args])


def story(tap, root, a, b):
    secret = os.path.join(root, 'damage.txt')
    with open(secret, 'w', encoding='ascii') as file:
        file.write('Two of three cooling pumps failed for nine minutes.')
    answer = a.ask('file', 'incident', *values(INCIDENT), '--tlp', 'AMBER', '--audience', 'org:op-b',
                   '--part', f'damage:AMBER+STRICT:text/plain={secret}')
    tap.ok(answer.code == 0, 'op-a files an incident in two parts', answer)
    first = answer.json['id']
    tap.ok(wait_until(lambda: first in b.ids(), 30) is not None, 'op-b has it')
    tap.ok(b.ask('ack', first, '--level', 'received').code == 0, 'op-b acknowledges it')
    second = a.ask('revise', first, '--set', 'report=2', '--set', 'stage=notification').json['id']
    other = a.ask('file', 'secinfo', '--set', 'title=Another matter', '--set', 'text=Nothing of this.', '--set', 'subtype=lesson', '--set',
                  'action=none', '--tlp', 'AMBER', '--audience', 'org:op-b').json['id']
    alert = a.ask('file', 'alert', *values(ALERT), '--tlp', 'AMBER', '--audience', 'org:op-b', '--incident', second, '--confirm', 'live')
    tap.ok(alert.code == 0, 'op-a warns, and names the second report', alert)
    tap.ok(wait_until(lambda: {second, other, alert.json['id']} <= b.ids(), 30) is not None, 'and its second report, the alert, and another matter')
    tap.ok(b.ask('ack', other, '--level', 'received', '--note', NOTE).code == 0, 'op-b has a word on that matter')

    def received():
        return 'received' in {row['level'] for row in a.ask('who-knows', first).json['knows'] if row['name'] == 'op-b'}
    tap.ok(wait_until(received, 30) is not None, 'op-a has op-b\'s word')
    return first, second, other, alert.json['id']


def lines_of(path):
    with open(path, encoding='ascii') as file:
        return file.read().splitlines(keepends=True)


def whole(tap, root, node, path, told):
    first, second, other, alert = told
    wrote = node.ask('export', 'case', second, '-o', path)
    tap.ok(wrote.code == 0 and wrote.json['items'] == 3, f'{node.name}: a case of both reports and the alert, by the name of either', wrote)
    by_alert = node.ask('export', 'case', alert, '-o', path + '.alert')
    tap.ok(by_alert.code == 0 and by_alert.json['items'] == 3 and by_alert.json['thread'] == first, f'{node.name}: or by that of the alert', by_alert)
    seen = offline(root, 'verify', path)
    tap.ok(seen.code == 0 and seen.json['ok'] and seen.json['items'] == 3 and seen.json['parts'] >= 3 and (seen.json['receipts'] >= 1) == (node.name == 'op-a')
           and seen.json['agreements'] == 1 and seen.json['entries'] > 2, f'{node.name}: it verifies without a node', seen)
    rows = [json.loads(line) for line in lines_of(path)]
    ids = {row['id'] for row in rows if row.get('what') == 'item'}
    tap.same(ids, {first, second, alert}, f'{node.name}: the thread is in it, and nothing else')
    tap.ok(not any(other in line for line in lines_of(path) if '"what":"item"' in line), f'{node.name}: no word of another matter')
    begin = next(i for i, row in enumerate(rows) if row.get('file') == 'kairan journal')
    end = next(i for i, row in enumerate(rows) if row.get('end'))
    journal = path + '.journal'
    with open(journal, 'w', encoding='ascii') as file:
        file.writelines(lines_of(path)[begin:end + 1])
    tap.ok(offline(root, 'journal', 'verify', journal).code == 0, f'{node.name}: its journal verifies by itself')


def hostile(tap, root, path):
    lines = lines_of(path)

    def refused(what, changed):
        bad = path + '.bad'
        with open(bad, 'w', encoding='ascii') as file:
            file.writelines(changed)
        answer = offline(root, 'verify', bad)
        tap.ok(answer.code != 0, f'refused: {what}', answer)

    for at, line in enumerate(lines):
        row = json.loads(line)
        what = row.get('what') or ('seal' if 'seal' in row else 'journal')
        refused(f'line {at} ({what}) left out', lines[:at] + lines[at + 1:])
        member = next((name for name in ('bytes', 'advisory', 'seal') if name in row), None)
        if member:
            data = bytearray(base64.b64decode(row[member]))
            data[len(data) // 2] ^= 1
            row[member] = base64.b64encode(bytes(data)).decode()
            text = json.dumps(row, separators=(',', ':')) + '\n'
            refused(f'line {at} ({what}) changed', lines[:at] + [text] + lines[at + 1:])
    refused('a line twice', lines[:2] + [lines[1]] + lines[2:])
    refused('a line after the seal', lines + [lines[1]])
    refused('cut in the middle', lines[:len(lines) // 2])


def to_stdout(tap, root, node, first):
    answer = run([program('KAIRAN'), '--dir', node.path, 'export', 'case', first, '-o', '-'], cwd=root)
    path = os.path.join(root, 'stdout.kcase')
    with open(path, 'wb') as file:
        file.write(answer.out)
    tap.ok(answer.code == 0 and not os.path.exists(os.path.join(root, '-')) and offline(root, 'verify', path).code == 0,
           'with -o - it is on standard output, and nothing else', answer)


def no_case(tap, root, path):
    """What looks like a file is judged as one."""
    for what, name in (('a file that is not there', path + '.nowhere'), ('a path that is a folder', root)):
        answer = offline(root, 'verify', name)
        tap.ok(answer.code == 3 and b'kairan init' not in answer.err and name.encode() in answer.err, f'{what} is said to be that', answer)
    with open(path + '.first', 'w', encoding='ascii') as file:
        file.writelines(['{"file":"kairan cas"}\n'] + lines_of(path)[1:])
    answer = offline(root, 'verify', path + '.first')
    tap.ok(answer.code == 3 and b'kairan init' not in answer.err, 'a damaged first line too', answer)
    tap.ok(offline(root, 'verify', path, '--all').code == 3, 'no option is beside it')


def narrow(tap, root, node, path, first):
    wrote = node.ask('export', 'case', first, '-o', path, '--ceiling', 'AMBER')
    tap.ok(wrote.code == 0 and wrote.json['left_out'] >= 2, 'under a ceiling the stricter part is left out', wrote)
    rows = [json.loads(line) for line in lines_of(path)]
    tap.ok([row['rule'] for row in rows if row.get('of') == 'journal'] == ['ceiling'] and not any('event' in row for row in rows),
           'and the journal, with its words on other matters')
    tap.ok(not any(NOTE.encode() in base64.b64decode(row['bytes']) for row in rows if 'bytes' in row), 'and no signed word on them')
    rows = [json.loads(line) for line in lines_of(path)]
    item = next(row for row in rows if row.get('id') == first and row.get('what') == 'item')
    tap.same(item['withheld'], [{'part': 'damage', 'rule': 'ceiling'}], 'and named, with the rule')
    tap.same([row['part'] for row in item['openings']], ['main'], 'nothing opens it')
    tap.ok(offline(root, 'verify', path).code == 0, 'the rest verifies')
    none = node.ask('export', 'case', first, '-o', path + '.none', '--ceiling', 'GREEN')
    rows = [json.loads(line) for line in lines_of(path + '.none')]
    tap.ok(none.code == 0 and not [row for row in rows if row.get('what') == 'item'], 'under a lower one no item is in it', none)


def opening_kept(tap, node, first):
    """Without the opening nobody could check later what it was made from."""
    path = os.path.join(node.path, 'openings')
    with open(path, 'w', encoding='ascii'):
        pass
    before = node.ids()
    answer = node.ask('file', 'secinfo', *values({'title': 'A lesson', 'text': 'Of it.', 'subtype': 'lesson', 'action': 'none'}), '--tlp', 'AMBER',
                      '--audience', 'org:op-b', '--made-from', first)
    tap.ok(answer.code == 1 and f'{path}: '.encode() in answer.err and b'the user of the node' in answer.err and node.ids() == before,
           'where no opening can be kept, nothing is made from another advisory', answer)
    os.unlink(path)


def test(tap):
    with folder() as root:
        directory = os.path.join(root, 'lab')
        up = run([program('KAIRAN'), 'lab', 'up', PAIR, '--lab', directory], timeout=90)
        a, b = (Node(name, os.path.join(directory, name)) for name in ('op-a', 'op-b'))
        try:
            tap.ok(up.code == 0, 'two nodes run', up)
            told = story(tap, root, a, b)
            first = told[0]
            path = os.path.join(root, 'a.kcase')
            whole(tap, root, a, path, told)
            whole(tap, root, b, os.path.join(root, 'b.kcase'), told)
            hostile(tap, root, path)
            to_stdout(tap, root, a, first)
            no_case(tap, root, path)
            narrow(tap, root, a, os.path.join(root, 'narrow.kcase'), first)
            tap.ok(a.ask('export', 'case', first).code == 3 and a.ask('export', 'case', 'a' * 52, '-o', path).code == 4,
                   'no file, or no such item: said')
            opening_kept(tap, a, first)
            a.stop()
            down = a.ask('export', 'case', first, '-o', path + '.down')
            tap.ok(down.code == 2 and not os.path.exists(path + '.down'), 'without the node nothing is sealed', down)
        finally:
            for node in (a, b):
                node.stop()


main(test)
