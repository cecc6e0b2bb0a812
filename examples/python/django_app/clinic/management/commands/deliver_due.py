"""``manage.py deliver_due``: tries again what was deferred."""

from typing import Any

from django.core.management.base import BaseCommand

import mailseal.django


class Command(BaseCommand):
    """To be run every minute or so."""

    help = "Tries again the mails that were deferred."

    def handle(self, *args: Any, **options: Any) -> None:
        """Tries them, and says how many."""
        report = mailseal.django.client().deliver_due()
        self.stdout.write(f"{len(report.outcomes)} tried, {report.failed} could not be read")
