"""Words for the display: codes of the firmware in eight or sixteen letters. Tests hold them against its tables.

Cells of one length in one string each: a tuple of strings would take ten times the memory.
"""

from hal.compat import const

SHORT = const(8)
LONG = const(16)

# By ST_*.
STATES = "SELFTESTSTANDBY PROGRAM PRIMING INFUSINGBOLUS   PAUSED  KVO     COMPLETESTOPPED SERVICE FAILED  "
# By TR_*.
TRUST = "        OFFLINE SUSPECT ISOLATEDRECOVERY"
# By AL_*. 30 and 31 are nobody's.
ALARMS = (
    "OCCL DN OCCL UP AIR     DOOR    NOT LOADEMPTY   TOO HOT MOTOR   FREEFLOWDOUBT   SELFTESTNO HELP "
    "SUSTAIN COMPLETEKVO     LIMIT   LOW RES LOW BATTBATTERY PAUSED  NO STORELOST VOLLIBRARY LEFT    "
    "NEAR ENDRESUMED WAITS   LOW FLOWREPEATS LATE                    OFFLINE ATTACK  HOSTILE ISOLATED"
    "NET HELDGLASS   MEMORY  CLOCK   LOG GAP PAUSE ? STOP ?  "
)
# By MSG_*.
MESSAGES = (
    "                CONFIRMED, STARTSOFT: # AGAIN   PAST HARD LIMIT VOLUME LIMIT    BOLUS LIMIT     "
    "LOCKED OUT      DOSE LIMIT      CLEAR HAZARD    NOT STORED      WAIT            INCOMPLETE      "
    "NOT IN LIBRARY  NOT THIS DRUG   OUT OF RANGE    OTHER SYRINGE   NO LIBRARY      NOT NOW         "
    "TURN KEY SWITCH NOTHING LEFT    NO BOLUS        CARD OR GLASS   NUMBER AND PIN  CHECKING PIN    "
    "LOGGED IN       WRONG PIN       TOO MANY: WAIT  CHECK, CONFIRM  RATE ASKED: #   SECOND PERSON   "
    "UNPROVISIONED   NOT YOUR ROLE   CHECKING CARD   WRONG CARD      CARD: WAIT      CARD NO ANSWER  "
    "NOTHING CARRIED OTHER NUMBER    SWITCH OFF, ON  TAKEN IN FORCE  REFUSED, AS WAS "
)
# By FIELD_*: five letters, then the unit of three, of which a leading k means thousandths of what is typed.
FIELDS = (
    "        DRUG    AREA    MODE    WT   kkgDOSE k  VTBI kmLTIME   sSYR     LOAD kmLLOAD   sSTEP k  "
    "STEP   sUP     sDOWN   sEVERY  sCYCLE   BOLUSkmLLOCK   sCLIN kmLCLIN   sPRES mmHNEW  k  BRATEkmL"
    "PERSON  PIN     TAKE    "
)


def short(cells, code):
    """The cell of a code, of SHORT letters; '?' and the code where there is none."""
    return _cell(cells, code, SHORT)


def long(cells, code):
    """The same of LONG letters."""
    return _cell(cells, code, LONG)


def _cell(cells, code, length):
    start = code * length
    if 0 <= start < len(cells):
        return cells[start : start + length]
    return "?" + str(code)
