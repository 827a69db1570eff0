# SPDX-License-Identifier: Apache-2.0
"""The independent reader, written from SPEC.md, reads what live nodes hold: ids, signatures, hashes, decryption, labels.

Several origins, several labels, a part that not everybody may have, two and three hops.
"""
import os
import re
import subprocess

from kairan_box import lab, main, program, wait_until

READER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'vectors', 'reader_test.py')
SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'samples')
HOLDERS = ('cep-power', 'op-power-b', 'min-energy', 'cabinet', 'foreign-cert')


def publish(tap, federation):
    """One item per label, from different nodes, and the CSAF samples as AMBER for the community."""
    part = os.path.join(federation.root, 'part.txt')
    with open(part, 'w', encoding='utf-8') as file:
        file.write('For the sector body alone.\n')
    secinfo = ('file', 'secinfo', '--set', 'text=読み合わせ用の情報です。', '--set', 'subtype=lesson', '--set', 'action=none')
    commands = (
        ('op-power-a', (*secinfo, '--set', 'title=one', '--tlp', 'AMBER', '--audience', 'community:cep-power/power,org:min-energy',
                        '--part', f'damage:AMBER+STRICT:text/plain={part}', '--part-audience', 'damage=org:cep-power')),
        ('cep-power', (*secinfo, '--set', 'title=two', '--tlp', 'GREEN', '--audience', 'community:self/power')),
        ('foreign-cert', (*secinfo, '--set', 'title=three', '--tlp', 'CLEAR')),
        ('op-power-b', (*secinfo, '--set', 'title=four', '--tlp', 'RED', '--audience', 'org:cep-power')),
        ('op-power-a', ('import', 'csaf', SAMPLES, '--tlp', 'AMBER', '--audience', 'community:cep-power/power')),
    )
    for name, words in commands:
        answer = federation[name].ask(*words)
        tap.ok(answer.code in (0, 3) and answer.out, f'{name} publishes {words[1]}', answer)


def settled(federation):
    before = {name: federation[name].ids() for name in HOLDERS}

    def still():
        nonlocal before
        now = {name: federation[name].ids() for name in HOLDERS}
        same, before = now == before and all(now.values()), now
        return same

    return wait_until(still, 30, 1) is not None


def read_back(tap, federation, name):
    path = os.path.join(federation.root, f'{name}.json')
    with open(path, 'wb') as file:
        subprocess.run([program('KAIRAN_EXPORT'), federation[name].path], stdout=file, check=True, timeout=120)
    reader = subprocess.run(['/usr/bin/python3', READER, '--export', path], capture_output=True, text=True, timeout=300, check=False)
    lines = [line for line in reader.stdout.splitlines() if line.startswith(('ok', 'not ok'))]
    wrong = [line for line in lines if line.startswith('not ok')]
    tap.ok(reader.returncode == 0 and lines and not wrong, f'the reader agrees with all that {name} holds ({len(lines)} checks)',
           '; '.join(wrong) or reader.stderr)
    return re.search(r'^# [1-9]\d* under batch roots$', reader.stdout, re.MULTILINE) is not None


def test(tap):
    with lab(tap) as federation:
        publish(tap, federation)
        tap.ok(settled(federation), 'everything has spread')
        batched = [read_back(tap, federation, name) for name in HOLDERS]
        tap.ok(any(batched), 'what was imported together was signed together')


main(test)
