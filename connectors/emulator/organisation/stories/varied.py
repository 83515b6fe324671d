"""Stories of families, newcomers, currencies, mergers, and of the records that every CRM has and no score should
count.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connectors.emulator.organisation.catalogue import OWN_DOMAINS
from connectors.emulator.organisation.stories.acts import call, case, mails, meeting, odd_mail, rhythm, todo
from connectors.emulator.organisation.stories.book import Book

Staff = tuple[str, ...]


def aurelio_group(book: Book, staff: Staff) -> None:
    """A holding that buys little itself, a child that is close to us, a child that is not; one man who sits in two."""
    parent = book.account(
        "Aurelio Group",
        ["Dario Conti"],
        owner=staff[3],
        industry="Finance",
        country="Austria",
        revenue=510e6,
        employees=60,
        known_for=2600,
    )
    chemicals = book.account(
        "Aurelio Chemicals",
        ["Rosa Rossi", "Hugo Greco"],
        owner=staff[3],
        industry="Energy",
        country="Austria",
        revenue=35e6,
        employees=320,
        parent=parent,
        known_for=2500,
        custom={"wallet": 190_000.0},
    )
    textiles = book.account(
        "Aurelio Textiles", ["Marta Fabre"], owner=staff[4], industry="Manufacturing", country="France",
        revenue=61e6, employees=440, parent=parent, known_for=1100,
    )  # fmt: skip
    book.deal(parent, "group training", [("TR-2", 5)], opened=420, closes=380, stage="Closed Won")
    book.deal(
        chemicals, "reactor hall", [("CP-200", 2)], opened=2450, closes=2300, stage="Closed Won", kind="New Business"
    )
    book.orders(chemicals, [("CP-210", 1), ("SM-40", 2)], first=640, last=25, every=90)
    book.contract(chemicals, start=400, end=-700)
    book.assets(chemicals, ["CP-200", "CP-200", "SM-40", "SM-40", "AN-10"], installed=2250)
    book.deal(textiles, "looms", [("SP-88", 30)], opened=1050, closes=1000, stage="Closed Won", kind="New Business")
    book.orders(textiles, [("SP-88", 12)], first=450, last=70, every=130)
    hall = book.deal(
        chemicals, "reactor hall 2", [("CP-200", 2)], opened=45, closes=-75, stage="Discovery", people=chemicals.people
    )
    rhythm(book, chemicals, "< 2 > 5 <", first=300, last=6, every=17)
    rhythm(book, chemicals, "> 4 < 3 >", first=42, last=5, every=8, deal=hall)
    meeting(book, chemicals, 15, 60, theirs=True, who=(0, 1), deal=hall)
    rhythm(book, textiles, "> 9 < 8 >", first=280, last=20, every=40)
    rhythm(book, parent, "> 20 <", first=200, last=30, every=60)
    meeting(book, replace(chemicals, people=(parent.people[0], chemicals.people[0])), 14, 30, who=(0, 1))


def hexley_aerospace(book: Book, staff: Staff) -> None:
    """Build close in dollars; a deal that advances and a deal on which they wait for us."""
    party = book.account(
        "Hexley Aerospace",
        ["Greta Young", "Jonas Thorne", "Vera Adler"],
        owner=staff[1],
        industry="Manufacturing",
        country="United States",
        currency="USD",
        revenue=26e6,
        employees=150,
        known_for=2000,
    )
    book.deal(party, "test stand", [("CP-200", 2)], opened=1950, closes=1850, stage="Closed Won", kind="New Business")
    book.orders(party, [("CP-210", 1), ("AN-10", 1), ("SM-40", 1)], first=600, last=20, every=50)
    book.contract(party, start=250, end=-840)
    book.assets(party, ["CP-200", "CP-200", "CP-210", "SM-40", "AN-10", "AN-10"], installed=1800)
    book.rival_asset(party, "Kobalt Instruments", 12_000, installed=900)
    stand = book.deal(
        party,
        "second test stand",
        [("CP-200", 2), ("SM-40", 2)],
        opened=75,
        closes=-35,
        stage="Commitment",
        people=party.people[:2],
    )
    spares = book.deal(
        party,
        "obsolescence plan",
        [("CP-210", 2), ("FS-1", 4)],
        opened=40,
        closes=-80,
        stage="Qualification",
        people=party.people[2:],
    )
    rhythm(book, party, "> 5 < 4 > 7 <", first=300, last=80, every=16)
    rhythm(book, party, "> 4 < 3 > 2 <", first=72, last=5, every=8, deal=stand, who=0)
    meeting(book, party, 34, 90, who=(0, 1), users=staff[0:1], deal=stand)
    meeting(book, party, 11, 60, theirs=True, who=(0, 1), deal=stand)
    rhythm(book, party, "< 26 < 30 <", first=36, last=6, every=6, deal=spares, who=2)
    meeting(book, party, 22, 60, theirs=True, who=(0, 1, 2), deal=spares)
    meeting(book, party, 9, 45, theirs=True, who=(1, 2), deal=spares)


def corran_water(book: Book, staff: Staff) -> None:
    """A utility whose contract ends in two months; the renewal is in draft and nobody has picked up the phone."""
    party = book.account(
        "Corran Water",
        ["Tessa Lund", "Nils Ostrow"],
        owner=staff[0],
        industry="Energy",
        country="United Kingdom",
        currency="GBP",
        revenue=130e6,
        employees=700,
        known_for=1500,
        custom={"wallet": 160_000.0, "mission_criticality": 1.0, "strategic_importance": 0.9},
    )
    book.deal(party, "pump house", [("CP-210", 3)], opened=1450, closes=1350, stage="Closed Won", kind="New Business")
    book.orders(party, [("SM-40", 1), ("SP-88", 8)], first=500, last=40, every=90)
    book.contract(party, start=1030, end=-60)
    book.contract(party, start=-61, end=-1156, draft=True)
    book.assets(party, ["CP-210", "CP-210", "SM-40"], installed=1340)
    renewal = book.deal(party, "renewal", [("CP-210", 2), ("SM-40", 2)], opened=38, closes=-55, stage="Discovery")
    rhythm(book, party, "> 60 >", first=36, last=9, every=5, deal=renewal)
    mails(book, party, 10, "> 7 <", deal=renewal)
    rhythm(book, party, "> 10 < 6 >", first=280, last=50, every=25)
    for days in (28, 16, 4):
        call(book, party, days, None if days == 16 else 5, deal=renewal)


def novaris_biotech(book: Book, staff: Staff) -> None:
    """A prospect: no revenue yet, a lively first deal."""
    party = book.account(
        "Novaris Biotech", ["Zoe Keller", "Leon Fabre"],
        owner=staff[2], industry="Healthcare", revenue=4e6, employees=40, kind="prospect", known_for=110,
    )  # fmt: skip
    lab = book.deal(
        party,
        "lab controls",
        [("CP-210", 2), ("SM-40", 1)],
        opened=62,
        closes=-28,
        stage="Proposal",
        people=party.people,
        kind="New Business",
    )
    rhythm(book, party, "< 3 > 4 < 2 >", first=60, last=5, every=6, deal=lab)
    meeting(book, party, 48, 30, theirs=True, who=(0,), deal=lab)
    meeting(book, party, 14, 60, who=(0, 1), users=staff[3:4], deal=lab)


def mistral_wind(book: Book, staff: Staff) -> None:
    """Won this year; on the next deal it is us who do all the work, though they did answer last week."""
    party = book.account(
        "Mistral Wind", ["Ugo Moreau", "Elena Sander"],
        owner=staff[3], industry="Energy", country="France", revenue=90e6, employees=280, known_for=420,
    )  # fmt: skip
    book.deal(
        party,
        "first park",
        [("CP-210", 4), ("AN-10", 2)],
        opened=330,
        closes=240,
        stage="Closed Won",
        kind="New Business",
    )
    book.orders(party, [("AN-10", 1), ("FS-1", 2)], first=180, last=30, every=50)
    book.assets(party, ["CP-210", "CP-210", "AN-10"], installed=235)
    park = book.deal(
        party, "second park", [("CP-210", 6)], opened=58, closes=-50, stage="Proposal", rivals=["Orbital Controls"]
    )
    rhythm(book, party, "> 40 >", first=55, last=8, every=5, deal=park)
    mails(book, party, 9, "> 6 <", deal=park)
    meeting(book, party, 21, 60, who=(0,), users=staff[0:2], deal=park)
    rhythm(book, party, "> 8 < 5 >", first=300, last=70, every=22)


def wyndham_optics(book: Book, staff: Staff) -> None:
    """A new customer of this year, in dollars, with a lost deal behind it."""
    party = book.account(
        "Wyndham Optics",
        ["Olga Weiss"],
        owner=staff[4],
        industry="Healthcare",
        country="United States",
        currency="USD",
        revenue=39e6,
        employees=190,
        known_for=500,
    )
    book.deal(
        party,
        "coating line",
        [("CP-200", 1)],
        opened=460,
        closes=380,
        stage="Closed Lost",
        rivals=["Vantec"],
        kind="New Business",
    )
    book.deal(
        party,
        "inspection",
        [("AN-10", 4), ("SM-40", 2)],
        opened=190,
        closes=130,
        stage="Closed Won",
        kind="New Business",
    )
    book.assets(party, ["AN-10", "SM-40"], installed=125)
    rhythm(book, party, "> 6 < 5 >", first=185, last=6, every=14)
    case(book, party, 24, "3 > 5 < 2 >", closed_after=2)
    call(book, party, 30, 12.25)


def tidewater_shipyards(book: Book, staff: Staff) -> tuple[tuple[str, str], ...]:
    """The same yard entered twice; the second record was merged into the first. Returns (loser, winner)."""
    party = book.account(
        "Tidewater Shipyards", ["Sven Brandt", "Katja Ivers"],
        owner=staff[0], industry="Manufacturing", revenue=82e6, employees=620, known_for=1250,
        custom={"contract_start": book.day(160), "contract_end": book.day(-205)},
    )  # fmt: skip
    loser = book.account(
        "Tidewater Ship Yards GmbH", [], owner=staff[1], industry="Manufacturing", revenue=80e6, known_for=600
    )
    book.deal(party, "dock 1", [("CP-210", 2)], opened=1200, closes=1120, stage="Closed Won", kind="New Business")
    book.orders(party, [("SP-88", 10), ("FS-1", 2)], first=420, last=50, every=95)
    book.assets(party, ["CP-210"], installed=1100)
    rhythm(book, party, "> 8 < 9 > 4 <", first=260, last=8, every=20)
    meeting(book, party, 27, 45, who=(0, 1))
    return ((loser.id, party.id),)


def polder_integrators(book: Book, staff: Staff) -> tuple[tuple[str, str], ...]:
    """A partner whose record holds what must not count: internal mails, sequences, bounces, copies, one of our own
    people as a contact, and three records entered by mistake and deleted. Returns these as (stream, id).
    """
    party = book.account(
        "Polder Integrators",
        ["Anna Dekker", "Willem Visser"],
        owner=staff[2],
        industry="Manufacturing",
        country="Netherlands",
        revenue=12e6,
        employees=45,
        kind="partner",
        known_for=950,
    )
    colleague = book.person(
        party.id, "Yann Holm", f"yann.holm@{OWN_DOMAINS[1]}", "Account Manager", book.at(900) + timedelta(hours=1)
    )
    mistake = book.person(
        party.id, "Test Test", "test@polder-integrators.example", "Test", book.at(300) + timedelta(hours=1)
    )
    book.deal(party, "starter kit", [("AN-10", 1)], opened=900, closes=860, stage="Closed Won", kind="New Business")
    book.orders(party, [("AN-10", 1), ("TR-2", 2)], first=380, last=60, every=110)
    twin = book.deal(party, "starter kit (entered twice)", opened=890, closes=-10, stage="Qualification", people=())
    for days in (70, 42, 12):
        odd_mail(book, party, days, direction="internal", person_ids=[], user_ids=[staff[2], staff[3]])
        odd_mail(book, party, days - 2, automated=True)
    odd_mail(book, party, 33, outcome="bounced")
    odd_mail(book, party, 26, copies=2)
    odd_mail(book, party, 19, person_ids=[colleague])
    (stray,) = odd_mail(book, party, 18)
    rhythm(book, party, "> 5 < 6 >", first=240, last=7, every=26)
    todo(book, party, 6)
    return (("people", mistake), ("opportunities", twin), ("activities", stray))
