"""The report says what the score files say, keeps hostile text inert, and needs nothing from outside."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from connectors.errors import ConfigError
from enrichment.fields import STANCES
from sync.report.data import read_report
from sync.report.page import render

ADVICE = {code: f"advice for {label}" for code, label in STANCES}
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "'\"&<>",
    "{{7*7}}",
    "=HYPERLINK(1)",
    "a\u2028b",
    "مرحبا",
    "\U0001f600",
]


class Page(HTMLParser):
    """What a browser would see: elements, text outside scripts, the scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self._script = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._script = tag == "script"

    def handle_endtag(self, tag):
        self._script = False

    def handle_data(self, data):
        (self.scripts if self._script else self.text).append(data)


def page_of(folder, previous=None, *, names=True):
    data = read_report(folder, previous, "files", names=names)
    return render(data, pulled={"accounts": len(data.accounts)}, advice=ADVICE)


def test_hostile_names_stay_text(score_folder, make_account):
    html = page_of(
        score_folder(
            "now",
            [
                make_account(str(i), name=text, top_drivers=text, reciprocity_balance=1.0, customer_dependence=50.0)
                for i, text in enumerate(HOSTILE)
            ],
        )
    )
    page = Page(html)

    assert sum(tag == "script" for tag, _ in page.tags) == 2
    assert not [attribute for _, attributes in page.tags for attribute in attributes if attribute.startswith("on")]
    assert [tag for tag, _ in page.tags if tag == "img"] == []
    shown = "".join(page.text)
    assert all(text in shown for text in HOSTILE)
    assert {point[3] for point in json.loads(page.scripts[0])["points"]} == set(HOSTILE)


def test_nothing_is_fetched_and_the_policy_names_the_only_script_and_style(score_folder, make_account):
    html = page_of(score_folder("now", [make_account("1")]))
    page = Page(html)
    policy = next(
        attributes["content"] for tag, attributes in page.tags if tag == "meta" and "http-equiv" in attributes
    )
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]

    def digest(text):
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert f"script-src 'sha256-{digest(page.scripts[-1])}'" in policy
    assert f"style-src 'sha256-{digest(style)}'" in policy
    assert "default-src 'none'" in policy
    assert not [name for _, attributes in page.tags for name in attributes if name in ("src", "href", "style")]


def test_unknown_is_shown_as_unknown_never_as_zero(score_folder, make_account):
    html = page_of(score_folder("now", [make_account("1", name="Silent Ltd")]))
    row = re.search(r'<th scope="row">Silent Ltd</th>(.*?)</tr>', html, re.DOTALL)[1]

    assert row.count("unknown") == 5
    assert "0.0" not in row


def test_reclaimable_hours_add_up(score_folder, make_account):
    folder = score_folder(
        "now",
        [make_account(str(i), stance="rebalance", reclaimable_hours=hours) for i, hours in enumerate([1.5, 2.5, None])],
    )

    assert read_report(folder, None, "files", names=True).reclaimable_hours == 4.0


def test_movers_are_changes_of_stance_or_five_points(score_folder, make_account):
    before = score_folder(
        "before",
        [
            make_account("a", stance="partner", customer_dependence=70.0),
            make_account("b", customer_dependence=50.0),
            make_account("c", customer_dependence=50.0),
        ],
    )
    now = score_folder(
        "now",
        [
            make_account("a", stance="protect", customer_dependence=70.0),
            make_account("b", customer_dependence=55.0),
            make_account("c", customer_dependence=54.9),
            make_account("d"),
        ],
    )

    assert [m.name for m in read_report(now, before, "files", names=True).movers] == ["Account a", "Account b"]


def test_without_names_no_name_is_on_the_page(score_folder, make_account):
    html = page_of(
        score_folder(
            "now", [make_account("001", name="Secret Customer", reciprocity_balance=0.0, customer_dependence=1.0)]
        ),
        names=False,
    )

    assert "Secret Customer" not in html
    assert "001" in html


def test_no_scores_yet_names_the_command(tmp_path):
    with pytest.raises(ConfigError, match="bothways sync"):
        read_report(tmp_path, None, "files", names=True)


def test_ten_thousand_accounts_stay_small(score_folder, make_account):
    rows = [
        make_account(
            str(i), name=f"Customer {i}", reciprocity_balance=float(i % 200 - 100), customer_dependence=float(i % 100)
        )
        for i in range(10_000)
    ]
    html = page_of(score_folder("now", rows))

    assert len(html.encode()) <= 50_000 + 2_000 * 250 + 10_000 * 40
    assert html.count("<rect") < 1_000
