"""Which errors of the database say that it is away."""

import json

import pytest
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from django.http import HttpResponse
from django.test import RequestFactory

from backend.lib.middleware import DatabaseDownMiddleware
from backend.lib.outages import is_outage


@pytest.mark.parametrize("error", [OperationalError(), InterfaceError(), DatabaseError("no message from the libpq")])
def test_a_server_that_dies_while_it_answers_is_away(error: Exception) -> None:
    def dies(request: object) -> HttpResponse:
        raise error

    answer = DatabaseDownMiddleware(dies)(RequestFactory().get("/api/v1/me"))

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert json.loads(answer.content)["code"] == "database_unavailable"


@pytest.mark.parametrize("error", [IntegrityError(), ProgrammingError(), ValueError()])
def test_what_the_server_refuses_is_no_outage(error: Exception) -> None:
    assert not is_outage(error)
