"""Scenarios in which people call."""

import time

from scene import CLIENT, GROUP, GROUP_LOCAL, IVR, NEVER, ONE, SECOND_CLIENT, SUPPORT


def inbound_answered(s):
    s.pbx.phone("101", "answers", answer_ms=800)
    s.ready()
    s.pbx.client(CLIENT, ONE, talk_ms=2000)
    s.talking()
    s.channels()
    s.hung_up(2)


def inbound_answered_employee_hangs_up(s):
    s.pbx.phone("101", "answers", answer_ms=800, talk_ms=2000)
    s.ready()
    s.pbx.client(CLIENT, ONE)
    s.hung_up(2)


def inbound_missed(s):
    s.pbx.phone("101", "answers", answer_ms=NEVER)
    s.ready()
    s.pbx.client(CLIENT, ONE, patience_ms=2000)
    s.ami.event("DialBegin")
    s.channels()
    s.hung_up(2)


def inbound_not_answered(s):
    """The PBX gives up after the 20 s of its Dial."""
    s.pbx.phone("101", "answers", answer_ms=NEVER)
    s.ready()
    s.pbx.client(CLIENT, ONE)
    s.hung_up(2)


def inbound_busy(s):
    s.pbx.phone("101", "busy")
    s.ready()
    s.pbx.client(CLIENT, ONE)
    s.hung_up(2)


def inbound_phone_unreachable(s):
    """Nothing listens at the phone's address: the INVITE is repeated until the Dial ends."""
    s.pbx.client(CLIENT, ONE, patience_ms=3000)
    s.hung_up(2)


def group_phones(s):
    s.pbx.phone("101", "answers", answer_ms=NEVER)
    s.pbx.phone("102", "answers", answer_ms=1500)
    s.pbx.phone("103", "answers", answer_ms=NEVER)
    s.ready()


def ring_group(s, did=GROUP, talk_ms=2000, channels=4):
    group_phones(s)
    s.pbx.client(CLIENT, did, talk_ms=talk_ms)
    s.ami.event("DialBegin", channels - 1)
    s.channels("channels-ringing")
    s.talking()
    s.channels("channels-talking")
    s.hung_up(channels)


def ring_group_missed(s):
    s.pbx.phone("101", "answers", answer_ms=NEVER)
    s.pbx.phone("102", "busy")
    s.pbx.phone("103", "answers", answer_ms=NEVER)
    s.ready()
    s.pbx.client(CLIENT, GROUP, patience_ms=2000)
    s.hung_up(4)


def ring_group_local(s):
    """Members are dialled through Local channels."""
    s.pbx.phone("101", "answers", answer_ms=NEVER)
    s.pbx.phone("102", "answers", answer_ms=1500)
    s.ready()
    s.pbx.client(CLIENT, GROUP_LOCAL, talk_ms=2000)
    s.talking(4)
    s.channels()
    s.hung_up(7)


def ivr_queue(s):
    ring_group(s, IVR, 5000)


def queue_local(s):
    group_phones(s)
    s.pbx.client(CLIENT, SUPPORT, talk_ms=4000)
    s.ami.event("AgentCalled", 3)
    s.channels("channels-ringing")
    s.talking(4)
    s.channels("channels-talking")
    s.hung_up(10)


def queue_abandoned(s):
    for phone in ("101", "102", "103"):
        s.pbx.phone(phone, "answers", answer_ms=NEVER)
    s.ready()
    s.pbx.client(CLIENT, IVR, talk_ms=3000)
    s.hung_up(4)


def queue_two_busy(s):
    """Two members are busy, the third answers."""
    s.pbx.phone("101", "busy")
    s.pbx.phone("102", "busy")
    s.pbx.phone("103", "answers", answer_ms=2500)
    s.ready()
    s.pbx.client(CLIENT, IVR, talk_ms=5000)
    s.talking()
    s.ami.event("BridgeLeave", 2)
    s.ami.quiet()


def hold(s):
    s.pbx.phone("101", "holds", before_ms=700, hold_ms=1500, talk_ms=1000)
    s.ready()
    s.pbx.client(CLIENT, ONE)
    s.ami.event("Hold")
    s.channels()
    s.hung_up(2)


