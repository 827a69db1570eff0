#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kairan without a running node: init, cards, drafts of agreements, drafts of advisories, reading. Prints TAP."""
import glob
import json
import os
import stat
import subprocess
import sys
import tempfile

KAIRAN = sys.argv[1]
count = 0
failed = 0


def check(name, fine, detail=""):
    global count, failed
    count += 1
    if not fine:
        failed += 1
        for line in str(detail).splitlines():
            print("#", line)
    print("ok" if fine else "not ok", count, "-", name)


def run(*args, env=None, stdin=""):
    full = {**os.environ, "LANG": "C", "LC_ALL": "C", "NO_COLOR": "1", **(env or {})}
    full.pop("KAIRAN_DIR", None)
    done = subprocess.run([KAIRAN, *args], input=stdin, capture_output=True, text=True, env=full, timeout=60)
    return done.returncode, done.stdout, done.stderr


def main(top):
    a, b = os.path.join(top, "a"), os.path.join(top, "deep", "b")
    init = ("--country", "JP", "--sector", "jp-seed7:pow", "--endpoint", "tcp://127.0.0.1:7110")

    code, out, err = run("--dir", a, "init", "--name", "Power A", "--name-ja", "電力甲", *init, "--json")
    check("init makes a data directory", code == 0, err)
    org = json.loads(out)["org"] if code == 0 else ""
    check("init prints the org id", len(org) == 52, out)
    code, _, err = run("--dir", b, "init", "--name", "Body B", "--as", "body", *init)
    check("init makes the directories on the way", code == 0, err)
    code, _, err = run("--dir", a, "init", "--name", "Power A", *init)
    check("init refuses to run twice", code == 3 and "already" in err, err)
    modes = {os.path.basename(p): stat.S_IMODE(os.stat(p).st_mode) for p in glob.glob(a + "/keys/*")}
    check("secret keys are 0600, the retention key 0640",
          all(m == (0o640 if n.startswith("rest-") else 0o600) for n, m in modes.items()) and len(modes) == 9, modes)
    check("the config says where to listen", "tcp://*:7110" in open(a + "/kairan.conf").read())
    for bad, word in ((("--name", "X", "--country", "jp", "--sector", "jp-seed7:pow"), "capital"),
                      (("--name", "X", "--country", "JP", "--sector", "power"), "sector"),
                      (("--name", "X", "--country", "JP"), "needed")):
        code, _, err = run("--dir", top + "/bad", "init", *bad)
        check("init refuses bad input: " + word, code == 3 and word in err, err)
    check("a refused init leaves nothing", not os.path.exists(top + "/bad"))

    other = top + "/c"
    code, out, err = run("--dir", other, "init", "--name", "C", *init, "--root-key", a + "/keys/root.key", "--json")
    check("--root-key uses an existing root key", code == 0 and json.loads(out)["org"] == org, err)
    check("and copies it nowhere", not os.path.exists(other + "/keys/root.key"))
    loose = top + "/loose.key"
    open(loose, "w").write(open(a + "/keys/root.key").read())
    os.chmod(loose, 0o644)
    code, _, err = run("--dir", top + "/d", "init", "--name", "D", *init, "--root-key", loose)
    check("--root-key refuses a file that others may read", code == 1 and "chmod" in err, err)

    card = top + "/b.kcard"
    code, _, err = run("--dir", b, "card", "export", "-o", card)
    check("card export writes a file", code == 0 and os.path.exists(card), err)
    code, out, err = run("card", "show", card, "--json")
    shown = json.loads(out) if code == 0 else {}
    check("card show tells the fingerprint", code == 0 and len(shown.get("fingerprint", "")) == 39, err)
    text = open(card).read().splitlines()
    text[1] = text[1][:-1] + ("A" if text[1][-1] != "A" else "B")
    open(top + "/broken.kcard", "w").write("\n".join(text))
    code, _, err = run("card", "show", top + "/broken.kcard")
    check("a card that was changed is refused", code != 0, err)
    code, _, err = run("--dir", a, "card", "import", card, "--fingerprint", "aaaa" * 8, "--as", "body")
    check("card import compares the fingerprint first", code == 1 and "fingerprint" in err, err)
    code, _, err = run("--dir", a, "card", "import", card, "--fingerprint", shown.get("fingerprint", ""), "--as", "body")
    check("card import needs the node", code == 2, err)
    code, out, _ = run("--dir", a, "card", "list", "--json")
    check("card list shows our own", code == 0 and [c["org"] for c in json.loads(out)["cards"]] == [org], out)

    code, _, err = run("--dir", a, "list", "--origin", "Power A")
    check("the name that a card claims is no argument", code == 4 and "alias" in err, err)

    presets = sorted(os.path.basename(p)[:-5] for p in glob.glob(os.path.join(os.path.dirname(__file__), "../../dist/presets/*.conf")))
    check("there are nine presets", len(presets) == 9, presets)
    for name in presets:
        for side in "ab":
            terms = f"{top}/{name}-{side}.conf"
            code, _, err = run("--dir", a, "agree", "draft", "--with", card, "--preset", name, "--side", side, "-o", terms)
            check(f"preset {name}, side {side}: a draft", code == 0, err)
            for lang in ("en", "ja"):
                code, out, err = run("--dir", a, "--lang", lang, "agree", "review", terms)
                check(f"preset {name}, side {side}: a review in {lang}", code == 0 and len(out) > 400, err)
    code, _, err = run("--dir", a, "agree", "draft", "--with", card, "--preset", "operator-sector-body")
    check("a draft asks which role is ours", code == 3 and "--as operator or --as sector-body" in err, err)
    code, _, err = run("--dir", a, "agree", "draft", "--with", card, "--preset", "nothing")
    check("an unknown preset: the message names those that are there", code == 3 and "interconnect" in err, err)
    wrong = top + "/wrong.conf"
    open(wrong, "w").write(open(top + "/interconnect-a.conf").read().replace("ceiling", "cieling", 1))
    code, _, err = run("--dir", a, "agree", "review", wrong)
    check("a mistake in terms is told with file, line and the nearest key",
          code == 3 and "wrong.conf:" in err and "did you mean ceiling" in err, err)
    code, _, err = run("--dir", a, "agree", "propose", top + "/interconnect-a.conf")
    check("propose needs the node", code == 2, err)

    file = ("--dir", a, "file", "secinfo", "--tlp", "CLEAR", "--set", "title=T", "--set", "text=S",
            "--set", "subtype=guidance", "--set", "action=none")
    code, _, err = run("--dir", a, "file", "incident", "--tlp", "CLEAR")
    check("file names what is missing", code == 3 and "--set detected-at=" in err and "--set cause=" in err, err)
    code, _, err = run("--dir", a, "file", "secinfo", "--tlp", "CLEAR", "--set", "titel=x")
    check("file names the nearest field", code == 3 and "did you mean title" in err, err)
    code, _, err = run("--dir", a, "file", "secinf", "--tlp", "CLEAR")
    check("file names the nearest kind", code == 3 and "did you mean secinfo" in err, err)
    for tlp, audience in (("CLEAR", "org:self"), ("AMBER", None), ("RED", "sector:jp-seed7:pow"),
                          ("GREEN", "country:JP")):
        extra = ("--audience", audience) if audience else ()
        code, _, err = run("--dir", a, "file", "secinfo", "--tlp", tlp, *extra, "--set", "title=T", "--set", "text=S",
                           "--set", "subtype=guidance", "--set", "action=none")
        check(f"a label that contradicts itself is refused: {tlp} {audience}", code == 1 and "label" in err, err)
    for audience in ("everybody", "org:nobody", "community:x", "sector:power", "country:jp", "org:self,,"):
        code, _, err = run("--dir", a, "file", "secinfo", "--tlp", "AMBER", "--audience", audience, "--set", "title=T",
                           "--set", "text=S", "--set", "subtype=guidance", "--set", "action=none")
        check(f"an audience that is not understood is refused: {audience}", code == 3, err)
    code, _, err = run("--dir", a, "file", "alert", "--tlp", "CLEAR", "--set", "title=T", "--set", "basis=occurred",
                       "--set", "certainty=confirmed", "--set", "scope=s", "--set", "action=a", "--set", "valid-until=+1d")
    check("a live alert needs the typed word", code == 3 and "--confirm live" in err, err)
    code, _, err = run(*file)
    check("with the node down the draft is kept and named", code == 2 and "draft send" in err, err)
    code, out, err = run("--dir", a, "draft", "list", "--json")
    drafts = json.loads(out)["drafts"]
    check("draft list shows it", code == 0 and len(drafts) == 1 and drafts[0]["title"] == "T", out)
    name = drafts[0]["name"] if drafts else "x"
    code, _, err = run("--dir", a, "draft", "send", name)
    check("draft send keeps it while the node is down", code == 2 and len(glob.glob(a + "/drafts/*.draft")) == 1, err)
    code, _, err = run("--dir", a, "draft", "drop", name)
    check("draft drop throws it away", code == 0 and not glob.glob(a + "/drafts/*.draft"), err)
    code, _, err = run(*file, "--dry-run")
    check("a dry run keeps no draft", code == 2 and not glob.glob(a + "/drafts/*.draft"), err)

    code, out, _ = run("--dir", a, "list", "--json")
    check("list of an empty store", code == 0 and json.loads(out) == {"advisories": [], "next": None}, out)
    code, _, _ = run("--dir", a, "search", "anything")
    check("a search that finds nothing: 4", code == 4)
    code, _, err = run("--dir", a, "show", "abcdefgh")
    check("an id that is not here: 4", code == 4, err)
    code, _, err = run("--dir", a, "show", "abcdefg")
    check("an id that is too short: 3", code == 3, err)
    code, out, _ = run("--dir", a, "status", "--json")
    check("status with the node down: 2, and it says so", code == 2 and json.loads(out)["node"] == "down", out)
    code, out, _ = run("--dir", a, "check", "--json")
    check("check of a new store is clean", code == 0 and json.loads(out)["ok"], out)
    code, out, _ = run("--dir", a, "watch", "--after", "0.0", "--once", "--json")
    check("watch --once ends", code == 0 and out == "", out)
    code, _, err = run("--dir", top + "/none", "list")
    check("a directory without a node: 3 and what to do", code == 3 and "kairan init" in err, err)
    code, _, err = run("lisst")
    check("an unknown verb: the nearest one", code == 3 and "kairan list" in err, err)
    code, out, _ = run("file", "--help")
    check("--help of a verb", code == 0 and "--audience" in out, out)
    code, out, _ = run("--mdoc")
    check("the manual page names every verb", code == 0 and out.count(".Ss ") > 35, out)
    code, out, _ = run("--dir", a, "card", "list", env={"LANG": "ja_JP.UTF-8", "LC_ALL": ""})
    check("the language follows the locale's string", "指紋照合" in out or "自組織" in out, out)


with tempfile.TemporaryDirectory(prefix="kairan-cli-") as where:
    main(where)
print(f"1..{count}")
sys.exit(failed > 0)
