"""The one family of errors: each says what happened, where, and what to do next."""

from __future__ import annotations


class CopydeskError(Exception):
    """Base of every error that Copydesk raises on purpose.

    Args:
        message: what happened and where.
        hint: what the reader of the message can do about it.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class ConfigError(CopydeskError):
    """A setting, a rule file or the authority file cannot be used."""


class Rejected(CopydeskError):
    """One input or document cannot become an article; it becomes a row in `rejects`.

    Args:
        stage: the step that gave up (one of `cleaners.codes.STAGES`).
        reason: a stable code (one of `cleaners.codes.REJECT_REASONS`).
        detail: what exactly was seen, for a person.
    """

    def __init__(self, stage: str, reason: str, detail: str) -> None:
        super().__init__(f"{stage}: {reason}: {detail}")
        self.stage = stage
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type[Rejected], tuple[str, str, str]]:
        return (type(self), (self.stage, self.reason, self.detail))


class ContractBroken(CopydeskError):
    """A published table would break its contract; nothing was published."""


class GateBroken(ContractBroken):
    """A figure of a run left its bounds; nothing was published.

    Args:
        broken: a phrase each: the figure, and what was expected.
        hint: what to do about it.
    """

    def __init__(self, broken: list[str], hint: str) -> None:
        super().__init__(f"Nothing was published, {len(broken)} gate(s) are broken: {'; '.join(broken)}.", hint)
        self.broken = broken

    def __reduce__(self) -> tuple[type[GateBroken], tuple[list[str], str | None]]:
        return (type(self), (self.broken, self.hint))
