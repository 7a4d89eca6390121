"""What `make_references.py` is made of: one module for each format and each kind of answer."""
