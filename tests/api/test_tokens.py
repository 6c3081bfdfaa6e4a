"""Access tokens of the provider: only its own, for us, in time, signed as it signs; anything else is nobody."""

from __future__ import annotations

import base64
import hmac
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import responses
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from gateway.console.oidc import OidcProbleem, Provider
from gateway.settings import Settings
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
        pytest.param(lambda: token(aud=[AUDIENCE, "vsb-gateway"]), id="for us and for the client"),
        pytest.param(lambda: token(rollen=["zorgkas"], zorgkas=["180", "280"]), id="of two zorgkassen"),
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


def trusting(**settings: Any) -> Provider:
    return Provider(Settings(oidc_issuer=ISSUER, api_audience=AUDIENCE, **settings))


def later(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def strange(kid: str = "vreemd") -> str:
    return token(OTHER, {"kid": kid})


def test_a_provider_that_fails_costs_no_good_keys(provider: responses.RequestsMock) -> None:
    asked = trusting()
    assert asked.personen_van_token(token(), later(0))
    provider.reset()
    discovery = provider.get(f"{ISSUER}/.well-known/openid-configuration", body=requests.ConnectionError())
    for seconds, calls in ((60, 1), (70, 1), (89, 1), (91, 2)):
        with pytest.raises(OidcProbleem):
            asked.personen_van_token(strange(), later(seconds))
        assert asked.personen_van_token(token(), later(seconds))
        assert discovery.call_count == calls, "a failure is remembered for half a minute"
    assert asked.personen_van_token(token(exp=_NOW + 90_000), later(7_200)), "also after their hour"
    with pytest.raises(OidcProbleem):
        asked.personen_van_token(token(exp=_NOW + 200_000), later(90_000))


def test_while_the_provider_is_slow_who_has_a_good_token_does_not_wait(provider: responses.RequestsMock) -> None:
    asked = trusting()
    assert asked.personen_van_token(token(), later(0))
    fetching, go_on = threading.Event(), threading.Event()

    def slow(_: Any) -> tuple[int, dict[str, str], str]:
        fetching.set()
        assert go_on.wait(20)
        return 500, {}, ""

    provider.reset()
    provider.add_callback(responses.GET, f"{ISSUER}/.well-known/openid-configuration", slow)
    with ThreadPoolExecutor(2) as pool:
        junk = pool.submit(lambda: asked.personen_van_token(strange(), later(60)))
        assert fetching.wait(20)
        good = pool.submit(lambda: asked.personen_van_token(token(), later(60)))
        assert good.result(10)
        with pytest.raises(OidcProbleem):
            pool.submit(lambda: asked.personen_van_token(strange("ander"), later(60))).result(10)
        assert not junk.done()
        go_on.set()
        with pytest.raises(OidcProbleem):
            junk.result(20)


def test_only_a_key_that_is_not_known_is_a_reason_to_ask_again(provider: responses.RequestsMock) -> None:
    asked = trusting()
    assert asked.personen_van_token(token(), later(0))
    before = len(provider.calls)
    for junk in ("x" * 20_000, "a.b.c", token(OTHER), token(exp=1), f"{'W' * 40_000}.e30.e30"):
        with pytest.raises(OidcProbleem):
            asked.personen_van_token(junk, later(60))
    assert len(provider.calls) == before
    new = RSAKey.generate_key(2048, {"kid": "twee"})
    provider.replace(responses.GET, f"{ISSUER}/keys", json=KeySet([new]).as_dict(private=False))
    assert asked.personen_van_token(token(new, {"kid": "twee"}), later(60))


def test_with_a_mapping_the_providers_own_names_count_alone() -> None:
    asked = trusting(oidc_roles={"VSB Operators": "operator"})
    for named in ("VSB Operators", ["VSB Operators", "beheerder"]):
        (only,) = asked.personen_van_token(token(rollen=named), later(0))
        assert only.rol.value == "operator"
    with pytest.raises(OidcProbleem):
        asked.personen_van_token(token(rollen=["operator"]), later(0))


@pytest.mark.parametrize("said", [["x"], {"a": 1}, 7, None, "x", "a.b.c"])
def test_a_login_answer_that_is_nonsense_lets_nobody_in(provider: responses.RequestsMock, said: Any) -> None:
    document = {
        "issuer": ISSUER,
        "jwks_uri": f"{ISSUER}/keys",
        "authorization_endpoint": "x",
        "token_endpoint": f"{ISSUER}/token",
    }
    provider.replace(responses.GET, f"{ISSUER}/.well-known/openid-configuration", json=document)
    provider.post(f"{ISSUER}/token", json={"access_token": "x", "token_type": "Bearer", "id_token": said})
    with pytest.raises(OidcProbleem):
        trusting().rond_af("code", redirect_uri="http://x/terug", nonce="n", verifier="v" * 43, nu=later(0))
