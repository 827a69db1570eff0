# SPDX-License-Identifier: Apache-2.0
"""Test Anything Protocol: a line for each case, the plan at the end."""
import traceback
from collections.abc import Callable

from .fault import Fault


class Tap:
    def __init__(self) -> None:
        self.count = 0
        self.failed = 0

    def case(self, name: str, run: Callable[[], None]) -> None:
        self.count += 1
        why = None
        try:
            run()
        except Fault as fault:
            why = f"fault {fault.name}: {fault.where}"
        except Exception:  # a case that breaks is a case that fails; the others go on
            why = traceback.format_exc()
        name = name.replace("#", "\\#")
        print(f"{'ok' if why is None else 'not ok'} {self.count} - {name}")
        if why is not None:
            self.failed += 1
            for line in why.splitlines():
                print(f"# {line}")

    def done(self) -> int:
        print(f"1..{self.count}")
        return 1 if self.failed or not self.count else 0
