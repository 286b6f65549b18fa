#!/usr/bin/env python3
"""Records what a real Asterisk says of each scenario: NAME.ami (the stream after the login), NAME.csv (its Master.csv).

Usage, as root, when scripts/lib/asterisk.sh has made the roots: record.py [22|16] [SCENARIO…]
"""

import concurrent.futures
import hashlib
import pathlib
import sys
import time
import traceback

from laboratory import Asterisk, Manager

HERE = pathlib.Path(__file__).resolve().parent
CLIENT, SECOND_CLIENT = "79990001122", "79990003344"
ONE, GROUP, IVR, SUPPORT, GROUP_LOCAL = (f"7495000000{n}" for n in range(1, 6))
NEVER = 600000


class Scene:
    """What a scenario works with: the PBX, its AMI connection, and the usual steps."""

    def __init__(self, version, **settings):
        self.pbx = Asterisk(version, **settings)
        self.ami = Manager(self.pbx.ami)

    def ready(self):
        """SIPp needs a moment to open its sockets, and says nothing when it has."""
        time.sleep(0.5)

    def talking(self, count=2):
        self.ami.event("BridgeEnter", count)

    def hung_up(self, channels):
        self.ami.event("Hangup", channels)
        self.ami.quiet()

    def channels(self, action_id="channels-1"):
        self.ami.act("CoreShowChannels", ActionID=action_id)
        self.ami.wait(f"CoreShowChannelsComplete\r\nActionID: {action_id}")

    def originate(self, extension, client, channel=None, **headers):
        self.ami.act(
            "Originate", ActionID="click-1", ChannelId="kontur-click-1", OtherChannelId="kontur-click-2", Channel=channel or f"PJSIP/{extension}",
            Context="from-internal", Exten=client, Priority="1", CallerID=f'"{client}" <{client}>',
            Timeout="5000", Async="true", Variable=["__KONTUR_REQUEST=click-1"], **headers,
        )


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


def click_to_call(s, **headers):
    s.pbx.phone("101", "answers", answer_ms=800)
    s.pbx.trunk_side("answers", answer_ms=1000, talk_ms=2000)
    s.ready()
    s.originate("101", CLIENT, **headers)
    s.ami.event("DialBegin")
    s.ami.act("CoreShowChannels", ActionID="channels-ringing")
    s.talking()
    s.ami.act("CoreShowChannels", ActionID="channels-talking")
    s.hung_up(2)


def click_to_call_local(s):
    """Through a Local channel, so that the dialplan can ask the phone to answer by itself."""
    s.pbx.phone("101", "answers", answer_ms=800)
    s.pbx.trunk_side("answers", answer_ms=1000, talk_ms=2000)
    s.ready()
    s.originate("101", CLIENT, "Local/101@click-to-call/n")
    s.talking(2)
    s.ami.event("DialEnd", 2)
    s.channels("channels-talking")
    s.hung_up(4)


def click_to_call_auto_answer(s):
    """The header that asks for it is set as a variable of the originated channel."""
    s.pbx.phone("101", "answers", answer_ms=800)
    s.pbx.trunk_side("answers", answer_ms=1000, talk_ms=2000)
    s.ready()
    s.ami.act(
        "Originate", ActionID="click-1", ChannelId="kontur-click-1", Channel="PJSIP/101", Context="from-internal", Exten=CLIENT, Priority="1",
        CallerID=f'"{CLIENT}" <{CLIENT}>', Timeout="5000", Async="true",
        Variable=["__KONTUR_REQUEST=click-1", "PJSIP_HEADER(add,Call-Info)=<sip:office>;answer-after=0"],
    )
    s.talking()
    s.hung_up(2)
    invite = (s.pbx.folder / "phones").glob("answers-*.log")
    assert any("answer-after=0" in log.read_text() for log in invite), "the header did not reach the phone"


def click_to_call_not_picked_up(s):
    s.pbx.phone("101", "answers", answer_ms=NEVER)
    s.ready()
    s.originate("101", CLIENT)
    s.ami.event("OriginateResponse")
    s.hung_up(1)


