# SPDX-License-Identifier: Apache-2.0
"""Every scenario of dist/lab/scenarios, told against real processes: each of its checks is one here."""
from kairan_box import main, program, run


def test(tap):
    answer = run([program('KAIRAN'), '--json', '--lang', 'en', 'lab', 'run', '--all'], timeout=600)
    tap.ok(answer.code in (0, 1), 'the scenarios run to their ends', answer)
    for scenario in answer.json['scenarios']:
        for row in scenario['lines']:
            what = f'{scenario["name"]}:{row["line"]}: {row["what"]}'
            if row['outcome'] == 'not-made':
                tap.skip(what, 'was not made')
            elif row['outcome'] != 'told':
                tap.ok(row['outcome'] == 'held', what)
        tap.note(f'{scenario["name"]}: {scenario["held"]} held, {scenario["failed"]} failed, {scenario["not_made"]} not made')


main(test)
