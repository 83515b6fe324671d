"""The last net under the checks of single answers."""

from __future__ import annotations

from collections.abc import Iterator
from traceback import extract_tb

from connectors.base import Page
from connectors.errors import RetriableError


def understood(crm: str, pages: Iterator[Page]) -> Iterator[Page]:
    """The pages. A value that no check foresaw makes the answer a broken one: the read goes on behind the last page,
    and the run ends with nothing scored if that does not help. Raises RetriableError with the place that stumbled over
    it.
    """
    try:
        for page in pages:
            if page.batch.column("id").null_count:
                raise RetriableError(f"{crm} answered with a record that has no id.")
            yield page
    except (AttributeError, LookupError, NotImplementedError, TypeError, ValueError) as error:
        place = extract_tb(error.__traceback__)[-1]
        raise RetriableError(
            f"{crm} answered with something that cannot be understood"
            f" ({type(error).__name__} at {place.filename.rsplit('/', 1)[-1]}:{place.lineno}).",
            remedy="If that lasts, report it with the log.",
        ) from error
