"""Who may do what."""

import pytest

from funnel.domain.access import PERMISSIONS, ROLE_WORDS, Permission, Role, may

VIEWER, MARKETER, OPS, ADMIN = Role.VIEWER, Role.MARKETER, Role.OPS, Role.ADMIN


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        (Permission.OWN_ACCOUNT, {VIEWER, MARKETER, OPS, ADMIN}),
        (Permission.READ, {VIEWER, MARKETER, OPS, ADMIN}),
        (Permission.EDIT, {MARKETER, OPS, ADMIN}),
        (Permission.OPERATE, {OPS, ADMIN}),
        (Permission.ADMINISTER, {ADMIN}),
    ],
)
def test_who_has_a_permission(permission, roles):
    assert {role for role in Role if may(role, permission)} == roles


def test_every_permission_is_asked_about_above_and_an_admin_has_all():
    assert PERMISSIONS[ADMIN] == frozenset(Permission)


def test_each_role_may_more_than_the_one_before_it():
    for lower, higher in ((VIEWER, MARKETER), (MARKETER, OPS), (OPS, ADMIN)):
        assert PERMISSIONS[lower] < PERMISSIONS[higher]


def test_every_role_has_its_words():
    assert set(ROLE_WORDS) == set(Role)
