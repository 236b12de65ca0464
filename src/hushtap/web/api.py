"""The API's place, its errors, and its description of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

if TYPE_CHECKING:
    from fastapi import FastAPI

API: Final = "/api/v1"
TOKEN: Final = "token"  # noqa: S105 - the name of a scheme


class Problem(BaseModel):
    """Why it was not done, in one line."""

    detail: str


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Problem, "description": "The request is no request of this API."},
    401: {"model": Problem, "description": "No token, or none that is good now."},
    403: {"model": Problem, "description": "The token or the role lacks this right."},
    404: {"model": Problem, "description": "No such call, or not in reach."},
    409: {"model": Problem, "description": "A legal hold keeps the recording as it is."},
    413: {"model": Problem, "description": "The body is too long."},
    415: {"model": Problem, "description": "The body is no JSON."},
    422: {"model": Problem, "description": "A value is missing or out of range."},
    429: {"model": Problem, "description": "Too many wrong tokens from here."},
    503: {"model": Problem, "description": "The vault or its audit log cannot be used now."},
}


def described(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI description of the API alone, without the pages."""
    whole = app.openapi()
    paths = {path: one for path, one in whole["paths"].items() if path.startswith(API)}
    components = dict(whole.get("components", {}))
    components["securitySchemes"] = {TOKEN: {"type": "http", "scheme": "bearer"}}
    return whole | {"paths": paths, "components": components}
