"""What a scenario works with."""

import time

from laboratory import Asterisk, Manager

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
