from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from credentials.access import InfinityAccess
from credentials.errors import StoreKeyInvalid, StoreKeyMissing, TokenInvalid, TokenUnreadable
from credentials.models import Profile
from credentials.scopes import SCOPES

MakeProfile = Callable[[str, str], Profile]
NewKey = Callable[[], str]


def damage(profile: Profile) -> None:
    Profile.objects.filter(pk=profile.pk).update(encrypted_token="damaged")


def test_profile_keeps_its_token_encrypted(make_profile: MakeProfile, token: str) -> None:
    profile = make_profile("local", token)
    stored = Profile.objects.values().get(pk=profile.pk)

    assert token not in repr(stored)
    assert token == Profile.objects.get(pk=profile.pk).open_token()


def test_opening_a_token_needs_no_query(
    make_profile: MakeProfile, token: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    access: InfinityAccess = make_profile("local", token)

    with django_assert_num_queries(0):
        access.open_token()


def test_profile_shows_no_secret(make_profile: MakeProfile, token: str) -> None:
    profile = make_profile("local", token)

    assert token not in f"{profile!r} {profile}"
    assert profile.encrypted_token not in f"{profile!r} {profile}"


def test_profile_without_address_uses_that_of_the_settings(settings: Settings) -> None:
    settings.INFINITY_API_BASE_URL = "https://infinity.example.org/api/v2/"
    settings.INFINITY_API_VERSION = "2025-12-01.morava"
    profile = Profile(id="local", name="Local")

    assert "https://infinity.example.org/api/v2" == profile.api_base_url
    assert "2025-12-01.morava" == profile.api_version


def test_profile_with_an_address_uses_its_own_without_trailing_slash() -> None:
    profile = Profile(
        id="local", name="Local", base_url="https://own.example.org/api/v2/", version="v9"
    )
    profile.clean()

    assert "https://own.example.org/api/v2" == profile.api_base_url
    assert "v9" == profile.api_version


def test_profile_allows_every_scope_unless_told() -> None:
    assert list(SCOPES) == Profile().scopes


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "two words"),
        ("id", "x" * 65),
        ("name", ""),
        ("base_url", "http://example.org"),
        ("version", "a\nb"),
        ("version", "a b"),
        ("scopes", []),
        ("scopes", ["infinity:everything"]),
    ],
)
def test_invalid_profile_is_refused(field: str, value: object) -> None:
    profile = Profile(id="local", name="Local", encrypted_token="x")
    setattr(profile, field, value)

    with pytest.raises(ValidationError) as caught:
        profile.full_clean(validate_unique=False)

    assert {field} == set(caught.value.message_dict)


def test_new_token_forgets_what_was_known_of_the_old_one(
    make_profile: MakeProfile, token: str
) -> None:
    profile = make_profile("local", token)
    profile.verified_at = profile.token_expires_at = timezone.now()
    profile.verified_as = "alice"

    profile.set_token(token[::-1])
    profile.save()

    known = Profile.objects.values_list("verified_at", "token_expires_at", "verified_as")
    assert (None, None, "") == known.get()
    assert token[::-1] == profile.open_token()


def test_invalid_token_leaves_the_old_one(make_profile: MakeProfile, token: str) -> None:
    profile = make_profile("local", token)

    with pytest.raises(TokenInvalid):
        profile.set_token("two words")

    assert token == profile.open_token()


def test_swapped_rows_are_refused(make_profile: MakeProfile, token: str) -> None:
    alice, bob = make_profile("alice", token), make_profile("bob", token[::-1])
    alice.encrypted_token, bob.encrypted_token = bob.encrypted_token, alice.encrypted_token

    for profile in (alice, bob):
        with pytest.raises(TokenUnreadable, match=profile.id):
            profile.open_token()


def test_damaged_profile_leaves_the_others_working(make_profile: MakeProfile, token: str) -> None:
    damage(make_profile("alice", token))
    bob = make_profile("bob", token)

    Profile.objects.check_store_key()
    assert token == bob.open_token()


def test_store_key_that_opens_no_profile_is_reported_with_all_of_them(
    make_profile: MakeProfile, token: str, new_store_key: NewKey, settings: Settings
) -> None:
    make_profile("alice", token)
    make_profile("bob", token)
    settings.CREDENTIAL_STORE_KEYS = [new_store_key()]

    with pytest.raises(TokenUnreadable) as caught:
        Profile.objects.check_store_key()

    assert ("alice", "bob") == caught.value.profile_ids


def test_any_store_key_suits_an_empty_store(
    db: None, new_store_key: NewKey, settings: Settings
) -> None:
    settings.CREDENTIAL_STORE_KEYS = [new_store_key()]

    Profile.objects.check_store_key()


@pytest.mark.parametrize(
    ("keys", "error"), [([], StoreKeyMissing), (["not-a-key"], StoreKeyInvalid)]
)
def test_unusable_store_key_is_reported(
    db: None, keys: list[str], error: type[Exception], settings: Settings
) -> None:
    settings.CREDENTIAL_STORE_KEYS = keys

    with pytest.raises(error):
        Profile.objects.check_store_key()


def test_after_reencryption_the_first_key_alone_opens_everything(
    make_profile: MakeProfile, token: str, new_store_key: NewKey, settings: Settings
) -> None:
    profiles = [make_profile(name, f"{token}-{name}") for name in ("alice", "bob", "charlie")]
    updated = [profile.updated_at for profile in profiles]
    new = new_store_key()
    settings.CREDENTIAL_STORE_KEYS = [new, *settings.CREDENTIAL_STORE_KEYS]

    assert 3 == Profile.objects.reencrypt_all()

    settings.CREDENTIAL_STORE_KEYS = [new]
    stored = list(Profile.objects.all())
    assert [f"{token}-{profile.id}" for profile in stored] == [p.open_token() for p in stored]
    assert updated == [profile.updated_at for profile in stored]


def test_one_unreadable_row_refuses_the_whole_reencryption(
    make_profile: MakeProfile, token: str, new_store_key: NewKey, settings: Settings
) -> None:
    make_profile("alice", token)
    for name in ("bob", "charlie"):
        damage(make_profile(name, token))
    before = list(Profile.objects.values())
    settings.CREDENTIAL_STORE_KEYS = [new_store_key(), *settings.CREDENTIAL_STORE_KEYS]

    with pytest.raises(TokenUnreadable) as caught:
        Profile.objects.reencrypt_all()

    assert ("bob", "charlie") == caught.value.profile_ids
    assert before == list(Profile.objects.values())
