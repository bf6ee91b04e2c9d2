"""Puts what the site gave into a pump: the first key of its audit, and its credential record. In maintenance only.

The audit's key comes from the site and is in no store but the site's own afterwards: the pump goes on from it and
forgets it. So whoever reads the pump, its own key included, cannot make or change a record of before.
"""

from firmware.trust.audit_store import Chain
from firmware.trust.credentials import WHOLE, Credentials
from hal.ports import AREA_AUDIT_A, OK


def install(store, record, audit_key, anew=False):
    """Install `record` (a credentials.Record); OK or ERR_*, and then all of it has to be done again.

    `audit_key`: 32 bytes, with which the audit begins where no whole record was there. Where one was the audit goes on
    as it is, but where `anew`: after a recovery. A store without a place for an audit keeps none. Up to four erases.
    """
    credentials = Credentials(store)
    rc = OK
    if (credentials.read() != WHOLE or anew) and store.size(AREA_AUDIT_A):
        rc = Chain(store).begin(audit_key)
    return rc or credentials.write(record) or credentials.mend()
