"""Stand-ins for parts of the cryptographic room, each wrong in one way, for tools/device/vectors.py."""

from firmware.trust import cbor, ccm, cose, mac
from hal.ports import ERR_ABSENT, OK

_HALF_MAC = 16


def _short_mac(message, key, context=b""):
    """A MAC cut to 16 bytes is enough."""
    if message.protected.get(cose.ALGORITHM) != cose.HMAC_256:
        return cose.WRONG_ALGORITHM
    ours = key.mac(message.to_mac(context))
    good = mac.equal(ours[:_HALF_MAC], message.proof[:_HALF_MAC])
    return cose.OK if good else cose.WRONG_MAC


def _any_algorithm(message, key, context=b""):
    """The message says how it is checked."""
    message.protected[cose.ALGORITHM] = cose.HMAC_256
    return cose.Message.verify_mac(message, key, context)


def _no_context(message, context=b""):
    return cose.Message.to_mac(message, b"")


def _long_key(key, data):
    """A key longer than a block is cut, not hashed."""
    return mac.hmac_sha256(key[:64], data)


def _no_counter(secret, salt, info, length):
    prk = mac.MacKey(mac.hmac_sha256(salt if salt else bytes(32), secret))
    made = block = b""
    while len(made) < length:
        block = prk.mac(block + info)
        made += block
    return made[:length]


def _one_less(password, salt, iterations, length):
    return mac.pbkdf2(password, salt, max(iterations - 1, 1), length)


def _first_block_only(password, salt, iterations, length):
    return (mac.pbkdf2(password, salt, iterations, 32) * 2)[:length]


def _any_length(data):
    """No look at what follows."""
    return cbor.Decoder(data).value()


class _LongForms(cbor.Decoder):
    """Takes a count in whatever form it comes."""

    def _count(self, info, start):
        if not 24 <= info <= 27:
            return super()._count(info, start)
        count = 0
        for byte in self._take(1 << info - 24):
            count = count << 8 | byte
        return count


def _decode_by(decoder):
    value = decoder.value()
    if decoder.place != len(decoder._data):
        raise cbor.Refused(cbor.TRAILING, decoder.place)
    return value


def _takes_long_forms(data):
    return _decode_by(_LongForms(data))


def _by_length(value):
    """Keys in the order of RFC 7049: shorter encodings first."""
    if not isinstance(value, dict):
        return cbor.encode(value)
    keys = sorted([cbor.encode(key) for key in value], key=lambda data: (len(data), data))
    out = bytes([0xA0 | len(keys)])
    for key in keys:
        out += key + cbor.encode(value[cbor.decode(key)])
    return out


def _as_inserted(value):
    if not isinstance(value, dict):
        return cbor.encode(value)
    out = bytes([0xA0 | len(value)])
    for key in value:
        out += cbor.encode(key) + cbor.encode(value[key])
    return out


class _Unchecked(ccm.Ccm):
    """Gives out what it decrypts, authentic or not."""

    def open(self, nonce, text, context=b""):
        """As ccm.Ccm.open, without the look at the tag."""
        rc = self._refuses(nonce, len(text) - self._tag, context)
        if rc == OK:
            self._crypt(nonce, text, len(text) - self._tag)
        return rc


class _Fallback(ccm.Ccm):
    """Without a cipher, sends the text as it is."""

    def _refuses(self, nonce, count, context):
        rc = super()._refuses(nonce, count, context)
        return OK if rc == ERR_ABSENT else rc

    def _stream(self, nonce, number):
        return bytes(16) if self._cipher is None else super()._stream(nonce, number)

    def _authenticate(self, nonce, text, count, context):
        if self._cipher is not None:
            super()._authenticate(nonce, text, count, context)


FALLBACK = "clear text where there is no cipher"
MUTANTS = {
    "a MAC cut to 16 bytes": ("verify_mac", _short_mac),
    "an algorithm that the message chooses": ("verify_mac", _any_algorithm),
    "no external data": ("to_mac", _no_context),
    "a long key cut, not hashed": ("hmac", _long_key),
    "HKDF without its counter": ("hkdf", _no_counter),
    "PBKDF2 with an iteration less": ("pbkdf2", _one_less),
    "PBKDF2 that repeats its first block": ("pbkdf2", _first_block_only),
    "no look at what follows": ("decode", _any_length),
    "a form that is not the shortest": ("decode", _takes_long_forms),
    "keys by length first": ("encode", _by_length),
    "keys as they were inserted": ("encode", _as_inserted),
    "CCM without its tag": ("ccm", _Unchecked),
    FALLBACK: ("ccm", _Fallback),
}
