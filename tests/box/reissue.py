# SPDX-License-Identifier: Apache-2.0
"""An advisory that is issued again without its origin: neither its header nor its parts lead to it, nor those of its
revisions.
"""
import os

from kairan_box import main, pair, run, wait_until


def secinfo(title, *more):
    return ('file', 'secinfo', '--set', f'title={title}', '--set', 'text=Seen.', '--set', 'subtype=lesson', '--set', 'action=none', *more)


def part(root, name, content):
    path = os.path.join(root, 'part')
    with open(path, 'w', encoding='ascii') as file:
        file.write(content)
    return ('--part', f'{name}:CLEAR:text/plain={path}')


def refused(tap, node, root, words, report, other):
    """What leads to the origin, by every way that a header or a part has."""
    for what, more, word in ((f'its own id as incident: {words[0]}', ('--incident', report), b'--incident'),
                             ('its own id as a reference', ('--ref', report), b'--ref'),
                             ('another of its origin as incident', ('--incident', other), b'--incident'),
                             ('another of its origin as a reference', ('--ref', other), b'--ref'),
                             ('a part that is called so', part(root, 'log-of-op-a', 'nothing'), b'names its origin'),
                             ('a part that says so', part(root, 'log', 'seen at OP-A, twice'), b'names its origin'),
                             ('a part with its id', part(root, 'log', report.upper()), b'names its origin')):
        answer = node.run(*words, '--dry-run', *more)
        tap.ok(answer.code == 1 and word in answer.err, f'{words[0]} refuses {what}', answer)
    answer = node.run(*words, '--dry-run', '--set', 'text=Told by Op-A.')
    tap.ok(answer.code == 1 and b'names its origin' in answer.err, f'{words[0]} refuses words that say so', answer)


def test(tap):
    with pair(tap) as (root, a, b):
        report, other = (a.ask(*secinfo(title, '--tlp', 'AMBER', '--audience', 'org:op-b')).json['id'] for title in ('One', 'Two'))
        tap.ok(wait_until(lambda: {report, other} <= b.ids(), 30) is not None, 'op-b has both advisories of op-a')
        again = secinfo('Again', '--anonymise', report, '--tlp', 'CLEAR', '--keep')
        refused(tap, b, root, again, report, other)
        own = b.ask(*secinfo('Ours', '--tlp', 'CLEAR', '--keep')).json['id']
        answer = b.ask(*again, '--ref', own, *part(root, 'log', 'seen at two operators'))
        tap.ok(answer.code == 0, 'what leads to it nowhere is issued again', answer)
        refused(tap, b, root, ('revise', answer.json['id']), report, other)
        answer = b.ask('revise', answer.json['id'], '--set', 'text=Still seen.', '--keep')
        tap.ok(answer.code == 0, 'and so is its revision', answer)
        edition = secinfo('Edition', '--made-from', report, '--tlp', 'CLEAR', '--keep', '--dry-run')
        answer = b.run(*edition, '--ref', report)
        tap.ok(answer.code == 1 and b'--ref' in answer.err, 'an edition does not name what it is made from', answer)


main(test)
