"""One module a data set: a path in, tidy pandas frames (or text) out."""
