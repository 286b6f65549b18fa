#!/usr/bin/env python3
"""Records what a real Asterisk says of each scenario: NAME.ami (the stream after the login), NAME.csv (its Master.csv).

Usage, as root, when scripts/lib/asterisk.sh has made the roots: record.py [22|16] [SCENARIO…]
"""

import concurrent.futures
import pathlib
import sys
import traceback

import calls
import control
from scene import Scene

HERE = pathlib.Path(__file__).resolve().parent

SCENARIOS = [
    control.click_to_call, control.click_to_call_local, control.click_to_call_auto_answer,
    control.click_to_call_not_picked_up, control.click_to_call_employee_busy, control.click_to_call_client_busy,
    control.click_to_call_client_no_answer, control.click_to_call_no_such_phone, control.redirected,
    control.redirected_outbound, control.hung_up_by_ami, control.session, control.fewest_permissions,
    control.shut_down_in_mid_call,
    calls.inbound_answered, calls.inbound_answered_employee_hangs_up, calls.inbound_missed,
    calls.inbound_not_answered, calls.inbound_busy, calls.inbound_phone_unreachable, calls.ring_group,
    calls.ring_group_missed, calls.ring_group_local, calls.ivr_queue, calls.queue_local, calls.queue_abandoned,
    calls.queue_two_busy, calls.hold, calls.transfer_blind, calls.transfer_blind_missed, calls.transfer_attended,
    calls.outbound_answered, calls.outbound_busy, calls.outbound_no_answer, calls.internal, calls.forwarded,
    calls.forwarded_outside, calls.picked_up, calls.picked_up_from_queue, calls.picked_up_directed, calls.overlapping,
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
    if fault:
        return f"{fault}\nsee {scene.pbx.folder}"
    folder = HERE / version
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.ami").write_bytes(stream)
    (folder / f"{name}.csv").write_bytes(scene.pbx.cdr())
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
