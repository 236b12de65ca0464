"""A private key sealed by an AES key that never leaves a PKCS#11 token.

The module (the token's library) is named by ``HUSHTAP_PKCS11_MODULE``, never by a
key file: whoever can write one must not choose what code a reader loads.
"""

from __future__ import annotations

import base64
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hushtap.errors import VaultError

try:
    import pkcs11
    from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, MechanismFlag, ObjectClass
    from pkcs11 import exceptions as refused
except ImportError:
    raise VaultError("this key is sealed by a PKCS#11 token: pip install 'hushtap[hsm]'") from None

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MODULE = "HUSHTAP_PKCS11_MODULE"
"""Environment variable: the path of the token's library."""

# A module crashes when several threads call it, and refuses a second login.
_one_session = threading.Lock()

_TAG_BITS = 128


class TokenKey:
    """AES-256-GCM inside the token. The AES key is made there where it has none of that label."""

    name = "pkcs11"

    def __init__(self, token: str, label: str, pin: str) -> None:
        self._token, self._label, self._pin = token, label, pin

    def seal(self, secret: bytes, context: bytes) -> tuple[bytes, dict[str, Any]]:
        """Return ``secret`` sealed by the token, and token, object and nonce."""
        nonce = os.urandom(12)
        with self._session(writes=True) as session:
            try:
                key = self._key(session)
            except refused.NoSuchKey:
                key = session.generate_key(
                    KeyType.AES,
                    256,
                    label=self._label,
                    store=True,
                    capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
                    template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
                )
            sealed = key.encrypt(
                secret,
                mechanism=Mechanism.AES_GCM,
                mechanism_param=GCMParams(nonce, context, _TAG_BITS),
            )
        told = {
            "token": self._token,
            "object": self._label,
            "nonce": base64.b64encode(nonce).decode(),
        }
        return bytes(sealed), told

    def open(self, sealed: bytes, fields: Mapping[str, Any], context: bytes) -> bytes:
        """Return the secret that the token opens."""
        nonce = base64.b64decode(fields["nonce"], validate=True)
        with self._session(writes=False) as session:
            key = self._key(session)
            try:
                opened = key.decrypt(
                    sealed,
                    mechanism=Mechanism.AES_GCM,
                    mechanism_param=GCMParams(nonce, context, _TAG_BITS),
                )
            except (
                refused.GeneralError,
                refused.EncryptedDataInvalid,
                refused.EncryptedDataLenRange,
                refused.FunctionFailed,
            ):
                raise VaultError(
                    f"token {self._token!r}: its key {self._label!r} does not open key "
                    f"{fields['key_id']}; restore the key file, or attach the right token"
                ) from None
        return bytes(opened)

    def _key(self, session: Any) -> Any:  # noqa: ANN401 - the library's own
        return session.get_key(
            object_class=ObjectClass.SECRET_KEY, key_type=KeyType.AES, label=self._label
        )

    @contextmanager
    def _session(self, *, writes: bool) -> Iterator[Any]:
        module = os.environ.get(MODULE)
        if not module:
            raise VaultError(f"token {self._token!r}: set {MODULE} to the path of its library")
        with _one_session:
            try:
                library = pkcs11.lib(module)
                # Tokens that were attached or made since the library was loaded.
                library.reinitialize()
                token = library.get_token(token_label=self._token)
                with token.open(rw=writes, user_pin=self._pin) as session:
                    yield session
            except refused.PKCS11Error as error:
                raise VaultError(f"token {self._token!r}: {self._told(error, module)}") from None

    def _told(self, error: Exception, module: str) -> str:
        """Return what to tell of an error; a library's own text is not passed on."""
        for kind, line in (
            (refused.PinLocked, "its PIN is locked; have it unlocked by its security officer"),
            (refused.PinExpired, "its PIN has expired; set a new one"),
            (refused.UserPinNotInitialized, "it has no PIN yet; set one"),
            (
                (refused.PinIncorrect, refused.PinLenRange, refused.PinInvalid),
                "the PIN is wrong; tokens lock after a few wrong ones",
            ),
            (
                (refused.NoSuchToken, refused.TokenNotPresent, refused.DeviceRemoved),
                "is not attached; attach it",
            ),
            (refused.MultipleTokensReturned, "several are attached; attach one"),
            (refused.NoSuchKey, f"has no AES key {self._label!r}; attach the right token"),
            (refused.MultipleObjectsReturned, f"has several AES keys {self._label!r}; keep one"),
            (refused.TokenWriteProtected, "is write-protected; make the key by its own tools"),
        ):
            if isinstance(error, kind):
                return line
        if type(error) is refused.PKCS11Error:
            return f"{module} is no PKCS#11 library; correct {MODULE}"
        return f"refused ({type(error).__name__}); see the token's own tools"
