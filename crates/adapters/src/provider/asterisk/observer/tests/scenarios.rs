//! What is told of each kind of call.

use super::check;

#[test]
fn click_to_call() {
    check(
        "click_to_call",
        "1 call.started outbound 79990001122 ?
         1 leg.ringing 101→client
         1 leg.answered 101→client
         1 leg.ended 101→client
         1 call.finished",
    );
}

#[test]
fn click_to_call_auto_answer() {
    check(
        "click_to_call_auto_answer",
        "1 call.started outbound 79990001122 ?
         1 leg.ringing 101→client
         1 leg.answered 101→client
         1 leg.ended 101→client
         1 call.finished",
    );
}

#[test]
fn click_to_call_client_busy() {
    check(
        "click_to_call_client_busy",
        "1 call.started outbound 79990001122 ?
         1 leg.ringing 101→client
         1 leg.ended 101→client busy
         1 call.finished",
    );
}

#[test]
fn click_to_call_client_no_answer() {
    check(
        "click_to_call_client_no_answer",
        "1 call.started outbound 79990001122 ?
         1 leg.ringing 101→client
         1 leg.ended 101→client cancelled
         1 call.finished",
    );
}

#[test]
fn click_to_call_employee_busy() {
    check(
        "click_to_call_employee_busy",
        "1 call.started outbound 79990001122 ?
         1 call.failed busy",
    );
}

#[test]
fn click_to_call_local() {
    check(
        "click_to_call_local",
        "1 call.started outbound 79990001122 ?
         1 leg.ringing 101→client
         1 leg.answered 101→client
         1 leg.ended 101→client
         1 call.finished",
    );
}

#[test]
fn click_to_call_no_such_phone() {
    check(
        "click_to_call_no_such_phone",
        "1 call.started outbound 79990001122 ?
         1 call.failed unreachable",
    );
}

#[test]
fn click_to_call_not_picked_up() {
    check(
        "click_to_call_not_picked_up",
        "1 call.started outbound 79990001122 ?
         1 call.failed no_answer",
    );
}

#[test]
fn forwarded() {
    check(
        "forwarded",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.ended client→101 cancelled
         1 leg.ringing client→102
         1 leg.answered client→102
         1 leg.ended client→102
         1 call.finished",
    );
}

#[test]
fn forwarded_outside() {
    check(
        "forwarded_outside",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.ended client→101 cancelled
         1 leg.ringing client→client
         1 leg.answered client→client
         1 leg.ended client→client
         1 call.finished",
    );
}

#[test]
fn hold() {
    check(
        "hold",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         1 leg.held client→101
         1 leg.resumed client→101
         1 leg.ended client→101
         1 call.finished",
    );
}

#[test]
fn hung_up_by_ami() {
    check(
        "hung_up_by_ami",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         1 leg.ended client→101
         1 call.finished",
    );
}

#[test]
fn inbound_answered() {
    check(
        "inbound_answered",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         1 leg.ended client→101
         1 call.finished",
    );
}

#[test]
fn inbound_answered_employee_hangs_up() {
    check(
        "inbound_answered_employee_hangs_up",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         1 leg.ended client→101
         1 call.finished",
    );
}

#[test]
fn inbound_busy() {
    check(
        "inbound_busy",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.ended client→101 busy
         1 call.finished",
    );
}

#[test]
fn inbound_missed() {
    check(
        "inbound_missed",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.ended client→101 cancelled
         1 call.finished",
    );
}

#[test]
fn inbound_not_answered() {
    check(
        "inbound_not_answered",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.ended client→101 no_answer
         1 call.finished",
    );
}

#[test]
fn inbound_phone_unreachable() {
    check(
        "inbound_phone_unreachable",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.ended client→101 cancelled
         1 call.finished",
    );
}

#[test]
fn internal() {
    check(
        "internal",
        "1 call.started internal ? ?
         1 leg.ringing 101→102
         1 leg.answered 101→102
         1 leg.ended 101→102
         1 call.finished",
    );
}

#[test]
fn ivr_queue() {
    check(
        "ivr_queue",
        "1 call.started inbound 79990001122 74950000003
         1 leg.ringing client→101
         1 leg.ringing client→102
         1 leg.ringing client→103
         1 leg.ended client→101 cancelled
         1 leg.ended client→103 cancelled
         1 leg.answered client→102
         1 leg.ended client→102
         1 call.finished",
    );
}

#[test]
fn outbound_answered() {
    check(
        "outbound_answered",
        "1 call.started outbound 79990001122 74950000001
         1 leg.ringing 101→client
         1 leg.answered 101→client
         1 leg.ended 101→client
         1 call.finished",
    );
}

