"""What the organisation answers when it refuses."""

from __future__ import annotations

from collections.abc import Sequence


class ApiError(Exception):
    """A refusal of a whole REST request: status and `[{message, errorCode, fields?}]`."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = None if fields is None else list(fields)

    def body(self) -> list[dict[str, object]]:
        error: dict[str, object] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = self.fields
        return [error]


class RowError(Exception):
    """A refusal of one record: `statusCode`, message and the fields it is about."""

    def __init__(self, code: str, message: str, fields: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = list(fields)

    def body(self) -> dict[str, object]:
        return {"statusCode": self.code, "message": self.message, "fields": self.fields}

    def bulk(self) -> str:
        """As in the `sf__Error` column."""
        return f"{self.code}:{self.message}:{','.join(self.fields)}--"


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    return ApiError(404, "NOT_FOUND", message)


def unknown_column(field: str, entity: str) -> str:
    return (
        f"No such column '{field}' on entity '{entity}'. If you are attempting to use a custom field, be sure "
        f"to append "
        "the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
        "appropriate names."
    )


def unknown_type(entity: str) -> str:
    return (
        f"sObject type '{entity}' is not supported. If you are attempting to use a custom object, be sure to append "
        "the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    )
