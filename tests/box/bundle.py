# SPDX-License-Identifier: Apache-2.0
"""Two nodes that no link ever joins: cards, the agreement, advisories and receipts go from hand to hand as files. What is
taken is on the disk before it is said to be; what was used, changed or cut is refused by name; one side's word comes back.
"""
import os
import signal
import subprocess

from kairan_box import Node, folder, free_port, main, program, wait_until

DONE, REFUSED, UNREACHABLE, USAGE, NOTHING = 0, 1, 2, 3, 4


class Closed(Node):
    """A node that listens where nobody is told of."""

    def __init__(self, root, name):
        super().__init__(name, os.path.join(root, name))
        self.process = self.log = None
        done = self.run('init', '--name', name, '--country', 'JP', '--sector', 'jp-seed7:pow', '--listen', f'tcp://127.0.0.1:{free_port()}')
        if done.code != 0:
            raise AssertionError(f'init: {done}')

    def start(self):
        self.log = open(self.path + '.log', 'ab')
        self.process = subprocess.Popen([program('KAIRAND'), '--dir', self.path], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        if wait_until(lambda: self.ask('peers').code == DONE and self.ask('member', 'list').code == DONE
                      and self.ask('status').code != UNREACHABLE, 15) is None:
            raise AssertionError(f'{self.name} does not come up')

    def end(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            self.process.wait(20)
            self.log.close()
        self.process = None


def join(root, one, other):
    def path(name):
        return os.path.join(root, name)

    def must(node, *args):
        answer = node.run(*args)
        if answer.code != 0:
            raise AssertionError(f'{args}: {answer}')

    for mine, theirs in ((one, other), (other, one)):
        card = path(f'{theirs.name}.kcard')
        must(theirs, 'card', 'export', '-o', card)
        must(mine, 'card', 'import', card, '--fingerprint', theirs.ask('card', 'show', card).json['fingerprint'], '--as', theirs.name)
    must(one, 'agree', 'draft', '--with', other.name, '--preset', 'operator-operator', '--as', 'operator', '-o', path('terms'))
    must(one, 'agree', 'propose', path('terms'), '-o', path('1.kagree'))
    must(other, 'agree', 'accept', path('1.kagree'), '-o', path('2.kagree'))
    must(one, 'agree', 'import', path('2.kagree'))


def secinfo(node, title, *more):
    answer = node.ask('file', 'secinfo', '--set', f'title={title}', '--set', 'text=Seen twice this week.', '--set', 'subtype=lesson', '--set',
                      'action=none', '--tlp', 'AMBER', '--audience', 'org:inside' if node.name == 'outside' else 'org:outside', *more)
    return answer.json['id']


def damaged(path, edit):
    with open(path, encoding='ascii') as file:
        text = file.read()
    other = path + '.damaged'
    with open(other, 'w', encoding='ascii') as file:
        file.write(edit(text))
    return other


def there_and_back(tap, root, out, inside):
    def path(name):
        return os.path.join(root, name)

    none = out.ask('export', 'bundle', '--to', 'inside', '-o', path('none'))
    tap.ok(none.code == NOTHING and not os.path.exists(path('none')), 'where nothing is new there is no file', none)
    item = secinfo(out, 'A lesson for the plant', '--part', f'log:AMBER:text/plain={__file__}')
    wrote = out.ask('export', 'bundle', '--to', 'inside', '-o', path('1.kbundle'))
    tap.ok(wrote.code == DONE and wrote.json['bundles'][0]['items'] == 1, 'the lesson is written into a file', wrote)
    with open(path('1.kbundle'), 'rb') as file:
        text = file.read()
    tap.ok(text.startswith(b'-----BEGIN KAIRAN BUNDLE-----\n') and b'lesson' not in text, 'which is armour, and tells nothing')
    tap.same(os.stat(path('1.kbundle')).st_mode & 0o777, 0o600, 'what stands in the clear in it is nobody else\'s')
    pair = out.ask('explain', item, 'inside').json['pairs'][0]
    tap.ok(pair['delivery'] == 'sent' and pair['bundle'] == wrote.json['bundles'][0]['number'], 'explain names the file it went in', pair)
    for what, edit, code in (('one letter changed', lambda text: text.replace('A', 'B', 1) if text[70] != 'A' else text, USAGE),
                             ('its last lines missing', lambda text: text[:len(text) // 2], USAGE)):
        answer = inside.ask('import', 'bundle', damaged(path('1.kbundle'), edit))
        tap.ok(answer.code == code and not inside.ids(), f'a copy with {what} is no file', answer)
    own = out.ask('import', 'bundle', path('1.kbundle'))
    tap.ok(own.code == REFUSED, 'its writer does not take it', own)
    inside.end()
    down = inside.ask('import', 'bundle', path('1.kbundle'))
    tap.ok(down.code == UNREACHABLE, 'without the node nothing is taken', down)
    inside.start()
    took = inside.ask('import', 'bundle', path('1.kbundle'), '-o', path('answer.kbundle'))
    tap.ok(took.code == DONE and [(row['id'], row['state']) for row in took.json['items']] == [(item, 'new')], 'it is taken', took)
    inside.end(signal.SIGKILL)
    inside.start()
    tap.ok(inside.ids() == {item} and inside.ask('verify', item).code == DONE, 'and is there, whole, after a kill')
    again = inside.run('import', 'bundle', path('1.kbundle'))
    tap.ok(again.code == REFUSED and b'taken before' in again.err, 'a second time it is refused, by name', again)
    tap.ok(out.ask('explain', item, 'inside').json['pairs'][0]['delivery'] == 'sent', 'until the answer is there it counts as sent')
    back = out.ask('import', 'bundle', path('answer.kbundle'))
    tap.ok(back.code == DONE and back.json['bundles'][0]['settled'] == 1 and back.json['answer'] is None, 'the answer settles it', back)
    tap.ok(out.ask('explain', item, 'inside').json['pairs'][0]['delivery'] == 'stored', 'it is stored there')
    tap.same([(row['name'], row['level']) for row in out.ask('who-knows', item).json['knows'] if row['name'] == 'inside'],
             [('inside', 'delivered')], 'who-knows says so')
    tap.ok(out.ask('export', 'bundle', '--to', 'inside').code == NOTHING, 'and nothing is left to be written')
    return item


def words_and_more(tap, root, out, inside, item):
    def path(name):
        return os.path.join(root, name)

    tap.ok(inside.ask('ack', item, '--action', 'mitigated', '--note', 'changed at noon').code == DONE, 'the plant answers')
    question = secinfo(inside, 'What the plant saw')
    plain = inside.run('export', 'bundle', '--to', 'outside')
    tap.ok(plain.code == DONE and plain.out.startswith(b'-----BEGIN'), 'without -o the file is printed', plain)
    with open(path('2.kbundle'), 'wb') as file:
        file.write(b'From: the plant\r\n\r\n' + plain.out.replace(b'\n', b'\r\n'))
    nowhere = out.ask('import', 'bundle', path('2.kbundle'), '-o', path('no-folder/answer'))
    tap.ok(nowhere.code == USAGE and nowhere.json['items'][0]['id'] == question and nowhere.json['answer'] is None,
           'an answer that could not be written is not said to be there', nowhere)
    again = inside.run('export', 'bundle', '--to', 'outside')
    with open(path('2.kbundle'), 'wb') as file:
        file.write(b'From: the plant\r\n\r\n' + again.out.replace(b'\n', b'\r\n'))
    took = out.ask('import', 'bundle', path('2.kbundle'))
    tap.ok(took.code == DONE and took.json['items'][0]['id'] == question, 'a mail around it does no harm', took)
    tap.ok(took.json['answer'].startswith('-----BEGIN KAIRAN BUNDLE'), 'the answer is printed where no file is named')
    row = [row for row in out.ask('who-knows', item).json['knows'] if row['name'] == 'inside'][0]
    tap.ok((row['action'], row['note']) == ('mitigated', 'changed at noon'), 'the plant\'s word came out', row)
    for number in range(3):
        secinfo(out, f'Number {number}', '--part', f'bulk:AMBER:application/octet-stream={path("bulk")}')
    one = out.run('export', 'bundle', '--to', 'inside')
    tap.ok(one.code == USAGE and b'-o' in one.err, 'more than a file holds asks for -o', one)
    many = out.ask('export', 'bundle', '--to', 'inside', '-o', path('many.kbundle'))
    names = [row['file'] for row in many.json['bundles']]
    tap.same(names, [path('many.kbundle'), path('many-2.kbundle')], 'then there are two')
    took = inside.ask('import', 'bundle', *names, '-o', path('both.kbundle'))
    tap.ok(took.code == DONE and len(took.json['items']) == 3, 'both are taken at once', took)
    tap.ok(out.ask('import', 'bundle', path('both.kbundle')).json['bundles'][0]['settled'] == 3, 'and answered by one')
    for node in (out, inside):
        tap.ok(node.ask('check').code == DONE and node.ask('verify', '--all').code == DONE, f'{node.name}: the store is sound')
        tap.ok(node.ask('journal', 'verify').code == DONE, f'{node.name}: the journal is whole')
    events = {row['event'] for row in inside.ask('journal', 'list').json['entries']}
    tap.ok({'bundle-taken', 'bundle-refused', 'bundle-written'} <= events, 'the journal tells of all of it', events)


def test(tap):
    with folder() as root:
        with open(os.path.join(root, 'bulk'), 'wb') as file:
            file.write(os.urandom(900000))
        out, inside = Closed(root, 'outside'), Closed(root, 'inside')
        try:
            out.start()
            inside.start()
            join(root, out, inside)
            item = there_and_back(tap, root, out, inside)
            words_and_more(tap, root, out, inside, item)
        finally:
            out.end()
            inside.end()


main(test)
