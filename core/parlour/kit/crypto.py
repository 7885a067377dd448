"""Keys, tokens and passwords: what signs, seals, hashes and proves.

A keyring holds 32-byte master keys, newest first; each purpose derives its own subkey from one
(HKDF, RFC 5869), so that no key serves two ends. Tokens are 256 random bits, stored as SHA-256;
passwords are Argon2id with the parameters of OWASP's cheat sheet (19 MiB, t=2, p=1).
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import anyio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

KEY_BYTES = 32
NONCE_BYTES = 12

_passwords = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),))
# Hashing takes tens of milliseconds of a core: two at a time leave the loop and the rest alone.
_hashing = anyio.CapacityLimiter(2)


@dataclass(frozen=True)
class Keyring:
    """The master keys of an installation, by name, newest first."""

    keys: tuple[tuple[str, bytes], ...]

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Read ``k2:<base64>,k1:<base64>``.

        Raises:
            ValueError: A key is not 32 bytes, or is plainly not random. The key is never shown.
        """
        keys = tuple(_parse_key(part.strip()) for part in text.split(",") if part.strip())
        if not keys:
            raise ValueError("The keyring is empty.")
        return cls(keys)

    @property
    def newest(self) -> str:
        """The name of the key that new things are made with."""
        return self.keys[0][0]

    def derive(self, name: str, purpose: str) -> bytes:
        """Return the 32-byte subkey of one master key for one purpose."""
        return _derive(dict(self.keys)[name], purpose)

    def signing_keys(self, purpose: str) -> dict[str, Ed25519PrivateKey]:
        """Return the Ed25519 keys of a purpose, by the name of their master key."""
        return {
            name: Ed25519PrivateKey.from_private_bytes(_derive(key, purpose))
            for name, key in self.keys
        }


def _parse_key(part: str) -> tuple[str, bytes]:
    name, colon, encoded = part.partition(":")
    if not colon or not name.isalnum():
        raise ValueError("A key is written `name:base64`.")
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise ValueError(f"Key {name} is not base64.") from error
    if len(key) != KEY_BYTES or len(set(key)) < KEY_BYTES // 4:
        raise ValueError(f"Key {name} is not {KEY_BYTES} random bytes.")
    return name, key


@lru_cache(maxsize=64)
def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"parlour:{purpose}".encode()).derive(key)


def new_keys() -> str:
    """Make a keyring of one key, as ``Keyring.parse`` reads it."""
    return f"k1:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def kept_keys(path: Path) -> str:
    """Return the keyring kept in a file, which is made on the first call."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(new_keys())
        try:
            path.hardlink_to(draft)  # atomic: the first of two starting processes wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


def new_token(prefix: str) -> str:
    """Mint a secret of 256 random bits; the prefix tells what it is to who finds it in a log."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def hash_token(token: str) -> bytes:
    """Return what is stored of a token. SHA-256 is enough: its secret has 256 bits."""
    return hashlib.sha256(token.encode()).digest()


def seal(key: bytes, plain: bytes, context: str) -> bytes:
    """Encrypt with AES-256-GCM, bound to a context that must be named again to open it."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def unseal(key: bytes, sealed: bytes, context: str) -> bytes:
    """Decrypt what ``seal`` made.

    Raises:
        cryptography.exceptions.InvalidTag: Another key or context, or it was tampered with.
    """
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())


async def hash_password(password: str) -> str:
    """Hash a password for keeping."""
    return await anyio.to_thread.run_sync(_passwords.hash, password, limiter=_hashing)


async def verify_password(password: str, kept: str | None) -> bool:
    """Tell whether a password is the kept one.

    With nothing kept it takes just as long, and fails: time does not tell who has an account.
    """

    def verify() -> bool:
        return _passwords.verify(password, kept or _unknown()) and kept is not None

    return await anyio.to_thread.run_sync(verify, limiter=_hashing)


@lru_cache(maxsize=1)
def _unknown() -> str:
    return _passwords.hash(secrets.token_hex())
