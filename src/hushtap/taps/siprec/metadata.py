"""Recording metadata (RFC 7865): who takes part, and who is heard in which stream.

Written for what is sent in the field: any namespace or none, the elements and attributes
of the drafts, parts in any order. XML that is built to do harm is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from hushtap.taps.siprec.message import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEEPEST: Final = 16
"""Elements within one another; the schema has five."""
MOST_ELEMENTS: Final = 10_000

_PREFIX: Final = re.compile(rb"(</?)[A-Za-z_][A-Za-z0-9_.-]{0,63}:(?=[A-Za-z_])")
_BOM: Final = b"\xef\xbb\xbf"
_ROOTS: Final = frozenset({"recording", "recording_metadata"})
_TRUE: Final = frozenset({"true", "1", "yes"})


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody in the call. ``calling``: the client says that it is who called."""

    aors: tuple[str, ...] = field(default=(), repr=False)
    name: str | None = field(default=None, repr=False)
    calling: bool = False


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a recording client says of a call.

    ``sends`` has the streams that each participant is heard in, ``labels`` the SDP's
    label of each stream, ``texts`` the first text of every other element by its name.
    """

    partial: bool = False
    participants: Mapping[str, Participant] = field(default_factory=dict, repr=False)
    sends: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)

    def heard_in(self, label: str) -> list[str]:
        """Return the ids of those who are heard in the stream with this label, in order."""
        streams = {stream for stream, one in self.labels.items() if one == label}
        return [who for who in self.participants if self.sends.get(who, frozenset()) & streams]

    def updated(self, newer: Metadata) -> Metadata:
        """Return what is known once ``newer`` came: a partial one adds, a complete one replaces."""
        if not newer.partial:
            return newer
        known = dict(self.participants)
        for who, one in newer.participants.items():
            known[who] = _joined(known.get(who), one)
        return replace(
            self,
            participants=known,
            sends={**self.sends, **newer.sends},
            labels={**self.labels, **newer.labels},
            texts={**self.texts, **newer.texts},
        )


def parse(data: bytes) -> Metadata | None:
    """Return the metadata in an XML document; None where it is no XML, or none of ours.

    Raises:
        RefusedError: 400. It declares a document type or entities, or is out of bounds.
    """
    data = data.removeprefix(_BOM).strip()
    builder = _Bounded()
    # Namespaces say nothing here, and some clients use prefixes that they do not declare.
    plain = _PREFIX.sub(rb"\1", data)
    try:
        parser = DefusedXMLParser(target=builder, forbid_dtd=True)
        parser.feed(plain)
        root = parser.close()
    except DefusedXmlException:
        raise RefusedError(400, "the metadata declares entities") from None
    except (ParseError, ValueError, LookupError):
        # The call is worth more than its labels.
        return None
    return _read(root) if _name(root) in _ROOTS else None


class _Bounded(TreeBuilder):
    """A builder of trees that are neither deep nor large."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._count = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._count += 1
        if self._depth > DEEPEST or self._count > MOST_ELEMENTS:
            raise RefusedError(400, "the metadata is nested too deeply or too long")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def _read(root: Element) -> Metadata:
    found = _Found()
    for child in root:
        found.take(child)
    return Metadata(
        partial=found.texts.get("datamode", "").lower() == "partial",
        participants={
            who: replace(one, calling=one.calling or who in found.calling)
            for who, one in found.participants.items()
        },
        sends={who: frozenset(streams) for who, streams in found.sends.items()},
        labels=found.labels,
        texts=found.texts,
    )


class _Found:
    """What the children of the root say, in whatever order they come."""

    def __init__(self) -> None:
        self.participants: dict[str, Participant] = {}
        self.sends: dict[str, set[str]] = {}
        self.labels: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.calling: set[str] = set()

    def take(self, child: Element) -> None:
        name = _name(child)
        if name == "participant":
            who = _id(child, "participant")
            self.participants[who] = _joined(self.participants.get(who), _participant(child))
            self._note_sends(who, child)
        elif name == "participantstreamassoc":
            self._note_sends(_id(child, "participant"), child)
        elif name == "stream":
            label = _attribute(child, "label") or next(_texts(child, "label"), "")
            if label:
                self.labels[_id(child, "stream")] = label
        elif name == "extensiondata" and _is_calling(child):
            self.calling.add(_attribute(child, "parent") or "")
        if name != "participant":
            for one in child.iter():
                if one.text and one.text.strip():
                    self.texts.setdefault(_name(one).lower(), one.text.strip())

    def _note_sends(self, who: str, element: Element) -> None:
        streams = set(_texts(element, "send"))
        if streams or _name(element) == "participantstreamassoc":
            self.sends.setdefault(who, set()).update(streams)


def _participant(element: Element) -> Participant:
    named = [one for one in element.iter() if _name(one).lower() == "nameid"]
    aors = [value for one in named if (value := _attribute(one, "aor"))]
    aors += list(_texts(element, "aor"))
    return Participant(
        aors=tuple(dict.fromkeys(aors)),
        name=next(_texts(element, "name"), None),
        calling=_is_calling(element),
    )


def _joined(before: Participant | None, newer: Participant) -> Participant:
    if before is None:
        return newer
    return Participant(
        newer.aors or before.aors, newer.name or before.name, newer.calling or before.calling
    )


def _is_calling(element: Element) -> bool:
    return any(text.lower() in _TRUE for text in _texts(element, "callingParty"))


def _id(element: Element, of: str) -> str:
    return next(
        (value for name in (f"{of}_id", "id", of) if (value := _attribute(element, name))), ""
    )


def _attribute(element: Element, name: str) -> str | None:
    for key, value in element.attrib.items():
        if key.rpartition("}")[2].lower() == name:
            return value.strip() or None
    return None


def _texts(element: Element, name: str) -> Iterator[str]:
    for one in element.iter():
        if _name(one).lower() == name.lower() and one.text and one.text.strip():
            yield one.text.strip()


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