#[test]
fn outbound_busy() {
    check(
        "outbound_busy",
        "1 call.started outbound 79990001122 74950000001
         1 leg.ringing 101→client
         1 leg.ended 101→client busy
         1 call.finished",
    );
}

#[test]
fn outbound_no_answer() {
    check(
        "outbound_no_answer",
        "1 call.started outbound 79990001122 74950000001
         1 leg.ringing 101→client
         1 leg.ended 101→client cancelled
         1 call.finished",
    );
}

#[test]
fn overlapping() {
    check(
        "overlapping",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         2 call.started inbound 79990001122 74950000001
         2 leg.ringing client→101
         2 leg.answered client→101
         1 leg.ended client→101
         1 call.finished
         2 leg.ended client→101
         2 call.finished",
    );
}

#[test]
fn picked_up() {
    check(
        "picked_up",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.ended client→101
         1 leg.ringing client→103
         1 leg.answered client→103
         1 leg.ended client→103
         1 call.finished",
    );
}

#[test]
fn picked_up_from_queue() {
    check(
        "picked_up_from_queue",
        "1 call.started inbound 79990001122 74950000003
         1 leg.ringing client→101
         1 leg.ringing client→102
         1 leg.ringing client→103
         1 leg.ended client→102 cancelled
         1 leg.ended client→103 cancelled
         1 leg.ended client→101
         1 leg.ringing client→104
         1 leg.answered client→104
         1 leg.ended client→104
         1 call.finished",
    );
}

#[test]
fn queue_abandoned() {
    check(
        "queue_abandoned",
        "1 call.started inbound 79990001122 74950000003
         1 leg.ringing client→101
         1 leg.ringing client→102
         1 leg.ringing client→103
         1 leg.ended client→101 cancelled
         1 leg.ended client→103 cancelled
         1 leg.ended client→102 cancelled
         1 call.finished",
    );
}

#[test]
fn queue_local() {
    check(
        "queue_local",
        "1 call.started inbound 79990001122 74950000004
         1 leg.ringing client→101
         1 leg.ringing client→102
         1 leg.ringing client→103
         1 leg.ended client→101 cancelled
         1 leg.ended client→103 cancelled
         1 leg.answered client→102
         1 leg.ended client→102
         1 call.finished",
    );
}

#[test]
fn queue_two_busy() {
    check(
        "queue_two_busy",
        "1 call.started inbound 79990001122 74950000003
         1 leg.ringing client→101
         1 leg.ringing client→102
         1 leg.ringing client→103
         1 leg.ended client→102 busy
         1 leg.ended client→101 busy
         1 leg.answered client→103
         1 leg.ended client→103
         1 call.finished",
    );
}

#[test]
fn ring_group() {
    check(
        "ring_group",
        "1 call.started inbound 79990001122 74950000002
         1 leg.ringing client→101
         1 leg.ringing client→102
         1 leg.ringing client→103
         1 leg.ended client→103 cancelled
         1 leg.ended client→101 cancelled
         1 leg.answered client→102
         1 leg.ended client→102
         1 call.finished",
    );
}

#[test]
fn ring_group_local() {
    check(
        "ring_group_local",
        "1 call.started inbound 79990001122 74950000005
         1 leg.ringing client→102
         1 leg.ringing client→101
         1 leg.ended client→101 cancelled
         1 leg.answered client→102
         1 leg.ended client→102
         1 call.finished",
    );
}

#[test]
fn ring_group_missed() {
    check(
        "ring_group_missed",
        "1 call.started inbound 79990001122 74950000002
         1 leg.ringing client→101
         1 leg.ringing client→102
         1 leg.ringing client→103
         1 leg.ended client→102 busy
         1 leg.ended client→101 cancelled
         1 leg.ended client→103 cancelled
         1 call.finished",
    );
}

#[test]
fn transfer_attended() {
    check(
        "transfer_attended",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         1 leg.held client→101
         2 call.started internal ? ?
         2 leg.ringing 101→102
         2 leg.answered 101→102
         1 leg.resumed client→101
         2 leg.resumed 101→102
         2 leg.ended 101→102
         2 call.finished
         1 leg.ringing client→102
         1 leg.answered client→102
         1 leg.ended client→101
         1 leg.ended client→102
         1 call.finished",
    );
}

#[test]
fn transfer_blind() {
    check(
        "transfer_blind",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         1 leg.resumed client→101
         1 leg.ended client→101
         1 leg.ringing client→102
         1 leg.answered client→102
         1 leg.ended client→102
         1 call.finished",
    );
}

#[test]
fn transfer_blind_missed() {
    check(
        "transfer_blind_missed",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         1 leg.resumed client→101
         1 leg.ended client→101
         1 leg.ringing client→102
         1 leg.ended client→102 cancelled
         1 call.finished",
    );
}
