"""The report says what the score files say, keeps hostile text inert, and needs nothing from outside."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import ConfigError
from enrichment.fields import DEAL_STANCES, STANCES
from sync.report.changes import baseline
from sync.report.data import read_report
from sync.report.page import LISTED, Change, Extras, render
from sync.report.payload import detail_blocks, packed
from sync.report.summary import segments, tiles
from sync.report.svg import LOOKS, shape
from sync.state.run_queries import FinishedRun

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
    """What a browser would see: elements, text outside scripts, the scripts by id (ours has none)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: dict[str, str] = {}
        self._script: str | None = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._script = (dict(attrs).get("id") or "") if tag == "script" else None

    def handle_endtag(self, tag):
        self._script = None

    def handle_data(self, data):
        if self._script is None:
            self.text.append(data)
        else:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data

    def block(self, name):
        return json.loads(zlib.decompress(base64.b64decode(self.scripts[name]), -15))


def page_of(folder, previous=None, *, names=True, extras=None):
    data = read_report(folder, previous, "files", names=names)
    return render(data, pulled={"accounts": len(data.accounts)}, advice=ADVICE, extras=extras)


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

    assert set(page.scripts) == {"words", "b-accounts", ""}
    assert not [attribute for _, attributes in page.tags for attribute in attributes if attribute.startswith("on")]
    assert [tag for tag, _ in page.tags if tag == "img"] == []
    shown = "".join(page.text)
    assert all(text in shown for text in HOSTILE)
    assert set(page.block("b-accounts")["name"]) == set(HOSTILE)


def test_nothing_is_fetched_and_the_policy_names_the_only_script_and_style(score_folder, make_account):
    html = page_of(score_folder("now", [make_account("1")]))
    page = Page(html)
    policy = next(
        attributes["content"] for tag, attributes in page.tags if tag == "meta" and "http-equiv" in attributes
    )
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]

    def digest(text):
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert f"script-src 'sha256-{digest(page.scripts[''])}'" in policy
    assert f"style-src 'sha256-{digest(style)}'" in policy
    assert "default-src 'none'" in policy
    assert not [name for _, attributes in page.tags for name in attributes if name in ("src", "style")]
    links = [attributes["href"] for _, attributes in page.tags if "href" in attributes]
    assert [link for link in links if not link.startswith("#")] == []


def test_records_link_to_the_crm_only_where_a_form_is_given(score_folder, make_account):
    extras = Extras(forms=("https://x.my.salesforce.com/lightning/r/Account/{id}/view", ""))
    html = page_of(score_folder("now", [make_account("a/b?")]), extras=extras)

    assert 'href="https://x.my.salesforce.com/lightning/r/Account/a%2Fb%3F/view"' in html


def test_unknown_is_shown_as_unknown_never_as_zero(score_folder, make_account):
    html = page_of(score_folder("now", [make_account("1", name="Silent Ltd")]))
    row = re.search(r'<th scope="row">Silent Ltd<small></small></th>(.*?)</tr>', html, re.DOTALL)[1]

    assert row.count("unknown") == 5
    assert "0.0" not in row
    columns = Page(html).block("b-accounts")
    assert all(columns[name] == [None] for name in ("need", "seller", "balance", "hours", "ours", "sure"))


def test_the_four_questions_are_answered_with_figure_whole_and_names(score_folder, make_account, add_deals, add_audit):
    before = score_folder("before", [make_account("m", stance="partner", customer_dependence=70.0)])
    now = score_folder(
        "now",
        [
            make_account("r", stance="rebalance", reclaimable_hours=12.4, seller_effort_hours=20.0),
            make_account("t", stance="test_reciprocity", reclaimable_hours=1.6, seller_effort_hours=10.0),
            make_account("w", stance="respond", customer_dependence=60.0, seller_effort_hours=0.0),
            make_account("p", stance="protect", seller_dependence=80.0),
            make_account("m", stance="build_close", customer_dependence=70.0),
        ],
    )
    add_audit(
        now,
        [
            {"id": "w", "wrote_seller": 2, "wrote_customer": 59, "revenue_share": 0.0},
            {"id": "p", "wrote_seller": 0, "wrote_customer": 0, "revenue_share": 0.21},
        ],
    )
    add_deals(now, [{"id": "d", "account_id": "w", "bothways_deal_stance": "respond"}])
    hours, waiting, reliance, changed = tiles(read_report(now, before, "files", names=True))

    assert (hours.figure, hours.whole) == ("14 h", "of 30 h a quarter")
    assert [(row.name, row.figure) for row in hours.rows] == [
        ("Account r", "12 h of 20 h"),
        ("Account t", "1.6 h of 10 h"),
    ]
    assert (waiting.figure, waiting.whole) == ("1", "of 5 accounts")
    assert waiting.rows[0].figure == "wrote 59, we 2"
    assert waiting.sentence.endswith("So does 1 open deal.")
    assert reliance.rows[0].figure == "21% of revenue"
    assert (changed.figure, changed.rows[0].name, changed.rows[0].figure) == (
        "1",
        "Account m",
        "was " + dict(STANCES)["partner"],
    )


def test_who_waits_is_told_by_the_figures_of_the_advice(score_folder, make_account):
    """Threads and cases together, in whatever language the reasons are."""
    folder = score_folder("now", [make_account("w", stance="respond", top_drivers="auf 2 von 59 Threads reagiert")])
    audit = pa.table({"id": ["w"], "wrote_seller": [2], "wrote_customer": [59], "left_open": [61.0], "opened": [64.0]})
    pq.write_table(audit, folder / "account_audit.parquet")
    waiting = tiles(read_report(folder, None, "files", names=True))[1]

    assert waiting.rows[0].figure == "61 of 64 unanswered"


