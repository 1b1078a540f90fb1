"""Judges a license by what a genuine file says of it: the edge's rule, for what a file can decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

_ORDER = (
    "NOT_YET_EFFECTIVE",
    "EXPIRED",
    "GRACE",
    "MAINTENANCE_EXPIRED",
    "PRODUCT_SCOPE_MISMATCH",
    "VERSION_NOT_ALLOWED",
    "FINGERPRINT_SCOPE_REQUIRED",
    "PRODUCT_SCOPE_REQUIRED",
    "VERSION_SCOPE_REQUIRED",
    "DOMAIN_SCOPE_REQUIRED",
    "USER_SCOPE_REQUIRED",
    "USER_SCOPE_MISMATCH",
    "ENTITLEMENTS_MISSING",
    "ENTITLEMENT_EXPIRED",
)


@dataclass(frozen=True)
class Reason:
    """One failing check. `severity` is "deny" or "warn"."""

    code: str
    severity: str
    detail: str
    pointer: str | None = None


@dataclass(frozen=True)
class Decision:
    """Valid unless a reason denies; `code` is the first denial, else the first warning, else VALID."""

    valid: bool
    code: str
    reasons: tuple[Reason, ...]


def decide(claims: dict[str, Any], now: int, inputs: dict[str, Any], emergency: bool) -> Decision:
    """`inputs`: fingerprint, product, version, domain, user and features, as far as the program names them."""
    found = [
        *_life(claims["lic"], now, emergency),
        *_maintenance(claims, now, inputs.get("version")),
        *_product(claims, inputs.get("product")),
        *_version(claims["ver"], inputs.get("version")),
        *_required(claims, inputs),
        *_user(claims, inputs.get("user")),
        *_features(claims["ent"], now, inputs.get("features") or ()),
    ]
    reasons = tuple(sorted(found, key=lambda reason: _ORDER.index(reason.code)))
    denial = next((reason for reason in reasons if reason.severity == "deny"), None)
    first = denial or (reasons[0] if reasons else None)
    return Decision(denial is None, first.code if first else "VALID", reasons)


def _life(lic: dict[str, Any], now: int, emergency: bool) -> list[Reason]:
    reasons = []
    if now < lic["starts_at"]:
        reasons.append(Reason("NOT_YET_EFFECTIVE", "deny", f"Starts on {_iso(lic['starts_at'])}."))
    expires, grace = lic["expires_at"], lic["grace_until"]
    if expires is None or now < expires:
        return reasons
    if grace is not None and now < grace:
        reasons.append(Reason("GRACE", "warn", f"Expired on {_iso(expires)}; in grace until {_iso(grace)}."))
    elif not emergency:
        ended = "" if grace is None else f"; grace ended on {_iso(grace)}"
        severity = "deny" if lic["expiration_strategy"] == "restrict" else "warn"
        reasons.append(Reason("EXPIRED", severity, f"Expired on {_iso(expires)}{ended}."))
    return reasons


def _maintenance(claims: dict[str, Any], now: int, version: str | None) -> list[Reason]:
    until = claims["lic"]["maintenance_until"]
    if until is None or now < until:
        return []
    ver = claims["ver"] or {"listed": {}, "unknown": "allow"}
    listed = ver["listed"].get(version) if version is not None else None
    released = listed["released"] if listed else None
    too_new = released is not None and released >= until
    unknown = version is not None and released is None and ver["unknown"] == "deny"
    detail = f"Maintenance ended on {_iso(until)}; later versions are not included."
    return [Reason("MAINTENANCE_EXPIRED", "deny" if too_new or unknown else "warn", detail, "/version" if too_new or unknown else None)]


def _product(claims: dict[str, Any], product: str | None) -> list[Reason]:
    if product is None or product in (claims["aud"], claims["product"]):
        return []
    return [Reason("PRODUCT_SCOPE_MISMATCH", "deny", f"The license is for the product {claims['product']}.", "/product")]


def _version(ver: dict[str, Any] | None, version: str | None) -> list[Reason]:
    if ver is None or not ver["restricted"] or version is None:
        return []
    listed = ver["listed"].get(version)
    known = listed is not None and listed["released"] is not None
    allowed = (listed is None or listed["allowed"]) and (known or ver["unknown"] == "allow")
    return [] if allowed else [Reason("VERSION_NOT_ALLOWED", "deny", f"The license is not for version {version}.", "/version")]


def _required(claims: dict[str, Any], inputs: dict[str, Any]) -> list[Reason]:
    wanted = set(claims["lic"]["requires"])
    if claims["ver"] is not None and claims["ver"]["restricted"]:
        wanted.add("version")
    return [
        Reason(f"{name.upper()}_SCOPE_REQUIRED", "deny", f"This license asks for the {name}.", f"/{name}")
        for name in sorted(wanted)
        if inputs.get(name) is None
    ]


def _user(claims: dict[str, Any], user: str | None) -> list[Reason]:
    seated = claims["dev"]["user"]
    if user is not None and seated is not None and user != seated:
        return [Reason("USER_SCOPE_MISMATCH", "deny", "This device's seat belongs to another user.", "/user")]
    if claims["lic"]["type"] != "named_user" or seated is not None:
        return []
    if user is not None:
        return [Reason("USER_SCOPE_MISMATCH", "deny", "This user is none of those that the license is for.", "/user")]
    if "user" in claims["lic"]["requires"]:
        return []
    return [Reason("USER_SCOPE_REQUIRED", "deny", "This license is for named users: it asks for the user.", "/user")]


def _features(entitlements: list[dict[str, Any]], now: int, features: Any) -> list[Reason]:
    reasons = []
    for index, feature in enumerate(features):
        pointer = f"/features/{index}"
        right = next((each for each in entitlements if feature in (each["feature"], each["id"])), None)
        if right is None or not right["enabled"] or right["limit"] == 0:
            reasons.append(Reason("ENTITLEMENTS_MISSING", "deny", f"The feature {feature} is not licensed.", pointer))
        elif right["expires_at"] is not None and right["expires_at"] <= now:
            detail = f"The right to {feature} ended on {_iso(right['expires_at'])}."
            reasons.append(Reason("ENTITLEMENT_EXPIRED", "deny", detail, pointer))
    return reasons


def _iso(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    except (ValueError, OverflowError, OSError):
        return f"second {seconds}"
