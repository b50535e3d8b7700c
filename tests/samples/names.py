"""Words of which the names of made-up artists, films and places are put together."""

FIRST_WORDS = tuple(
    "amber brass copper drowsy electric frozen golden hollow idle jade keen lunar marble "
    "northern opal pale quiet rusty silver tidal".split()
)
LAST_WORDS = tuple(
    "anchors bells cranes doors engines falcons gardens harbours islands jars kites lanterns "
    "mirrors nets orchards pines quarries rivers sparrows towers".split()
)
PLACES = tuple(
    f"{kind} {name}"
    for kind in "Castle Fort Mount Port".split()
    for name in "Asra Belor Corun Delmi Esker Falun Gorse Hythe Iver Jarla Kelso Lomar Mern".split()
)
