"""The setting that says where villagers find the public pages: into QR codes goes that address and no other."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cunjian.service import make_app
from cunjian.settings import Settings


def test_without_the_setting_the_address_is_that_of_the_office():
    assert Settings().public_address is None


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://jubao.example.gov.cn", "https://jubao.example.gov.cn/"),
        ("http://10.0.0.8:8001/", "http://10.0.0.8:8001/"),
        (" https://example.org/jubao ", "https://example.org/jubao/"),
    ],
)
def test_an_address_ends_where_a_path_begins(given, base, monkeypatch):
    monkeypatch.setenv("CUNJIAN_PUBLIC_ADDRESS", given)
    assert Settings().public_address == base


@pytest.mark.parametrize(
    "given",
    [
        "", "jubao.example.gov.cn", "ftp://example.org/", "https://", "https:///r/", "javascript:alert(1)",
        "https://user:secret@example.org/", "https://example.org/?a=1", "https://example.org/#a",
        "https://example.org:99999/", "https://exam ple.org/", "https://example.org/a b",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_an_example(given, monkeypatch):
    monkeypatch.setenv("CUNJIAN_PUBLIC_ADDRESS", given)
    with pytest.raises(ValidationError, match="CUNJIAN_PUBLIC_ADDRESS 应为") as refused:
        Settings()
    assert "secret" not in str(refused.value)


def test_the_service_is_given_the_address(tmp_path):
    settings = Settings(home=tmp_path, division="330102", public_address="https://example.org")
    assert make_app(settings).state.services.intake.public_address == "https://example.org/"
