"""Certificates for tests, made on the spot by the OpenSSL library that Python itself stands on: worth nothing, and no command is needed."""
import ctypes
import pathlib
import ssl  # noqa: F401  (loads the library)

_crypto = ctypes.CDLL("libcrypto.so.3")
_ADDRESS, _TEXT, _LONG = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_long


def _function(name, result, *arguments):
    function = getattr(_crypto, name)
    function.restype, function.argtypes = result, arguments
    return function


_keygen = _crypto.EVP_PKEY_Q_keygen
_keygen.restype = _ADDRESS
_new = _function("X509_new", _ADDRESS)
_version = _function("X509_set_version", ctypes.c_int, _ADDRESS, _LONG)
_serial = _function("X509_get_serialNumber", _ADDRESS, _ADDRESS)
_integer = _function("ASN1_INTEGER_set", ctypes.c_int, _ADDRESS, _LONG)
_begins = _function("X509_getm_notBefore", _ADDRESS, _ADDRESS)
_ends = _function("X509_getm_notAfter", _ADDRESS, _ADDRESS)
_adjust = _function("X509_gmtime_adj", _ADDRESS, _ADDRESS, _LONG)
_set_key = _function("X509_set_pubkey", ctypes.c_int, _ADDRESS, _ADDRESS)
_subject = _function("X509_get_subject_name", _ADDRESS, _ADDRESS)
_issuer = _function("X509_set_issuer_name", ctypes.c_int, _ADDRESS, _ADDRESS)
_entry = _function(
    "X509_NAME_add_entry_by_txt", ctypes.c_int, _ADDRESS, _TEXT, ctypes.c_int, _TEXT, ctypes.c_int, ctypes.c_int, ctypes.c_int)
_extension = _function("X509V3_EXT_conf_nid", _ADDRESS, _ADDRESS, _ADDRESS, ctypes.c_int, _TEXT)
_add = _function("X509_add_ext", ctypes.c_int, _ADDRESS, _ADDRESS, ctypes.c_int)
_sign = _function("X509_sign", ctypes.c_int, _ADDRESS, _ADDRESS, _ADDRESS)
_sha256 = _function("EVP_sha256", _ADDRESS)
_aes = _function("EVP_aes_256_cbc", _ADDRESS)
_memory = _function("BIO_s_mem", _ADDRESS)
_bio = _function("BIO_new", _ADDRESS, _ADDRESS)
_free = _function("BIO_free", ctypes.c_int, _ADDRESS)
_read = _function("BIO_read", ctypes.c_int, _ADDRESS, _TEXT, ctypes.c_int)
_write_certificate = _function("PEM_write_bio_X509", ctypes.c_int, _ADDRESS, _ADDRESS)
_write_key = _function(
    "PEM_write_bio_PKCS8PrivateKey", ctypes.c_int, _ADDRESS, _ADDRESS, _ADDRESS, _TEXT, ctypes.c_int, _ADDRESS, _ADDRESS)


def _pem(write):
    to = _bio(_memory())
    if write(to) != 1:
        raise RuntimeError("OpenSSL writes nothing")
    room = ctypes.create_string_buffer(16384)
    count = _read(to, room, len(room))
    _free(to)
    return room.raw[:count]


class Identity:
    """A certificate with its key: of `name` and 127.0.0.1, signed by another one or by itself, for a day."""

    _count = 0

    def __init__(self, name="localhost", issuer=None, is_authority=False, days=1):
        Identity._count += 1
        self._key = _keygen(None, None, b"EC", b"P-256")
        self._made = _new()
        _version(self._made, 2)
        _integer(_serial(self._made), Identity._count)
        _adjust(_begins(self._made), -3600)
        _adjust(_ends(self._made), 86400 * days)
        _set_key(self._made, self._key)
        _entry(_subject(self._made), b"CN", 0x1001, name.encode(), -1, -1, 0)
        above = issuer or self
        _issuer(self._made, _subject(above._made))
        for kind, text in ((87, b"critical,CA:TRUE" if is_authority else b"CA:FALSE"), (85, f"DNS:{name},IP:127.0.0.1".encode())):
            _add(self._made, _extension(None, None, kind, text), -1)
        if _sign(self._made, above._key, _sha256()) <= 0:
            raise RuntimeError("OpenSSL signs nothing")

    @property
    def certificate(self):
        return _pem(lambda to: _write_certificate(to, self._made))

    def key(self, passphrase=None):
        cipher = _aes() if passphrase else None
        return _pem(lambda to: _write_key(to, self._key, cipher, passphrase, len(passphrase or b""), None, None))


def write(path, *parts):
    """PEM texts one after the other in a file."""
    path = pathlib.Path(path)
    path.write_bytes(b"".join(parts))
    return str(path)
