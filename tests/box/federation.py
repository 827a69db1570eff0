# SPDX-License-Identifier: Apache-2.0
"""Real advisories in the reference federation: they reach whoever may hold them, whole and verified,
and nobody else gets one bit of them: not an id, a ciphertext, a wrap, a key, or a word.
"""
import glob
import json
import os
import sys
import time

from kairan_box import SAMPLES, NODES, dump_items, lab, main, present, wait_until, wraps_in

ORIGIN = 'op-power-a'
HOLDERS = ('op-power-b', 'cep-power')
FORBIDDEN = tuple(sorted(set(NODES) - {ORIGIN, *HOLDERS}))
AUDIENCE = ('--tlp', 'AMBER', '--audience', 'community:cep-power/power')


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def documents(folders):
    return sorted(path for folder in folders for path in glob.glob(os.path.join(folder, '**', '*.json'), recursive=True))


def texts_of(path):
    """What a reader of this document would see: its title and its longest lines of text."""
    raw = read(path)
    document = json.loads(raw)['document']
    lines = [line.strip() for note in document.get('notes', ()) for line in note['text'].splitlines()]
    lines = sorted((line for line in lines if len(line) >= 24), key=len, reverse=True)[:3]
    # What JSON writes with escapes is not in the document part as it is read.
    return {text.encode() for text in [document['title'], *lines] if len(text) >= 12 and text.encode() in raw}


def spread(tap, federation, count, started):
    origin = federation[ORIGIN].ids()
    tap.same(len(origin), count, f'{ORIGIN} holds one advisory a document')
    for name in HOLDERS:
        node = federation[name]
        took = wait_until(lambda node=node: len(node.list()) >= count, 60)
        tap.ok(took is not None and node.ids() == origin, f'{name} holds the same ids',
               f'{len(node.ids())} of {count}')
    tap.ok(time.monotonic() - started < 60, 'within a minute of the first', f'{time.monotonic() - started:.1f} s')
    tap.note(f'{count} documents: {time.monotonic() - started:.1f} s from the first import to the last holder')
    for name in FORBIDDEN:
        tap.same(federation[name].ids(), set(), f'{name} lists none')


def exported(tap, federation, items):
    for name in (ORIGIN, *HOLDERS):
        node = federation[name]
        wrong = []
        for item in items:
            out = os.path.join(federation.root, 'exported')
            if os.path.exists(out):
                os.unlink(out)
            answer = node.run('show', item['id'], '--part', 'csaf', '-o', out)
            if answer.code != 0 or read(out) != read(item['file']):
                wrong.append(f'{item["file"]}: {answer}')
        tap.ok(not wrong, f'{name} exports every document byte for byte', '\n'.join(wrong))
        answer = node.ask('verify', '--all')
        tap.ok(answer.code == 0, f'{name} verifies every signature and part', answer)


def needles_of(federation, frames, items, texts):
    """Hexadecimal: what must not be where it may not be, by its nature."""
    held = dump_items(federation[ORIGIN].dump())
    rows = [held[item['id']] for item in items]
    parts = [part for row in rows for part in row['parts']]
    wraps = set().union(*(wraps_in(frames[name]) for name in HOLDERS if name in frames))
    return {
        'id': {row['id'].encode() for row in rows},
        'ciphertext': {part['ciphertext'][:128].encode() for part in parts},
        'wrap': {wrap.encode() for wrap in wraps},
        'part key': {part['key'].encode() for part in parts},
        'opened text': {text.hex().encode() for text in texts},
    }


def confined(tap, federation, items, texts):
    frames = federation.frames()
    needles = needles_of(federation, frames, items, texts)
    everything = set().union(*needles.values())
    tap.ok(all(needles.values()) and len(needles['wrap']) >= 2 * len(items), 'there is something to look for',
           {kind: len(what) for kind, what in needles.items()})
    tap.ok('?' not in frames, 'every frame was for a node that is known')

    # That the search finds what is there.
    found = present(everything, [frames[name] for name in HOLDERS])
    for kind in ('id', 'ciphertext', 'wrap'):
        tap.same(len(needles[kind] - found), 0, f'control: every {kind} is in the frames to permitted nodes')
    for kind in ('part key', 'opened text'):
        tap.same(len(needles[kind] & found), 0, f'no {kind} is in them: keys and words do not cross a link readable')
    for name in HOLDERS:
        found = present(everything, [federation[name].dump()])
        for kind in ('id', 'ciphertext', 'part key', 'opened text'):
            tap.same(len(needles[kind] - found), 0, f'control: every {kind} is in the dump of {name}')

    for name in FORBIDDEN:
        if tap.ok(name in frames, f'frames to {name} were recorded'):
            tap.same(present(everything, [frames[name]]), set(), f'nothing of them is in a frame to {name}')
        tap.same(present(everything, [federation[name].dump()]), set(), f'nothing of them is in the store of {name}')


