"""Settings from the environment (prefix ``FOURSIGHT_``). docs/service.md holds the one table that explains them."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.policy import AccountRole

MIB = 1024 * 1024


class Settings(BaseSettings):
    """Every knob of the service. Each field is ``FOURSIGHT_`` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="FOURSIGHT_", extra="ignore", hide_input_in_errors=True)

    var: Path = Field(default=Path("var"), description="Folder for the default database and the generated secret.")
    database_url: str = Field(default="", description="SQLAlchemy address; empty means SQLite under VAR.")
    bundle: Path | None = Field(default=None, description="Model bundle folder; empty means the one that ships.")
    samples: Path | None = Field(
        default=None, description="Sample reports (JSON Lines); empty means the ones that ship."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    secret_key: SecretStr | None = Field(
        default=None, description="Signs form tokens; generated into VAR once when empty."
    )
    bundle_watch_seconds: float = Field(
        default=5.0, ge=0, description="How often to look for a new bundle; 0 for only when asked."
    )
    threads: int = Field(default=0, ge=0, description="Threads for one model pass; 0 means all cores.")
    log_level: str = Field(default="info", description="debug, info, warning or error.")

    max_body: int = Field(default=MIB, ge=1024, description="Bytes in one request body.")
    max_batch_body: int = Field(default=32 * MIB, ge=1024, description="Bytes in one batch body.")
    max_batch_reports: int = Field(default=1000, ge=1, description="Reports in one batch.")
    queue_limit: int = Field(default=64, ge=1, description="Single reports that may wait before 503.")
    batch_limit: int = Field(default=4, ge=1, description="Batches that may run at once before 503.")
    micro_batch: int = Field(default=16, ge=1, description="Waiting reports read in one model pass.")
    micro_wait_ms: float = Field(default=3.0, ge=0, description="How long a pass waits for company.")

    session_hours: float = Field(default=10.0, gt=0, description="How long a sign-in lasts.")
    idle_minutes: float = Field(
        default=30.0, ge=0, description="How long a session lasts without being used; 0 for as long as the sign-in."
    )
    lock_after: int = Field(default=5, ge=1, description="Failed sign-ins before an account locks.")
    lock_minutes: float = Field(default=15.0, gt=0, description="How long it stays locked.")
    passwords: bool = Field(default=True, description="Whether people may sign in with a name and password.")
    oidc_issuer: str = Field(default="", description="OpenID Connect provider; empty means none.")
    oidc_client_id: str = Field(default="", description="What the provider calls Foursight.")
    oidc_client_secret: SecretStr | None = Field(default=None, description="Its secret there, if it has one.")
    oidc_scope: str = Field(default="openid profile email", description="What is asked of the provider.")
    oidc_name_claim: str = Field(default="preferred_username", description="The claim that names a person.")
    oidc_roles_claim: str = Field(default="roles", description="The claim that lists a person's groups.")
    oidc_roles: dict[str, AccountRole] = Field(
        default_factory=dict, description="JSON: a group's name and the role that it gives; the first that fits counts."
    )
    oidc_public_url: str = Field(
        default="", description="Address of Foursight as people see it; empty means that of the request."
    )
    oidc_key_days: float = Field(
        default=30.0,
        ge=0,
        description="How long a person's key works after their last sign-in through the provider; 0 for no limit.",
    )
    rate_limit: int = Field(default=6000, ge=0, description="Requests a minute of one key or person; 0 for no limit.")
    sign_in_limit: int = Field(
        default=60, ge=0, description="Sign-ins, and calls with a wrong key, a minute from one address; 0 for no limit."
    )
    trusted_proxies: str = Field(
        default="127.0.0.1", description="Addresses whose X-Forwarded-For and -Proto are believed, with commas."
    )
    claim_minutes: float = Field(default=15.0, gt=0, le=1440, description="How long a report stays claimed.")
    page_size: int = Field(default=25, ge=1, le=200, description="Reports on one page of the queue.")
    tracking_url: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description="MLflow's address, linked from the page of models; empty means no link.",
    )
    shutdown_seconds: int = Field(
        default=20, ge=1, description="How long running requests may take to end at shutdown."
    )

    @model_validator(mode="after")
    def _whole_provider(self) -> Settings:
        if not self.oidc_issuer:
            if not self.passwords:
                raise ValueError("without passwords nobody can sign in: set FOURSIGHT_OIDC_ISSUER too")
            return self
        if not self.oidc_client_id or not self.oidc_roles:
            raise ValueError("FOURSIGHT_OIDC_ISSUER needs FOURSIGHT_OIDC_CLIENT_ID and FOURSIGHT_OIDC_ROLES as well")
        if AccountRole.RECORDING_SYSTEM in self.oidc_roles.values():
            raise ValueError("FOURSIGHT_OIDC_ROLES: a recording system does not sign in")
        parts = urlsplit(self.oidc_issuer)
        if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("FOURSIGHT_OIDC_ISSUER must begin with https://")
        return self

    @field_validator("bundle", "samples", "secret_key", "oidc_client_secret", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("secret_key")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError(
                "too short to be a secret: use 32 characters or more, as `openssl rand -hex 32` prints them"
            )
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.lower() not in {"debug", "info", "warning", "error"}:
            raise ValueError("use debug, info, warning or error")
        return value.lower()

    @property
    def claim_lasts(self) -> timedelta:
        return timedelta(minutes=self.claim_minutes)

    @property
    def url(self) -> str:
        """The database to use, with the driver that Foursight installs."""
        if not self.database_url:
            return f"sqlite:///{(self.var / 'foursight.sqlite3').resolve()}"
        for plain in ("postgresql://", "postgres://"):
            if self.database_url.startswith(plain):
                return "postgresql+psycopg://" + self.database_url[len(plain) :]
        return self.database_url

    @cached_property
    def secret(self) -> bytes:
        """The signing secret; made once, readable by its owner only, when none is set."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        path = self.var / "secret"
        try:
            make_private_folder(self.var)
            if not path.exists():
                _write_once(path, secrets.token_hex(32).encode())
            found = path.read_bytes().strip()
        except OSError as fault:
            raise SettingsError(
                f"{path} cannot be used ({fault.strerror}); set FOURSIGHT_VAR to a folder that can be written."
            ) from None
        if len(found) < 32:
            raise SettingsError(f"{path} is too short to be a secret; delete it and start again to make a new one.")
        return found


class SettingsError(RuntimeError):
    """A setting that cannot be used; the message names it and the mend."""


def make_private_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _write_once(path: Path, content: bytes) -> None:
    """Write a whole file for its owner only. Of two processes that start together one wins, and both read what it wrote."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    try:
        # A link appears whole or not at all, and never replaces one that is there.
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
