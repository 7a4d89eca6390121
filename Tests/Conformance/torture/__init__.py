"""Cases for HTTP/1.1 servers, and the peers that play them; `http_torture.py` is the door."""
