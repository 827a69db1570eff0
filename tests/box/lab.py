# SPDX-License-Identifier: Apache-2.0
"""kairan lab run: what a scenario may say, what is said where it is wrong, that a check that fails is seen
to fail, and that one which cannot be made is told as not made. The scenarios themselves: lab_stories.py.
"""
import os
import shutil
import subprocess

from kairan_box import NODES, Node, folder, main, program, run, wait_until

GOOD = '''story "one lesson"
op-power-b files secinfo LESSON
	title "A lesson for one partner"
	text "Nothing that anybody else would miss."
	subtype lesson
	action none
	tlp RED
	audience org:cep-power
within 20s cep-power hold LESSON
'''
# What stands in a file, at which line it is wrong, and what is said of it.
WRONG = (
    ('tell "no story"\n', 1, 'begins with what it tells'),
    ('story "x"\nop-power-z goes down\n', 2, 'begins no statement'),
    ('story "x"\nop-power-a goes up\n', 2, '"up" is not down'),
    ('story "x"\nop-power-a goes\n', 2, 'down is missing'),
    ('story "x"\nwithin 5x op-power-a hold FIRST\n', 2, '"5x" is not SPAN'),
    ('story "x"\nwithin 5s op-power-a hold FIRST\n', 2, '"FIRST" is not ITEM'),
    ('story "x"\nop-power-a files secinfo first\n', 2, '"first" is not NEW'),
    ('story "x"\nop-power-a files secinfo ONE now\n', 2, 'one word too many'),
    ('story "x"\nop-power-a files secinfo ONE\nop-power-a files secinfo ONE\n', 3, '"ONE" is not NEW'),
    ('story "x"\nthe time is 24:00:00\n', 2, 'is not CLOCK'),
    ('story "x"\nwait 1s\n\ttlp RED\n', 3, 'has no fields'),
    ('story "x"\nop-power-a files secinfo ONE\n\ttlp\n', 3, 'a name and a value'),
    ('story "x\n', 1, 'a quote does not end'),
)
FAILS = (
    'within 1s cabinet hold LESSON\n',
    'cep-power do not hold LESSON\n',
    'within 1s cep-power show LESSON as retracted\n',
    'cep-power has LESSON from op-power-a\n',
    'rule sector keeps LESSON from cabinet at cep-power\n',
    'cep-power never learn of LESSON\n',
    'op-power-b may not file secinfo because audience\n\ttitle "A lesson that may be filed"\n\ttext "Yes."\n\tsubtype lesson\n'
    '\taction none\n\ttlp RED\n\taudience org:cep-power\n',
)


def tell(root, texts, *options, kairan=None):
    paths = [os.path.join(root, f'told{number}.story') for number in range(len(texts))]
    for path, text in zip(paths, texts):
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
    return run([kairan or program('KAIRAN'), '--json', '--lang', 'en', 'lab', 'run', *paths, *options], timeout=200)


def wrong(tap, root):
    for text, line, what in WRONG:
        answer = tell(root, [text])
        said = answer.err.decode()
        tap.ok(answer.code == 3 and f'told0.story:{line}: ' in said and what in said, f'line {line}, {what}', answer)


def told(tap, root):
    answer = tell(root, [GOOD + 'nobody else learns of LESSON\n'], '--times', '2')
    tap.ok(answer.code == 0 and len(answer.json['scenarios']) == 2, 'a scenario is told twice', answer)
    tap.ok(answer.json['held'] >= 6 and answer.json['failed'] == 0 and answer.json['not_made'] == 0, 'all of it holds', answer)


def failing(tap, root):
    answer = tell(root, [GOOD + text for text in FAILS])
    tap.ok(answer.code == 1 and answer.json['failed'] == len(FAILS), 'a check that fails makes the run fail', answer.err.decode())
    for text, scenario in zip(FAILS, answer.json['scenarios']):
        tap.ok(scenario['failed'] == 1 and scenario['held'] >= 2, f'it is seen that this fails: {text.splitlines()[0]}', scenario)
    left = answer.err.decode().split('lies in ')[-1].strip()
    tap.ok(os.path.isdir(left), 'and what is left of it is named', left)
    shutil.rmtree(left, ignore_errors=True)


