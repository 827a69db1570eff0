#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The hooks that ship as examples, with a false sendmail and a false curl before them. Prints TAP.

usage: hook_examples.py FOLDER_OF_HOOKS
"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HOOKS = pathlib.Path(sys.argv[1]).resolve()
FALSE = "#!/bin/sh\nfor a in \"$@\"; do printf '%s\\n' \"$a\" >>DIR/args; done\ncat >DIR/input\nexit ${FALSE_EXIT:-0}\n"
CALL = json.dumps({"step": "abc.0.2", "item": {"title": "止水弁"}}, ensure_ascii=False) + "\n"
cases = []


def run(hook, arguments=(), **changes):
    """Exit code, what it printed, what the false program was given as arguments and as input."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("sendmail", "curl"):
            path = pathlib.Path(folder, name)
            path.write_text(FALSE.replace("DIR", folder), encoding="utf-8")
            path.chmod(0o755)
        environ = {"PATH": folder + ":/usr/bin:/bin", "LANG": "C.UTF-8", "KAIRAN_REALM": "live", "KAIRAN_STEP": "abc.0.2",
                   "KAIRAN_EVENT": "unacknowledged", "KAIRAN_AGAIN": "0", "KAIRAN_ROLE": "deputy",
                   "KAIRAN_CHANNEL": "tel:1", "KAIRAN_OTHER_CHANNEL": "mailto:sato@example.jp"}
        environ.update(changes)
        done = subprocess.run([str(HOOKS / hook), *arguments], input=CALL.encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=environ, timeout=60, check=False)
        read = {}
        for name in ("args", "input"):
            path = pathlib.Path(folder, name)
            read[name] = path.read_text(encoding="utf-8") if path.exists() else None
        return done.returncode, done.stdout.decode(), read["args"], read["input"]


def case(name, good, *shown):
    cases.append((name, good, shown))


def test_mail():
    code, said, args, mail = run("mail")
    head, body = (mail or "\n\n").split("\n\n", 1)
    text = base64.b64decode(body).decode()
    case("mail goes to the one plain address", code == 0 and args == "-t\n-i\n" and said == "mailed to sato@example.jp\n"
         and "\nTo: " not in head and head.startswith("To: sato@example.jp\n"), code, said, args, mail)
    case("its step is in a header, the item in the text", "X-Kairan-Step: abc.0.2" in head and "止水弁" in text
         and "kairan show abc\n" in text and "You may have" not in text, head, text)
    case("a line of it is never too long", max(len(line) for line in (mail or "x" * 999).splitlines()) < 998)
    again = base64.b64decode(run("mail", KAIRAN_AGAIN="1")[3].split("\n\n", 1)[1]).decode()
    case("again is said", "You may have this call already" in again, again)
    for bad in ("a@b\nBcc: c@d", "a@b,c@d", "-oQ/tmp/x@y", "a b@c", "@c", "a@", "a", "a@b@c", "$(id)@b"):
        code, said, args, mail = run("mail", KAIRAN_CHANNEL="mailto:" + bad)
        case(f"no mail goes to {bad!r}", code == 4 and args is None, code, said, args, mail)
    code, said, args, mail = run("mail", KAIRAN_OTHER_CHANNEL="tel:2")
    case("without an address it says whom to call", code == 3 and "tel:1" in said and args is None, code, said)
    case("what sendmail does not take is told", run("mail", FALSE_EXIT="75")[0] == 75)


def test_chat():
    with tempfile.NamedTemporaryFile() as config:
        for event in ("unacknowledged", "person-silent", "link-silent", "another"):
            code, said, args, post = run("chat", [config.name], KAIRAN_EVENT=event)
            text = json.loads(post or "{}").get("text", "")
            case(f"chat says that somebody is called: {event}", code == 0 and said == "posted\n" and "abc" in text
                 and "deputy" in text, code, said, post)
        case("nothing of the item is posted", "止水弁" not in post and "止水弁" not in args, post)
        case("the room's address is no argument", f"--config\n{config.name}\n" in args and "http" not in args, args)
        post = run("chat", [config.name], KAIRAN_ROLE='x"},{"\\', KAIRAN_AGAIN="1")[3]
        case("a role is no JSON", "called: x" in json.loads(post)["text"] and "again" in post, post)
        case("what curl does not post is told", run("chat", [config.name], FALSE_EXIT="22")[0] != 0)
    code, said, args, post = run("chat")
    case("without the room's file it says so", code == 3 and args is None, code, said)


def main():
    test_mail()
    test_chat()
    print(f"1..{len(cases)}")
    for number, (name, good, shown) in enumerate(cases, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
        for thing in () if good else shown:
            print("# " + repr(thing))
    return 0 if all(good for _, good, _ in cases) else 1


if __name__ == "__main__":
    sys.exit(main())
