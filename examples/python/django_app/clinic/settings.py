"""Settings of the clinic; the last three lines are about mail."""

import os
import pathlib

BASE_DIR = pathlib.Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ.get("CLINIC_SECRET_KEY", "for a trial only")
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
ROOT_URLCONF = "clinic.urls"
INSTALLED_APPS = ["clinic"]
USE_TZ = True

EMAIL_BACKEND = "mailseal.django.EmailBackend"
DEFAULT_FROM_EMAIL = "Harbor Clinic <results@harbor.example>"
MAILSEAL = os.environ.get("CLINIC_MAILSEAL", str(BASE_DIR / "mailseal.toml"))
