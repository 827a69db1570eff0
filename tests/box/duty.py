# SPDX-License-Identifier: Apache-2.0
"""Duties between real nodes: the ministry passes the Cabinet's alert on to its operators within four seconds.
One gets it in time; one is down, is overdue through a restart of the ministry, and is met late; one may not have it, and
reads "blocked", never overdue. A question is answered in time, another one is not, and both ends see it.
"""
import json
import re
import signal

from kairan_box import lab, main, program, run, wait_until

WITHIN_S = 4


def renew_short(tap, federation):
    """The same agreement with short times, as its next version."""
    ministry, cabinet = federation['min-energy'], federation['cabinet']
    terms, proposal, accepted = (f'{federation.root}/{name}' for name in ('terms.conf', 'proposed.kagree', 'accepted.kagree'))
    ministry.run('agree', 'draft', '--with', 'cabinet', '--preset', 'ministry-cabinet', '--as', 'ministry', '-o', terms)
    row = next(row for row in ministry.ask('agree', 'list').json['agreements'] if row['name'] == 'cabinet')
    with open(terms, encoding='utf-8') as file:
        text = file.read()
    text = re.sub(r'within = "\w+"', f'within = "{WITHIN_S}s"', text)
    text = text.replace('serial = 1;', 'serial = 2;', 1).replace('predecessor = "";', f'predecessor = "{row["agreement"]}";', 1)
    with open(terms, 'w', encoding='utf-8') as file:
        file.write(text)
    steps = [ministry.run('agree', 'propose', terms, '-o', proposal), cabinet.run('agree', 'accept', proposal, '-o', accepted),
             ministry.run('agree', 'import', accepted)]
    tap.ok(all(step.code == 0 for step in steps), 'ministry and cabinet renew their agreement with short times', steps)
    tap.ok(wait_until(lambda: duties(cabinet) is not None, 10) is not None, 'cabinet answers')


def duties(node, *options):
    return node.ask('duty', *options).json['duties']


def of(node, item, target=None, side='ours'):
    """The duties about an item, by the name of whom they are owed to."""
    return [row for row in duties(node, '--all') if row['id'] == item and row['side'] == side
            and (target is None or row['target_name'] == target)]


def state(node, item, target=None, side='ours'):
    return [row['state'] for row in of(node, item, target, side)]


def reaches(tap, node, item, target, wanted, what, side='ours', seconds=20):
    took = wait_until(lambda: state(node, item, target, side) == [wanted], seconds)
    return tap.ok(took is not None, what, json.dumps(of(node, item, target, side), indent=1))


def alert(tap, federation, title, *label):
    answer = federation['cabinet'].ask(
        'file', 'alert', *label, '--confirm', 'live', '--valid', '2d', '--set', f'title={title}', '--set', 'text=Treat them as hostile.', '--set',
        'basis=suspected', '--set', 'certainty=probable', '--set', 'scope=all', '--set', 'action=none', '--set', 'valid-until=+2d')
    tap.ok(answer.code == 0, f'cabinet issues an alert: {title}', answer)
    return answer.json['id']


def events(node, item):
    out = node.ask('watch', '--once', '--after', '0.0').out.decode()
    rows = [json.loads(line) for line in out.splitlines() if line.strip()]
    return [(row['what'], row.get('name')) for row in rows if row['event'] == 'duty' and row['id'] == item]


def passed_on(tap, federation):
    ministry = federation['min-energy']
    federation['op-power-a'].stop()
    item = alert(tap, federation, 'Maintenance accounts are misused', '--tlp', 'AMBER', '--audience',
                 'org:min-energy,community:cep-power/power')
    reaches(tap, ministry, item, 'op-power-b', 'met', 'op-power-b has it: the ministry met that duty')
    tap.ok(not of(ministry, item, 'op-power-b')[0]['late'], 'in time')
    reaches(tap, ministry, item, 'op-power-a', 'overdue', 'op-power-a is down: that one becomes overdue')
    reaches(tap, federation['cabinet'], item, None, 'unseen', 'cabinet expects it, and says that it cannot see it', side='theirs')
    tap.same(duties(ministry)[0]['state'], 'overdue', 'what is overdue stands first')
    status = ministry.ask('status')
    tap.ok(status.code == 10 and {11, 12} <= set(status.json['exits']), 'status says first that the alert waits for a person', status)
    seen = ministry.ask('ack', item, '--level', 'received')
    status = ministry.ask('status')
    tap.ok(seen.code == 0 and status.code == 11 and status.json['exits'][0] == 11 and 12 in status.json['exits'],
           'acknowledged, it exits 11, and says that the link is down as well', status)
    tap.same(status.json['duties']['overdue'], 1, 'and counts it')
    tap.ok(b'kairan_duties_overdue 1\n' in ministry.run('status', '--metrics').out, 'and so do the metrics')
    return item


