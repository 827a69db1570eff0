# SPDX-License-Identifier: Apache-2.0
"""With every node down, whatever reads still answers, and the same; whatever writes says that the node
cannot be reached, and keeps what was written.
"""
import os

from kairan_box import SAMPLES, lab, main, wait_until

AUDIENCE = ('--tlp', 'AMBER', '--audience', 'community:cep-power/power')
READER, WRITER, OTHER = 'op-power-b', 'op-power-a', 'cep-power'
UNREACHABLE = 2
# What only a running node knows, or what the clock alone changes.
PASSING = {'at', 'link', 'last_heard', 'lag', 'queued', 'in_flight_bytes', 'endpoint', 'down_reason', 'last_error', 'clock_skew_ms',
           'received_items', 'sent_items', 'refused', 'call'}


def without(value, names):
    if isinstance(value, dict):
        return {name: without(what, names) for name, what in value.items() if name not in names}
    return [without(what, names) for what in value] if isinstance(value, list) else value


def secinfo(title, *more, audience=AUDIENCE):
    return ('file', 'secinfo', '--set', f'title={title}', '--set', 'text=Seen twice this week.', '--set', 'subtype=lesson', '--set',
            'action=none', *audience, *more)


def reading(item):
    """Verb → what of its answer may differ between an up and a down node."""
    return {
        ('list',): (), ('list', '--kind', 'secinfo', '--tlp', 'AMBER', '--origin', WRITER, '--since', '1h'): (),
        ('list', '--sector', 'jp-seed7:pow'): (), ('list', '--text', 'twice week'): (), ('search', 'twice', 'week'): (),
        ('show', item): (), ('show', item[:8]): (), ('thread', item): (), ('show', item, '--history'): (),
        ('explain', item): ('at', 'delivery', 'call'), ('explain', item, WRITER): ('at', 'delivery', 'call'), ('verify', item): (), ('verify', '--all'): (),
        ('watch', '--once', '--after', '0.0'): (), ('check',): (), ('card', 'list'): (), ('agree', 'list'): (), ('agree', 'show', WRITER): (),
        ('member', 'list'): (), ('peers',): PASSING, ('draft', 'list'): (),
        ('journal', 'list'): (), ('journal', 'list', '--id', item): (), ('journal', 'verify'): (),
    }


def answers(node, verbs):
    return {verb: node.ask(*verb) for verb in verbs}


def settled(federation, item):
    """Nothing is under way any more: the answers will not change by themselves."""
    def quiet(node):
        rows = node.ask('explain', item).json['pairs']
        receipts = node.ask('show', item).json['receipts']
        told = {row['org'] for row in receipts}
        return all(row['delivery'] != 'sent' and row['delivery'] != 'queued' and (row['delivery'] != 'stored' or row['org'] in told)
                   for row in rows if row.get('direction', 'out') == 'out')
    return all(quiet(federation[name]) for name in (WRITER, READER))


def compare(tap, before, after, verbs):
    for verb, passing in verbs.items():
        name = ' '.join(word if len(word) < 20 else 'ID' for word in verb)
        up, down = before[verb], after[verb]
        tap.ok(up.code == 0, f'{name}: answers while the node is up', up)
        if verb[0] == 'watch':
            tap.ok(down.code == 0 and down.out == up.out and up.out, f'{name}: the same while it is down', down)
        else:
            tap.ok(down.code == 0 and without(down.json, passing) == without(up.json, passing), f'{name}: the same while it is down',
                   f'{up}\n{down}')


def writes(tap, federation, item):
    node = federation[WRITER]
    for verb in (secinfo('Kept'), ('revise', item, '--set', 'title=Kept too'), ('retract', item, '--reason', 'false-alarm')):
        count = len(node.ask('draft', 'list').json['drafts'])
        answer = node.ask(*verb)
        drafts = node.ask('draft', 'list').json['drafts']
        tap.ok(answer.code == UNREACHABLE and len(drafts) == count + 1, f'{verb[0]}: exit code 2, and a draft is kept', answer)
        tap.ok(any(draft['name'].encode() in answer.err for draft in drafts), f'{verb[0]}: names the draft', answer)
    for verb in (secinfo('Dry', '--dry-run'), ('import', 'csaf', os.path.join(SAMPLES, 'history', 'sc-2025-102'), *AUDIENCE), ('agree', 'suspend', READER),
                 ('draft', 'send', node.ask('draft', 'list').json['drafts'][0]['name'])):
        count = len(node.ask('draft', 'list').json['drafts'])
        answer = node.ask(*verb)
        tap.ok(answer.code == UNREACHABLE and answer.err.startswith(b'kairan: '), f'{" ".join(verb[:2])}: exit code 2 and says so', answer)
        tap.same(len(node.ask('draft', 'list').json['drafts']), count, f'{" ".join(verb[:2])}: no draft more or less')


