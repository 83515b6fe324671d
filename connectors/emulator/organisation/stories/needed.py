"""Stories of customers who need us: partners, builds, the locked-in, the balanced, and those we leave waiting."""

from __future__ import annotations

from connectors.emulator.organisation.stories.acts import call, case, mails, meeting, rhythm, todo
from connectors.emulator.organisation.stories.book import Book

Staff = tuple[str, ...]


def ferrowell_rail(book: Book, staff: Staff) -> None:
    """Partner: their signalling runs on us, and they are a quarter of our revenue. Both sides work at it."""
    party = book.account(
        "Ferrowell Rail",
        ["Irene Holm", "Jonas Weiss", "Tessa Lund", "Paul Novak"],
        owner=staff[0],
        industry="Logistics",
        revenue=140e6,
        employees=900,
        known_for=3400,
        custom={"strategic_customer": True},
    )
    book.deal(party, "first line", [("CP-200", 6)], opened=3100, closes=3000, stage="Closed Won", kind="New Business")
    book.orders(party, [("CP-200", 4), ("SM-40", 3), ("AN-10", 2)], first=700, last=10, every=30)
    book.contract(party, start=360, end=-740)
    book.assets(party, ["CP-200", "CP-200", "CP-210", "CP-210", "SM-40", "SM-40", "AN-10", "AN-10"], installed=900)
    book.rival_asset(party, "Kobalt Instruments", 60_000, installed=2000)
    renewal = book.deal(
        party,
        "renewal and roll-out",
        [("CP-200", 60), ("FS-1", 20)],
        opened=70,
        closes=-45,
        stage="Negotiation",
        people=party.people[:2],
    )
    rhythm(book, party, "> 4 < 3 > 6 <", first=340, last=100, every=14)
    rhythm(book, party, "< 3 > 5 < 4 >", first=90, last=4, every=6, deal=renewal)
    for days in (65, 44, 23, 9):
        meeting(book, party, days, 60, theirs=days in (44, 9), who=(0, 1, 2), users=staff[1:2], deal=renewal)
    call(book, party, 12, 18.5, theirs=True, deal=renewal)
    case(book, party, 50, "2 > 4 < 1 >", who=3, closed_after=3)
    meeting(book, party, -7, 60, who=(0, 1), outcome="scheduled", deal=renewal)


def castell_pharma(book: Book, staff: Staff) -> None:
    """Build close: depends on us heavily, is a modest part of our book, and meets us half way."""
    party = book.account(
        "Castell Pharma", ["Clara Moreau", "Yann Fabre", "Rosa Conti"],
        owner=staff[1], industry="Healthcare", country="France", revenue=22e6, employees=180, known_for=2900,
    )  # fmt: skip
    book.deal(party, "pilot plant", [("CP-210", 2)], opened=2700, closes=2600, stage="Closed Won", kind="New Business")
    book.orders(party, [("CP-210", 1), ("SM-40", 1)], first=690, last=20, every=60)
    book.contract(party, start=200, end=-900)
    book.assets(party, ["CP-200", "CP-210", "CP-210", "SM-40", "SM-40", "AN-10"], installed=1500)
    book.rival_asset(party, "Vantec", 9_000, installed=1200)
    line = book.deal(
        party,
        "second filling line",
        [("CP-200", 3), ("SM-40", 4)],
        opened=50,
        closes=-60,
        stage="Proposal",
        people=party.people[:2],
    )
    rhythm(book, party, "> 5 < 20 >", first=330, last=20, every=15)
    rhythm(book, party, "> 6 < 4 > 3 <", first=48, last=4, every=11, deal=line)
    meeting(book, party, 30, 60, who=(0, 1), users=staff[2:3], deal=line)
    meeting(book, party, 12, 45, who=(0,), deal=line)
    call(book, party, 6, 11, deal=line)


def quillon_assurance(book: Book, staff: Staff) -> None:
    """Earn value: an old archive they cannot leave and do not love: locked in, not loyal."""
    party = book.account(
        "Quillon Assurance", ["Leon Dekker", "Katja Visser"],
        owner=staff[2], industry="Finance", country="Netherlands", revenue=950e6, employees=2100, known_for=4600,
    )  # fmt: skip
    book.deal(party, "archive", [("AR-7", 8)], opened=4500, closes=4400, stage="Closed Won", kind="New Business")
    book.orders(party, [("AR-7", 4)], first=640, last=60, every=90)
    book.contract(party, start=120, end=-980)
    book.assets(party, ["AR-7"] * 14, installed=3000)
    book.rival_asset(party, "Greyline Automation", 120_000, installed=400)
    rhythm(book, party, "> 8 < 6 >", first=300, last=12, every=24)
    meeting(book, party, 55, 30, who=(0,), mandated=True)
    meeting(book, party, 20, 30, theirs=True, who=(0, 1))
    case(book, party, 33, "6 > 20 <", who=1, closed_after=5)


