"""Access that is out of the ordinary, for the privacy officer."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from hushtap.vault.audit.events import Activity, Kind, Thing
from hushtap.web.errors import ForbiddenError
from hushtap.web.guard import Routes, Signed
from hushtap.web.pages import go, render
from hushtap.web.roles import Permission

routes = Routes()


@routes.page("GET", "/alerts", Permission.ALERTS_HANDLE)
def alerts(request: Request) -> Response:
    """List the alerts, those that nobody looked into first."""
    state = request.app.state
    found = state.watch.alerts()
    return render(request, "alerts.html", alerts=found, rules=state.rules.alerts)


@routes.page("POST", "/alerts/{alert}/settle", Permission.ALERTS_HANDLE)
def settle(request: Request, session: Signed, alert: int) -> Response:
    """Note that one was looked into."""
    state = request.app.state
    about = state.watch.get(alert)
    if about.account == session.account.name:
        raise ForbiddenError("It is about you: another privacy officer has to look into it.")
    state.desk.note(session, Activity.ALERT, Thing(Kind.ACCOUNT, about.account))
    state.watch.settle(about.id, session.account.name)
    return go(request, "/alerts")