def scaled(tap, root):
    """Two minutes in two seconds, on every node alike, also on one that was killed and came back."""
    answer = tell(root, ["""story "an hour in a minute"
time runs 60 times as fast
op-power-b files secinfo LESSON
	title "Counts for two minutes"
	text "Nothing that anybody else would miss."
	subtype lesson
	action none
	tlp RED
	valid 2m
	audience org:cep-power
within 1s cep-power hold LESSON
cep-power is killed
cep-power comes back
op-power-b sees the clock of cep-power 0s fast
within 5s cep-power and op-power-b show LESSON as expired
"""])
    tap.ok(answer.code == 0 and answer.json['failed'] == 0, 'time runs faster, for all nodes alike', answer)


def stopped(tap, root):
    """A run that is told to stop takes its nodes along."""
    path, where = os.path.join(root, 'long.story'), os.path.join(root, 'long')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('story "a long wait"\nop-power-a knows cabinet\nwait 10m\n')
    with subprocess.Popen([program('KAIRAN'), 'lab', 'run', path, '--lab', where], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        nodes = [Node(name, os.path.join(where, 'long-1', name)) for name in NODES]
        tap.ok(wait_until(lambda: all(node.pid() for node in nodes), 60) is not None, 'a run is on')
        child.terminate()
        tap.ok(child.wait(60) != 0, 'told to stop, it does not end well')
    tap.same([node.name for node in nodes if node.pid()], [], 'and no node runs on')


def installed(tap, root):
    """Beside each other, as installed, without what the tests are built with."""
    there = os.path.join(root, 'bin')
    os.mkdir(there)
    for name in ('KAIRAN', 'KAIRAND'):
        shutil.copy(program(name), there)
    answer = tell(root, [GOOD + 'nobody else learns of LESSON\n'], kairan=os.path.join(there, 'kairan'))
    tap.ok(answer.code == 0 and answer.json['failed'] == 0, 'an installed program tells it too', answer)
    tap.same(answer.json['not_made'], 1, 'what needs the record of frames is counted as not made')
    tap.same([row['outcome'] for row in answer.json['scenarios'][0]['lines'] if 'nobody else' in row['what']], ['not-made'], 'and never as held')


def strangers(tap, root):
    """A lab's clocks may be wrong: its cards are for labs only, and its clock for its own directories."""
    lab = os.path.join(root, 'lab')
    pair = os.path.join(os.path.dirname(__file__), '..', '..', 'dist', 'lab', 'pair.conf')
    tap.same(run([program('KAIRAN'), 'lab', 'up', pair, '--lab', lab]).code, 0, 'a lab is up')
    try:
        node = next(entry.path for entry in os.scandir(lab) if entry.is_dir())
        card, own = os.path.join(root, 'lab.kcard'), os.path.join(root, 'own')
        run([program('KAIRAN'), '--dir', node, 'card', 'export', '-o', card])
        fingerprint = run([program('KAIRAN'), '--json', 'card', 'show', card]).json['fingerprint']
        run([program('KAIRAN'), '--dir', own, 'init', '--name', 'Own', '--country', 'JP', '--sector', 'jp-seed7:pow'])
        answer = run([program('KAIRAN'), '--dir', own, '--lang', 'en', 'card', 'import', card, '--fingerprint', fingerprint, '--as', 'lab'])
        tap.ok(answer.code == 1 and b'card of a lab' in answer.err, 'a normal node refuses the card of a lab', answer)
        answer = run([program('KAIRAN'), '--dir', own, '--lang', 'en', 'list'], env=dict(os.environ, KAIRAN_LAB_CLOCK_MS='1000'))
        tap.ok(answer.code == 3 and b'only for what kairan lab made' in answer.err, 'and knows no other clock than the machine\'s', answer)
        for setting in ('clock_scale = 2.0', 'clock_offset = 5', 'clock_from = 5', 'cut = "lab"'):
            with open(os.path.join(own, 'kairan.conf'), encoding='utf-8') as file:
                text = file.read().split('lab:')[0]
            with open(os.path.join(own, 'kairan.conf'), 'w', encoding='utf-8') as file:
                file.write(f'{text}lab: {{ {setting}; }};\n')
            answer = run([program('KAIRAND'), '--dir', own, '--check'])
            tap.ok(answer.code != 0 and b'kairan lab made' in answer.err, f'nor does it start with lab.{setting}', answer)
    finally:
        run([program('KAIRAN'), 'lab', 'down', '--lab', lab])


def test(tap):
    with folder() as root:
        answer = run([program('KAIRAN'), 'lab', 'run', '--statements'])
        tap.ok(answer.code == 0 and b'NODE files WORD NEW' in answer.out, 'the statements are listed', answer)
        wrong(tap, root)
        told(tap, root)
        failing(tap, root)
        scaled(tap, root)
        stopped(tap, root)
        installed(tap, root)
        strangers(tap, root)


main(test)