def test_what_is_not_known_is_not_answered_with_a_nought(score_folder, make_account):
    answers = tiles(read_report(score_folder("now", [make_account("1")]), None, "files", names=True))

    assert [tile.figure for tile in answers] == ["–", "–", "–", "–"]
    assert [tile.view for tile in answers] == [""] * 4


def test_nobody_is_called_a_giant_but_the_largest_are_named(score_folder, make_account):
    folder = score_folder(
        "now", [make_account(str(i), seller_dependence=float(i), stance="maintain") for i in range(9)]
    )
    reliance = tiles(read_report(folder, None, "files", names=True))[2]

    assert reliance.figure == "None"
    assert [row.name for row in reliance.rows] == [f"Account {i}" for i in (8, 7, 6, 5, 4)]


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


def run(name, kind, day, written):
    return FinishedRun(name, kind, f"2026-11-{day:02}T02:00:00.000000Z", Path(name), {}, written)


def test_a_report_is_compared_with_what_the_crm_held_before_the_last_write():
    quiet, plan, second, first = (
        run("d", "sync", 20, 0),
        run("c", "plan", 19, 0),
        run("b", "sync", 18, 7),
        run("a", "sync", 10, 5),
    )

    assert baseline([quiet, plan, second, first], None) == first
    assert baseline([plan, second, first], None) == second
    assert baseline([second, first], None) == first
    assert baseline([first], None) is None
    assert baseline([quiet, plan, second, first], timedelta(days=7)) == first
    assert baseline([quiet, plan], timedelta(days=90)) == plan


def test_only_open_deals_are_listed_the_largest_first_and_closed_ones_counted(score_folder, make_account, add_deals):
    folder = score_folder("now", [make_account("1", name="Acme")])
    stances = [code for code, _ in DEAL_STANCES]
    add_deals(folder, [{"id": code, "account_id": "1", "bothways_deal_stance": code} for code in stances])
    data = read_report(folder, None, "files", names=True)

    assert {deal.stance for deal in data.deals} == set(stances) - {"closed"}
    assert data.deals_closed == 1
    assert {deal.account for deal in data.deals} == {"Acme"}
    columns = Page(page_of(folder)).block("b-deals")
    assert columns["account"] == [0] * len(data.deals)


def test_segments_add_up_to_all_accounts(score_folder, make_account):
    from dataclasses import replace

    data = read_report(score_folder("now", [make_account(str(i)) for i in range(7)]), None, "files", names=True)
    assert segments(data.accounts) == []
    rows = [replace(row, segment="Rail" if i % 2 else "", seller_hours=1.0) for i, row in enumerate(data.accounts)]

    assert segments(rows) == [("No segment", 4, 4.0, 0.0, 0), ("Rail", 3, 3.0, 0.0, 0)]


def test_a_plan_shows_its_changes_and_how_many_there_are(score_folder, make_account):
    changes = [Change("Acme <b>", "account", ("Stance: partner → protect",), "21% of our revenue")]
    html = page_of(score_folder("now", [make_account("1")]), extras=Extras(changes=changes, changed=300))

    assert "The 1 most telling of 300 records that would change" in html
    assert "Acme &lt;b&gt;" in html
    assert "Stance: partner → protect" in html


def test_every_stance_has_a_mark_of_its_own():
    for stances in (STANCES, DEAL_STANCES):
        marks = [shape(code) for code, _ in stances]
        assert len(set(marks)) == len(marks)
        assert {code for code, _ in stances} <= set(LOOKS)


def test_without_names_no_name_is_on_the_page(score_folder, make_account, add_deals):
    folder = score_folder(
        "now", [make_account("001", name="Secret Customer", reciprocity_balance=0.0, customer_dependence=1.0)]
    )
    add_deals(folder, [{"id": "006", "name": "Secret Deal", "account_id": "001", "bothways_deal_stance": "advance"}])
    html = page_of(folder, names=False)
    page = Page(html)

    assert "Secret" not in html + json.dumps([page.block("b-accounts"), page.block("b-deals")])
    assert "001" in html


def test_no_scores_yet_names_the_command(tmp_path):
    with pytest.raises(ConfigError, match="bothways sync"):
        read_report(tmp_path, None, "files", names=True)


@pytest.mark.parametrize("count", [100, 10_000])
def test_the_page_stays_small(score_folder, make_account, count):
    rows = [
        make_account(
            f"001{i:012}AAA",
            name=f"Customer {i} of {i * 7919 % 10007}",
            reciprocity_balance=float(i * 31 % 200 - 100),
            customer_dependence=float(i * 17 % 100),
        )
        for i in range(count)
    ]
    html = page_of(score_folder("now", rows))

    assert len(html.encode()) <= 70_000 + count * 60
    assert html.count('<tr id="r-') == LISTED


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=20))
def test_a_block_gives_back_what_was_packed_and_cannot_end_its_element(value):
    text = packed(value)

    assert re.fullmatch(r"[A-Za-z0-9+/=]*", text)
    given_back = json.loads(zlib.decompress(base64.b64decode(text), -15).decode())
    assert given_back == json.loads(json.dumps(value).encode("utf-8", "replace").decode())


def test_no_details_make_no_block():
    assert detail_blocks([]) == []
