"""All settings, from the environment (VSB_*); README's table is made from this page."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.exchange.beleid import Beleid
from gateway.paths import data_dir
from gateway.trust.revocation import RevocationMode


class Environment(StrEnum):
    """eHealth's names of environments (facts ehealth.md §4.1)."""

    DEVELOPMENT = "Development"
    TEST = "Test"
    INTEGRATION = "Integration"
    ACCEPTATION = "Acceptation"
    SIMULATION = "Simulation"
    PRODUCTION = "Production"


def _sample(name: str) -> Path:
    return data_dir("certs-sample") / name


class Settings(BaseSettings):
    """Settings of one gateway process; each can be given as VSB_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="VSB_", extra="ignore", hide_input_in_errors=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, description="Port to listen on.", ge=1, le=65535)
    workers: int = Field(1, description="Number of server processes.", ge=1, le=64)
    public_url: str = Field("", description="Address that WSDLs and links show; empty: the address of the request.")
    tls_cert: Path | None = Field(None, description="PEM certificate chain; with VSB_TLS_KEY the gateway speaks HTTPS.")
    tls_key: Path | None = Field(None, description="PEM private key of VSB_TLS_CERT.")
    environment: Environment = Field(
        Environment.DEVELOPMENT, description="Named in every fault; Production refuses test messages."
    )
    database_url: str = Field(
        "sqlite:///run/vsb-gateway.sqlite", description="SQLAlchemy URL: sqlite:///… or postgresql+psycopg://…"
    )
    ca_bundle: Path = Field(
        default_factory=lambda: _sample("ca-bundle.pem"), description="PEM file of accepted issuers: roots and issuing CAs."
    )
    crls: list[Path] = Field(
        default_factory=lambda: [_sample("crl/issuing-ca.crl"), _sample("crl/root-ca.crl")],
        description="CRL files (JSON list); re-read when they change.",
    )
    revocation: RevocationMode = Field(
        RevocationMode.STRICT, description="strict or grace: what absent or stale revocation data means."
    )
    revocation_grace_hours: float = Field(72, description="In grace mode, how long a CRL past its nextUpdate is believed.", ge=0)
    crl_urls: dict[str, Path] = Field(
        default_factory=dict,
        description="CRLs to fetch in the background: JSON of URL to the file to keep it in.",
    )
    ocsp_responders: dict[str, str] = Field(
        default_factory=dict,
        description='OCSP responders, JSON: issuer subject (RFC 4514) or "*" to URL; none is ever read from a certificate.',
    )
    sts_certificates: Path | None = Field(
        None, description="PEM file of the STS's signing certificates; none: no SAML is accepted."
    )
    sts_issuer: str = Field("urn:be:fgov:ehealth:sts:1_0", description="Issuer that an assertion must name.")
    allow_sha1: bool = Field(False, description="Accept RSA-SHA1 and SHA-1 digests of connectors before 4.3.0; unsafe.")
    keystore: Path = Field(default_factory=lambda: _sample("gateway.p12"), description="PKCS#12 with the gateway's signing key.")
    keystore_password: SecretStr = Field(SecretStr("vsb-sample"), description="Its password.")
    keystore_base64: SecretStr | None = Field(None, description="The PKCS#12 itself, base64, instead of VSB_KEYSTORE.")
    key_pem: Path | None = Field(None, description="PEM private key, with VSB_CERTIFICATE_PEM, instead of VSB_KEYSTORE.")
    certificate_pem: Path | None = Field(None, description="PEM certificate of VSB_KEY_PEM, then its chain.")
    pkcs11_module: Path | None = Field(
        None, description="PKCS#11 library of the token that holds the key, with VSB_CERTIFICATE_PEM; needs the extra pkcs11."
    )
    pkcs11_token: str = Field("", description="Label of the token.")
    pkcs11_key: str = Field("", description="Label of the private key in the token.")
    pkcs11_pin: SecretStr | None = Field(None, description="PIN of the token.")
    sign_responses: bool = Field(
        False, description="Also sign the WS-Security header of answers; real eHealth clients refuse that."
    )
    signed_parts: dict[str, list[str]] = Field(
        default_factory=dict,
        description='Mandatory signed parts per service, as JSON: {"facturatie": ["Timestamp", "BinarySecurityToken"]}.',
    )
    cookbooks: Path = Field(default_factory=lambda: data_dir("cookbooks"), description="Folder of the pillars' cookbooks.")
    max_request: int = Field(16 * 1024 * 1024, description="Largest HTTP body, in bytes.", ge=1024)
    max_blob: int = Field(128 * 1024 * 1024, description="Largest inflated blob, in bytes.", ge=1024)
    body_timeout: float = Field(30.0, description="Seconds within which a whole request body must arrive.", gt=0)
    max_concurrent: int = Field(16, description="Requests processed at once per process; more wait.", ge=1)
    rate_address: float = Field(
        200, description="Requests per second from one address and process; 0: no limit, as behind a balancer.", ge=0
    )
    rate_sender: float = Field(100, description="Requests per second of one proven sender, per process; 0: no limit.", ge=0)
    rate_status: float = Field(
        1000, description="Status questions (Raadplegen) per second of one address or sender, per process; 0: no limit.", ge=0
    )
    rate_burst: int = Field(400, description="Requests that one address or sender may send at once.", ge=1)
    delivery_concurrency: int = Field(4, description="Deliveries under way at once to one zorgkas, per worker.", ge=1, le=64)
    delivery_days: float = Field(5, description="Days that an unreachable zorgkas is tried before a person must look.", gt=0)
    delivery_refusals: int = Field(
        8, description="Times that a zorgkas may answer a delivery with a no before a person must look.", ge=1
    )
    push_signed_receipts: bool = Field(
        True, description="Demand that a zorgkas signs its receipt of a push; false: mutual TLS alone proves it."
    )
    push_cert: Path | None = Field(None, description="PEM certificate that the gateway shows to a zorgkas (mutual TLS).")
    push_key: Path | None = Field(None, description="PEM private key of VSB_PUSH_CERT.")
    push_ca: Path | None = Field(None, description="PEM file of the issuers of the zorgkassen's TLS certificates.")
    sftp_key: Path | None = Field(
        None, description="Private key, OpenSSH or PEM, without passphrase, that the gateway logs in with at a zorgkas's SFTP."
    )
    sftp_known_hosts: Path | None = Field(
        None, description="Host keys of the zorgkassen's SFTP servers, as OpenSSH's known_hosts; no other server gets anything."
    )
    s3_endpoint: str = Field("", description="Address of the S3 store; empty: AWS. Credentials: AWS_ACCESS_KEY_ID and the rest.")
    s3_region: str = Field("", description="Region of the S3 store; empty: as the AWS environment says.")
    nats_url: str = Field("", description="NATS JetStream for the outbox: nats://host:port,…; empty: over the database.")
    nats_replicas: int = Field(1, description="Copies that JetStream keeps of the stream.", ge=1, le=5)
    alarm_queue_minutes: float = Field(
        60, description="Minutes that a delivery may wait for its zorgkas before an alarm opens.", gt=0
    )
    worker_metrics_port: int = Field(
        0, description="Port at which a worker that runs apart (`vsb-gateway worker`) gives its metrics; 0: none.", ge=0, le=65535
    )
    log_key: SecretStr | None = Field(
        None,
        description="Key with which a person's INSZ becomes a pseudonym in the log, the same in all processes; "
        "none: the log names no person at all.",
        min_length=16,
    )
    min_free_mb: int = Field(256, description="MiB that must stay free on the disk of a SQLite database; less is an alarm.", ge=0)
    poll_seconds: float = Field(
        1.0, description="Pause that a mailbox asks after it was found empty, before the next get; 0: none.", ge=0
    )
    xop_threshold: int = Field(
        81_920, description="Base64 characters from which a value goes as an attachment to a client that sent XOP.", ge=1
    )
    archive: Path = Field(
        Path("run/archive"), description="Folder of the archive: a file for each month, with its signed manifest."
    )
    retention_months: int = Field(
        24,
        description="Whole months that payload bytes stay in the database before `archive run` may take them.",
        ge=0,
    )
    imports: Path = Field(
        Path("run/imports"), description="Folder where reference files that were sent by screen wait; all servers share it."
    )
    console: bool = Field(
        False, description="Serve the screens at /console/; people log in by VSB_OIDC_ISSUER or VSB_CONSOLE_ACCOUNTS."
    )
    console_accounts: Path | None = Field(
        None, description="TOML file of accounts with Argon2id hashes (`vsb-gateway console password`); refused in Production."
    )
    console_sample_hint: bool = Field(False, description="Show the sample accounts on the login page; refused in Production.")
    console_idle_minutes: float = Field(30, description="Minutes without a click after which a session ends.", gt=0)
    console_max_hours: float = Field(10, description="Hours after which a session ends whatever one does.", gt=0)
    oidc_issuer: str = Field("", description="OpenID provider whose people may log in: its issuer, as in its discovery document.")
    api_audience: str = Field(
        "", description="Audience that an access token for /api/v1 must have; none: only the session of the screens gets in."
    )
    oidc_client_id: str = Field("vsb-gateway", description="Client id of the console at the provider.")
    oidc_client_secret: SecretStr | None = Field(None, description="Its secret; none: a public client, with PKCE alone.")
    oidc_scope: str = Field("openid profile", description="Scopes to ask for; the claims below must come in the ID token.")
    oidc_role_claim: str = Field("rollen", description="Claim with the person's roles.")
    oidc_roles: dict[str, str] = Field(
        default_factory=dict,
        description="Roles by the provider's own names, JSON, and then no others; left out: operator, beheerder, zorgkas, "
        "voorziening, leverancier, controleur.",
    )
    oidc_zorgkas_claim: str = Field("zorgkas", description="Claim with the code of the zorgkas that role zorgkas works for.")
    oidc_voorziening_claim: str = Field("riziv", description="Claim with the RIZIV number or numbers of role voorziening.")
    oidc_attest_claim: str = Field("attest", description="Claim with the attest number or numbers of role leverancier.")
    clock: datetime | None = Field(None, description="Start the clock at this moment; refused in Production.")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")

    def pseudonym_key(self) -> str | None:
        """Key of the log's pseudonyms, when there is one."""
        return None if self.log_key is None else self.log_key.get_secret_value()

    def delivery_policy(self) -> Beleid:
        """The policy of deliveries that these settings make."""
        return Beleid(max_age=timedelta(days=self.delivery_days), max_refusals=self.delivery_refusals)

    @model_validator(mode="after")
    def _coherent(self) -> Settings:
        if self.clock is not None and (self.environment is Environment.PRODUCTION or self.clock.tzinfo is None):
            raise ValueError("VSB_CLOCK needs a time zone and is refused in Production")
        parts = (self.pkcs11_module, self.pkcs11_token, self.pkcs11_key, self.pkcs11_pin)
        if any(parts) and not (all(parts) and self.certificate_pem is not None):
            raise ValueError("VSB_PKCS11_MODULE, _TOKEN, _KEY and _PIN go together, with VSB_CERTIFICATE_PEM")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("VSB_TLS_CERT and VSB_TLS_KEY go together")
        if self.environment is Environment.PRODUCTION and (sample := self._sample_in_use()):
            raise ValueError(f"{sample} is the published sample: Production needs its own")
        if self.console and not self.oidc_issuer and self.console_accounts is None:
            raise ValueError("VSB_CONSOLE needs a way to log in: VSB_OIDC_ISSUER, or outside Production VSB_CONSOLE_ACCOUNTS")
        if self.api_audience and self.api_audience == self.oidc_client_id:
            raise ValueError("VSB_API_AUDIENCE must differ from VSB_OIDC_CLIENT_ID: an ID token is no access token")
        if self.environment is Environment.PRODUCTION and (self.console_accounts is not None or self.console_sample_hint):
            raise ValueError("VSB_CONSOLE_ACCOUNTS is refused in Production: people log in at VSB_OIDC_ISSUER")
        return self

    def _sample_in_use(self) -> str | None:
        # Anyone has the sample keys, so a gateway that trusts them trusts everyone.
        sample = data_dir("certs-sample").resolve()
        used = {"VSB_CA_BUNDLE": self.ca_bundle}
        if self.pkcs11_module is None and self.key_pem is None and self.keystore_base64 is None:
            used["VSB_KEYSTORE"] = self.keystore
        return next((name for name, path in used.items() if path.resolve().is_relative_to(sample)), None)
