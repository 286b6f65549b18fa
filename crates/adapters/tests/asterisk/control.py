"""Scenarios in which the AMI connection does something: it logs in, originates, redirects, hangs up, ends."""

import hashlib
import time

from laboratory import Manager
from scene import CLIENT, NEVER, ONE


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