def click_to_call_employee_busy(s):
    s.pbx.phone("101", "busy")
    s.ready()
    s.originate("101", CLIENT)
    s.ami.event("OriginateResponse")
    s.hung_up(1)


def click_to_call_client_busy(s):
    s.pbx.phone("101", "answers", answer_ms=800)
    s.pbx.trunk_side("busy")
    s.ready()
    s.originate("101", CLIENT)
    s.hung_up(2)


def click_to_call_client_no_answer(s):
    """The employee gives up."""
    s.pbx.phone("101", "answers", answer_ms=800, talk_ms=3000)
    s.pbx.trunk_side("answers", answer_ms=NEVER)
    s.ready()
    s.originate("101", CLIENT)
    s.hung_up(2)


def click_to_call_no_such_phone(s):
    s.originate("199", CLIENT)
    s.ami.event("OriginateResponse")
    s.ami.quiet()


def forwarded(s):
    s.pbx.phone("101", "forwards", target="102")
    s.pbx.phone("102", "answers", answer_ms=1000)
    s.ready()
    s.pbx.client(CLIENT, ONE, talk_ms=2000)
    s.ami.event("BridgeEnter", 2)
    s.ami.quiet()
    s.channels()
    s.ami.event("BridgeDestroy")
    s.ami.quiet()


def forwarded_outside(s):
    """The employee's phone sends its calls to a mobile phone."""
    s.pbx.phone("101", "forwards", target=SECOND_CLIENT)
    s.pbx.trunk_side("answers", answer_ms=1000)
    s.ready()
    s.pbx.client(CLIENT, ONE, talk_ms=2000)
    s.ami.event("BridgeEnter", 2)
    s.ami.quiet()
    s.ami.event("BridgeDestroy")
    s.ami.quiet()


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


def redirect(s, channel):
    s.talking()
    time.sleep(1)
    s.ami.act("Redirect", ActionID="redirect-1", Channel=channel(), Context="from-internal", Exten="102", Priority="1")
    s.talking(4)
    s.channels()
    s.ami.event("BridgeDestroy", 2)
    s.ami.quiet()


def redirected(s):
    """An operator's panel moves the client, who called, to 102."""
    s.pbx.phone("101", "answers", answer_ms=800)
    s.pbx.phone("102", "answers", answer_ms=800, talk_ms=2000)
    s.ready()
    s.pbx.client(CLIENT, ONE)
    redirect(s, lambda: s.ami.event("DialBegin")["Channel"])


def redirected_outbound(s):
    """An operator's panel moves the client, who was called, to 102: his channel runs no dialplan of its own."""
    s.pbx.trunk_side("answers", answer_ms=800)
    s.pbx.phone("102", "answers", answer_ms=800, talk_ms=2000)
    s.ready()
    s.pbx.employee("101", CLIENT)
    redirect(s, lambda: s.ami.event("DialBegin")["DestChannel"])


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


def hung_up_by_ami(s):
    s.pbx.phone("101", "answers", answer_ms=800)
    s.ready()
    s.pbx.client(CLIENT, ONE)
    s.talking()
    channel = s.ami.event("DialBegin")["DestChannel"]
    time.sleep(1)
    s.ami.act("Hangup", ActionID="hangup-1", Channel=channel, Cause="16")
    s.hung_up(2)
    s.ami.act("Hangup", ActionID="hangup-2", Channel=channel, Cause="16")
    s.ami.wait("ActionID: hangup-2")
    s.ami.quiet()


