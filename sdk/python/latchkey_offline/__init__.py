"""Checks Latchkey license files (OLP-1) on the device, without a network."""

from .decide import Decision, Reason
from .strict import Refused
from .verify import Verdict, Verifier, Warn

__all__ = ["Decision", "Reason", "Refused", "Verdict", "Verifier", "Warn"]
