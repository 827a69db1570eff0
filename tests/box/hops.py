# SPDX-License-Identifier: Apache-2.0
"""An incident travels op-power-b → cep-power → min-energy → cabinet, only where its labels and the
agreements say so, under the signature that op-power-b gave it; every hop can name the rule.

op-power-b and op-power-a each have an agreement with min-energy of their own: both are suspended, so
that the sector body is the only way.
"""
import os

from kairan_box import NODES, dump_items, lab, main, present, wait_until, wraps_in

PATH = ('op-power-b', 'cep-power', 'min-energy', 'cabinet')
TITLE = 'Unexplained set-point changes at a substation gateway'
WHAT = 'Set-points of two feeders changed at 02:41 without an operator at the desk.'
DAMAGE = 'Estimate: 1,240 customers without supply for 35 minutes; not for the press.'
FIELDS = {
    'title': TITLE, 'incident': 'B-2026-014', 'report': '1', 'stage': 'early', 'nature': 'suspected', 'detected-at': '-40m',
    'aware-at': '-20m', 'what': WHAT, 'where': 'Substation gateway, northern area', 'extent': 'two feeders', 'cause': 'unknown',
    'service': 'normal', 'severity-continuity': '1', 'severity-safety': '0', 'severity-confidence': '1', 'contact': 'duty desk',
    'next-report-by': '+4h',
}


def fields(**changed):
    return [word for name, value in {**FIELDS, **changed}.items() for word in ('--set', f'{name}={value}')]


def pair(node, item, other):
    """What this node says about this item and that neighbour, by direction."""
    rows = node.ask('explain', item, other).json['pairs']
    return {row['direction']: row for row in rows}


def part_states(node, item):
    return {part['name']: part['state'] for part in node.ask('show', item).json['parts']}


def knows(tap, federation, node, org):
    """To name an organisation that one has no agreement with, one needs its card."""
    card = os.path.join(federation.root, f'{org}.kcard')
    federation[org].run('card', 'export', '-o', card)
    fingerprint = federation[org].ask('card', 'show', card).json['fingerprint']
    answer = federation[node].ask('card', 'import', card, '--fingerprint', fingerprint, '--as', org)
    tap.ok(answer.code == 0, f'{node} believes the card of {org}', answer)


def file_first(tap, federation):
    damage = os.path.join(federation.root, 'damage.txt')
    with open(damage, 'w', encoding='ascii') as file:
        file.write(DAMAGE)
    answer = federation['op-power-b'].ask(
        'file', 'incident', '--tlp', 'AMBER', '--audience', 'org:min-energy,org:cabinet,community:cep-power/power', *fields(),
        '--part', f'damage:AMBER:text/plain={damage}', '--part-audience', 'damage=org:min-energy,community:cep-power/power')
    if not tap.ok(answer.code == 0, 'op-power-b files an incident', answer):
        raise AssertionError('nothing was filed')
    return answer.json['id']


def arrives(tap, federation, item):
    for name in (*PATH, 'op-power-a'):
        node = federation[name]
        took = wait_until(lambda node=node: item in node.ids(), 30)
        tap.ok(took is not None, f'it is at {name}')
    for name in sorted(set(NODES) - {*PATH, 'op-power-a'}):
        tap.ok(item not in federation[name].ids(), f'it is not at {name}')


def same_everywhere(tap, federation, item, names):
    rows = {name: dump_items(federation[name].dump())[item] for name in names}
    first = rows['op-power-b']
    tap.ok(len(first['signatures']) == 1, 'op-power-b signed it')
    for name in names[1:]:
        tap.same(rows[name]['header'], first['header'], f'{name} holds the header byte for byte')
        tap.same(rows[name]['signatures'], first['signatures'], f'{name} holds the signature byte for byte')
        answer = federation[name].ask('verify', item)
        tap.ok(answer.code == 0 and answer.json['items'][0]['verdict'] == 'ok', f'{name} verifies the signature', answer)
        tap.same(federation[name].ask('show', item).json['origin'], federation['op-power-b'].ask('show', item).json['origin'],
                 f'{name} says that it is of op-power-b')
        ciphertexts = {part['index']: part['ciphertext'] for part in first['parts']}
        tap.ok(all(part['ciphertext'] == ciphertexts[part['index']] for part in rows[name]['parts']),
               f'{name} holds its parts as they were sealed')


