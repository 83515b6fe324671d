"""Stories of customers at arm's length: the indispensable that could walk, the courted, the content, the closed."""

from __future__ import annotations

from connectors.emulator.organisation.catalogue import RIVALS
from connectors.emulator.organisation.stories.acts import call, mails, meeting, rhythm, todo
from connectors.emulator.organisation.stories.book import Book

Staff = tuple[str, ...]


def brennmark_steel(book: Book, staff: Staff) -> None:
    """Protect: a quarter of our revenue in spare parts and consumables that three rivals sell too."""
    party = book.account(
        "Brennmark Steel", ["Willem Engel", "Olga Brandt", "Ugo Zeller"],
        owner=staff[0], industry="Manufacturing", revenue=1.9e9, employees=7800, known_for=2100,
    )  # fmt: skip
    book.deal(party, "frame order", [("SP-88", 40)], opened=2050, closes=2000, stage="Closed Won", kind="New Business")
    book.orders(party, [("SP-88", 190), ("CN-5", 260)], first=710, last=8, every=30, discount=0.12, rivals=RIVALS[:3])
    book.rival_asset(party, "Orbital Controls", 2_400_000, installed=1100)
    book.rival_asset(party, "Vantec", 1_300_000, installed=600)
    tender = book.deal(
        party,
        "spares tender",
        [("SP-88", 1600)],
        opened=60,
        closes=-30,
        stage="Negotiation",
        discount=0.15,
        rivals=RIVALS[:3],
    )
    rhythm(book, party, "> 5 < 4 > 9 <", first=330, last=7, every=10)
    rhythm(book, party, "< 4 > 6 <", first=55, last=5, every=9, deal=tender)
    for days in (52, 31, 10):
        meeting(book, party, days, 60, who=(0, 1), users=staff[1:2], deal=tender)
    call(book, party, 17, 9, theirs=True, deal=tender)


def pellworth_stores(book: Book, staff: Staff) -> None:
    """Rebalance: small need, and our people are there every week."""
    party = book.account(
        "Pellworth Stores", ["Felix Adler", "Marta Urban"],
        owner=staff[2], industry="Retail", revenue=420e6, employees=3300, known_for=1300,
    )  # fmt: skip
    book.deal(party, "labels", [("CN-5", 30)], opened=1280, closes=1250, stage="Closed Won", kind="New Business")
    book.orders(party, [("CN-5", 40), ("TR-2", 1)], first=500, last=60, every=110, rivals=["Greyline Automation"])
    book.rival_asset(party, "Greyline Automation", 160_000, installed=800)
    shelf = book.deal(
        party,
        "shelf sensors",
        [("CN-5", 60), ("TR-2", 2)],
        opened=95,
        closes=-15,
        stage="Qualification",
        rivals=["Kobalt Instruments", "Vantec"],
    )
    rhythm(book, party, "> 72 >", first=340, last=8, every=6)
    rhythm(book, party, "> 50 >", first=90, last=8, every=8, deal=shelf)
    mails(book, party, 70, "> 30 <", deal=shelf)
    for days in (75, 61, 47, 33, 19, 11):
        meeting(book, party, days, 60, outcome="no_show" if days in (61, 19) else "done", users=staff[3:5])
    for days in (50, 29, 15):
        call(book, party, days, None, deal=shelf)
    todo(book, party, 3)


def dunmore_packaging(book: Book, staff: Staff) -> None:
    """Keep transactional: they order, they pay, nobody needs to talk."""
    party = book.account(
        "Dunmore Packaging", ["Anna Jansen"], owner=staff[3], industry="Manufacturing", country="Netherlands",
        revenue=88e6, employees=510, known_for=900,
    )  # fmt: skip
    book.deal(party, "trial pallet", [("CN-5", 20)], opened=850, closes=830, stage="Closed Won", kind="New Business")
    book.orders(party, [("CN-5", 55)], first=480, last=30, every=75, rivals=["Vantec"])
    book.rival_asset(party, "Vantec", 40_000, installed=600)
    rhythm(book, party, "< 3 >", first=300, last=9, every=21)
    refill = book.deal(
        party,
        "yearly refill",
        [("CN-5", 200)],
        opened=28,
        closes=-14,
        stage="Proposal",
        rivals=["Vantec", "Greyline Automation"],
    )
    rhythm(book, party, "< 5 > 4 <", first=24, last=4, every=5, deal=refill)
    book.deal(party, "credit for a broken pallet", opened=100, closes=92, stage="Closed Won", amount=-1_275.0)


