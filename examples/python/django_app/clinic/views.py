"""One view: a result goes to a patient."""

from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

import mailseal


@csrf_exempt  # For a trial with curl; a real one asks who is there.
@require_POST
def results(request: HttpRequest) -> HttpResponse:
    """Mails ``text`` to ``email``."""
    message = EmailMessage(
        subject="A message from Harbor Clinic",
        body=request.POST["text"],
        to=[request.POST["email"]],
        headers={"X-Mailseal-Audience": "patients with a new result"},
    )
    try:
        message.send()
    except mailseal.PolicyError as error:
        return JsonResponse({"status": "refused", "code": error.code}, status=422)
    except mailseal.InputError as error:
        return JsonResponse({"status": "wrong", "code": error.code}, status=400)
    return JsonResponse({"status": "sent"})
