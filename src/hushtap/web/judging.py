"""What is kept of reviews: scores of calls, and each person's saved views of the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, insert, select

from hushtap.errors import UsageError
from hushtap.vault.details import looks_sensitive
from hushtap.web.store import Store, portions
from hushtap.web.tables import scores, views

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hushtap.web.rules import Rules

MOST_VIEWS: Final = 30
_NAME_LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class Score:
    """One person's answers about a call by the id of the question; ``total`` from 0 to 1."""

    recording: str
    account: str
    form: str
    answers: Mapping[str, int]
    total: float
    made: float


class Scores(Store):
    """The scores of a desk; of each person one for a call, the last."""

    def give(self, recording: str, account: str, rules: Rules, given: Mapping[str, str]) -> Score:
        """Keep the answers in ``given``; an empty one is "does not apply".

        Raises:
            UsageError: none applies, or one is no answer.
        """
        answers: dict[str, int] = {}
        for question in rules.question:
            text = given.get(question.id, "")
            if text and text not in {str(one) for one in range(question.least, question.best + 1)}:
                raise UsageError("that is no answer of this form: load the page again")
            if text:
                answers[question.id] = int(text)
        if not answers:
            raise UsageError("answer one question at least")
        total, now = rules.total(answers), self._clock()
        made = Score(recording, account, rules.form, answers, total, now)
        row = {
            "recording": recording,
            "account": account,
            "form": made.form,
            "answers": answers,
            "total": total,
            "made": now,
        }
        here = (scores.c.recording == recording, scores.c.account == account)
        with self._database.writing() as connection:
            connection.execute(delete(scores).where(*here))
            connection.execute(insert(scores).values(row))
        return made

    def of(self, recording: str) -> list[Score]:
        """Return the scores of a call, the newest first."""
        query = select(scores).where(scores.c.recording == recording).order_by(scores.c.id.desc())
        with self._database.reading() as connection:
            return [
                Score(row.recording, row.account, row.form, row.answers, row.total, row.made)
                for row in connection.execute(query)
            ]

    def totals(self, recordings: Iterable[str]) -> dict[str, float]:
        """Return the mean total of each of ``recordings`` that was scored."""
        found: dict[str, float] = {}
        with self._database.reading() as connection:
            for some in portions(recordings):
                here = scores.c.recording.in_(some)
                mean = select(scores.c.recording, func.avg(scores.c.total)).where(here)
                rows = connection.execute(mean.group_by(scores.c.recording))
                found |= {recording: float(total) for recording, total in rows}
        return found


class Views(Store):
    """Searches that people gave a name, each for themselves."""

    def save(self, account: str, name: str, filters: Mapping[str, str]) -> None:
        """Keep ``filters`` under ``name``, in place of what had that name.

        Raises:
            UsageError: the name is none, there are no filters, there are too many views, or
                something in them looks like a card number.
        """
        name = " ".join(name.split())
        kept = {key: value for key, value in filters.items() if value}
        if not (0 < len(name) <= _NAME_LONGEST and name.isprintable()):
            raise UsageError(f"give the view a name of 1 to {_NAME_LONGEST} characters")
        if not kept:
            raise UsageError("there is no filter to save: choose one first")
        if any(looks_sensitive(text) for text in (name, *kept.values())):
            raise UsageError("a view holds nothing that looks like a card number or an SSN")
        here = (views.c.account == account, views.c.name == name)
        with self._database.writing() as connection:
            connection.execute(delete(views).where(*here))
            mine = select(func.count()).where(views.c.account == account)
            if (connection.scalar(mine) or 0) >= MOST_VIEWS:
                raise UsageError(f"{MOST_VIEWS} views are there already: delete one")
            row: dict[str, Any] = {"account": account, "name": name, "filters": kept}
            connection.execute(insert(views).values(row))

    def drop(self, account: str, name: str) -> None:
        """Forget one."""
        with self._database.writing() as connection:
            here = (views.c.account == account, views.c.name == name)
            connection.execute(delete(views).where(*here))

    def of(self, account: str) -> list[tuple[str, dict[str, str]]]:
        """Return name and filters of each, by name."""
        query = select(views).where(views.c.account == account).order_by(views.c.name)
        with self._database.reading() as connection:
            return [(row.name, dict(row.filters)) for row in connection.execute(query)]
