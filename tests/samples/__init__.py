"""The stand-ins for the data sets: small, made up, each in the format of the real file.

They lie in data/sample/. This package makes them, one module a data set; to write them anew:

    cd tests && python -m samples

The stand-ins have planted structure. A module's functions `planted_...` say which artists, words,
films or listeners belong together, and tests check that the models find it. Its function `files()`
gives each of its files by the path under data/sample/.
"""

SEED = 20  # of every random number here
