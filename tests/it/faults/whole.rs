//! What calls have to leave behind in each system, and what of it is missing or too much.

use simulators::kontur::{Communication, Kontur};
use simulators::metabot::Metabot;
use simulators::workonflow::Workonflow;

use super::calls::{Call, End};

/// Each call is one communication, told in full and registered once. (The simulator itself notes an illegal order.)
pub(super) fn at_kontur(kontur: &Kontur, workspace: &str, calls: &[Call]) -> Vec<String> {
    let mut faults = Vec::new();
    let communications = kontur.communications(workspace);
    for call in calls {
        let is_of_call = |known: &&Communication| known.external_id.as_deref() == Some(&call.external_id);
        let of_call: Vec<_> = communications.iter().filter(is_of_call).collect();
        let [known] = &of_call[..] else {
            faults.push(format!("{workspace} in Kontur: {call:?} is {} communications", of_call.len()));
            continue;
        };
        let facts = (known.started, known.finished, known.failed, known.registered);
        let is_told = match call.end {
            End::Failed => facts == (true, false, true, 0),
            End::Answered | End::Recorded | End::Missed => facts == (true, true, false, 1),
        };
        let recordings = usize::from(call.end == End::Recorded);
        if !is_told || known.recordings.len() != recordings {
            faults.push(format!("{workspace} in Kontur: {call:?} is known as {known:?}"));
        }
    }
    faults
}

/// Each client is one contact with one thread, in which there is one comment, and one more for a recording.
pub(super) fn at_workonflow(workonflow: &Workonflow, calls: &[Call]) -> Vec<String> {
    let (contacts, threads) = (workonflow.contacts(), workonflow.threads());
    let mut faults = Vec::new();
    for call in calls {
        let is_client = |phone: &&str| phone.ends_with(&call.client);
        let of_client: Vec<_> =
            contacts.iter().filter(|contact| contact.phones().iter().any(is_client)).collect();
        let is_theirs = |customer: Option<&str>| of_client.iter().any(|one| customer == Some(&one.id));
        let open: Vec<_> = threads.iter().filter(|thread| is_theirs(thread.customer_id())).collect();
        let comments: usize = open.iter().map(|thread| workonflow.comments(&thread.id).len()).sum();
        let found = [of_client.len(), open.len(), comments];
        let is_written = usize::from(call.end != End::Failed);
        // A recording is a comment of its own.
        let expected = [is_written, is_written, is_written + usize::from(call.end == End::Recorded)];
        if found != expected {
            faults.push(format!("Workonflow: {call:?} has {found:?} contacts, threads, comments"));
        }
    }
    faults
}

/// Each missed call has started one job, or at least one where `again` says that it may be more.
pub(super) fn at_metabot(metabot: &Metabot, calls: &[Call], again: bool) -> Vec<String> {
    let jobs = metabot.jobs();
    let jobs_of = |call: &Call| {
        jobs.iter().filter(|job| job.body["script_request_params"]["call_id"] == *call.external_id).count()
    };
    let mut faults = Vec::new();
    for call in calls {
        let (jobs, wanted) = (jobs_of(call), usize::from(call.end == End::Missed));
        if jobs < wanted || (jobs > wanted && (!again || wanted == 0)) {
            faults.push(format!("Metabot: {call:?} has started {jobs} jobs"));
        }
    }
    faults
}