def hops_named(tap, federation, item):
    for here, there in zip(PATH, PATH[1:]):
        def went(here=here, there=there):
            row = pair(federation[here], item, there).get('out', {})
            return row.get('basis') == 'recorded' and row.get('delivery') == 'stored'
        tap.ok(wait_until(went, 10) is not None, f'{here} recorded that {there} stored it', pair(federation[here], item, there))
        out = pair(federation[here], item, there)['out']
        tap.ok(out['verdict'] == 'allow' and out['rule'] and out['text'], f'explain at {here} names the rule that let it out to {there}', out)
        into = pair(federation[there], item, here).get('in', {})
        tap.ok(into.get('verdict') == 'allow' and into.get('rule') and into.get('basis') == 'recorded',
               f'explain at {there} names the rule that let it in from {here}', into)
        supply = federation[there].ask('show', item).json['supply']
        tap.same([row['name'] for row in supply], [here], f'{there} has it from {here} alone')
    parts = {part['name']: part for part in pair(federation['min-energy'], item, 'cabinet')['out']['parts']}
    tap.ok(parts['main']['verdict'] == 'allow' and parts['damage']['verdict'] == 'deny' and parts['damage']['rule'] == 'audience',
           'explain at min-energy says that the damage part may not go to cabinet, and why', parts)
    refused = pair(federation['cep-power'], item, 'foreign-cert')['out']
    tap.ok(refused['verdict'] == 'deny' and refused['rule'] == 'kind', 'explain at cep-power says why foreign-cert does not get it', refused)
    refused = pair(federation['cep-power'], item, 'cabinet')['out']
    tap.ok(refused['verdict'] == 'deny', f'explain at cep-power says why the hot line to cabinet stays shut ({refused["rule"]})', refused)
    refused = pair(federation['min-energy'], item, 'min-comm')['out']
    tap.ok(refused['verdict'] == 'deny' and refused['rule'] == 'audience', 'explain at min-energy says why min-comm does not get it', refused)


def damage_stays(tap, federation, item):
    for name in ('cep-power', 'min-energy', 'op-power-a'):
        tap.same(part_states(federation[name], item), {'main': 'held', 'damage': 'held'}, f'{name} holds both parts')
        content = federation[name].run('show', item, '--part', 'damage')
        tap.same(content.out.decode(), DAMAGE, f'{name} reads the damage part')
    tap.same(part_states(federation['cabinet'], item), {'main': 'held', 'damage': 'withheld'}, 'cabinet sees that a part is withheld')
    content = federation['cabinet'].run('show', item, '--part', 'damage')
    tap.ok(content.code == 1 and not content.out, 'cabinet is told so when it asks for that part', content)


def nowhere_else(tap, federation, item, second):
    """Nothing of the items where they may not be; of the damage part not at cabinet either."""
    frames = federation.frames()
    rows = dump_items(federation['op-power-b'].dump())
    first, other = rows[item], rows[second]
    damage = next(part for part in first['parts'] if part['name'] == 'damage')
    open_parts = [part for row in (first, other) for part in row['parts']]
    secret = {damage[name].encode()[:128] for name in ('ciphertext', 'key')} | {DAMAGE.encode().hex().encode()}
    stopped = ({other['id'].encode()} | {part['ciphertext'][:128].encode() for part in other['parts']}
               | {part['key'].encode() for part in other['parts']})
    everything = ({row['id'].encode() for row in (first, other)} | {part['ciphertext'][:128].encode() for part in open_parts}
                  | {part['key'].encode() for part in open_parts} | secret
                  | {text.encode().hex().encode() for text in (TITLE, WHAT)})
    wraps = {wrap.encode() for name, path in frames.items() if name in (*PATH, 'op-power-a') for wrap in wraps_in(path)}
    allowed = {'cabinet': {wrap.encode() for wrap in wraps_in(frames['cabinet'])}}
    tap.same(len(allowed['cabinet']), 2, 'two wraps crossed to cabinet: of the main part, and of what was filed last')
    at_energy = present(everything, [frames['min-energy']])
    tap.ok({first['id'].encode(), other['id'].encode(), damage['ciphertext'][:128].encode()} <= at_energy,
           'control: the search finds both items and the damage part in the frames to min-energy')
    tap.ok(secret <= present(secret, [federation['min-energy'].dump()]), 'control: and the opened damage part in its store')
    tap.ok(first['id'].encode() in present(everything, [frames['cabinet']]), 'control: and the first item in the frames to cabinet')
    for where, path in (('a frame to cabinet', frames['cabinet']), ('the store of cabinet', federation['cabinet'].dump())):
        tap.same(present(secret | stopped | wraps - allowed['cabinet'], [path]), set(), f'nothing of the damage part or of the second item is in {where}')
    for name in sorted(set(NODES) - {*PATH, 'op-power-a'}):
        tap.same(present(everything | wraps, [frames[name], federation[name].dump()]), set(), f'nothing of them is at {name} or in a frame to it')


