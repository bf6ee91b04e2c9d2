"""What the site gives goes into a pump whole, and the audit's first key stays in no store."""

import contextlib

import pytest

from firmware.main import gatekeeper_for
from firmware.trust.audit_store import SOUND, Chain
from firmware.trust.credentials import WHOLE, Credentials
from firmware.trust.install import install
from hal import ports
from simulator import audit
from simulator.asked import NURSE, AskedPump, board_of, people
from simulator.clock import VirtualClock
from simulator.devices.flash import SIZES, SimFlash
from simulator.power import AFTER, BEFORE, TORN, Cut, PowerLost
from simulator.trust_client import make_record, sealed
from tools.claims.setups import open_library

KEY = bytes(range(40, 72))
RECORD = make_record(1, people())


def content(store):
    found = b""
    for area in SIZES:
        into = bytearray(store.size(area))
        store.read(area, 0, into)
        found += bytes(into)
    return found


def test_a_pump_that_was_installed_keeps_its_audit_by_the_sites_key():
    store = SimFlash(VirtualClock())
    assert install(store, RECORD, KEY) == ports.OK
    store.load(ports.AREA_LIBRARY, sealed(RECORD, open_library()))
    board = board_of(None)
    board.store = store
    pump = AskedPump(RECORD, board=board)
    pump.log_in(NURSE)
    log = audit.read_log(store)
    assert len(log) == 2
    assert audit.verify(log, KEY, start=0).findings == []
    # The pump's own key is of no use for it.
    assert audit.verify(log, audit.first_key(RECORD), start=0).findings
    for place in range(len(KEY) - 5):
        assert KEY[place : place + 6] not in content(store)


def test_another_record_leaves_the_audit_as_it_goes_on_and_a_recovery_begins_it_anew():
    store = SimFlash(VirtualClock())
    install(store, RECORD, KEY)
    chain = Chain(store)
    chain.open()
    chain.append(7, b"before")
    assert install(store, make_record(2, people()), KEY) == ports.OK
    assert len(audit.read_log(store)) == 1
    assert install(store, make_record(3, people()), bytes(32), anew=True) == ports.OK
    assert audit.read_log(store) == []
    credentials = Credentials(store)
    assert (credentials.read(), credentials.record.pump_id) == (WHOLE, make_record(3).pump_id)
    assert not credentials.behind


def test_a_store_without_a_place_for_an_audit_is_installed_too():
    store = SimFlash(VirtualClock(), audit_bytes=0)
    assert install(store, RECORD, KEY) == ports.OK
    assert Credentials(store).read() == WHOLE


def test_a_store_that_refuses_says_so():
    store = SimFlash(VirtualClock())
    store.write_rc = ports.ERR_FAILED
    assert install(store, RECORD, KEY) == ports.ERR_FAILED


@pytest.mark.parametrize("number", range(1, 10))
@pytest.mark.parametrize("where", [BEFORE, TORN, AFTER])
def test_whatever_power_does_installing_again_makes_it_whole(number, where):
    store = SimFlash(VirtualClock())
    store.supply.arm(Cut(number, where, 20, number))
    with contextlib.suppress(PowerLost):
        install(store, RECORD, KEY)
    store.supply.arm()
    # Between the two the pump is unprovisioned, whole, or says that something is amiss: it never asks for less.
    assert install(store, RECORD, KEY) == ports.OK
    chain = Chain(store)
    assert (Credentials(store).read(), chain.open(), chain.sequence) == (WHOLE, SOUND, 0)
    board = board_of(None)
    board.store = store
    assert gatekeeper_for(board).pump_id() == RECORD.pump_id
