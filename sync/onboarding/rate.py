"""`rate`: product families by revenue, and the four questions about them, answered by flags or at a terminal."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.errors import ConfigError
from sync.ratings import model_file
from sync.ratings.answers import QUESTIONS, SCALE, Ratings, parse, parse_compact, shown
from sync.ratings.cost import ENOUGH, as_of_scores, percent
from sync.ratings.sold import FamilySold, families_sold

if TYPE_CHECKING:
    from config.settings import Settings
    from sync.console.output import Output

MOST = 8
"""Families asked about in one sitting."""
Ask = Callable[[str, str], str]
"""A question and what Enter stands for; gives what was typed."""


@dataclass(frozen=True, slots=True)
class Book:
    """The families sold, most revenue first, what the model file says of them, and where it is."""

    families: tuple[FamilySold, ...]
    ratings: Mapping[str, Ratings]
    model: Path
    currency: str | None

    def of(self, family: str) -> Ratings:
        """The ratings of a family; unknown ones where the file says nothing."""
        return self.ratings.get(family.strip().lower(), Ratings())

    @property
    def covered(self) -> float:
        """Share of revenue in families with a rating."""
        return sum(f.share for f in self.families if self.of(f.family).known)

    def named(self, text: str) -> FamilySold:
        """The family that is meant: its name, or the only one that begins with, or holds, what was typed, whatever the
        case.
        """
        wanted = text.strip().lower()
        for fits in (str.__eq__, str.startswith, str.__contains__):
            found = [f for f in self.families if wanted and fits(f.family.lower(), wanted)]
            if len(found) == 1:
                return found[0]
        names = [f.family for f in self.families]
        near = difflib.get_close_matches(wanted, [n.lower() for n in names], n=1, cutoff=0.6)
        meant = next((n for n in names if near and n.lower() == near[0]), None)
        raise ConfigError(
            f"No product family that was sold is called {text.strip()!r}."
            + (f" Did you mean {meant}?" if meant else ""),
            remedy=f"Sold in the last 24 months: {', '.join(names[:20])}{', ...' if len(names) > 20 else ''}.",
        )

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        rows = []
        for f in self.families:
            held = self.of(f.family)
            four = {question.name: getattr(held, question.name) for question in QUESTIONS}
            rows.append({"family": f.family, "revenue": f.revenue, "share": f.share, "accounts": f.customers, **four})
        return {
            "schema": 1,
            "currency": self.currency,
            "covered": self.covered,
            "model": str(self.model),
            "families": rows,
        }


def read_book(settings: Settings, config: Path, output: Output) -> Book:
    """The families of what was read last; where nothing was, the CRM or the files are read first.

    Raises ConfigError when nothing was sold, or no product family is recorded.
    """
    from config.loading import load_model
    from sync.state.run_queries import finished_runs, has_state

    model, path = load_model(settings), model_file.model_path(settings, config)
    normalized = settings.workspace.dir / "normalized"
    if not (normalized / "families.parquet").exists():
        output.note("Nothing has been read yet: reading first.")
        _read(settings, output)
    runs = finished_runs(settings) if has_state(settings) else []
    as_of = as_of_scores(runs[0].scores_dir) if runs else None
    families = families_sold(normalized, as_of, model, settings.workspace.dir)
    if not families:
        raise ConfigError(
            "No sale of the last 24 months names a product family, so there is nothing to rate.",
            remedy="Map what your CRM or files call it: product_family of line items, or of deals (docs/tables.md). "
            "Or map strategic_importance, mission_criticality and non_modularity of accounts.",
        )
    currency = settings.organisation.corporate_currency or _own_currency(path)
    return Book(tuple(families), model_file.ratings_of(path), path, currency)


def _own_currency(path: Path) -> str | None:
    """The currency that the model file names; None: the CRM's own, which is not known here."""
    from config.toml_file import read_toml

    named = read_toml(path)[0].get("corporate_currency") if path.exists() else None
    return named if isinstance(named, str) else None


def _read(settings: Settings, output: Output) -> None:
    from sync.execute import connected
    from sync.options import options_from
    from sync.run import run_read
    from sync.system.signals import obeying_signals

    options = options_from(settings)
    with obeying_signals(options.stop):
        connected(run_read, settings, options, output)


def save(config: Path, settings: Settings, book: Book, given: Mapping[str, Ratings]) -> Book:
    """Writes the ratings of these families into the model file, which the settings then name; gives the book as it is
    now.
    """
    model_file.write_ratings(book.model, given)
    if settings.score.model is None and not _named(config):
        model_file.name_model(config, book.model)
    return Book(book.families, model_file.ratings_of(book.model), book.model, book.currency)


def _named(config: Path) -> bool:
    from config.settings import load

    return load(config).score.model is not None


