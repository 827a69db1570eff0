# SPDX-License-Identifier: Apache-2.0
"""A label forbids what is needed: who holds the advisory asks its origin, and the origin opens one part for one more org.
An alert of two signers goes when the second one has signed.
"""
import os
import re
import time

from kairan_box import NODES, lab, main, wait_until

FIELDS = ('--set', 'title=Firmware of feeder relays', '--set', 'text=What is known so far.', '--set', 'subtype=vulnerability',
          '--set', 'action=none')
ALERT = ('--set', 'title=Relays are being reset', '--set', 'basis=occurred', '--set', 'certainty=confirmed',
         '--set', 'scope=feeders', '--set', 'action=Disconnect them.', '--set', 'valid-until=+1d')
METHOD = 'The service port answers without a password.'


def knows(federation, node, org):
    """To name an organisation that one has no agreement with, one needs its card."""
    card = os.path.join(federation.root, f'{org}.kcard')
    federation[org].run('card', 'export', '-o', card)
    fingerprint = federation[org].ask('card', 'show', card).json['fingerprint']
    federation[node].ask('card', 'import', card, '--fingerprint', fingerprint, '--as', org)


def held(node, item):
    if item not in node.ids():
        return set()
    return {part['name'] for part in node.ask('show', item).json['parts'] if part['state'] == 'held'}


def file_closed(tap, federation):
    method = os.path.join(federation.root, 'method.txt')
    with open(method, 'w', encoding='ascii') as file:
        file.write(METHOD)
    answer = federation['op-power-a'].ask('file', 'secinfo', '--tlp', 'AMBER+STRICT', '--audience', 'org:min-energy', *FIELDS,
                                          '--part', f'method:AMBER+STRICT:text/plain={method}')
    if not tap.ok(answer.code == 0, 'op-power-a files it for min-energy alone', answer):
        raise AssertionError('nothing was filed')
    item = answer.json['id']
    tap.ok(wait_until(lambda: held(federation['min-energy'], item) == {'main', 'method'}, 30) is not None,
           'min-energy has both parts')
    return item


def asks(tap, federation, item):
    answer = federation['min-energy'].ask('release', 'grant', item, '--to', 'CLEAR')
    tap.ok(answer.code == 1, 'min-energy cannot open it itself', answer)
    answer = federation['min-energy'].ask('release', 'request', item, '--part', 'method', '--for', 'org:cabinet',
                                          '--note', 'cabinet must see how')
    if not tap.ok(answer.code == 0, 'min-energy asks for one part', answer):
        raise AssertionError('nothing was asked')
    request = answer.json['id']
    origin = federation['op-power-a']
    tap.ok(wait_until(lambda: request in [row['id'] for row in origin.list('--kind', 'release')], 30) is not None,
           'op-power-a sees the request in its list')
    for name in sorted(set(NODES) - {'op-power-a', 'min-energy'}):
        tap.ok(request not in federation[name].ids(), f'{name} hears nothing of it')
    return request


def grants(tap, federation, item, request):
    origin = federation['op-power-a']
    answer = origin.ask('release', 'grant', request)
    tap.ok(answer.code == 0 and answer.json['id'] == item, 'op-power-a grants what was asked for', answer)
    cabinet = federation['cabinet']
    tap.ok(wait_until(lambda: held(cabinet, item) == {'method'}, 30) is not None, 'cabinet gets that part, and no other',
           held(cabinet, item))
    tap.same(cabinet.run('show', item, '--part', 'method').out, METHOD.encode(), 'cabinet reads it')
    for name in sorted(set(NODES) - {'op-power-a', 'min-energy', 'cabinet'}):
        tap.ok(item not in federation[name].ids(), f'{name} does not get it')
    releases = cabinet.ask('show', item).json['releases']
    tap.same([row['part'] for row in releases], ['method'], 'cabinet sees what was released')
    rows = federation['min-energy'].ask('explain', item, 'cabinet').json['pairs']
    parts = {part['name']: part['rule'] for row in rows for part in row['parts'] if row['direction'] == 'out'}
    tap.same(parts.get('method'), 'release', 'min-energy names the rule')
    tap.ok(parts.get('main') != 'release', 'which says nothing of the other part', parts)


def refuses(tap, federation, item):
    answer = federation['min-energy'].ask('release', 'request', item, '--for', 'org:cabinet')
    request = answer.json['id']
    origin = federation['op-power-a']
    wait_until(lambda: request in origin.ids(), 30)
    answer = origin.ask('release', 'refuse', request, '--note', 'not before noon')
    if not tap.ok(answer.code == 0, 'op-power-a refuses another', answer):
        return
    refusal = answer.json['id']
    tap.ok(wait_until(lambda: refusal in federation['min-energy'].ids(), 30) is not None, 'min-energy is told so')
    tap.same(federation['min-energy'].ask('show', refusal).json['parts'][0]['content']['text'], 'not before noon', 'and why')


def ask_for_two(tap, federation, one, other):
    """The two agree anew, and ask for two signatures on an alert."""
    terms, proposal, accepted = (os.path.join(federation.root, name) for name in ('terms.conf', 'p.kagree', 'a.kagree'))
    shown = federation[one].ask('agree', 'show', other).json
    text = re.sub(r'(?m)^serial = \d+', f'serial = {shown["serial"] + 1}', shown['terms'])
    text = re.sub(r'(?m)^predecessor = "[^"]*"', f'predecessor = "{shown["agreement"]}"', text)
    text = re.sub(r'(?m)^signers = 1', 'signers = 2', text)
    with open(terms, 'w', encoding='utf-8') as file:
        file.write(text)
    steps = [federation[one].run('agree', 'propose', terms, '-o', proposal),
             federation[other].run('agree', 'accept', proposal, '-o', accepted),
             federation[one].run('agree', 'import', accepted)]
    for answer in steps:
        tap.ok(answer.code == 0, f'{one} and {other} agree on two signers', answer)


def two_signers(tap, federation):
    ask_for_two(tap, federation, 'cabinet', 'min-comm')
    cabinet, receivers = federation['cabinet'], ('min-comm', 'min-energy')
    answer = cabinet.ask('file', 'alert', '--confirm', 'live', '--tlp', 'AMBER', '--audience',
                         'org:min-comm,org:min-energy', *ALERT)
    if not tap.ok(answer.code == 0 and answer.json['unsigned'], 'an alert is filed, and waits', answer):
        return
    alert = answer.json['id']
    tap.same([row['state'] for row in cabinet.list('--kind', 'alert')], ['unsigned'], 'the list says so')
    tap.same(cabinet.ask('status').json['unsigned'], 1, 'status counts it')
    time.sleep(2)
    for name in receivers:
        tap.ok(alert not in federation[name].ids(), f'{name} has nothing of it')
    answer = cabinet.ask('sign', alert, '--as', 'decider', '--confirm', 'live')
    tap.ok(answer.code == 0, 'the decider signs', answer)
    for name in receivers:
        tap.ok(wait_until(lambda name=name: alert in federation[name].ids(), 30) is not None, f'{name} gets it')
        tap.same(sorted(row['role'] for row in federation[name].ask('show', alert).json['signatures']), ['decider', 'duty'],
                 f'{name} sees two signatures')
    tap.same(cabinet.ask('status').json['unsigned'], 0, 'and nothing waits any more')


def test(tap):
    with lab(tap) as federation:
        knows(federation, 'min-energy', 'op-power-a')
        item = file_closed(tap, federation)
        request = asks(tap, federation, item)
        grants(tap, federation, item, request)
        refuses(tap, federation, item)
        two_signers(tap, federation)


main(test)
