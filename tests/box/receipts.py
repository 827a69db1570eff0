# SPDX-License-Identifier: Apache-2.0
"""Receipts in the reference federation: an alert of the cabinet's goes down, people acknowledge it, and each hop
learns how far its own partners are, with counts and no names of those behind them.
"""
import signal

from kairan_box import lab, main, present, program, run, wait_until

FIELDS = {'title': 'Attack on remote maintenance under way', 'text': 'Close remote maintenance.', 'basis': 'occurred',
          'certainty': 'confirmed', 'scope': 'jp-seed7:pow', 'action': 'disconnect remote maintenance',
          'valid-until': '2099-01-01T00:00:00Z'}
MEMBERS = ('op-power-a', 'op-power-b', 'cep-power')


def knows(node, item):
    """org → how far it is, as the node has it."""
    return {row['name']: row for row in node.ask('who-knows', item).json['knows']}


def level(node, item, org):
    return knows(node, item).get(org, {}).get('level')


def counts(federation, item, at='cabinet', of='min-energy'):
    return knows(federation[at], item).get(of, {}).get('forwarded') or {}


def file_alert(tap, federation):
    values = [word for name, value in FIELDS.items() for word in ('--set', f'{name}={value}')]
    answer = federation['cabinet'].ask('file', 'alert', '--tlp', 'AMBER', '--audience',
                                       'org:min-energy,org:min-comm,community:cep-power/power', '--urgency', 'now',
                                       '--confirm', 'live', *values)
    tap.ok(answer.code == 0, 'cabinet files an alert for both ministries and the community', answer)
    return answer.json['id']


def delivered(tap, federation, item):
    for org in ('min-energy', 'min-comm'):
        tap.ok(wait_until(lambda org=org: level(federation['cabinet'], item, org) == 'delivered', 30) is not None,
               f'cabinet has the word of {org} that it is there', knows(federation['cabinet'], item))

    def passed_on():
        now = counts(federation, item)
        return now.get('members') == now.get('delivered') == len(MEMBERS)
    tap.ok(wait_until(passed_on, 30) is not None, 'and that all three of its constituency have it', counts(federation, item))
    for org in MEMBERS:
        tap.ok(level(federation['min-energy'], item, org) == 'delivered', f'min-energy knows it of {org} by name')
    tap.ok(not {'op-power-a', 'op-power-b'} & set(knows(federation['cabinet'], item)), 'cabinet knows nothing of the operators by name',
           sorted(knows(federation['cabinet'], item)))


def waits(tap, federation, item):
    node = federation['op-power-a']
    tap.same([row['id'] for row in node.list('--unacked')], [item], 'op-power-a lists it as not acknowledged')
    status = node.ask('status')
    tap.ok(status.code == 10 and status.json['alerts_waiting'] == [item], 'and its status ends with 10', status)
    tap.ok(federation['cabinet'].ask('status').code != 10, 'at cabinet, whose own it is, no person is waited for')


def acknowledged(tap, federation, item):
    node = federation['op-power-a']
    tap.ok(node.ask('ack', item, '--level', 'seen').code == 0, 'op-power-a: seen')
    tap.ok(node.ask('status').code == 10, 'seen is not received')
    answer = node.ask('ack', item, '--action', 'affected', '--note', 'two gateways', '--role', 'duty')
    tap.ok(answer.code == 0 and answer.json['state'] == 'affected', 'op-power-a: affected', answer)
    tap.ok(node.ask('status').code != 10 and not node.list('--unacked'), 'nobody is waited for any more')

    def told():
        row = knows(federation['min-energy'], item)['op-power-a']
        return (row['level'], row['action'], row['note'], row['role']) == ('action', 'affected', 'two gateways', 'duty')
    tap.ok(wait_until(told, 10) is not None, 'min-energy is told, with the note', knows(federation['min-energy'], item))
    rows = {row['name']: row for row in federation['min-energy'].ask('show', item).json['receipts']}
    tap.ok(rows['op-power-a']['action'] == 'affected', 'show has it too', rows)

    def counted():
        now = counts(federation, item)
        return (now.get('seen'), now.get('received'), now.get('action')) == (1, 1, 1)
    tap.ok(wait_until(counted, 20) is not None, 'cabinet learns that one of three acts', counts(federation, item))
    lines = federation['min-energy'].run('--json', 'watch', '--after', '0.0', '--once').out.decode()
    tap.ok('"event":"receipt"' in lines.replace(' ', ''), 'watch tells of it')


