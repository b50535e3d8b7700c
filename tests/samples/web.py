"""Answers of web sites for chapter 00, each in the format in which the site gives it.

Those of Wikidata, Wikipedia and the Internet Archive are short cuts of what these know; the café,
the pages and their crawl are made up.
"""

import json

from samples.packing import gzipped

CAPITALS = {  # country: its number in Wikidata, capital, its number
    "Germany": ("Q183", "Berlin", "Q64"),
    "France": ("Q142", "Paris", "Q90"),
    "Italy": ("Q38", "Rome", "Q220"),
    "Spain": ("Q29", "Madrid", "Q2807"),
    "Japan": ("Q17", "Tokyo", "Q1490"),
}
LINKS = ["Gareth Edwards (director)", "Felicity Jones", "Diego Luna", "Lucasfilm", "Star Wars"]
CAFES = {
    "Café Lumière": (48.8531, 2.3466),
    "Le Petit Pont": (48.8528, 2.3461),
    "": (48.8525, 2.3472),
}
ROBOTS = """User-agent: *
Disallow: /private/
Crawl-delay: 2
"""
RECIPE = {
    "@context": "https://schema.org",
    "@type": "Recipe",
    "name": "Flat bread",
    "recipeIngredient": ["250 g flour", "150 ml water", "salt"],
    "totalTime": "PT40M",
}
PAGE = f"""<!doctype html>
<html><head><title>Flat bread</title>
<script type="application/ld+json">{json.dumps(RECIPE)}</script></head>
<body><h1>Flat bread</h1><p>Mix, rest, bake.</p>
<a href="/recipes/pancakes">Pancakes</a> <a href="/private/notes">Notes</a></body></html>
"""


def files() -> dict[str, bytes]:
    answers = {
        "wikidata.json": _wikidata(),
        "overpass.json": _overpass(),
        "wikipedia.json": _wikipedia(),
        "archive.json": _archive(),
    }
    made = {}
    for name, answer in answers.items():
        made[f"web/{name}"] = json.dumps(answer, indent=1, ensure_ascii=False).encode() + b"\n"
    made["web/robots.txt"] = ROBOTS.encode()
    made["web/page.html"] = PAGE.encode()
    made["web/crawl.warc.gz"] = gzipped(_warc_record())
    return made


def _wikidata() -> dict:
    rows = []
    for country, (number, capital, place) in CAPITALS.items():
        row = {}
        for name, value in {"country": number, "capital": place}.items():
            row[name] = {"type": "uri", "value": f"http://www.wikidata.org/entity/{value}"}
        for name, value in {"countryLabel": country, "capitalLabel": capital}.items():
            row[name] = {"xml:lang": "en", "type": "literal", "value": value}
        rows.append(row)
    return {"head": {"vars": list(rows[0])}, "results": {"bindings": rows}}


def _overpass() -> dict:
    elements = []
    for number, (name, (lat, lon)) in enumerate(CAFES.items(), start=1):
        tags = {"amenity": "cafe"} | ({"name": name} if name else {})
        elements.append({"type": "node", "id": number, "lat": lat, "lon": lon, "tags": tags})
    return {"version": 0.6, "generator": "a stand-in", "elements": elements}


def _wikipedia() -> dict:
    links = [{"ns": 0, "title": title} for title in sorted(LINKS)]
    page = {"pageid": 1, "ns": 0, "title": "Rogue One", "links": links}
    return {"batchcomplete": True, "query": {"pages": [page]}}


def _archive() -> dict:
    sites = {"beer.stackexchange.com.7z": 2_600_000, "coffee.stackexchange.com.7z": 3_400_000}
    described = [{"name": name, "format": "7z", "size": str(size)} for name, size in sites.items()]
    return {"metadata": {"identifier": "stackexchange"}, "files": described}


def _warc_record() -> bytes:
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + PAGE.encode()
    headers = [
        "WARC/1.0",
        "WARC-Type: response",
        "WARC-Target-URI: https://example.org/recipes/flat-bread",
        "WARC-Date: 2026-01-01T00:00:00Z",
        "Content-Type: application/http; msgtype=response",
        f"Content-Length: {len(page)}",
    ]
    return "\r\n".join(headers).encode() + b"\r\n\r\n" + page + b"\r\n\r\n"
