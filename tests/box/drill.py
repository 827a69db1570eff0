# SPDX-License-Identifier: Apache-2.0
"""What is done in a drill stays in it: lines of a script, documents that are imported, reports; and whoever reads what is
said of it can tell that it is one.
"""
import csv
import os
import shlex

from kairan_box import HERE, SAMPLES, Node, folder, main, program, run, wait_until

PAIR = os.path.join(HERE, '..', '..', 'dist', 'lab', 'pair.conf')
MARK = b'[EXERCISE] '
TITLE = 'title=A drill in two words'


class Pair:
    def __init__(self, root):
        self.root, self.dir = root, os.path.join(root, 'lab')
        self.a, self.b = (Node(name, os.path.join(self.dir, name)) for name in ('op-a', 'op-b'))

    def up(self):
        answer = run([program('KAIRAN'), 'lab', 'up', PAIR, '--lab', self.dir], timeout=90)
        if answer.code != 0:
            raise AssertionError(f'lab up: {answer}')

    def down(self):
        for node in (self.a, self.b):
            node.stop()


def secinfo(title):
    return f'file secinfo --set "{title}" --set text=Seen. --set subtype=lesson --set action=none --tlp GREEN --audience org:op-b'


def inject(pair, *lines):
    path = os.path.join(pair.root, 'script')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')
    return pair.a.run('drill', 'inject', 'autumn', path, '--confirm', 'EXERCISE')


def rows(node, *more):
    return {row['title']: row['id'] for row in node.ask('list', *more).json['advisories']}


def opened(tap, pair):
    opens = ('drill', 'open', '--with', 'op-b', '--level', 'comcheck', '--until', '1h', '--name')
    for name in ('live', 'Live'):
        answer = pair.a.run(*opens, name)
        tap.ok(answer.code == 3 and b'live' in answer.err, f'no drill is called {name}', answer)
        answer = pair.a.run('comcheck', '--with', 'op-b', '--confirm', 'EXERCISE', '--name', name)
        tap.ok(answer.code == 3 and b'live' in answer.err, f'no comcheck is called {name}', answer)
    answer = pair.a.ask(*opens, 'autumn')
    tap.ok(answer.code == 0, 'a drill is opened', answer)
    agreed = '"consent":"2/2"'
    tap.ok(wait_until(lambda: agreed in pair.a.ask('drill', 'list').out.decode().replace(' ', ''), 30) is not None, 'both take part')


def scripts(tap, pair):
    document = os.path.join(SAMPLES, 'advisories')
    one = os.path.join(document, sorted(os.listdir(document))[0])
    answer = inject(pair, f'import csaf {one} --tlp AMBER --audience org:op-b --')
    tap.ok(answer.code == 0, 'a line may end in --', answer)
    answer = inject(pair, f'import bundle {one} --')
    tap.ok(answer.code == 3 and b'not in a drill' in answer.err, 'which leads no other verb out of the drill', answer)
    answer = inject(pair, secinfo('title=Live') + ' --realm live')
    tap.ok(answer.code == 3 and b'twice' in answer.err, 'nor does another --realm', answer)
    tap.same(rows(pair.a), {}, 'nothing of it is live')
    tap.same(len(rows(pair.a, '--realm', 'autumn')), 1, 'the document is in the drill')
    answer = inject(pair, '# a comment', '', secinfo('title=Two words'), secinfo('x').replace('"x"', f'"{TITLE}"').replace('"title=', 'title="'))
    tap.ok(answer.code == 0, 'quotes stand where they are needed', answer)
    tap.ok({'Two words', 'A drill in two words'} <= set(rows(pair.a, '--realm', 'autumn')), 'and keep words together')
    before = rows(pair.a, '--realm', 'autumn')
    for what, line, word in (('a line of too many words', secinfo('title=Long') + ' --sector jp-seed7:pow' * 30, b'more than 64'),
                             ('a quote that is not closed', secinfo('title=Open') + ' "', b'not closed')):
        answer = inject(pair, '', line)
        tap.ok(answer.code == 3 and word in answer.err and b'line 2' in answer.err, f'{what} is refused', answer)
    tap.same(rows(pair.a, '--realm', 'autumn'), before, 'and not done in part')
    answer = pair.a.ask('drill', 'inject', 'autumn', one, '--confirm', 'EXERCISE')
    tap.ok(answer.code == 3 and b'--lines' in answer.err, '--json is one object, and a script has many', answer)


