"""What forms send: the same bodies as the JSON routes take, with the same bounds.

A field left empty is a field left out.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from flywheel_server.core import errors
from flywheel_server.web.pages import frame, refusals

Model = TypeVar("Model", bound=BaseModel)


async def texts(request: Request) -> dict[str, str]:
    """Return the form's fields, the last value of each; files are none of ours."""
    form = await request.form()
    return {name: value for name, value in form.items() if not isinstance(value, UploadFile)}


async def several(request: Request, name: str) -> list[str]:
    """Return every value of one field."""
    form = await request.form()
    return [value for value in form.getlist(name) if not isinstance(value, UploadFile)]


def body(model: type[Model], **values: Any) -> Model:
    """Return what the JSON route would have read. Raises InvalidInput that says what is wrong."""
    given = {name: value for name, value in values.items() if value not in {None, ""}}
    return checked(model, given)


def checked(model: type[Model], values: dict[str, Any]) -> Model:
    """Return a body of exactly these values. Raises InvalidInput that says what is wrong."""
    try:
        return model(**values)
    except ValidationError as error:
        raise errors.InvalidInput(
            refusals.of_form(error), fields=refusals.by_field(error)
        ) from error


def wrong(name: str, sentence: str) -> errors.InvalidInput:
    """Return the refusal of one field, which is said beside it."""
    return errors.InvalidInput(sentence, fields={name: sentence})


async def attempt(then: str, deed: Awaitable[Any], said: str | Callable[[Any], str]) -> Response:
    """Do it and say what was done, on the page where one goes on.

    What is refused is answered by the page that the form came from: see ``refused``.
    """
    result = await deed
    return frame.go(then, said if isinstance(said, str) else said(result))
