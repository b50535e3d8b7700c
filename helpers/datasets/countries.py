"""The countries of the world: names, capitals and shapes, from two files that ship in data/."""

from pathlib import Path

from helpers import ROOT, CookbookError, display_path

import geopandas
import numpy as np
import pandas as pd
import pycountry
import shapely
from antimeridian import fix_polygon
from shapely.geometry.base import BaseGeometry

COUNTRIES = ROOT / "data" / "countries.tsv"
WORLD = ROOT / "data" / "countries-110m.json"
COLUMNS = ["alpha_3", "name", "capital", "adjective"]
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


def read_countries(path: Path = COUNTRIES) -> pd.DataFrame:
    """Countries and territories of ISO 3166, sorted by name, with words joined by "_".

    Columns: `name` as people type it, `alpha_3` and `numeric` codes, `un_member`, and for members
    of the United Nations `capital` and `adjective` (of nationality), else missing.
    Raises `CookbookError` if `path` lacks columns or values, or has a code twice or unknown to ISO.
    """
    rows = [[one.alpha_3, one.numeric, _usual_name(one)] for one in pycountry.countries]
    iso = pd.DataFrame(rows, columns=["alpha_3", "numeric", "usual_name"])
    try:
        members = pd.read_csv(path, sep="\t", dtype=str, usecols=COLUMNS)
        if members.isna().any(axis=None):
            raise ValueError("a value is missing")
        unknown = members.loc[~members["alpha_3"].isin(iso["alpha_3"]), "alpha_3"]
        if len(unknown):
            raise ValueError(f"ISO 3166 doesn't know the code {unknown.iloc[0]}")
        countries = iso.merge(members, how="left", validate="one_to_one")
    except (OSError, ValueError) as error:  # pandas' own are ValueErrors
        raise CookbookError(f"{display_path(path)}: not a table of countries ({error}).") from error
    countries["un_member"] = countries["name"].notna()
    countries["name"] = countries["name"].fillna(countries.pop("usual_name"))
    columns = ["name", "alpha_3", "numeric", "un_member", "capital", "adjective"]
    return countries[columns].sort_values("name", ignore_index=True)


def read_world(path: Path = WORLD) -> geopandas.GeoDataFrame:
    """Outlines of 176 countries and territories, longitude and latitude (Natural Earth 1:110m).

    Columns: `numeric` (ISO 3166; missing for Kosovo, Northern Cyprus and Somaliland, which have
    no code there), `name` and `geometry`. Russia and Fiji are cut where the map ends; Antarctica,
    which reaches round the pole, is left out. Raises `CookbookError` if `path` can't be read.
    """
    try:
        world = geopandas.read_file(path, layer="countries")
        world = world.rename(columns={"id": "numeric"})[["numeric", "name", "geometry"]]
        world = world[world["name"] != "Antarctica"].reset_index(drop=True)
        world["geometry"] = world["geometry"].map(_cut_at_antimeridian)
        if not np.isfinite(world.bounds).all(axis=None):
            raise ValueError("a country without an outline, or with an endless one")
        return world.set_crs("EPSG:4326")
    except Exception as error:  # pyogrio, shapely and antimeridian raise errors of many kinds
        raise CookbookError(f"{display_path(path)}: not a map in TopoJSON format.") from error


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