def session(s):
    """From the banner on: logins that fail, one by challenge, and what is answered without a call."""
    s.ami = Manager(s.pbx.ami, login=False)
    s.ami.wait("\r\n")
    s.ami.act("Login", Username="kontur", Secret="wrong", ActionID="wrong-secret")
    s.ami.wait("ActionID: wrong-secret.*?\r\n\r\n")
    s.ami.act("Ping", ActionID="too-early")
    s.ami.quiet()
    refused = s.ami.stream()
    s.ami = Manager(s.pbx.ami, login=False)
    s.ami.act("Challenge", AuthType="MD5", ActionID="challenge")
    challenge = s.ami.wait("Challenge: ([^\r]*)\r\n").group(1)
    s.ami.act("Login", Username="kontur", AuthType="MD5", Key=hashlib.md5(challenge + b"amisecret").hexdigest(), ActionID="md5")
    s.ami.event("FullyBooted")
    s.ami.act("Ping", ActionID="ping")
    s.ami.act("CoreSettings", ActionID="settings")
    s.ami.act("CoreStatus", ActionID="status")
    s.ami.act("CoreShowChannels", ActionID="channels")
    s.ami.act("PJSIPShowEndpoints", ActionID="endpoints")
    s.ami.act("Nonsense", ActionID="nonsense")
    s.ami.act("Command", Command="core show uptime", ActionID="command")
    s.ami.act("Hangup", Channel="PJSIP/101-00000000", ActionID="nobody")
    s.ami.act("Events", EventMask="off", ActionID="events-off")
    s.ami.act("Logoff", ActionID="logoff")
    s.ami.quiet()
    s.ami.buffer = refused + s.ami.buffer


def fewest_permissions(s):
    """What a user may see and do who has read = call and write = call,originate only."""
    less = Manager(s.pbx.ami, login=False)
    less.act("Login", Username="less", Secret="lesssecret", ActionID="login")
    less.wait("Authentication accepted")
    for action in ("CoreShowChannels", "PJSIPShowEndpoints", "CoreStatus", "Ping"):
        less.act(action, ActionID=action)
    less.wait("ActionID: Ping")
    s.ami = less
    click_to_call(s)


def shut_down_in_mid_call(s):
    """`core stop now`, as a package's upgrade does."""
    s.pbx.phone("101", "answers", answer_ms=800)
    s.ready()
    s.pbx.client(CLIENT, ONE)
    s.talking()
    s.ami.quiet()
    s.pbx.process.terminate()
    s.pbx.process.wait(10)
    s.ami.quiet()


SCENARIOS = [
    session, fewest_permissions, shut_down_in_mid_call,
    inbound_answered, inbound_answered_employee_hangs_up, inbound_missed, inbound_not_answered, inbound_busy, inbound_phone_unreachable,
    ring_group, ring_group_missed, ring_group_local, ivr_queue, queue_local, queue_abandoned, queue_two_busy,
    hold, transfer_blind, transfer_blind_missed, transfer_attended, outbound_answered, outbound_busy, outbound_no_answer, internal,
    click_to_call, click_to_call_local, click_to_call_auto_answer, click_to_call_not_picked_up, click_to_call_employee_busy,
    click_to_call_client_busy, click_to_call_client_no_answer, click_to_call_no_such_phone, forwarded, forwarded_outside,
    picked_up, picked_up_directed, picked_up_from_queue, redirected, redirected_outbound, overlapping, hung_up_by_ami,
]
SETTINGS = {name: {"manager": "channelvars = KONTUR_REQUEST"} for name in ("click_to_call", "click_to_call_local")}
SETTINGS["fewest_permissions"] = {"manager": "[less]\nsecret = lesssecret\nread = call\nwrite = call,originate"}


def record(version, scenario):
    """None when all was as expected, else what was not; the folder then stays for a look."""
    name = scenario.__name__
    scene = Scene(version, **SETTINGS.get(name, {}))
    fault = None
    try:
        scenario(scene)
    except Exception:
        fault = traceback.format_exc()
    finally:
        stream = scene.ami.stream()
        scene.pbx.stop()
    folder = HERE / version
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.ami").write_bytes(stream)
    (folder / f"{name}.csv").write_bytes(scene.pbx.cdr())
    if fault:
        return f"{fault}\nsee {scene.pbx.folder}"
    scene.pbx.remove()
    return None


def main():
    versions = [word for word in sys.argv[1:] if word in ("22", "16")] or ["22", "16"]
    names = [word for word in sys.argv[1:] if word not in versions]
    jobs = [(version, each) for version in versions for each in SCENARIOS if not names or each.__name__ in names]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for (version, scenario), fault in zip(jobs, pool.map(lambda job: record(*job), jobs)):
            print(version, scenario.__name__, fault or "ok", flush=True)


if __name__ == "__main__":
    main()