def transfer_blind(s):
    s.pbx.phone("101", "transfers_blind", before_ms=1500, target="102")
    s.pbx.phone("102", "answers", answer_ms=1000, talk_ms=2000)
    s.ready()
    s.pbx.client(CLIENT, ONE)
    s.ami.event("BlindTransfer")
    s.talking(4)
    s.channels()
    s.hung_up(3)


def transfer_blind_missed(s):
    """Nobody answers the transferred call: the client gives up."""
    s.pbx.phone("101", "transfers_blind", before_ms=1500, target="102")
    s.pbx.phone("102", "answers", answer_ms=NEVER)
    s.ready()
    s.pbx.client(CLIENT, ONE, talk_ms=4000)
    s.ami.event("BlindTransfer")
    s.hung_up(3)


def transfer_attended(s):
    s.pbx.phone("101", "transfers_attended", me="101", before_ms=1500, consult_ms=1500, target="102")
    s.pbx.phone("102", "answers", answer_ms=1000)
    s.ready()
    s.pbx.client(CLIENT, ONE, talk_ms=7000)
    s.talking(4)
    s.channels("channels-consulting")
    s.ami.event("AttendedTransfer")
    s.ami.quiet()
    s.channels("channels-transferred")
    s.ami.event("BridgeDestroy", 2)
    s.hung_up(4)


def outbound_answered(s):
    s.pbx.trunk_side("answers", answer_ms=1000)
    s.ready()
    s.pbx.employee("101", CLIENT, talk_ms=2000)
    s.talking()
    s.channels()
    s.hung_up(2)


def outbound_busy(s):
    s.pbx.trunk_side("busy")
    s.ready()
    s.pbx.employee("101", CLIENT)
    s.hung_up(2)


def outbound_no_answer(s):
    s.pbx.trunk_side("answers", answer_ms=NEVER)
    s.ready()
    s.pbx.employee("101", CLIENT, patience_ms=2000)
    s.hung_up(2)


def internal(s):
    s.pbx.phone("102", "answers", answer_ms=1000)
    s.ready()
    s.pbx.employee("101", "102", talk_ms=2000)
    s.talking()
    s.channels()
    s.hung_up(2)


def forwarded(s):
    s.pbx.phone("101", "forwards", target="102")
    s.pbx.phone("102", "answers", answer_ms=1000)
    s.ready()
    s.pbx.client(CLIENT, ONE, talk_ms=2000)
    s.ami.event("BridgeEnter", 2)
    s.ami.quiet()
    s.channels()
    s.hung_up(5)


def forwarded_outside(s):
    """The employee's phone sends its calls to a mobile phone."""
    s.pbx.phone("101", "forwards", target=SECOND_CLIENT)
    s.pbx.trunk_side("answers", answer_ms=1000)
    s.ready()
    s.pbx.client(CLIENT, ONE, talk_ms=2000)
    s.ami.event("BridgeEnter", 2)
    s.ami.quiet()
    s.hung_up(5)


def picked_up(s, dialed="*8"):
    s.pbx.phone("101", "answers", answer_ms=NEVER)
    s.ready()
    s.pbx.client(CLIENT, ONE)
    s.ami.event("DialState")
    time.sleep(1)
    s.pbx.employee("103", dialed, talk_ms=2000)
    s.talking()
    s.channels()
    s.hung_up(3)


def picked_up_from_queue(s):
    group_phones_silent(s)
    s.pbx.client(CLIENT, IVR)
    s.ami.event("DialState", 2)
    time.sleep(1)
    s.pbx.employee("104", "*8", talk_ms=2000)
    s.talking()
    s.ami.event("BridgeDestroy")
    s.ami.quiet()


def group_phones_silent(s):
    for phone in ("101", "102", "103"):
        s.pbx.phone(phone, "answers", answer_ms=NEVER)
    s.ready()


def picked_up_directed(s):
    """By the application Pickup instead of the feature."""
    picked_up(s, "**101")


def overlapping(s):
    """The same client calls the same number twice at once."""
    s.pbx.phone("101", "answers", answer_ms=800)
    s.ready()
    s.pbx.client(CLIENT, ONE, talk_ms=4000)
    s.talking()
    s.pbx.client(CLIENT, ONE, talk_ms=4000)
    s.talking(4)
    s.channels()
    s.hung_up(4)