def by_flags(
    book: Book, family: str | None, answers: Mapping[str, str | None], compact: Sequence[str]
) -> dict[str, Ratings]:
    """What flags say: `--family` with its answers, and any number of `--set "Pumps=3,2,3,0"`. Raises ConfigError."""
    found: dict[str, Ratings] = {}
    try:
        said = [parse_compact(text) for text in compact]
        single = {name: parse(text) for name, text in answers.items() if text is not None}
    except ValueError as error:
        raise ConfigError(f"{error}.", remedy='For example: bothways rate --set "Pumps=3,2,?,0"') from None
    if family is not None:
        if not single:
            raise ConfigError(
                f"No answer was given for {family}.", remedy="Add --strategic, --critical, --costly or --modular."
            )
        said.append((family, single))
    elif single:
        raise ConfigError("Which product family is meant?", remedy='Add --family "Pumps".')
    for name, values in said:
        sold = book.named(name).family
        found[sold] = found.get(sold, book.of(sold)).changed(values)
    return found


def asked(
    book: Book,
    ask: Ask,
    say: Callable[[str], None],
    keep: Callable[[Mapping[str, Ratings]], Book],
    only: str | None = None,
) -> Book:
    """Asks family by family, most revenue first, until four fifths of revenue are rated; `keep` saves each when it is
    answered, so that stopping early loses nothing.
    """
    queue = [book.named(only)] if only else [f for f in book.families if not book.of(f.family).known][:MOST]
    if not queue:
        say("Every product family is rated. To change one: bothways rate --family NAME")
        return book
    say(f"Answer as your customers would. {SCALE}\n")
    for place, sold in enumerate(queue, 1):
        say(f"{sold.family}  ({place} of {len(queue)}; {percent(sold.share)} of revenue, {_accounts(sold.customers)})")
        answers, stopped = _answers(book.of(sold.family), ask, say)
        fresh = book.of(sold.family).changed(answers)
        if fresh != book.of(sold.family):
            book = keep({sold.family: fresh})
        if stopped:
            break
        if book.covered >= ENOUGH and place < len(queue):
            say(f"\n{percent(book.covered)} of revenue is rated, which is enough to begin with; the rest can wait.")
            break
        say("")
    return book


def _answers(held: Ratings, ask: Ask, say: Callable[[str], None]) -> tuple[dict[str, float | None], bool]:
    answers: dict[str, float | None] = {}
    for question in QUESTIONS:
        before = getattr(held, question.name)
        while True:
            text = ask(f"  {question.text}", "" if before is None else shown(before)).strip()
            if text.lower() in ("q", "quit", "stop", "exit"):
                return answers, True
            try:
                answers[question.name] = parse(text)
                break
            except ValueError as error:
                say(f"    {error}.")
    return answers, False


def offered(config: Path, output: Output, ask: Ask, given: Sequence[str], *, asking: bool) -> None:
    """The ratings within `init`: those that flags give are written; at a terminal the questions are offered.

    A person who declines is told the command for later.
    """
    from config import settings as config_settings

    if not given and not asking:
        return
    if not given:
        question = "Rate your product families now? Reads everything once, minutes in a large CRM (y/N)"
        if parse_yes(ask(question, "")) is not True:
            output.say(f"Later: bothways rate{'' if config == Path('bothways.toml') else f' --config {config}'}")
            return
    settings = config_settings.load(config)
    try:
        book = read_book(settings, config, output)
    except ConfigError as error:
        if given:
            raise
        output.say(f"{error} {error.remedy}")
        return
    if given:
        save(config, settings, book, by_flags(book, None, {}, given))
    else:
        asked(book, ask, output.say, lambda some: save(config, settings, book, some))


def parse_yes(answer: str) -> bool | None:
    """Whether a person said yes or no; None for neither."""
    text = answer.strip().lower().rstrip(".!")
    if text in ("y", "yes", "yep", "ok", "sure", "j", "ja", "si", "sí", "oui", "true", "1"):
        return True
    return False if text in ("", "n", "no", "nope", "nein", "later", "false", "0") else None


def show_book(output: Output, book: Book) -> None:
    """The families as a table."""
    rows = []
    for f in book.families:
        held = book.of(f.family)
        revenue = "unknown" if f.revenue is None else f"{f.revenue:,.0f}"
        four = [shown(getattr(held, question.name)) for question in QUESTIONS]
        rows.append((f.family, revenue, percent(f.share), f"{f.customers:,}", *four))
    output.table(
        (
            "Product family",
            f"Revenue ({book.currency})" if book.currency else "Revenue",
            "Share",
            "Accounts",
            *(q.name.capitalize() for q in QUESTIONS),
        ),
        rows,
        right=(1, 2, 3, 4, 5, 6, 7),
    )
    output.say(
        f"\nSold in 24 months; 0 not at all to 3 entirely, ? unknown. Rated: {percent(book.covered)} of "
        f"revenue ({book.model})."
    )


def _accounts(count: int) -> str:
    return f"{count:,} account{'' if count == 1 else 's'}"
