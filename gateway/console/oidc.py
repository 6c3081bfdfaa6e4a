"""OpenID Connect for people: authorization code with PKCE and nonce, with any provider that publishes its discovery document."""

from __future__ import annotations

import json
import secrets
import threading
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.console.rechten import OngeldigePersoon, Persoon, Rol
from gateway.settings import Settings

_TIMEOUT = 10
_FRESH = timedelta(hours=1)
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"]
"""Only asymmetric signatures; none and HMAC are what attackers try."""
_LEEWAY = 60
_OLD = timedelta(days=1)
"""How long keys are believed while the provider does not answer (assumption)."""
_AGAIN = timedelta(seconds=30)
"""Between two times that the provider is asked, whether it answered or not."""
_PATIENCE = 1.0
"""Seconds that one waits for another's first fetch."""
_ACCESS_TYPES = ("at+jwt", "application/at+jwt", "jwt")
"""RFC 9068 §2.1, and what providers write that do not follow it."""


class OidcProbleem(Exception):
    """The provider did not let somebody in, or said something that cannot be believed; for the log and, in short, the page."""


@dataclass(frozen=True, kw_only=True)
class Begin:
    """A login that starts: where the browser goes, and what must come back."""

    adres: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, kw_only=True)
class _Bewaard:
    """What the provider said of itself."""

    op: datetime
    metadata: dict[str, Any]
    keys: KeySet


