"""Checks a license file step by step, in the order of docs/olp-1.md, "Checking a file on a device"."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .claims import check_claims
from .decide import Decision, decide
from .strict import Message, Refused, from_base64url, read, to_base64url

CLOCK_TOLERANCE_S = 300
CLOCK_TRUST_S = 400 * 24 * 3600

_STATUSES = {1: ("FILE_SUSPENDED", "suspended"), 2: ("FILE_REVOKED", "revoked"), 3: ("FILE_SUPERSEDED", "superseded")}


@dataclass(frozen=True)
class Warn:
    """Something to know about a file that is taken."""

    code: str
    detail: str


@dataclass(frozen=True)
class Verdict:
    """What came of a file. `code` is OK, or the first step that failed; the rest is there only with OK."""

    code: str
    detail: str
    decision: Decision | None = None
    claims: Mapping[str, Any] | None = None
    warnings: tuple[Warn, ...] = ()
    state: dict[str, Any] | None = None
    """What to keep for the next time, as plain JSON."""

    @property
    def ok(self) -> bool:
        return self.code == "OK"


def thumbprint(x: str) -> str:
    """The RFC 7638 thumbprint of an Ed25519 public key in base64url."""
    return to_base64url(hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest())


def fingerprint_digest(tenant: str, fingerprint: str) -> str:
    """A fingerprint as files hold it."""
    return to_base64url(hashlib.sha256(f"olp1-fp\n{tenant}\n{fingerprint}".encode("utf-8", "surrogatepass")).digest())


def component_digest(tenant: str, kind: str, value: str) -> str:
    """A part of a device as files hold it."""
    return to_base64url(hashlib.sha256(f"olp1-part\n{tenant}\n{kind}\n{value}".encode("utf-8", "surrogatepass")).digest())


class Verifier:
    """Checks the license files of one product of one tenant. `roots` are the public halves (base64url) that the program embeds."""

    def __init__(self, tenant: str, product: str, roots: Iterable[str]) -> None:
        self.tenant = tenant
        self.product = product
        self.roots = {thumbprint(x): x for x in roots}

    def verify(
        self,
        file: str,
        *,
        now: int,
        state: Mapping[str, Any] | None = None,
        fingerprint: str | None = None,
        components: Iterable[Mapping[str, str]] = (),
        device_key: str | None = None,
        request: str | None = None,
        keyset: str | None = None,
        status: str | None = None,
        version: str | None = None,
        features: Iterable[str] = (),
        product: str | None = None,
        user: str | None = None,
        domain: str | None = None,
    ) -> Verdict:
        """`now` in seconds since 1970; `state` as the last verdict gave it. Never raises for what a file holds."""
        kept = {"keyset_seq": 0, "files": {}, "newest_iat": 0, "highest_time": 0, "status": None, **(state or {})}
        try:
            parts = _parts_of(file)
            keys = self._keyset(parts["keyset"], keyset and read(keyset, ("keyset",)), kept, now)
            message = parts["license"]
            claims = self._signed(message, keys)
            _check_request(claims, request)
            warnings = self._check_device(claims, fingerprint, list(components), device_key)
            mark = max(0, claims["iat"] if claims["iat"] > kept["newest_iat"] else kept["highest_time"])
            _check_times(claims, now, mark)
            if claims["seq"] < kept["files"].get(claims["act"], 0):
                raise Refused("FILE_OUTDATED", "A newer file of this activation was seen before.")
            handed = read(status, ("status",)) if status is not None else None
            newest = self._status(claims, keys, [parts["status"], handed], kept["status"], now)
        except Refused as refused:
            return Verdict(refused.code, refused.detail)

        leaps = now > mark + CLOCK_TRUST_S
        if leaps:
            warnings = [Warn("CLOCK_LEAP", "The clock is far beyond every time that was seen before."), *warnings]
        inputs = {"fingerprint": fingerprint, "product": product, "version": version, "domain": domain, "user": user}
        decision = decide(claims, max(now, claims["iat"]), {**inputs, "features": list(features)}, message.kind == "emergency")
        new_state = {
            "keyset_seq": max(kept["keyset_seq"], keys["seq"]),
            "files": {**kept["files"], claims["act"]: claims["seq"]},
            "newest_iat": max(kept["newest_iat"], claims["iat"]),
            "highest_time": mark if leaps else max(mark, now),
            "status": newest,
        }
        return Verdict("OK", "The file is genuine, and for this device.", decision, claims, tuple(warnings), new_state)

    def _keyset(self, own: Message, handed: Message | None, kept: Mapping[str, Any], now: int) -> dict[str, Any]:
        for message in (own, handed):
            if message is None:
                continue
            root = self.roots.get(message.kid)
            if root is None:
                raise Refused("UNKNOWN_ROOT", "The keyset is signed by no root that this program knows.")
            _check_signature(message, root)
            check_claims("keyset", message.claims)
            self._check_issuer(message.claims)
        used = handed.claims if handed is not None and handed.claims["seq"] > own.claims["seq"] else own.claims
        if used["seq"] < kept["keyset_seq"]:
            raise Refused("KEYSET_OUTDATED", "A newer keyset was seen before.")
        if used["exp"] <= now:
            raise Refused("KEYSET_EXPIRED", "The keyset's time is over: get a newer file.")
        return used

    def _signed(self, message: Message, keys: Mapping[str, Any]) -> dict[str, Any]:
        """The claims of a message that a signing key made for this product."""
        key = next((each for each in keys["keys"] if each["kid"] == message.kid), None)
        if key is None:
            raise Refused("UNKNOWN_KEY", "The keyset does not name the key that signed this.")
        if key["status"] == "revoked":
            raise Refused("KEY_REVOKED", "The key that signed this was revoked.")
        if key["products"] and self.product not in key["products"]:
            raise Refused("KEY_NOT_FOR_PRODUCT", "The key that signed this is for other products.")
        _check_signature(message, key["x"])
        check_claims(message.kind, message.claims)
        claims = message.claims
        self._check_issuer(claims)
        if claims["aud"] != self.product:
            raise Refused("WRONG_PRODUCT", "This is for another product.")
        if claims["iat"] < key["from"] or (key["until"] is not None and claims["iat"] >= key["until"]):
            raise Refused("KEY_OUT_OF_TIME", "The key that signed this was not in use at that time.")
        return claims

    def _check_issuer(self, claims: Mapping[str, Any]) -> None:
        if claims["iss"] != self.tenant:
            raise Refused("WRONG_ISSUER", "This is from another vendor.")

    def _check_device(
        self,
        claims: Mapping[str, Any],
        fingerprint: str | None,
        components: list[Mapping[str, str]],
        device_key: str | None,
    ) -> list[Warn]:
        device = claims["dev"]
        wrong = Refused("WRONG_DEVICE", "The file is for another device.")
        if device_key is not None and device["key"] != thumbprint(device_key):
            raise wrong
        if fingerprint is not None and hmac.compare_digest(device["fp"], fingerprint_digest(self.tenant, fingerprint)):
            return []
        named = {(each["kind"], component_digest(self.tenant, each["kind"], each["hash"])) for each in components}
        changed = [each["kind"] for each in device["components"] if (each["kind"], each["hash"]) not in named]
        if device["k"] is None or len(device["components"]) - len(changed) < device["k"]:
            raise wrong
        return [Warn("DEVICE_PART_CHANGED", f"The device fits by its parts; changed: {', '.join(changed) or 'its fingerprint'}.")]

    def _status(
        self,
        claims: Mapping[str, Any],
        keys: Mapping[str, Any],
        given: list[Message | None],
        kept: str | None,
        now: int,
    ) -> str | None:
        lists = [(self._signed(message, keys), message.text) for message in given if message is not None]
        if kept is not None:
            try:
                message = read(kept, ("status",))
                lists.append((self._signed(message, keys), kept))
            except Refused:
                pass  # its key was revoked since, or the state was touched: it says nothing any more
        newest = max(lists, key=lambda each: each[0]["seq"], default=None)
        max_age = claims["pol"]["status_max_age_s"]
        if max_age is not None:
            if newest is None or newest[0]["iat"] + max_age <= now or newest[0]["exp"] <= now:
                raise Refused("STATUS_TOO_OLD", "The license asks for a newer status list than there is.")
        if newest is None:
            return None
        bits = from_base64url(newest[0]["lst"]) if newest[0]["lst"] else b""
        index = claims["st"]
        status = bits[index // 4] >> (index % 4 * 2) & 3 if index // 4 < len(bits) else 0
        if status in _STATUSES:
            code, word = _STATUSES[status]
            raise Refused(code, f"The vendor's status list says that this file is {word}.")
        return newest[1]


def _parts_of(file: str) -> dict[str, Any]:
    text = file[:-1] if file.endswith("\n") else file
    parts = text.split("~")
    if len(parts) not in (2, 3):
        raise Refused("MALFORMED", "A license file is a keyset and a license, and perhaps a status list, joined by ~.")
    return {
        "keyset": read(parts[0], ("keyset",)),
        "license": read(parts[1], ("license", "emergency")),
        "status": read(parts[2], ("status",)) if len(parts) == 3 else None,
    }


def _check_signature(message: Message, x: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(from_base64url(x)).verify(message.signature, message.signed)
    except (InvalidSignature, ValueError, Refused):
        raise Refused("BAD_SIGNATURE", "The signature does not fit.") from None


def _check_request(claims: Mapping[str, Any], request: str | None) -> None:
    if request is None:
        return
    wrong = Refused("WRONG_REQUEST", "This answers another request than the one that waits.")
    try:
        rid = read(request, ("request",)).claims.get("rid")
    except Refused:
        raise wrong from None
    digest = to_base64url(hashlib.sha256(request.encode("ascii")).digest())
    if claims["rid"] != rid or claims["req"] != digest:
        raise wrong


def _check_times(claims: Mapping[str, Any], now: int, mark: int) -> None:
    if now < mark - CLOCK_TOLERANCE_S:
        raise Refused("CLOCK_ROLLBACK", "The clock is earlier than a time that was seen before.")
    if now + CLOCK_TOLERANCE_S < claims["nbf"]:
        raise Refused("NOT_YET_VALID", "The file is not valid yet.")
    if claims["exp"] <= now:
        raise Refused("FILE_EXPIRED", "The file's time is over: get a newer one.")
