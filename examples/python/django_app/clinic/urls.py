"""Where the views are."""

from django.urls import path

from clinic.views import results

urlpatterns = [path("results/", results)]