def over_a_restart(tap, federation, item):
    """Said while nobody listens, and told when somebody does."""
    federation['min-energy'].stop(signal.SIGKILL)
    answer = federation['op-power-b'].ask('ack', item, '--level', 'received')
    tap.ok(answer.code == 0, 'op-power-b acknowledges while min-energy is dead', answer)
    answer = federation['op-power-b'].ask('ack', item, '--level', 'seen')
    tap.ok(answer.code == 0, 'and says less afterwards, which takes nothing back', answer)
    federation.up()
    tap.ok(wait_until(lambda: level(federation['min-energy'], item, 'op-power-b') == 'received', 60) is not None,
           'min-energy is told after its restart', knows(federation['min-energy'], item))
    tap.ok(wait_until(lambda: counts(federation, item).get('received') == 2, 60) is not None,
           'and cabinet counts two', counts(federation, item))


def by_telephone(tap, federation, item):
    answer = federation['min-energy'].ask('attest', item, '--org', 'cep-power', '--note', 'Sato, duty desk')
    tap.ok(answer.code == 0, 'min-energy logs a telephone confirmation of cep-power', answer)
    row = knows(federation['min-energy'], item)['cep-power']
    tap.ok(row['level'] == 'delivered' and row['attested'] == 'Sato, duty desk', 'it stands beside the receipt, not in it', row)
    tap.ok(wait_until(lambda: counts(federation, item).get('attested') == 1, 20) is not None,
           'cabinet counts it apart', counts(federation, item))
    tap.same(counts(federation, item).get('received'), 2, 'as no receipt')


def refused(tap, federation, item):
    for name, args, code in (('its own item', ('cabinet', 'ack', item, '--level', 'seen'), 1),
                             ('what is not held', ('foreign-cert', 'ack', item, '--level', 'seen'), 4),
                             ('an action without a name', ('op-power-a', 'ack', item, '--level', 'action'), 3),
                             ('a level that is none', ('op-power-a', 'ack', item, '--level', 'delivered'), 3),
                             ('an org that nobody knows', ('cabinet', 'attest', item, '--org', 'nobody'), 3)):
        answer = federation[args[0]].ask(*args[1:])
        tap.ok(answer.code in (code, 4) and answer.err, f'refused: {name}', answer)
    japanese = run([program('KAIRAN'), '--dir', federation['cabinet'].path, '--lang', 'ja', 'ack', item, '--level', 'seen'])
    tap.ok('自組織の情報' in japanese.err.decode(), 'in Japanese as well', japanese)


def no_names(tap, federation, item):
    ids = {name: federation[name].ask('status').json['org'] for name in MEMBERS}
    frames = federation.frames()
    cabinet = federation['cabinet'].dump()
    tap.ok(cabinet and 'cabinet' in frames, 'there is something to search')
    rows = federation['cabinet'].ask('show', item).json['receipts']
    for name in ('op-power-a', 'op-power-b'):
        tap.ok(all(row['org'] != ids[name] for row in rows), f'no receipt of {name} is at cabinet', rows)
    tap.ok(not present({b'two gateways'.hex().encode()}, [frames['cabinet'], cabinet]), 'no note of theirs crossed to cabinet')


def test(tap):
    with lab(tap) as federation:
        item = file_alert(tap, federation)
        delivered(tap, federation, item)
        waits(tap, federation, item)
        acknowledged(tap, federation, item)
        over_a_restart(tap, federation, item)
        by_telephone(tap, federation, item)
        refused(tap, federation, item)
        no_names(tap, federation, item)
        for name in ('cabinet', 'min-energy', 'op-power-a'):
            answer = federation[name].ask('check')
            tap.ok(answer.code == 0, f'the store of {name} is sound', answer)


main(test)
