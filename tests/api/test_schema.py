"""The API is as its description says, whatever is sent: generated requests of each kind, answers checked against the description."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from urllib3 import HTTPResponse

from gateway.api.app import BASIS, MODULES, describe
from gateway.console.rechten import RECHTEN, Recht, Rol
from tests.api.conftest import Application

_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
_EXAMPLES = 12


def operations() -> dict[str, Any]:
    """Every operation of the description, by method and path; the description needs no running gateway."""
    app = FastAPI()
    for module in MODULES:
        app.include_router(module.router)
    document = describe(app)
    return {o.ok().label: o.ok() for o in schemathesis.openapi.from_dict(document).get_all_operations()}


def as_requests(answer: Any) -> requests.Response:
    """The answer of the test client as the library of the checks knows it."""
    found = requests.Response()
    found.status_code, found._content = answer.status_code, answer.content
    found.headers.update(answer.headers)
    found.raw = HTTPResponse(headers=dict(answer.headers), status=answer.status_code)
    found.request = requests.Request(answer.request.method, str(answer.request.url)).prepare()
    found.url = str(answer.request.url)
    return found


_OPERATIONS = operations()
_SETTINGS = settings(
    max_examples=_EXAMPLES,
    phases=[Phase.generate],
    deadline=None,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda m: m.value)
@pytest.mark.parametrize("label", sorted(_OPERATIONS))
def test_every_answer_is_one_that_the_description_tells(application: Application, label: str, mode: GenerationMode) -> None:
    operation = _OPERATIONS[label]
    right = Recht(operation.definition.raw["x-recht"])
    who = next(r for r in Rol if right in RECHTEN[r])

    @_SETTINGS
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url=f"http://testserver{BASIS}")
        headers = {k: v for k, v in (sent.pop("headers", None) or {}).items() if k.lower() in ("content-type", "accept")}
        sent.pop("cookies", None)
        answer = application.as_(who, sent.pop("method"), sent.pop("url"), headers=headers, **sent)
        if not answer.request.url.path.startswith(f"{BASIS}/"):
            return  # The client took `..` for the way up: this is no address of the API.
        case.validate_response(as_requests(answer), checks=_CHECKS)

    try:
        check()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "nothing valid can be sent"