def imported(tap, pair):
    """By hand what the script did; once more is no second one."""
    document = os.path.join(SAMPLES, 'advisories')
    answer = pair.a.ask('import', 'csaf', document, '--tlp', 'AMBER', '--audience', 'org:op-b', '--realm', 'autumn')
    states = [item['state'] for item in answer.json['items']]
    tap.ok(answer.code == 0 and states.count('unchanged') == 1 and states.count('new') == len(states) - 1, 'a folder of documents', answer)
    tap.same((rows(pair.a), rows(pair.b)), ({}, {}), 'stays in the drill')
    there = wait_until(lambda: len(rows(pair.b, '--realm', 'autumn')) == len(rows(pair.a, '--realm', 'autumn')), 30)
    tap.ok(there is not None, 'and reaches who takes part')


def filed(tap, pair):
    answer = pair.a.ask(*shlex.split(secinfo('title=By hand')), '--realm', 'autumn')
    tap.ok(answer.code == 0 and answer.json['unreached'] == [], 'a link that is up is up in a drill', answer)


def marked(tap, pair):
    for args in (('show', 'aaaaaaaa', '--realm', 'autumn'), ('file', 'nothing', '--realm', 'autumn'),
                 ('show', 'aaaaaaaa', '--realm', 'autumn', '--json'), ('list', '--kind', 'alert', '--realm', 'autumn')):
        answer = pair.a.run(*args)
        lines = answer.err.splitlines()
        tap.ok(lines and all(line.startswith(MARK) for line in lines), f'what is said is marked: {" ".join(args)}', answer)
    answer = pair.a.run('show', 'aaaaaaaa')
    tap.ok(answer.err.startswith(b'kairan: '), 'and what is live is not', answer)


def reported(tap, pair):
    for more in ('--json', '--lines'):
        answer = pair.a.run('drill', 'report', 'autumn', '--csv', more)
        tap.ok(answer.code == 3 and b'choose one' in answer.err, f'--csv and {more} are two', answer)
    answer = pair.a.run('drill', 'report', 'autumn', '--csv')
    table = list(csv.DictReader(answer.out.decode().splitlines()))
    report = pair.a.ask('drill', 'report', 'autumn').json
    tap.ok(MARK not in answer.out and table and {row['realm'] for row in table} == {report['realm']},
           'CSV is whole, and each row says which drill it is of', answer)
    tap.same(len(table), len(report['rows']), 'with all that JSON has')
    tap.same(len(report['mend']), len({(row['org_name'], row['role']) for row in report['mend']}), 'a contact is named once')
    tap.same(report['tiers'][-1]['percent'], 0, 'nobody confirmed')
    tap.ok(pair.a.run('drill', 'report', 'autumn').out.startswith(MARK), 'what people read is marked')


def comchecks(tap, pair):
    for name in ('comcheck', 'comcheck-2', 'comcheck-3'):
        answer = pair.a.ask('comcheck', '--with', 'op-b', '--confirm', 'EXERCISE')
        tap.ok(answer.code == 0, f'a comcheck, called {name}', answer)
        answer = pair.a.ask('drill', 'report', name)
        tap.ok(answer.code == 0, 'which a report is of', answer)
    node = pair.a.ask('drill', 'open', '--name', 'empty', '--with', 'op-b', '--level', 'comcheck', '--until', '1h')
    tap.ok(node.code == 0 and b'0/0 confirmed (-)' in pair.a.run('drill', 'report', 'empty').out, 'of nothing there is no rate')


def test(tap):
    with folder() as root:
        pair = Pair(root)
        try:
            pair.up()
            opened(tap, pair)
            scripts(tap, pair)
            imported(tap, pair)
            filed(tap, pair)
            marked(tap, pair)
            reported(tap, pair)
            comchecks(tap, pair)
        finally:
            pair.down()


main(test)
