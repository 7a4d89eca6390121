"""Adversarial neighbours: attacks on a server, and honest clients beside them who must not notice."""