def drafts_sent(tap, federation):
    node = federation[WRITER]
    kept = [draft['name'] for draft in node.ask('draft', 'list').json['drafts'] if draft['title'] == 'Kept']
    answer = node.ask('draft', 'send', *kept)
    tap.ok(len(kept) == 1 and answer.code == 0, 'with the node up again the draft is sent', answer)
    item = answer.json['id']
    tap.ok(wait_until(lambda: item in federation[READER].ids(), 30) is not None, 'and arrives')
    for draft in node.ask('draft', 'list').json['drafts']:
        tap.same(node.ask('draft', 'drop', draft['name']).code, 0, 'another one is dropped')
    tap.same(node.ask('draft', 'list').json['drafts'], [], 'no draft is left')


def narrowed(tap, federation):
    """A revision for fewer than had what it replaces (that was CLEAR: other labels stay): who is left with it is named."""
    writer, reader = federation[WRITER], federation[READER]
    everybody = ('--tlp', 'CLEAR')
    item = writer.ask(*secinfo('For all', audience=everybody)).json['id']
    tap.ok(wait_until(lambda: item in reader.ids(), 30) is not None, 'an item for all is there')
    tap.ok(wait_until(lambda: settled(federation, item), 30) is not None, 'and its receipt is here')
    for dry in ((), ('--dry-run',)):
        answer = writer.ask('revise', item, '--set', 'title=For all still', *everybody, *dry)
        tap.ok(answer.code == 0 and answer.json['unreached'] == [], 'revised for all: nobody is left out', answer)
        item = item if dry else answer.json['id']
    tap.ok(wait_until(lambda: settled(federation, item), 30) is not None, 'the revision is there')
    answer = writer.ask('revise', item, '--set', 'title=For one', '--tlp', 'AMBER', '--audience', 'org:' + OTHER)
    left = [row for row in answer.json['unreached'] if row['has_earlier']] if answer.code == 0 else []
    names = {row['name'] for row in left if row['why'] == 'audience'}
    tap.ok(READER in names and OTHER not in names and len(names) == len(left), 'revised for one: who has the old one is named', answer)
    answer = writer.ask('revise', answer.json['id'], '--set', 'title=For one again')
    tap.ok(answer.code == 0 and not any(row['has_earlier'] for row in answer.json['unreached']), 'and not again: that one it never had', answer)


def away(tap, federation, item):
    """One of many is down: whoever writes is told whom he does not reach, who is named or not."""
    writer, reader = federation[WRITER], federation[READER]
    answer = writer.ask(*secinfo('To all'))
    tap.same(answer.json['unreached'], [], 'all are reached')
    reader.stop()
    links = lambda: {row['name']: row['link'] for row in writer.ask('peers').json['peers']}
    tap.ok(wait_until(lambda: links()[READER] == 'down', 30) is not None, f'{READER} is away')
    for what, verb in (('file', secinfo('To all but one')), ('retract', ('retract', item, '--reason', 'false-alarm', '--dry-run')),
                       ('retract', ('retract', item, '--reason', 'false-alarm'))):
        answer = writer.ask(*verb)
        rows = {row['name']: row for row in answer.json['unreached']} if answer.code == 0 else {}
        tap.ok(set(rows) == {READER} and rows[READER]['why'] == 'link-down' and rows[READER]['call'], f'{what}: says so, and whom to telephone', answer)

def test(tap):
    with lab(tap) as federation:
        writer, reader = federation[WRITER], federation[READER]
        folder = os.path.join(SAMPLES, 'advisories')
        tap.same(writer.ask('import', 'csaf', folder, *AUDIENCE).code, 0, 'documents are imported')
        item = writer.ask(*secinfo('Something to read')).json['id']
        tap.ok(wait_until(lambda: reader.ids() == writer.ids(), 30) is not None, 'the reader has them')
        tap.ok(wait_until(lambda: settled(federation, item), 30) is not None, 'and the writer knows that it has')
        verbs = reading(item)
        before = answers(reader, verbs)
        out = os.path.join(federation.root, 'part')
        federation.down()
        tap.ok(all(node.pid() == 0 for node in federation.nodes.values()), 'every node is down')
        compare(tap, before, answers(reader, verbs), verbs)
        document = reader.list('--text', 'historian')[0]['id']
        tap.ok(reader.run('show', document, '--part', 'csaf', '-o', out).code == 0, 'a part is exported while the node is down')
        with open(out, 'rb') as got, open(os.path.join(folder, 'sc-2026-002.json'), 'rb') as wanted:
            tap.ok(got.read() == wanted.read(), 'byte for byte')
        tap.same(reader.ask('show', 'aaaaaaaaaaaaaaaa').code, 4, 'what is not there is not found')
        status = reader.ask('status')
        tap.ok(status.code == UNREACHABLE or status.json, 'status answers too', status)
        writes(tap, federation, item)
        federation.up()
        drafts_sent(tap, federation)
        narrowed(tap, federation)
        away(tap, federation, item)


main(test)