def lindqvist_dairies(book: Book, staff: Staff) -> None:
    """Respond: they write, raise cases and bring three people to a meeting; our answers come late or never."""
    party = book.account(
        "Lindqvist Dairies", ["Nils Lund", "Greta Holm", "Sven Ivers"],
        owner=staff[3], industry="Food", revenue=75e6, employees=420, known_for=2300,
    )  # fmt: skip
    book.deal(party, "creamery", [("CP-210", 3)], opened=2200, closes=2100, stage="Closed Won", kind="New Business")
    book.orders(party, [("SM-40", 2), ("SP-88", 6)], first=650, last=30, every=70)
    book.contract(party, start=300, end=-430)
    book.assets(party, ["CP-210", "CP-210", "SM-40"], installed=1800)
    more = book.deal(
        party, "two more silos", [("SM-40", 6)], opened=60, closes=-30, stage="Discovery", people=party.people[:2]
    )
    rhythm(book, party, "< 30 < 40 >", first=330, last=62, every=16)
    rhythm(book, party, "< 26 < 50 <", first=55, last=7, every=12, deal=more)
    meeting(book, party, 30, 60, theirs=True, who=(0, 1, 2), deal=more)
    meeting(book, party, 13, 45, theirs=True, who=(0, 1, 2), deal=more)
    call(book, party, 18, 6, theirs=True, who=1, deal=more)
    for days in (80, 45, 30, 21, 15, 8):
        case(book, party, days, "70 > 3 <" if days > 40 else "", who=2)


def kestrel_freight(book: Book, staff: Staff) -> None:
    """Respond: support tickets pile up, and only the ticket queue hears from them."""
    party = book.account(
        "Kestrel Freight",
        ["Zoe Young", "Hugo Thorne"],
        owner=staff[4],
        industry="Logistics",
        country="United Kingdom",
        currency="GBP",
        revenue=31e6,
        employees=260,
        known_for=1500,
        custom={"known_vendors": 2},
    )
    book.deal(
        party,
        "depots",
        [("AN-10", 3), ("CP-210", 1)],
        opened=1400,
        closes=1300,
        stage="Closed Won",
        kind="New Business",
    )
    book.orders(party, [("AN-10", 2)], first=560, last=40, every=120)
    book.assets(party, ["AN-10", "CP-210"], installed=1290)
    for days in range(88, 5, -7):
        case(
            book, party, days, "55 > 4 <" if days % 4 == 0 else "", who=days % 2, closed_after=9 if days > 20 else None
        )
    rhythm(book, party, "< 28 >", first=240, last=100, every=20)
    call(book, party, 16, 4, theirs=True)


def meridian_ports(book: Book, staff: Staff) -> None:
    """Maintain: middling need, even effort."""
    party = book.account(
        "Meridian Ports",
        ["Dario Greco", "Vera Rossi"],
        owner=staff[0],
        industry="Logistics",
        country="United States",
        currency="USD",
        revenue=60e6,
        employees=350,
        known_for=1700,
    )
    book.deal(party, "crane sensors", [("SM-40", 4)], opened=1600, closes=1500, stage="Closed Won", kind="New Business")
    book.orders(
        party, [("SM-40", 2), ("FS-1", 3)], first=600, last=45, every=110, discount=0.05, rivals=["Orbital Controls"]
    )
    book.contract(party, start=200, end=-165)
    book.assets(party, ["SM-40", "SM-40"], installed=1450)
    book.rival_asset(party, "Orbital Controls", 45_000, installed=700)
    gate = book.deal(
        party, "gate automation", [("SM-40", 5)], opened=64, closes=-20, stage="Proposal", rivals=["Orbital Controls"]
    )
    rhythm(book, party, "> 7 < 5 > 6 <", first=320, last=6, every=19)
    rhythm(book, party, "< 5 > 4 <", first=58, last=6, every=13, deal=gate)
    meeting(book, party, 26, 45, who=(0, 1), deal=gate)
    case(book, party, 60, "4 > 6 <", who=1, closed_after=2, ours=True)
    todo(book, party, 9)


def tarnbrook_foods(book: Book, staff: Staff) -> None:
    """Test reciprocity: some need, but it is always us who write, ring and drive over."""
    party = book.account(
        "Tarnbrook Foods",
        ["Elena Keller", "Boris Sander"],
        owner=staff[1],
        industry="Food",
        country="United Kingdom",
        currency="GBP",
        revenue=48e6,
        employees=310,
        known_for=1400,
    )
    book.deal(party, "first oven", [("CP-210", 1)], opened=1350, closes=1280, stage="Closed Won", kind="New Business")
    book.orders(party, [("CP-210", 1), ("TR-2", 1)], first=520, last=70, every=150, rivals=["Vantec"])
    book.assets(party, ["CP-210", "TR-2"], installed=1270)
    book.contract(party, start=250, end=-115)
    book.rival_asset(party, "Vantec", 30_000, installed=300)
    oven = book.deal(
        party, "oven 4", [("CP-210", 2), ("SM-40", 2)], opened=55, closes=-40, stage="Discovery", rivals=["Vantec"]
    )
    rhythm(book, party, "> 70 > 90 >", first=330, last=14, every=9)
    rhythm(book, party, "> 60 > 48 >", first=50, last=12, every=6, deal=oven)
    mails(book, party, 8, "> 20 <", deal=oven)
    for days in (47, 33, 15):
        call(book, party, days, None if days == 33 else 6, deal=oven)
    meeting(book, party, 40, 60, outcome="no_show", deal=oven)
    meeting(book, party, 25, 40, who=(0,), users=staff[2:4], deal=oven)
    todo(book, party, 5)