class Provider:
    """One OpenID provider; its discovery document and keys are fetched when needed and kept for an hour."""

    def __init__(self, settings: Settings) -> None:
        self._s = settings
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._bezig = threading.Lock()
        """Held by who fetches, and by nobody who only reads."""
        self._kept: _Bewaard | None = None
        self._faalde: tuple[datetime, str] | None = None
        """When fetching last failed, and why."""

    def begin(self, redirect_uri: str, nu: datetime) -> Begin:
        """Make the address of the provider's login page.

        Raises:
            OidcProbleem: the provider does not answer.
        """
        metadata, _ = self._metadata(nu)
        nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        adres, state = self._client(redirect_uri).create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        return Begin(adres=adres, state=state, nonce=nonce, verifier=verifier)

    def rond_af(self, code: str, *, redirect_uri: str, nonce: str, verifier: str, nu: datetime) -> tuple[Persoon, ...]:
        """Trade the code for an ID token, check it, and say who logged in: one Persoon for each role.

        Raises:
            OidcProbleem: the provider refuses, its token cannot be believed, or it names no role of ours.
        """
        metadata, keys = self._metadata(nu)
        try:
            token = self._client(redirect_uri).fetch_token(
                metadata["token_endpoint"], code=code, code_verifier=verifier, grant_type="authorization_code", timeout=_TIMEOUT
            )
            claims = self._claims(token, keys, nonce, nu)
        except (OAuthError, JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise OidcProbleem(f"{type(error).__name__}: {error}"[:300]) from error
        except requests.RequestException as error:
            raise OidcProbleem(f"{type(error).__name__}: {error}"[:300]) from error
        return self._personen(claims)

    def personen_van_token(self, token: str, nu: datetime) -> tuple[Persoon, ...]:
        """Who an access token for the API stands for (RFC 9068): one Persoon for each role, the provider's first role first.

        Its audience is another one than the console's client, so that no ID token passes for it.

        Raises:
            OidcProbleem: it cannot be believed, is not for us, or names no role of ours.
        """
        if not self._s.api_audience:
            raise OidcProbleem("VSB_API_AUDIENCE is not set: no token is taken")
        _, keys = self._metadata(nu)
        try:
            decoded = self._decode(token, keys, nu)
            registry = jwt.JWTClaimsRegistry(
                now=int(nu.timestamp()),
                leeway=_LEEWAY,
                iss={"essential": True, "values": [self._issuer, f"{self._issuer}/"]},
                aud={"essential": True, "value": self._s.api_audience},
                exp={"essential": True},
                sub={"essential": True},
            )
            registry.validate(decoded.claims)
            if self._s.oidc_client_id in _lijst(decoded.claims.get("aud"), delen=False):
                raise OidcProbleem("an ID token: its audience is the console's client")
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise OidcProbleem(f"{type(error).__name__}: {error}"[:300]) from error
        if str(decoded.header.get("typ", "JWT")).lower() not in _ACCESS_TYPES:
            raise OidcProbleem("not an access token")
        return self._personen(decoded.claims)

    def uitloggen(self, terug: str, nu: datetime) -> str | None:
        """Where the browser goes to log out at the provider too, if it has such a page (RP-Initiated Logout 1.0)."""
        try:
            einde = self._metadata(nu)[0].get("end_session_endpoint")
        except OidcProbleem:
            return None
        if not einde:
            return None
        query = requests.models.PreparedRequest()
        query.prepare_url(einde, {"client_id": self._s.oidc_client_id, "post_logout_redirect_uri": terug})
        return query.url

    def _client(self, redirect_uri: str) -> OAuth2Session:
        secret = self._s.oidc_client_secret
        return OAuth2Session(
            self._s.oidc_client_id,
            None if secret is None else secret.get_secret_value(),
            scope=self._s.oidc_scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method="none" if secret is None else "client_secret_basic",
        )

    def _metadata(self, nu: datetime) -> tuple[dict[str, Any], KeySet]:
        kept = self._kept
        if kept is None or nu - kept.op >= _FRESH:
            kept = self._ververs(nu)
        return kept.metadata, kept.keys

    def _ververs(self, nu: datetime) -> _Bewaard:
        """Fetch anew, one at a time; what there was counts until the new has come, for a day at most.

        Raises:
            OidcProbleem: the provider does not answer, and nothing that it said before is good any more.
        """
        # Who comes meanwhile goes on with what there is; who has nothing waits a moment only, or all threads would.
        if self._bezig.acquire(timeout=_PATIENCE if self._kept is None else 0):
            try:
                if self._kept is None or nu - self._kept.op >= _AGAIN:
                    self._haal_of_niet(nu)
            finally:
                self._bezig.release()
        kept = self._kept
        if kept is None or nu - kept.op >= _OLD:
            raise OidcProbleem("discovery: the provider does not answer" if self._faalde is None else self._faalde[1])
        return kept

    def _haal_of_niet(self, nu: datetime) -> None:
        if self._faalde is not None and nu - self._faalde[0] < _AGAIN:
            return
        try:
            self._kept, self._faalde = self._haal(nu), None
        except OidcProbleem as problem:
            self._faalde = (nu, str(problem))

    def _haal(self, nu: datetime) -> _Bewaard:
        try:
            found = requests.get(f"{self._issuer}/.well-known/openid-configuration", timeout=_TIMEOUT)
            found.raise_for_status()
            metadata: dict[str, Any] = found.json()
            keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=_TIMEOUT).json())
        except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError, JoseError) as error:
            raise OidcProbleem(f"discovery: {type(error).__name__}: {error}"[:300]) from error
        # OpenID Connect Discovery 1.0 §4.3: the issuer must be the one that was asked.
        if str(metadata.get("issuer", "")).rstrip("/") != self._issuer:
            raise OidcProbleem("discovery: another issuer than VSB_OIDC_ISSUER")
        return _Bewaard(op=nu, metadata=metadata, keys=keys)

    def _claims(self, token: Mapping[str, Any], keys: KeySet, nonce: str, nu: datetime) -> Mapping[str, Any]:
        if not isinstance(token.get("id_token"), str):
            raise OidcProbleem("no id_token in the answer")
        decoded = self._decode(token["id_token"], keys, nu)
        options = {
            "iss": {"essential": True, "values": [self._issuer, f"{self._issuer}/"]},
            "aud": {"essential": True, "value": self._s.oidc_client_id},
        }
        params = {"nonce": nonce, "client_id": self._s.oidc_client_id, "access_token": token.get("access_token")}
        claims = CodeIDToken(decoded.claims, decoded.header, options, params)
        claims.validate(now=int(nu.timestamp()), leeway=_LEEWAY)
        return dict(decoded.claims)

    def _decode(self, token: str, keys: KeySet, nu: datetime) -> jwt.Token:
        try:
            return jwt.decode(token, keys, algorithms=_ALGORITHMS)
        except (JoseError, ValueError):
            # The provider may have changed its keys within the hour; only a key that we do not know is a reason to ask.
            kid = _kid(token)
            if kid is None or kid in {key.kid for key in keys.keys}:
                raise
            nieuw = self._ververs(nu).keys
            if nieuw is keys:
                raise
            return jwt.decode(token, nieuw, algorithms=_ALGORITHMS)

    def _rollen(self, claim: object) -> list[Rol]:
        """The roles that a claim names; with a mapping what stands in it, and nothing else."""
        namen = self._s.oidc_roles
        waarden = [claim] if isinstance(claim, str) and claim in namen else _lijst(claim)
        gevonden = [namen.get(w, "") for w in waarden] if namen else waarden
        return [Rol(naam) for naam in gevonden if naam in set(Rol)]

    def _personen(self, claims: Mapping[str, Any]) -> tuple[Persoon, ...]:
        s = self._s
        account = f"oidc:{claims['sub']}@{urlsplit(self._issuer).hostname}"[:110]
        personen = []
        zorgkassen = _lijst(claims.get(s.oidc_zorgkas_claim))
        # With two codes nobody knows for which one somebody works.
        zorgkas = zorgkassen[0] if len(set(zorgkassen)) == 1 else None
        for rol in self._rollen(claims.get(s.oidc_role_claim)):
            try:
                persoon = Persoon(
                    account=account,
                    naam=str(claims.get("name") or claims.get("preferred_username") or claims["sub"])[:128],
                    rol=rol,
                    zorgkas=zorgkas if rol is Rol.ZORGKAS else None,
                    voorzieningen=tuple(_lijst(claims.get(s.oidc_voorziening_claim))) if rol is Rol.VOORZIENING else (),
                    attesten=tuple(_lijst(claims.get(s.oidc_attest_claim))) if rol is Rol.LEVERANCIER else (),
                )
            except OngeldigePersoon:
                continue
            personen.append(persoon)
        if not personen:
            raise OidcProbleem(f"no role of the console in claim {s.oidc_role_claim}")
        return tuple(personen)


def _kid(token: str) -> str | None:
    """The key that a JWT says it was signed with; None when it is no JWT, or names none."""
    try:
        hoofd, _, _ = token.split(".")
        kop = json.loads(urlsafe_b64decode(hoofd + "=" * (-len(hoofd) % 4)))
    except ValueError:
        return None
    kid = kop.get("kid") if isinstance(kop, dict) else None
    return kid if isinstance(kid, str) else None


def _lijst(waarde: object, *, delen: bool = True) -> list[str]:
    """A claim with one value or more; texts with spaces or commas between values count as more, when they may be divided."""
    if waarde is None:
        return []
    if isinstance(waarde, str):
        return [waarde] if not delen else waarde.replace(",", " ").split()
    return [str(w) for w in waarde] if isinstance(waarde, list) else [str(waarde)]
