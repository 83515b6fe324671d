"""A refusal may be of a request that was damaged on its way: it counts when it comes three times."""

from __future__ import annotations

import pytest

from connectors.errors import AuthError, FatalError, RetriableError, SchemaError
from connectors.http.retry import confirmed


class Server:
    """Gives the answers of a list, one for each call; exceptions among them are raised."""

    def __init__(self, *answers):
        self.answers, self.calls = list(answers), 0

    def __call__(self):
        self.calls += 1
        answer = self.answers[self.calls - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize("refused", [FatalError("no such thing"), SchemaError("no such field")])
def test_two_refusals_and_an_answer_are_an_answer(refused):
    server = Server(refused, refused, "page")
    assert confirmed(server) == "page"


def test_three_refusals_are_one():
    server = Server(*[FatalError("no")] * 3, "page")
    with pytest.raises(FatalError, match="no"):
        confirmed(server)
    assert server.calls == 3


@pytest.mark.parametrize("told", [AuthError("revoked"), RetriableError("later")])
def test_credentials_and_what_is_retried_elsewhere_are_believed_at_once(told):
    server = Server(told, "page")
    with pytest.raises(type(told)):
        confirmed(server)
    assert server.calls == 1