def stops_at_ministry(tap, federation):
    answer = federation['op-power-b'].ask(
        'file', 'incident', '--tlp', 'AMBER', '--audience', 'org:min-energy,community:cep-power/power',
        *fields(title='Second event, for the ministry only', incident='B-2026-015'))
    tap.ok(answer.code == 0, 'op-power-b files a second incident that does not name cabinet', answer)
    item = answer.json['id']
    tap.ok(wait_until(lambda: item in federation['min-energy'].ids(), 30) is not None, 'it is at min-energy')
    row = pair(federation['min-energy'], item, 'cabinet')['out']
    tap.ok(row['verdict'] == 'deny' and row['rule'] == 'audience', 'explain at min-energy says why it stops there', row)
    # A third item that may pass overtakes nothing: once it is there, the second would be too.
    marker = federation['op-power-b'].ask('file', 'secinfo', '--tlp', 'CLEAR', '--set', 'title=Marker', '--set', 'text=Marker.', '--set',
                                          'subtype=awareness', '--set', 'action=none')
    tap.ok(marker.code == 0 and wait_until(lambda: marker.json['id'] in federation['cabinet'].ids(), 30) is not None,
           'what was filed after it has reached cabinet', marker)
    tap.ok(item not in federation['cabinet'].ids(), 'it has not')
    return item


def resumed(tap, federation, item):
    for name in ('op-power-b', 'op-power-a'):
        answer = federation[name].ask('agree', 'resume', 'min-energy')
        tap.ok(answer.code == 0, f'{name} resumes its agreement with min-energy', answer)

    def offered():
        row = pair(federation['op-power-b'], item, 'min-energy').get('out', {})
        return row.get('basis') == 'recorded' and row.get('delivery') == 'stored'
    tap.ok(wait_until(offered, 30) is not None, 'then op-power-b settles with min-energy what it holds already',
           pair(federation['op-power-b'], item, 'min-energy'))
    rows = [row for row in federation['min-energy'].list() if row['id'] == item]
    tap.same(len(rows), 1, 'min-energy holds it once')
    tap.ok(federation['min-energy'].ask('check').code == 0, 'and its store is sound')


def remembered(tap, federation, item):
    """Why an item was let in does not change with what is agreed afterwards."""
    before = pair(federation['min-energy'], item, 'cep-power')['in']
    federation['min-energy'].ask('agree', 'suspend', 'cep-power')
    row = pair(federation['min-energy'], item, 'cep-power')['in']
    tap.same([row[name] for name in ('verdict', 'rule', 'basis', 'at')], [before[name] for name in ('verdict', 'rule', 'basis', 'at')],
             'a suspension later does not change why it was let in')


def test(tap):
    with lab(tap) as federation:
        for name in ('op-power-b', 'op-power-a'):
            answer = federation[name].ask('agree', 'suspend', 'min-energy')
            tap.ok(answer.code == 0, f'{name} suspends its agreement with min-energy', answer)
        knows(tap, federation, 'op-power-b', 'cabinet')
        item = file_first(tap, federation)
        arrives(tap, federation, item)
        same_everywhere(tap, federation, item, (*PATH, 'op-power-a'))
        damage_stays(tap, federation, item)
        hops_named(tap, federation, item)
        second = stops_at_ministry(tap, federation)
        nowhere_else(tap, federation, item, second)
        resumed(tap, federation, item)
        remembered(tap, federation, item)


main(test)