def sealed_at_rest(tap, federation, files, texts):
    tap.ok(len(present(texts, files)) > len(files), 'control: titles and texts are readable in the documents themselves')
    for name in (ORIGIN, *HOLDERS):
        disk = list(federation[name].files())
        tap.ok(any(path.endswith('data.mdb') for path in disk), f'the files of {name} are searched')
        tap.same(present(texts, disk), set(), f'no title and no text is readable on the disk of {name}')


def source_of(path):
    document = json.loads(read(path))['document']
    return document['publisher']['namespace'].lower(), document['tracking']['id'].strip().lower()


def expected_threads(before, files):
    """Source → its successive states, each different from the one before."""
    threads = {}
    for path in [*before, *files]:
        try:
            states = threads.setdefault(source_of(path), [])
        except UnicodeDecodeError:
            continue
        if not states or read(states[-1]) != read(path):
            states.append(path)
    return threads


def thread_is(node, items, states):
    """The thread of these states at this node: one head, the last; everything before it superseded."""
    head = items[states[-1]]
    rows = node.ask('thread', head).json['advisories']
    state = {row['id']: row['state'] for row in rows}
    content = node.run('show', head, '--part', 'csaf')
    return (len({row['thread'] for row in rows}) == 1 and len(rows) == len(states) and state.pop(head, None) == 'current'
            and set(state.values()) <= {'superseded'} and content.out == read(states[-1]))


def history(tap, federation, before, folder):
    files = documents([folder])
    bad = {path for path in files if not_utf8(path)}
    answer = federation[ORIGIN].ask('import', 'csaf', folder, *AUDIENCE, timeout=300)
    tap.same(answer.code, 3, 'a set with an invalid file ends with exit code 3')
    tap.same({row['file'] for row in answer.json['refused']}, bad, 'exactly the invalid files are refused')
    tap.ok(all('unable to decode byte' in row['reason'] for row in answer.json['refused']), 'and it says what is wrong',
           answer.json['refused'])
    tap.ok(all(path.encode() in answer.err for path in bad), 'each by its name', answer.err.decode())
    items = {row['file']: row['id'] for row in before + answer.json['items']}
    threads = expected_threads([row['file'] for row in before], files)
    count = sum(map(len, threads.values()))
    threads = [states for states in threads.values() if states[-1] in files]
    for name in (ORIGIN, *HOLDERS):
        node = federation[name]
        tap.ok(wait_until(lambda node=node: len(node.list()) >= count, 60) is not None,
               f'{name} holds every state', f'{len(node.list())} of {count}')
        wrong = [states for states in threads if not thread_is(node, items, states)]
        tap.ok(not wrong, f'{name}: each of {len(threads)} documents is one thread with one head, its last state', wrong)
    heads = [states[-1] for states in threads] * 100
    again = federation[ORIGIN].ask('import', 'csaf', *heads[:300], *AUDIENCE)
    tap.same([row['state'] for row in again.json['items']], ['unchanged'] * 300, 'the last states again, 300 files named: nothing changes')
    return [row for row in answer.json['items'] if row['state'] != 'unchanged']


def not_utf8(path):
    try:
        read(path).decode()
    except UnicodeDecodeError:
        return True
    return False


def one_set(tap, folders, history_folder):
    with lab(tap) as federation:
        files = documents(folders)
        started = time.monotonic()
        answer = federation[ORIGIN].ask('import', 'csaf', *folders, *AUDIENCE, timeout=300)
        tap.ok(answer.code == 0 and not answer.json['refused'], f'{len(files)} documents are imported', answer)
        spread(tap, federation, len(files), started)
        items = answer.json['items']
        exported(tap, federation, items)
        texts = set().union(*map(texts_of, files))
        items = items + history(tap, federation, items, history_folder)
        confined(tap, federation, items, texts)
        sealed_at_rest(tap, federation, files, texts)


def test(tap):
    if '--corpus' not in sys.argv:
        one_set(tap, [os.path.join(SAMPLES, 'advisories')], os.path.join(SAMPLES, 'history'))
        return
    corpus = os.environ.get('KAIRAN_CORPUS')
    if not corpus or not os.path.isdir(os.path.join(corpus, 'csaf')):
        tap.skip('441 public documents', 'KAIRAN_CORPUS names no folder of public advisories')
        return
    csaf = os.path.join(corpus, 'csaf')
    one_set(tap, [os.path.join(csaf, 'cisa'), os.path.join(csaf, 'ni')], os.path.join(csaf, 'cisa-history'))


main(test)
