"""What every kind of fault does in every delivery state under every drug policy, written by hand.

From the fail-safe policy and the disclosed times (docs/design.md, docs/detectors.md), by thought,
and from nowhere in the firmware: whoever changes the policy changes it here. The claim
single-faults runs each cell against it.

    kinds, one or more; a figure in brackets where it is not the usual one [on head]
        states [under policies] -> outcome; alarm; alarm within seconds; …

The first line that fits counts, and every state must fit one. Outcomes: `unchanged`, a state by
name, `resumed` (as before, after a reset), `waits` (paused until a person says). An alarm comes
within two ticks unless it says how many seconds, or how much must flow `after` which it comes;
during the self-test `doubt` is a self-test that fails. `may`: alarms that are no matter. `less 2`:
seconds of flow that may be missing. `starved`: flow stops or lags, and the alarm says so. `asked`:
a key was pressed. `apart`: disclosed apart from the bound. `gate`: motion ends within 100 ms.
`no_stop`: the fault is in Stop's own way. Groups of states are in tools/fault_notation.py.
"""

# What is no doubt, no hazard and no reset leaves the dose as it is. Rails and counters that
# cannot be are doubt: power is cut in every state, and only service leads out. Sensors that may
# be right are believed: a hazard stops the motor where it is meant to move, and is no alarm
# where it is not.
MATRIX = """
# A clock that runs backwards, jumps, stands or runs twice as fast cannot time a dose. It is told
# from an RTC that does by the turns, which bear one of the two out; the pump goes on without an RTC.
clock_jumps
    failed -> unchanged
    all -> failed; doubt
clock_jumps(by=5000)
    failed -> unchanged
    all -> failed; doubt; may late volume_lost
clock_stands clock_runs_off
    failed -> unchanged
    all -> failed; doubt within 4.2
rtc_absent rtc_battery_flat
    all -> unchanged
rtc_stands rtc_jumps rtc_jumps(by=3600)
    failed -> unchanged
    all -> unchanged; clock within 4.2

# The store: nothing is raised without it; what flows goes on.
store_fails store_busy store_full store_forgets store_slow erase_slow store_unreadable
    all -> unchanged; may store
store_flipped library_flipped
    all -> unchanged

# The network never changes a dose.
link_lost link_says_down
    all -> unchanged; offline within 10.2
link_flooded link_garbage
    all -> unchanged; may episode hostile
link_mute link_deaf link_says_up
    all -> unchanged; may offline

# Resets. What flowed goes on by itself within 2 s; an interrupted bolus is forfeited; a person
# who had paused must start again, and what was not confirmed is gone.
watchdog_dead
    all -> unchanged
watchdog_reset
    infusing kvo -> resumed; resumed within 2.2; less 4
    bolus -> resumed; resumed within 2.2; starved
    paused stopped -> waits; waits within 2.2
    failed -> failed; may self_test
    all -> standby
# Comms that was at work then is held: as good as no network.
watchdog_reset_comms
    infusing kvo -> resumed; resumed within 2.2; comms_held within 2.2; may offline; less 4
    bolus -> resumed; resumed within 2.2; comms_held within 2.2; may offline; starved
    paused stopped -> waits; waits within 2.2; comms_held within 2.2; may offline
    failed -> failed; may self_test comms_held offline
    all -> standby; comms_held within 3; may offline
# Off for 5 s, under the entry's limit of 5 min.
power_lost_short
    infusing kvo -> resumed; resumed within 7.2; less 9; may on_battery offline
    bolus -> resumed; resumed within 7.2; starved; may on_battery offline
    paused stopped -> waits; waits within 7.2; may on_battery offline
    failed -> failed; may self_test
    all -> standby
# The store is used while something flows, at the latest when progress is due.
power_torn
    flow -> resumed; resumed within 20; less 12; starved
    priming -> standby
    all -> unchanged
# Off for ten minutes, past it.
power_lost_long
    flow paused stopped -> waits; waits within 602.2
    failed -> failed; look 606; may self_test
    all -> standby; look 606
mains_lost mains_says_off
    all -> unchanged; on_battery
mains_says_on
    all -> unchanged

# What only a boot, the security layer or the bedside reader asks for.
entropy_fails entropy_constant secure_counter_absent secure_counter_stuck secure_counter_back
    all -> unchanged
scratch_dead scratch_flipped identity_anybody
    all -> unchanged
# Nobody is told by a panel that is frozen; disclosed.
panel_frozen
    all -> unchanged

# Time.
tick_late
    all -> unchanged; less 0.1
# A lease is 3 s or 0.1 mL: faster than 120 mL/h, less than 2 s.
stall_2s
    priming -> unchanged; may volume_lost; less 2
    bolus under kvo -> unchanged; may volume_lost; less 2
    all -> unchanged; less 0.1
# A stall, and a tick.
stall_5s
    failed -> unchanged
    moving -> unchanged; late within 5.1; may volume_lost; less 5
    all -> unchanged; late within 5.1
# 20 s without a turn, and a watchdog that bites after 8.4 s.
turns_stop
    infusing kvo -> resumed; resumed within 12; less 12; may volume_lost
    bolus -> resumed; resumed within 12; starved; may volume_lost
    paused stopped -> waits; waits within 12
    failed -> failed; may self_test
    all -> standby; may volume_lost

# Position. Counter and encoder are held against each other: no screw turns further than it is
# driven. One that lags is a motor that stalls.
step_count_stuck step_count_half
    moving -> failed; doubt within 4.2
    all -> unchanged
step_count_jump encoder_jump
    failed -> unchanged
    all -> failed; doubt within 0.5; may motor
encoder_double
    priming -> failed; doubt within 4.2; may motor
    moving -> failed; doubt within 4.2
    all -> unchanged
encoder_stuck
    priming -> programming; motor after 60 uL within 1
    flow -> stopped; motor after 60 uL within 1
    all -> unchanged
encoder_half
    priming -> programming; motor after 120 uL within 1
    flow -> stopped; motor after 120 uL within 1
    all -> unchanged
# No encoder jitters while the screw stands.
encoder_noisy
    failed -> unchanged
    all -> failed; doubt within 15

# Pressure. The rails are no pressures of a line.
down_pressure_offset
    failed -> unchanged
    # Where 400 mL/h and more flow, the line's pressure is so much higher that this is none.
    priming under kvo stop -> unchanged
    bolus under kvo -> unchanged
    all -> failed; doubt within 0.5
down_pressure_high down_pressure_low
    failed -> unchanged
    all -> failed; doubt within 0.5; may occlusion_down
down_pressure_offset(by=400)
    priming -> programming; occlusion_down
    flow -> stopped; occlusion_down
    all -> unchanged; may occlusion_down
down_pressure_stuck down_pressure_noisy down_pressure_offset(by=60)
    all -> unchanged
up_pressure_high on volumetric
    failed -> unchanged
    all -> failed; doubt within 0.5
# Upstream the lower rail is an occlusion, and so is noise that reaches it.
up_pressure_low up_pressure_noisy on volumetric
    priming -> programming; occlusion_up within 6
    flow -> stopped; occlusion_up within 6
    all -> unchanged; may occlusion_up
up_pressure_stuck up_pressure_offset on volumetric
    all -> unchanged

# What is sensed of the fluid. Less than is pumped is told; more stops, and is told where nothing
# should flow at all.
drips_stuck on volumetric
    flow -> unchanged; flow_low after 300 uL within 3
    all -> unchanged
drips_extra on volumetric
    infusing under stop -> stopped; free_flow within 6
    kvo bolus infusing -> stopped; free_flow within 10
    priming -> unchanged
    held -> unchanged; free_flow within 6
    all -> unchanged
reservoir_stuck on syringe
    flow -> unchanged; flow_low after 300 uL within 12
    all -> unchanged
reservoir_zero on syringe
    priming -> programming; empty within 1.2
    flow -> stopped; empty within 1.2; may free_flow
    all -> unchanged; may empty free_flow
# A syringe may be taken out and changed while nothing flows.
reservoir_full reservoir_absent on syringe
    moving -> failed; doubt within 4.2; may flow_low
    all -> unchanged
size_wrong size_absent on syringe
    priming -> programming; not_loaded within 1.2
    flow -> stopped; not_loaded within 1.2
    all -> unchanged; may not_loaded

battery_stuck battery_zero battery_full
    all -> unchanged
temperature_stuck
    all -> unchanged
temperature_high temperature_low
    failed -> unchanged
    all -> failed; doubt within 4.2; may heat

# Flags.
door_says_open on volumetric
    priming -> programming; door
    flow -> stopped; door
    stopped -> unchanged; door
    all -> unchanged
clamp_says_open
    priming -> programming; not_loaded
    flow -> stopped; not_loaded
    all -> unchanged; may not_loaded
plunger_says_off on syringe
    priming -> programming; not_loaded
    flow -> stopped; not_loaded
    all -> unchanged; may not_loaded
air_says_air on volumetric
    priming -> programming; air after 120 uL within 1
    flow -> stopped; air after 120 uL within 1
    all -> unchanged; may air
motor_flag_on
    priming -> programming; motor
    flow -> stopped; motor
    all -> unchanged; may motor
# Told nothing, the pump goes on: latent until the thing itself happens.
door_says_closed air_blind on volumetric
    all -> unchanged
plunger_says_on on syringe
    all -> unchanged
clamp_says_closed key_switch_says_on key_switch_says_off stop_flag_on stop_flag_off gate_flag_on gate_flag_off
    all -> unchanged
sensors_silent
    failed -> unchanged
    all -> failed; doubt within 1.2

# Keys: a key that nobody pressed cannot be told from one that somebody did.
keys_dead
    all -> unchanged
key_stuck key_alone
    programming paused stopped -> infusing; asked
    all -> unchanged

# The drive. The lease bounds a generator that is too fast; one that does not heed it is power
# cut, by the encoder. One that does not move is a stall, once 10 µL are missing.
generator_ignores_lease
    all -> unchanged
generator_runs_away
    priming -> failed; doubt within 4.2; apart
    bolus -> failed; doubt within 2.2; apart
    powered -> failed; doubt within 0.5; apart
    all -> unchanged
# While priming, the person who holds the key sees that nothing comes.
generator_stuck relay_open gate_stuck_shut
    priming -> unchanged; starved; may volume_lost
    flow -> stopped; motor after 15 uL within 5.2
    all -> unchanged
# At most a lease ahead: half a lease and 6 µL of it trip the guardian, which slow flow never reaches.
generator_double
    priming bolus -> failed; doubt within 4.2
    infusing under kvo -> failed; doubt within 4.2
    all -> unchanged
generator_half
    priming -> unchanged; starved; may volume_lost
    flow -> stopped; motor after 30 uL within 10
    all -> unchanged
rate_flipped lease_flipped
    all -> unchanged
enable_stuck relay_welded
    all -> unchanged
gate_dead
    all -> unchanged

# The physical world.
occlusion_downstream
    priming -> programming; occlusion_down after 400 uL within 2
    flow -> stopped; occlusion_down after 400 uL within 2
    all -> unchanged
occlusion_upstream on volumetric
    priming -> programming; occlusion_up after 260 uL within 2
    flow -> stopped; occlusion_up after 260 uL within 2
    all -> unchanged
air_bubble on volumetric
    priming -> programming; air after 120 uL within 1
    flow -> stopped; air after 120 uL within 1
    all -> unchanged
air_bubble(volume=5000) on volumetric
    priming -> programming; air after 120 uL within 1
    flow -> stopped; air after 120 uL within 1
    all -> unchanged
door_opened on volumetric
    priming -> programming; door; gate
    flow -> stopped; door; gate
    stopped -> unchanged; door
    all -> unchanged
clamp_lifted
    priming -> programming; not_loaded
    flow -> stopped; not_loaded
    stopped -> unchanged; not_loaded
    all -> unchanged
plunger_released on syringe
    priming -> programming; not_loaded
    flow -> stopped; not_loaded
    stopped -> unchanged; not_loaded
    all -> unchanged
free_flow
    priming -> unchanged
    # A bolus holds the line's pressure against the reservoir's: less runs, or none.
    bolus under sustain basal -> stopped; free_flow within 80
    bolus under kvo -> unchanged; look 20
    flow -> stopped; free_flow within 20
    held -> unchanged; free_flow within 20
    all -> unchanged
motor_stalled
    priming -> programming; motor after 60 uL within 1
    flow -> stopped; motor after 60 uL within 1
    all -> unchanged
# The simulated board feels its case once a second; the tick acts on what it reads at once.
case_hot
    priming -> programming; heat within 1.2
    flow -> stopped; heat within 1.2
    stopped -> unchanged; heat within 1.2
    all -> unchanged
reservoir_runs_dry on syringe
    priming -> programming; empty within 1.2
    flow -> stopped; empty within 1.2; may free_flow
    stopped -> unchanged; empty within 1.2; may free_flow
    all -> unchanged; may free_flow

# Memory. The copies of the prescription are held against each other in turn, one field a tick;
# words that a dose rests on against others that say the same, each within ten seconds. Where no
# prescription is in use there is nothing to be wrong.
rx_rate_flipped rx_volume_flipped rx_hard_limit_flipped rx_policy_flipped
    flow held -> failed; doubt within 10.2
    all -> unchanged
candidate_flipped
    all -> unchanged
profile_rate_flipped profile_index_flipped
    flow held -> failed; doubt within 10.2
    all -> unchanged
# A continuous infusion has no second that ends it.
profile_second_flipped
    all -> unchanged
steps_flipped step_rest_flipped commanded_flipped delivered_flipped count_flipped
    failed -> unchanged
    all -> failed; doubt within 10.2; may volume_lost flow_low free_flow
step_volume_flipped
    flow held priming -> failed; doubt within 10.2
    all -> unchanged
motor_rate_flipped
    moving -> failed; doubt within 10.2
    all -> unchanged
# Written anew by the next tick.
lease_end_flipped
    moving -> unchanged; may volume_lost
    all -> unchanged
vtbi_flipped window_flipped lockout_flipped
    failed -> unchanged
    all -> failed; doubt within 10.2
window_limit_flipped
    flow held -> failed; doubt within 10.2
    all -> unchanged
bolus_left_flipped
    flow held -> failed; doubt within 10.2
    all -> unchanged
# Taken from the prescription with each bolus: wrong only while it runs.
bolus_rate_flipped
    bolus under basal -> failed; doubt within 10.2
    all -> unchanged
# A bolus that does not wait cannot run: the next slice chooses anew, or the check finds it.
bolus_kind_flipped
    held kvo -> failed; doubt within 10.2
    all -> unchanged
kvo_rate_flipped
    kvo -> failed; doubt within 10.2
    all -> unchanged
back_off_flipped
    all -> unchanged
alarms_flipped alarms_present_flipped
    failed -> unchanged
    all -> failed; doubt within 10.2
# A hazard that the next look at the flags takes back: a stop, told, and a person starts again.
hazards_flipped
    priming -> programming; door
    flow -> stopped; door
    stopped -> unchanged; may door
    all -> unchanged
pressure_limit_flipped air_limit_flipped stall_limit_flipped
    flow held -> failed; doubt within 10.2
    all -> unchanged
grant_flipped
    paused kvo stopped -> failed; doubt; may near_end
    all -> unchanged
tick_clock_flipped
    failed -> unchanged
    all -> failed; doubt
delivery_state_lost
    bolus -> unchanged  # it is that state
    failed -> failed; may volume_lost
    all -> failed; doubt; may volume_lost
delivery_table_flipped trust_table_flipped
    failed -> unchanged
    all -> failed; doubt within 10.2
# A trust state that was changed is local evidence against the security layer: the dose follows the
# drug's policy.
trust_state_lost(to=offline)
    infusing bolus under kvo -> kvo; isolated; kvo
    infusing bolus under stop -> stopped; isolated; stopped_by_policy
    failed -> unchanged; may isolated
    all -> unchanged; isolated

# The guardian. A copy that was changed disagrees, whichever it was; a verdict is final.
guardian_rate_flipped
    flow held -> failed; doubt within 10.2
    all -> unchanged
guardian_trips
    failed -> unchanged
    all -> failed; doubt
guardian_raises
    failed -> unchanged
    all -> failed; doubt
# Latent: the first channel doses rightly without it.
guardian_blind
    all -> unchanged
# It sees what is not: dosing that lags, flow that nobody asked for, an encoder that leads.
guardian_steps_flipped
    moving -> failed; doubt within 4.2
    all -> unchanged
# 16 mL/h more than is dosed; of 100 mL/h too small a share to be told from a generator's.
guardian_course_flipped
    infusing under sustain basal stop -> failed; doubt within 13
    all -> unchanged
guardian_state_flipped
    infusing bolus -> failed; doubt
    all -> unchanged
guardian_eye_flipped
    moving -> failed; doubt
    all -> unchanged

# Code. The guardian needs nothing of dosing's.
dosing_doubles dosing_jitters
    moving -> failed; doubt within 4.2
    all -> unchanged
dosing_reverses
    moving -> failed; doubt
    all -> unchanged
dosing_freezes
    priming bolus -> failed; doubt within 8; may motor
    infusing -> failed; doubt within 10.2; may motor
    kvo -> failed; doubt after 15 uL within 5; may motor
    all -> unchanged
tick_raises
    failed -> unchanged
    all -> failed; doubt
gatekeeper_raises gatekeeper_floods gatekeeper_posts_none
    all -> unchanged; may episode hostile
comms_hangs_at_once comms_hangs_later comms_hangs_while_it_is_made comms_raises comms_raises_now_and_then
comms_hangs_deep comms_raises_while_it_is_made comms_exits comms_is_cancelled comms_recurses
comms_floods_with_garbage comms_floods_with_hostile_messages comms_never_sends comms_sends_for_ever comms_leaks
comms_leaks_and_stays comms_writes_over_its_mailboxes comms_wrecks_its_mailboxes comms_counts_wrongly comms_meddles
    all -> unchanged; may comms_held offline episode hostile memory
comms_blocks comms_blocks_by_leave
    priming -> unchanged; may volume_lost; less 4
    bolus under kvo -> unchanged; may volume_lost; less 4
    all -> unchanged; less 0.1
"""
