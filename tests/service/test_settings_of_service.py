"""Settings from the environment, and what a wrong one says."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from service import audit
from service.settings import Settings, SettingsError
from service.store import Store, StoreError


def test_the_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    first = Settings(var=tmp_path / "v").secret
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "v" / "secret").stat().st_mode) == 0o600
    assert Settings(var=tmp_path / "v").secret == first


def test_the_database_is_for_its_owner_only_in_a_folder_open_to_all(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    path = tmp_path / "foursight.sqlite3"
    before = os.umask(0o022)
    try:
        for _ in ("a new database", "one that an earlier program left open to all"):
            store = Store(f"sqlite:///{path}")
            store.upgrade()
            with store.write() as session:
                audit.append(session, audit.COMMAND_LINE, "test")
            modes = {found.name: stat.S_IMODE(found.stat().st_mode) for found in tmp_path.iterdir()}
            assert len(modes) == 3 and set(modes.values()) == {0o600}, modes
            for found in tmp_path.iterdir():
                found.chmod(0o644)
        with Store(f"sqlite:///{path}").read():
            modes = {found.name: stat.S_IMODE(found.stat().st_mode) for found in tmp_path.iterdir()}
            assert set(modes.values()) == {0o600}, modes
    finally:
        os.umask(before)


def test_a_short_secret_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("short")
    with pytest.raises(SettingsError, match="delete it"):
        _ = Settings(var=tmp_path).secret


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOURSIGHT_DATABASE_URL", "postgres://me:pw@db/reports")
    monkeypatch.setenv("FOURSIGHT_PORT", "9001")
    monkeypatch.setenv("FOURSIGHT_BUNDLE", "")
    settings = Settings()
    assert settings.url == "postgresql+psycopg://me:pw@db/reports"
    assert (settings.port, settings.bundle) == (9001, None)


def test_every_setting_is_in_the_documented_table() -> None:
    text = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"`FOURSIGHT_{name.upper()}`" not in text]
    assert not missing


def test_a_bad_setting_does_not_repeat_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOURSIGHT_PORT", "hunter2")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert "hunter2" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="FOURSIGHT_VAR"):
        _ = Settings(var=tmp_path / "file").secret
    with pytest.raises(StoreError, match="FOURSIGHT_VAR"):
        Store(Settings(var=tmp_path / "file" / "var").url)


def test_a_short_secret_key_is_refused_without_being_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOURSIGHT_SECRET_KEY", "wisteria")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert "32 characters" in str(caught.value) and "wisteria" not in str(caught.value)
