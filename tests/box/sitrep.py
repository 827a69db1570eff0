# SPDX-License-Identifier: Apache-2.0
"""The picture that a node drafts says who has not reported, all of them, and under which label it may go on."""
import os

from kairan_box import HERE, Node, main, pair, run, wait_until

INCIDENT = ('file', 'incident', '--from', os.path.join(HERE, '..', '..', 'dist', 'lab', 'scenarios', 'incident.json'), '--set', 'title=T',
            '--set', 'what=W', '--set', 'cause=unknown')


def third(node, root, alias):
    """An organisation of whom only the card is here, under a name that is part of another's."""
    other = Node(alias, os.path.join(root, 'other'))
    card = os.path.join(root, 'other.kcard')
    other.run('init', '--name', 'Other', '--country', 'JP', '--sector', 'jp-seed7:pow', '--endpoint', 'tcp://127.0.0.1:7110')
    other.run('card', 'export', '-o', card)
    fingerprint = node.ask('card', 'show', card).json['fingerprint']
    return node.run('card', 'import', card, '--fingerprint', fingerprint, '--as', alias)


def ask(node, *audience):
    return node.ask('file', 'rfi', '--set', 'title=Q', '--set', 'question=Seen too?', '--set', 'due=+1h',
                    '--tlp', 'AMBER', '--audience', ','.join(f'org:{name}' for name in audience), '--keep')


def test(tap):
    with pair(tap) as (root, a, b):
        answer = third(a, root, 'op')
        tap.ok(answer.code == 0, 'and a third is known', answer)
        answer = a.run('sitrep', 'draft')
        tap.ok(b'No incident' in answer.err and b'differ' not in answer.err, 'nothing was reported', answer)
        for name in ('op', 'op-b'):
            answer = ask(a, name)
            tap.ok(answer.code == 0, f'{name} is asked', answer)
        answer = a.ask('sitrep', 'draft')
        tap.same(set(answer.json['not-reported'].split(', ')), {'op', 'op-b'}, 'neither has answered')
        item = b.ask(*INCIDENT, '--tlp', 'AMBER', '--audience', 'org:op-a', '--onward', 'none').json['id']
        tap.ok(wait_until(lambda: item in a.ids(), 30) is not None, 'a report comes that goes no further')
        answer = a.ask('sitrep', 'draft')
        tap.ok(item in answer.json['covered'] and b'--tlp AMBER --audience org:op-a --onward none' in answer.err,
               'the picture names it, and its label with all that narrows it', answer)


main(test)
