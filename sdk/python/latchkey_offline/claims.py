"""What the claims of each message must be. See the tables of docs/olp-1.md."""

from __future__ import annotations

import re
from typing import Any, Callable

from .strict import Refused, from_base64url

Check = Callable[[Any], bool]

_INPUTS = {"fingerprint", "product", "version", "domain", "user"}


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _count(value: Any) -> bool:
    # a bool is an int to Python
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _key(value: Any) -> bool:
    """32 bytes in their one spelling: a public key, a thumbprint, a digest."""
    return isinstance(value, str) and len(value) == 43 and _bytes(value)


def _bytes(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", value):
        return False
    try:
        from_base64url(value)
    except Refused:
        return False
    return True


def _one_of(*values: str) -> Check:
    return lambda value: isinstance(value, str) and value in values


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(item) for item in value)


def _object(**members: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(name in value and check(value[name]) for name, check in members.items())


def _map(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(check(item) for item in value.values())


_KEYSET = _object(
    iss=_text,
    seq=_count,
    iat=_count,
    exp=_count,
    keys=_list(
        _object(
            kid=_text,
            x=_key,
            status=_one_of("active", "retired", "revoked"),
            products=_list(_text),
            **{"from": _count},
            until=_or_null(_count),
        )
    ),
)

_LICENSE = _object(
    iss=_text,
    aud=_text,
    sub=_text,
    jti=_text,
    act=_text,
    iat=_count,
    nbf=_count,
    exp=_count,
    seq=_count,
    rid=_text,
    req=_text,
    product=_text,
    lic=_object(
        type=_text,
        model=_text,
        starts_at=_count,
        expires_at=_or_null(_count),
        grace_until=_or_null(_count),
        maintenance_until=_or_null(_count),
        expiration_strategy=_one_of("restrict", "maintain", "allow"),
        requires=_list(lambda value: _text(value) and value in _INPUTS),
    ),
    ent=_list(
        _object(
            feature=_text,
            id=_text,
            enabled=_flag,
            limit=_or_null(_count),
            limit_type=_one_of("count", "size", "duration", "bandwidth"),
            reset=_one_of("never", "day", "month", "year"),
            expires_at=_or_null(_count),
        )
    ),
    ver=_or_null(
        _object(
            restricted=_flag,
            unknown=_one_of("allow", "deny"),
            listed=_map(_object(released=_or_null(_count), allowed=_flag)),
        )
    ),
    dev=_object(fp=_text, components=_list(_object(kind=_text, hash=_text)), k=_or_null(_count), key=_text, user=_or_null(_text)),
    st=_count,
    pol=_object(status_max_age_s=_or_null(_count)),
)

_STATUS = _object(iss=_text, aud=_text, seq=_count, iat=_count, exp=_count, lst=_bytes)

_CHECKS: dict[str, Check] = {"keyset": _KEYSET, "license": _LICENSE, "emergency": _LICENSE, "status": _STATUS}

EMERGENCY_S = 24 * 3600
"""How long an emergency may last."""


def check_claims(kind: str, claims: dict[str, Any]) -> None:
    """Raises Refused (INVALID_CLAIMS) where the claims are not those of a message of this kind."""
    fits = _CHECKS[kind](claims)
    if fits and kind == "emergency":
        fits = claims["exp"] <= claims["iat"] + EMERGENCY_S
    if not fits:
        raise Refused("INVALID_CLAIMS", f"A claim of the {kind} is missing, or not what it has to be.")
