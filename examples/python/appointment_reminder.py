"""Reminds tomorrow's patients of their appointments.

Reads a CSV of appointments (``email,name,phone,when,clinic``), plans each mail,
and sends those that the policy lets go; the rest is told by id. Nothing that is
printed names a patient. Run it from cron each evening::

    python appointment_reminder.py mailseal.toml appointments.csv

``--dry-run`` plans and sends nothing. A reminder that was sent is not sent again
when the program runs a second time on the same day: each has an idempotency key.

Exit codes: 0 all sent, 3 some not sent, 1 error.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import hashlib
import sys
from email.message import EmailMessage

import mailseal
from mailseal.config import Settings


def reminder(row: dict[str, str], sender: str) -> EmailMessage:
    """The mail to one patient. Its subject says nothing of the visit."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = row["email"]
    message["Subject"] = "A reminder from Harbor Clinic"
    message.set_content(
        f"Dear {row['name']},\n\nyour appointment at {row['clinic']} is on {row['when']}.\n"
        "Please bring your list of medicines. To change it, call 555 0199.\n"
    )
    return message


def key(row: dict[str, str]) -> str:
    """The same for the same appointment, today."""
    text = "\0".join([datetime.date.today().isoformat(), row["email"], row["when"]])
    return hashlib.sha256(text.encode()).hexdigest()


def remind(client: mailseal.Client, row: dict[str, str], sender: str, dry_run: bool) -> str:
    """Plans and sends one reminder; says what became of it in a word."""
    plan = client.plan(
        reminder(row, sender),
        recipients=[mailseal.Recipient(row["email"], phone=row["phone"] or None)],
        audience="patients with an appointment",
        idempotency_key=key(row),
    )
    match plan.recipients[0].decision:
        case mailseal.Refuse(kind, reasons=reasons):
            return f"{kind}: {reasons[-1].text}"
        case mailseal.Send(chosen) if dry_run:
            return f"would go by {chosen.route}"
        case mailseal.Send():
            outcome = client.send(plan).outcomes[0]
            return f"{outcome.status} by {outcome.route}"


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("config", help="mailseal.toml")
    parser.add_argument("appointments", help="a CSV file: email,name,phone,when,clinic")
    parser.add_argument("--from", dest="sender", default="reminders@harbor.example")
    parser.add_argument("--dry-run", action="store_true", help="plan, send nothing")
    given = parser.parse_args()
    failed = 0
    with open(given.appointments, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with Settings.read(given.config).client() as client:
        client.deliver_due()
        for number, row in enumerate(rows, start=1):
            try:
                said = remind(client, row, given.sender, given.dry_run)
            except mailseal.InputError as error:
                said = f"not sent: {error}"
            failed += not said.startswith(("delivered", "deferred", "would"))
            print(f"appointment {number}: {said}")
    print(f"{len(rows) - failed} of {len(rows)} reminders are on their way")
    return 3 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (mailseal.Error, OSError) as error:
        print(f"appointment_reminder: {error}", file=sys.stderr)
        sys.exit(1)
