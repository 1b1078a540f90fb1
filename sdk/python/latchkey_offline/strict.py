"""The strict reading of OLP-1: one text for one meaning. See docs/olp-1.md, "Reading"."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 16
_GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493  # RFC 8032, 5.1

CAPS = {"keyset": 65_536, "license": 65_536, "emergency": 65_536, "status": 524_288, "request": 16_384, "receipt": 16_384}
"""How many characters a message of each kind has at most."""


class Refused(Exception):
    """A text that is not taken, with the code of OLP-1 and a sentence for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Message:
    """A message whose form is right. Nothing in it is true before its signature was checked."""

    kind: str
    kid: str
    claims: dict[str, Any]
    signature: bytes
    signed: bytes
    """What the signature is over."""
    text: str


def read(text: str, kinds: tuple[str, ...]) -> Message:
    """Reads a message of one of `kinds` ("license", …): steps 1 to 6. Raises Refused."""
    if len(text) > max(CAPS[kind] for kind in kinds):
        raise Refused("TOO_LARGE", "The text is longer than a message of its kind may be.")
    parts = text.split(".")
    if len(parts) != 3 or not all(re.fullmatch(r"[A-Za-z0-9_-]+", part) for part in parts):
        raise Refused("MALFORMED", "A message has three parts of base64url, joined by dots, and nothing else.")
    head, payload, signature = (from_base64url(part) for part in parts)
    header = parse_object(head)
    claims = parse_object(payload)
    kind = _kind_of(header, kinds)
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= _GROUP_ORDER:
        raise Refused("BAD_SIGNATURE", "The signature has not the form of an Ed25519 signature.")
    return Message(kind, header["kid"], claims, signature, f"{parts[0]}.{parts[1]}".encode("ascii"), text)


def _kind_of(header: dict[str, Any], kinds: tuple[str, ...]) -> str:
    if set(header) != {"alg", "kid", "typ"} or not all(isinstance(value, str) for value in header.values()):
        raise Refused("INVALID_HEADER", "The header holds alg, kid and typ, and nothing else.")
    if header["alg"] != "EdDSA":
        raise Refused("UNSUPPORTED_ALGORITHM", "The only algorithm is EdDSA.")
    for kind in kinds:
        if header["typ"] == f"olp1-{kind}+jws":
            return kind
    raise Refused("WRONG_TYPE", f"This is no message of type olp1-{kinds[0]}+jws.")


def from_base64url(text: str) -> bytes:
    """The bytes of a base64url text without padding, in its one spelling. Raises Refused (NOT_CANONICAL)."""
    if len(text) % 4 != 1:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if to_base64url(decoded) == text:
            return decoded
    raise Refused("NOT_CANONICAL", "A part is not spelled as its bytes are.")


def to_base64url(data: bytes) -> str:
    """Base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def parse_object(data: bytes) -> dict[str, Any]:
    """A JSON object of texts, integers, booleans, null, lists and objects, without duplicate members. Raises Refused."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _invalid("it is not UTF-8") from None
    return _Reader(text).document()


def _invalid(why: str) -> Refused:
    return Refused("INVALID_JSON", f"A part is not the JSON that is read here: {why}.")


_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_HEX = re.compile(r"[0-9A-Fa-f]{4}")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = (("true", True), ("false", False), ("null", None))


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def document(self) -> dict[str, Any]:
        self.space()
        if self.peek() != "{":
            raise _invalid("it is no object")
        value = self.object(1)
        self.space()
        if self.at != len(self.text):
            raise _invalid("something follows it")
        return value

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        assert match
        self.at = match.end()

    def expect(self, character: str) -> None:
        if self.peek() != character:
            raise _invalid(f"{character} is missing")
        self.at += 1

    def value(self, depth: int) -> Any:
        character = self.peek()
        if character == "{":
            return self.object(depth)
        if character == "[":
            return self.list(depth)
        if character == '"':
            return self.string()
        for word, value in _WORDS:
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        return self.integer()

    def object(self, depth: int) -> dict[str, Any]:
        self.enter(depth)
        members: dict[str, Any] = {}
        self.space()
        if self.peek() == "}":
            self.at += 1
            return members
        while True:
            self.space()
            if self.peek() != '"':
                raise _invalid("a member has no name")
            name = self.string()
            if name in members:
                raise Refused("DUPLICATE_MEMBER", "A part names a member twice.")
            self.space()
            self.expect(":")
            self.space()
            members[name] = self.value(depth + 1)
            self.space()
            if self.peek() == ",":
                self.at += 1
                continue
            self.expect("}")
            return members

    def list(self, depth: int) -> list[Any]:
        self.enter(depth)
        items: list[Any] = []
        self.space()
        if self.peek() == "]":
            self.at += 1
            return items
        while True:
            self.space()
            items.append(self.value(depth + 1))
            self.space()
            if self.peek() == ",":
                self.at += 1
                continue
            self.expect("]")
            return items

    def enter(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _invalid("it is too deep")
        self.at += 1

    def integer(self) -> int:
        match = _NUMBER.match(self.text, self.at)
        if not match:
            raise _invalid("a value is missing")
        digits = match.group()
        self.at = match.end()
        if self.peek() in {".", "e", "E"} or digits == "-0":
            raise _invalid("a number is no plain integer")
        # a text of thousands of digits is refused before it is made a number
        if len(digits) > 17 or abs(int(digits)) > MAX_INTEGER:
            raise _invalid("a number is too large")
        return int(digits)

    def string(self) -> str:
        self.at += 1
        pieces: list[str] = []
        while True:
            match = _PLAIN.match(self.text, self.at)
            assert match
            pieces.append(match.group())
            self.at = match.end()
            character = self.peek()
            if character == '"':
                self.at += 1
                return "".join(pieces)
            if character != "\\":
                raise _invalid("a text has no end, or a control character in it")
            pieces.append(self.escape())

    def escape(self) -> str:
        kind = self.text[self.at + 1 : self.at + 2]
        if kind != "u":
            if kind not in _ESCAPES:
                raise _invalid("a text has an unknown escape")
            self.at += 2
            return _ESCAPES[kind]
        unit = self.unit()
        if 0xDC00 <= unit <= 0xDFFF:
            raise _invalid("a text has half a character")
        if not 0xD800 <= unit <= 0xDBFF:
            return chr(unit)
        if not self.text.startswith("\\u", self.at):
            raise _invalid("a text has half a character")
        low = self.unit()
        if not 0xDC00 <= low <= 0xDFFF:
            raise _invalid("a text has half a character")
        return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))

    def unit(self) -> int:
        match = _HEX.match(self.text, self.at + 2)
        if not match:
            raise _invalid("a text has an unknown escape")
        self.at += 6
        return int(match.group(), 16)
