"""The countries of the world: names, capitals and shapes, from two files that ship in data/."""

from helpers import ROOT, CookbookError, display_path

import geopandas
import numpy as np
import pandas as pd
import pycountry
import shapely
from antimeridian import fix_polygon
from shapely.geometry.base import BaseGeometry

COUNTRIES = ROOT / "data" / "countries.tsv"
MEMBERS = ["alpha_3", "name", "capital", "adjective"]  # its columns
WORLD = ROOT / "data" / "countries-110m.json"
# Where the name in ISO 3166 isn't what people type
USUAL_NAMES = {
    "BES": "Bonaire",
    "MAC": "Macau",
    "PSE": "Palestine",
    "SGS": "South Georgia",
    "SHN": "Saint Helena",
    "SJM": "Svalbard",
    "VAT": "Vatican City",
    "VIR": "US Virgin Islands",
}


def read_countries() -> pd.DataFrame:
    """Countries and territories of ISO 3166, sorted by name, with words joined by "_".

    Columns: `name` as people type it, `alpha_3` and `numeric` codes, `un_member`, and for members
    of the United Nations `capital` and `adjective` (of nationality), else missing.
    Raises `CookbookError` if a spreadsheet, say, has changed the file of the members.
    """
    rows = [[one.alpha_3, one.numeric, _usual_name(one)] for one in pycountry.countries]
    iso = pd.DataFrame(rows, columns=["alpha_3", "numeric", "usual_name"])
    try:
        members = pd.read_csv(COUNTRIES, sep="\t", dtype=str, usecols=MEMBERS)
        countries = iso.merge(members, how="left", validate="one_to_one")
        found = countries[MEMBERS].notna().all(axis=1).sum()
        if found != 193:
            raise ValueError(f"{found} members of the United Nations, where 193 were expected")
    except (OSError, ValueError) as error:
        shown = display_path(COUNTRIES)
        raise CookbookError(f"{shown}: {error}. `git checkout {shown}` brings it back.") from error
    countries["un_member"] = countries["name"].notna()
    countries["name"] = countries["name"].fillna(countries.pop("usual_name"))
    columns = ["name", "alpha_3", "numeric", "un_member", "capital", "adjective"]
    return countries[columns].sort_values("name", ignore_index=True)


def read_world() -> geopandas.GeoDataFrame:
    """Outlines of 176 countries and territories, longitude and latitude (Natural Earth 1:110m).

    Columns: `numeric` (ISO 3166; missing for Kosovo, Northern Cyprus and Somaliland, which have
    no code there), `name` and `geometry`. Russia and Fiji are cut where the map ends; Antarctica,
    which reaches round the pole, is left out.
    """
    world = geopandas.read_file(WORLD, layer="countries")
    world = world.rename(columns={"id": "numeric"})[["numeric", "name", "geometry"]]
    world = world[world["name"] != "Antarctica"].reset_index(drop=True)
    world["geometry"] = world["geometry"].map(_cut_at_antimeridian)
    return world.set_crs("EPSG:4326")


def _cut_at_antimeridian(shape: BaseGeometry) -> BaseGeometry:
    """Two parts in place of one that goes on at the other end of the map."""
    parts = [
        fix_polygon(part, fix_winding=True) if np.ptp(part.bounds[::2]) > 180 else part
        for part in shapely.get_parts(shape)
    ]
    return shapely.multipolygons(shapely.get_parts(parts))


def _usual_name(country) -> str:
    """ "Virgin Islands, British" is "British_Virgin_Islands", brackets go."""
    name = getattr(country, "common_name", country.name)
    first, _, rest = name.partition(" (")[0].partition(", ")
    return USUAL_NAMES.get(country.alpha_3, f"{rest} {first}".strip()).replace(" ", "_")
