"""Settings that would be dangerous are refused at the start."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateway.settings import Settings


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"environment": "Production"}, "published sample"),
        ({"console": True}, "a way to log in"),
        ({"environment": "Production", "ca_bundle": "/x", "key_pem": "/x", "console_accounts": "/x"}, "CONSOLE_ACCOUNTS"),
        ({"tls_cert": "/x.pem"}, "go together"),
        ({"clock": "2026-01-01T00:00:00"}, "time zone"),
        ({"revocation": "maybe"}, "strict"),
    ],
)
def test_a_dangerous_or_contradictory_setting_stops_the_start(settings: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Settings(**settings)  # type: ignore[arg-type]
