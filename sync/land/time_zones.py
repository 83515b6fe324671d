"""Time zones of countries and people, from the time zone database; a country of many zones is given its busiest one."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

_BUSIEST = {
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "FM": "Pacific/Pohnpei",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "KI": "Pacific/Tarawa",
    "KZ": "Asia/Almaty",
    "MH": "Pacific/Majuro",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PS": "Asia/Gaza",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "UM": "Pacific/Wake",
    "US": "America/New_York",
    "UZ": "Asia/Tashkent",
}
_ALSO_CALLED = {
    "usa": "US",
    "u.s.": "US",
    "u.s.a.": "US",
    "united states of america": "US",
    "uk": "GB",
    "u.k.": "GB",
    "united kingdom": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "eire": "IE",
    "holland": "NL",
    "the netherlands": "NL",
    "czech republic": "CZ",
    "czechia": "CZ",
    "south korea": "KR",
    "korea": "KR",
    "republic of korea": "KR",
    "uae": "AE",
    "united arab emirates": "AE",
    "russian federation": "RU",
    "viet nam": "VN",
    "turkiye": "TR",
    "türkiye": "TR",
    "hong kong": "HK",
    "rsa": "ZA",
    "deutschland": "DE",
    "españa": "ES",
    "italia": "IT",
    "schweiz": "CH",
    "österreich": "AT",
    "brasil": "BR",
    "méxico": "MX",
    "channel islands": "JE",
}


@lru_cache(maxsize=1)
def country_zones() -> dict[str, str]:
    """Zone by country: ISO code of two letters, or English name, in lower case."""
    database = files("tzdata") / "zoneinfo"
    zones: dict[str, str] = {}
    for line in (database / "zone.tab").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            code, _, zone = line.split("\t")[:3]
            zones.setdefault(code, zone)
    zones.update({code: zone for code, zone in _BUSIEST.items() if code in zones})
    found = {code.lower(): zone for code, zone in zones.items()}
    for line in (database / "iso3166.tab").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            code, name = line.split("\t")[:2]
            if code in zones:
                found[name.lower()] = zones[code]
    found.update({name: zones[code] for name, code in _ALSO_CALLED.items()})
    return found


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """Names of the time zone database."""
    return frozenset((files("tzdata") / "zones").read_text("utf-8").split())