def asleep(tap, federation, item):
    """Read with the node down; a restart neither loses it nor says it again."""
    ministry = federation['min-energy']
    ministry.stop(signal.SIGKILL)
    tap.same(state(ministry, item, 'op-power-a'), ['overdue'], 'with the ministry down it can be read')
    second = ministry.run('duty', '--open', '--org', 'op-power-a')
    tap.ok(second.code == 0 and b'OVERDUE  we pass it on to op-power-a' in second.out, 'and in words', second)
    ja = run([program('KAIRAN'), '--dir', ministry.path, '--lang', 'ja', 'duty', '--open'])
    tap.ok('期限超過' in ja.out.decode(), 'in Japanese too', ja)
    federation.up()
    reaches(tap, ministry, item, 'op-power-a', 'met', 'up again, op-power-a gets it, and the duty is met', seconds=60)
    tap.ok(of(ministry, item, 'op-power-a')[0]['late'], 'late')
    tap.same([what for what, name in events(ministry, item) if name == 'op-power-a'], ['duty-due', 'duty-overdue', 'duty-met'],
             'watch told each step once')
    lines = ministry.run('--lines', 'duty', '--all').out.decode().splitlines()
    tap.ok(all(line.count('\t') == 11 for line in lines) and len(lines) >= 2, 'a line each for scripts', lines)


def blocked(tap, federation):
    ministry = federation['min-energy']
    item = alert(tap, federation, 'For the ministry alone', '--tlp', 'RED', '--audience', 'org:min-energy')
    reaches(tap, ministry, item, 'op-power-b', 'blocked', 'what the label forbids is blocked')
    tap.ok(wait_until(lambda: False, WITHIN_S + 3) is None and state(ministry, item, 'op-power-b') == ['blocked'], 'and does not become overdue')
    row = of(ministry, item, 'op-power-b')[0]
    tap.ok(row['blocked_by'] == 'label' and row['rule'] and row['text'] and row['opens']['what'] == 'release', 'it names the rule, and what opens it', row)
    back = federation['cabinet'].ask('retract', item, '--reason', 'false-alarm', '--confirm', 'live')
    tap.ok(back.code == 0, 'cabinet takes it back', back)
    reaches(tap, ministry, item, 'op-power-b', 'ended', 'and the duty ends')
    tap.same(of(ministry, item, 'op-power-b')[0]['rule'], 'retracted', 'saying why')


def answered(tap, federation):
    ministry, cabinet = federation['min-energy'], federation['cabinet']
    ask = ['file', 'rfi', '--tlp', 'RED', '--audience', 'org:min-energy', '--set', 'question=Who sees this?', '--set', 'due=+1d']
    first, second = (cabinet.ask(*ask, '--set', f'title={title}').json['id'] for title in ('First question', 'Second question'))
    took = wait_until(lambda: first in ministry.ids(), 10)
    reply = ministry.ask('file', 'rfi-reply', '--tlp', 'RED', '--audience', 'org:cabinet', '--set', 'title=None here', '--set',
                         f'question={first}', '--set', 'state=none-observed')
    tap.ok(took is not None and reply.code == 0, 'the ministry answers one of two questions', reply)
    reaches(tap, ministry, first, 'cabinet', 'met', 'which meets that duty there')
    reaches(tap, cabinet, first, None, 'met', 'and at cabinet', side='theirs')
    tap.same(of(ministry, first, 'cabinet')[0]['answer'], reply.json['id'], 'by that answer')
    reaches(tap, ministry, second, 'cabinet', 'overdue', 'the other one becomes overdue there')
    reaches(tap, cabinet, second, None, 'overdue', 'and at cabinet', side='theirs')
    status = cabinet.ask('status')
    tap.ok(status.json['duties']['overdue_to_us'] == 1 and 11 not in status.json['exits'], 'which is counted apart', status)


def sound(tap, federation):
    for name in ('min-energy', 'cabinet'):
        answer = federation[name].ask('check')
        tap.ok(answer.code == 0, f'the store of {name} is sound', answer)


def test(tap):
    with lab(tap) as federation:
        renew_short(tap, federation)
        item = passed_on(tap, federation)
        asleep(tap, federation, item)
        blocked(tap, federation)
        answered(tap, federation)
        sound(tap, federation)


main(test)
