"""Signed notes against those of other implementations: Go's note package and its checksum log."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hushtap.vault.audit.note import Checkpoint, Signer, Verifier

# golang.org/x/mod/sumdb/note, note_test.go.
PETER = Verifier.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
PETER_SECRET = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"  # noqa: S105 - published
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SIGNED = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)
NOTE = f"{TEXT}\n{SIGNED}"

# Heads of the log behind sum.golang.org, as it gave them out, and its published key.
GO = Verifier.parse("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
GO_HEADS = {
    15368405: (
        "/g9am3I6YWNKaZX/jkne1fqd9zEyjss+JXyPXG0WfkY=",
        "Az3grqJGUaSGukG9p8nI2vKgiFn7qGHxn0W+mrwyI6Gz3F0t1J3LzmWk/p96Ybf295EjwdSwlzgijq5WA9d1Ded7owM=",
    ),
    3784599: (
        "7uvxIZ67TZygcq/AehTD8iHYt81Ih+Zl2Y7vXZbfszQ=",
        "Az3grn972wXskjQrsZhVGc93fTU2uOsmSTiId1Wn1lxDCup5z4ggl1/4gaUqOkMa6cMbYvjB7hn7yemNr7Zqanol/go=",
    ),
    59045944: (
        "LE6Lx+GNVyuFBv/jKcFIiPkG1WC7DHwG0clpfN/TBlA=",
        "Az3grk9ctaTv+CITXOwxCEHU3APAw5X7Ck14+fvFlh0GCktwX15+XPzy//GgL2G50ZgY05e8eXFTWcvW6pN5tozsLQQ=",
    ),
    63512409: (
        "F7eHRPqN/cqPtqti14NKdGGaI1Giw8coWP3KxihFZbg=",
        "Az3gri1OBHKT87Xj8UXU8zjoHGy/X+7Nl94f8TZkELVaasolmGApUsWqwVG9vE6hgqYb/ph/w2vdkLIVRH7bMB/FPQ4=",
    ),
}


def peter() -> Signer:
    secret = base64.b64decode(PETER_SECRET)
    assert secret[0] == 1
    return Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(secret[1:]))


def test_the_same_key_signs_the_same_bytes_as_go() -> None:
    assert peter().sign(TEXT) == NOTE
    assert peter().verifier == PETER
    assert str(PETER) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert PETER.open(NOTE) == TEXT


def test_heads_of_a_log_that_others_run_are_read() -> None:
    assert len(GO_HEADS) == 4
    for size, (root, signature) in GO_HEADS.items():
        text = f"go.sum database tree\n{size}\n{root}\n"
        head = Checkpoint.parse(GO.open(f"{text}\n— sum.golang.org {signature}\n"))
        assert head == Checkpoint("go.sum database tree", size, base64.b64decode(root))
        assert head.text() == text
        with pytest.raises(ValueError, match="signature is wrong"):
            GO.open(f"{text.replace(str(size), str(size + 1))}\n— sum.golang.org {signature}\n")


def test_the_text_of_the_specification_s_example() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    head = Checkpoint.parse(text)
    assert (head.origin, head.size) == ("example.com/behind-the-sofa", 20852163)
    assert head.text() == text
    assert Checkpoint.parse(f"{text}an extension\n") == head


OTHER = Signer("EnochRoot", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER_LINE = OTHER.sign(TEXT).split("\n\n")[1]


def test_signatures_of_others_are_passed_over() -> None:
    assert PETER.open(f"{TEXT}\n{OTHER_LINE}{SIGNED}") == TEXT
    assert OTHER.verifier.open(f"{TEXT}\n{OTHER_LINE}{SIGNED}") == TEXT
    with pytest.raises(ValueError, match="not signed by this key"):
        PETER.open(f"{TEXT}\n{OTHER_LINE}")


MALFORMED = {
    "empty": "",
    "no gap": TEXT + SIGNED,
    "no signature": f"{TEXT}\n",
    "text after": f"{NOTE}more\n",
    "no newline at the end": NOTE.removesuffix("\n"),
    "hyphen for dash": NOTE.replace("—", "-"),
    "two spaces": NOTE.replace("PeterNeumann ", "PeterNeumann  "),
    "no base64": NOTE.replace("x08go", "x08g*"),
    "a control character": NOTE.replace("cryptography", "crypto\x07graphy"),
    "a carriage return": NOTE.replace("problem,\n", "problem,\r\n"),
    "signed for another text": NOTE.replace("cryptography", "cryptographY"),
    "a signature cut short": NOTE.replace("yBwJnAM=", "yBwJ"),
    "a bit of the signature": NOTE.replace("SffcvI", "SffcvJ"),
    "bits after the base64": NOTE.replace("nAM=", "nAN="),
    "one good, one bad": NOTE + SIGNED.replace("SffcvI", "SffcvJ"),
    "too long": f"{'x' * 70_000}\n{NOTE}",
}


@pytest.mark.parametrize("flaw", MALFORMED)
def test_what_is_no_note_of_this_key_is_refused(flaw: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of its texts
        PETER.open(MALFORMED[flaw])


def test_a_changed_byte_of_a_key_is_refused() -> None:
    text = str(PETER)
    for at in range(len(text)):
        with pytest.raises(ValueError):  # noqa: PT011 - any of its texts
            Verifier.parse(text[:at] + chr(ord(text[at]) + 1) + text[at + 1 :])
        with pytest.raises(ValueError):  # noqa: PT011 - any of its texts
            Verifier.parse(text[:at])


@pytest.mark.parametrize(
    "text",
    [
        "a\n1\n",
        "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n1\nCsUY\n",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a checkpoint|base64|padding"):
        Checkpoint.parse(text)


def test_what_is_signed_can_be_read() -> None:
    assert OTHER.verifier.open(OTHER.sign("one\n\ntwo\n")) == "one\n\ntwo\n"
    for text in ("no newline", "a\rb\n"):
        with pytest.raises(ValueError, match="not the text of a note"):
            OTHER.sign(text)