def stroud_and_vane(book: Book, staff: Staff) -> None:
    """Keep transactional, with a price-led deal: lawyers who run a reverse auction for training days."""
    party = book.account(
        "Stroud & Vane",
        ["Irene Thorne", "Paul Young"],
        owner=staff[4],
        industry="Finance",
        country="United Kingdom",
        currency="GBP",
        revenue=240e6,
        employees=640,
        known_for=800,
    )
    book.deal(party, "induction days", [("TR-2", 4)], opened=760, closes=730, stage="Closed Won", kind="New Business")
    book.orders(party, [("TR-2", 3)], first=420, last=80, every=110, discount=0.2, rivals=RIVALS)
    auction = book.deal(
        party, "training auction", [("TR-2", 12)], opened=35, closes=-10, stage="Proposal", discount=0.25, rivals=RIVALS
    )
    rhythm(book, party, "> 6 < 4 > 5 <", first=32, last=4, every=7, deal=auction)
    rhythm(book, party, "> 8 <", first=260, last=40, every=45)
    meeting(book, party, 20, 30, who=(0, 1), deal=auction)
    # Lost early: nobody brought the close date forward.
    book.deal(
        party,
        "audit room",
        [("TR-2", 6)],
        opened=300,
        closes=-45,
        decided=220,
        stage="Closed Lost",
        rivals=["Greyline Automation"],
    )


def bayliss_brewing(book: Book, staff: Staff) -> None:
    """Keep transactional or less: a deal to stop chasing: two no-shows, five mails, no answer since the summer."""
    party = book.account(
        "Bayliss Brewing",
        ["Boris Quist", "Clara Peeters"],
        owner=staff[2],
        industry="Food",
        country="United States",
        currency="USD",
        revenue=54e6,
        employees=210,
        known_for=700,
    )
    book.deal(party, "keg labels", [("CN-5", 80)], opened=690, closes=660, stage="Closed Won", kind="New Business")
    book.orders(party, [("CN-5", 60)], first=400, last=100, every=100, rivals=["Orbital Controls"])
    line = book.deal(
        party,
        "bottling line",
        [("CP-210", 2)],
        opened=120,
        closes=-5,
        stage="Qualification",
        rivals=["Orbital Controls"],
    )
    mails(book, party, 115, "> 9 < 4 >", deal=line)
    rhythm(book, party, "> 96 >", first=88, last=10, every=9, deal=line)
    meeting(book, party, 50, 60, outcome="no_show", deal=line)
    meeting(book, party, 29, 60, outcome="no_show", deal=line)
    meeting(book, party, 18, 60, outcome="cancelled", deal=line)
    for days in (45, 22, 12):
        call(book, party, days, None, deal=line)
    rhythm(book, party, "< 8 >", first=330, last=130, every=50)


def silent_valley_mills(book: Book, staff: Staff) -> None:
    """Insufficient evidence: a paying customer of whom no act at all is on record, and a deal as silent as they are."""
    party = book.account(
        "Silent Valley Mills", ["Xenia Novak"], owner=staff[1], industry="Manufacturing", country="Austria",
        revenue=17e6, employees=95, known_for=1600,
    )  # fmt: skip
    book.deal(
        party, "mill controls", [("CP-210", 1)], opened=1580, closes=1500, stage="Closed Won", kind="New Business"
    )
    book.orders(party, [("SP-88", 5)], first=450, last=90, every=120)
    book.assets(party, ["CP-210"], installed=1490)
    book.deal(party, "spare drives", [("SP-88", 9)], opened=40, closes=-25, stage="Discovery")
