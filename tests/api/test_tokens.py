"""Access tokens of the provider: only its own, for us, in time, signed as it signs; anything else is nobody."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import responses
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.api.conftest import Application, running_application

ISSUER = "https://login.example/realms/vsb"
AUDIENCE = "vsb-gateway-api"
KEY, OTHER = RSAKey.generate_key(2048, {"kid": "een"}), RSAKey.generate_key(2048, {"kid": "een"})

Token = Callable[..., str]


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    settings = {"oidc_issuer": ISSUER, "api_audience": AUDIENCE}
    with running_application(tmp_path_factory.mktemp("tokens"), **settings) as found:
        yield found


@pytest.fixture(autouse=True)
def provider() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        document = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys", "authorization_endpoint": "x", "token_endpoint": "x"}
        mock.get(f"{ISSUER}/.well-known/openid-configuration", json=document)
        mock.get(f"{ISSUER}/keys", json=KeySet([KEY]).as_dict(private=False))
        yield mock


def token(key: Any = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    now = int(datetime.now(UTC).timestamp())
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "an", "exp": now + 300, "iat": now, "name": "An", "rollen": ["operator"]}
    return jwt.encode(
        {"alg": "RS256", "kid": "een", "typ": "at+jwt", **(header or {})},
        {k: v for k, v in {**said, **claims}.items() if v is not None},
        key,
        algorithms=["RS256", "HS256", "PS256", "none"],
    )


def forged() -> str:
    """What a verifier takes that lets the token choose between RSA and HMAC."""
    head, body, _ = token(header={"alg": "RS256"}).split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"een","typ":"at+jwt"}').rstrip(b"=").decode()
    signature = hmac.digest(KEY.as_pem(private=False), f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def ask(application: Application, bearer: str, path: str = "/ik", **headers: str) -> Any:
    return application.as_(None, "GET", f"/api/v1{path}", headers={"authorization": f"Bearer {bearer}", **headers})


def test_a_token_of_the_provider_gets_in_with_its_roles_rights(application: Application) -> None:
    found = ask(application, token())
    assert found.status_code == 200, found.text
    assert (found.json()["rol"], found.json()["account"]) == ("operator", "oidc:an@login.example")
    assert ask(application, token(), "/invoer").json()["code"] == "VSB-API-002"
    assert ask(application, token(header={"alg": "PS256", "typ": "JWT"})).status_code == 200


def test_who_has_more_roles_chooses_one(application: Application) -> None:
    both = token(rollen=["operator", "beheerder"])
    assert ask(application, both).json()["rol"] == "operator"
    assert ask(application, both, **{"x-vsb-rol": "beheerder"}).json()["rol"] == "beheerder"
    assert ask(application, both, **{"x-vsb-rol": "zorgkas"}).json()["code"] == "VSB-API-002"


_NOW = int(datetime.now(UTC).timestamp())


@pytest.mark.parametrize(
    "bearer",
    [
        pytest.param(lambda: token(OTHER), id="another key under the same name"),
        pytest.param(lambda: token(aud="vsb-gateway"), id="an ID token: the audience of the client"),
        pytest.param(lambda: token(aud=None), id="no audience"),
        pytest.param(lambda: token(iss="https://evil.example"), id="another issuer"),
        pytest.param(lambda: token(exp=_NOW - 3600), id="expired"),
        pytest.param(lambda: token(exp=None), id="without an end"),
        pytest.param(lambda: token(nbf=_NOW + 3600), id="not yet"),
        pytest.param(lambda: token(sub=None), id="of nobody"),
        pytest.param(lambda: token(header={"typ": "logout+jwt"}), id="another sort of token"),
        pytest.param(lambda: forged(), id="signed with the public key"),
        pytest.param(lambda: token().rsplit(".", 1)[0] + ".", id="without a signature"),
        pytest.param(lambda: "eyJhbGciOiJub25lIn0.e30.", id="alg none"),
        pytest.param(lambda: token(rollen=["keizer"]), id="a role that is not ours"),
        pytest.param(lambda: token(rollen=["zorgkas"]), id="a zorgkas without its code"),
        pytest.param(lambda: "x" * 20_000, id="not a token"),
        pytest.param(lambda: "", id="empty"),
    ],
)
def test_any_other_token_is_nobody(application: Application, bearer: Callable[[], str]) -> None:
    found = ask(application, bearer())
    assert (found.status_code, found.json()["code"]) == (401, "VSB-API-001")
    assert found.headers["www-authenticate"].startswith("Bearer")


def test_a_token_beside_a_session_counts_alone(application: Application) -> None:
    from gateway.console.rechten import Rol

    found = application.as_(Rol.OPERATOR, "GET", "/api/v1/ik", headers={"authorization": "Bearer x"})
    assert found.status_code == 401


def test_a_token_needs_no_csrf_token_and_states_its_purpose(application: Application) -> None:
    headers = {"authorization": f"Bearer {token()}"}
    person = {"insz": "85073003328", "reden": "vraag van de persoon"}
    found = application.as_(None, "POST", "/api/v1/berichten/persoon", json=person, headers=headers)
    assert found.json()["code"] == "VSB-API-009"
    found = application.as_(None, "POST", "/api/v1/berichten/persoon", json=person, headers={**headers, "x-vsb-doel": "vraag"})
    assert (found.status_code, found.json()) == (200, {"items": [], "volgende": None})
