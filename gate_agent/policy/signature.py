"""Detached Ed25519 signatures (RFC 8032) over the files that steer a station: policy and watchlist.

``<file>.sig`` holds the base64 of the 64-byte signature over the file's bytes, so that any standard
tool can make or check one (docs/policy.md shows the OpenSSL commands). A public key file holds either
64 hex digits or one or more PEM keys; with several, any of them may have signed (key rotation). Each
signed file names its own format in its first key, so a signature of one kind never serves another.
"""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gate_agent.errors import GateError
from gate_agent.files import read_bounded, write_whole

MAX_SIGNED_BYTES = 256 * 1024 * 1024
_MAX_KEY_FILE = 64 * 1024
_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


class SignatureError(GateError):
    """A signed file, its signature or a key is missing, malformed, or does not verify."""


def signature_path(file: Path) -> Path:
    return file.with_name(file.name + ".sig")


def load_public_keys(file: Path) -> tuple[Ed25519PublicKey, ...]:
    """Every public key in `file` (hex or PEM). Raises SignatureError."""
    raw = read_bounded(file, _MAX_KEY_FILE, SignatureError)
    text = raw.strip()
    if re.fullmatch(rb"[0-9A-Fa-f]{64}", text):
        return (Ed25519PublicKey.from_public_bytes(bytes.fromhex(text.decode())),)
    keys: list[Ed25519PublicKey] = []
    for pem in _PEM.findall(raw):
        try:
            key = serialization.load_pem_public_key(pem)
        except ValueError as error:
            raise SignatureError("holds a damaged PEM key", field=str(file)) from error
        if not isinstance(key, Ed25519PublicKey):
            raise SignatureError("holds a key that is not Ed25519", field=str(file))
        keys.append(key)
    if not keys:
        raise SignatureError(
            "holds no public key", field=str(file), advice="64 hex digits or a PEM file are expected"
        )
    return tuple(keys)


def load_private_key(file: Path) -> Ed25519PrivateKey:
    """The PEM (PKCS #8, unencrypted) private key in `file`. Raises SignatureError."""
    try:
        raw = read_bounded(file, _MAX_KEY_FILE, SignatureError)
        key = serialization.load_pem_private_key(raw, password=None)
    except (ValueError, TypeError) as error:
        raise SignatureError("is not an unencrypted PEM private key", field=str(file)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SignatureError("is not an Ed25519 key", field=str(file))
    return key


def public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def private_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def sign(file: Path, key: Ed25519PrivateKey) -> Path:
    """Write the signature of `file` beside it; returns its path."""
    target = signature_path(file)
    content = read_bounded(file, MAX_SIGNED_BYTES, SignatureError)
    write_whole(target, base64.b64encode(key.sign(content)) + b"\n")
    return target


def verify(file: Path, content: bytes, keys: tuple[Ed25519PublicKey, ...]) -> None:
    """Raise SignatureError unless ``<file>.sig`` is a signature of `content` by one of `keys`."""
    beside = signature_path(file)
    try:
        encoded = read_bounded(beside, _MAX_KEY_FILE, SignatureError)
        signature = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error as error:
        raise SignatureError("is not base64", field=str(beside)) from error
    for key in keys:
        try:
            key.verify(signature, content)
            return
        except InvalidSignature:
            continue
    raise SignatureError(
        "the signature does not belong to this file and key",
        field=str(file),
        advice="sign it again after every change, with the key whose public half is configured",
    )
