"""Chapter 00's way to ask a web site, with a stored answer where there is no network."""

from collections.abc import Mapping

from helpers import CookbookError
from helpers.fetch import SAMPLE

import requests

SECONDS = 5  # to wait for a site
NAME = "embeddings-cookbook (a notebook that teaches)"  # a polite program says who it is


def ask(url: str, parameters: Mapping[str, str], stored: str, live: bool = True) -> bytes:
    """What a site answers to a query, or else the answer `stored` in data/sample/web/.

    Says which of the two it is. The stored one is taken if not `live`, and if the site can't be
    reached or refuses. Raises `CookbookError` if there is no such stored answer.
    """
    path = SAMPLE / "web" / stored
    if not path.is_file():
        raise CookbookError(f"No stored answer {stored!r} in data/sample/web/.")
    why = "LIVE is False"
    if live:
        try:
            answer = requests.get(
                url, params=parameters, headers={"User-Agent": NAME}, timeout=SECONDS
            )
            answer.raise_for_status()
            print(f"The site answered: {len(answer.content):,} bytes.")
            return answer.content
        except requests.ConnectionError:
            why = "no connection to the site"
        except requests.RequestException as error:
            why = f"the site didn't answer: {type(error).__name__}"
    print(f"A stored answer ({why}).")
    return path.read_bytes()
