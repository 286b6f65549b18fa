//! What the telephony callbacks of contract §4 do to a workspace.

use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Conflict;
use super::communication::Communication;
use super::feed::Author;
use super::order;
use super::wire::{
    CallEvent, CallFailed, CallFinished, CallItem, CallRecording, CallStarted, Participant, ParticipantType,
    RegisterCall,
};
use super::workspace::Workspace;
use crate::clock;
use crate::server::Exchange;

/// One callback: its JSON, the journal, and whether its repetition is to be borne.
pub(super) struct Callback<'a> {
    pub(super) json: &'a Value,
    pub(super) exchange: &'a Exchange,
    pub(super) repeats_allowed: bool,
}

type Reply = Result<Value, Conflict>;

impl Callback<'_> {
    pub(super) fn call_started(&self, workspace: &mut Workspace, body: &CallStarted) -> Reply {
        let id = match body.communication_id {
            Some(id) => {
                let known = self.find(workspace, id)?;
                if !known.may_repeat(self.json) {
                    self.report(order::call_started(known));
                }
                id
            }
            None => self.new_communication(workspace, &body.external_id, "call-started"),
        };
        let change = if body.communication_id.is_some() { "patch" } else { "create" };
        workspace.communications.name(id, &body.external_id);
        let known = self.find(workspace, id)?;
        known.external_id = Some(body.external_id.clone());
        known.direction = self.json["direction"].as_str().map(str::to_owned);
        known.client_phone = Some(body.client_phone.0.clone());
        known.external_vats_phone = Some(body.external_vats_phone.0.clone());
        known.started = true;
        self.accept(known);
        let known = known.clone();
        workspace.announce(change, Author::Integration, id);
        Ok(known.to_wire(&workspace.setup.integration_name))
    }

    pub(super) fn call_event(&self, workspace: &mut Workspace, body: &CallEvent) -> Reply {
        self.participants(workspace, &body.from, &body.to);
        let known = self.find(workspace, body.communication_id)?;
        if known.may_repeat(self.json) {
            return Ok(done());
        }
        let item = &body.external_call_item_id;
        self.report(order::call_event(known, &body.external_id, item, body.kind));
        known.item_states.insert(item.clone(), body.kind);
        known.events.push(self.json.clone());
        self.accept(known);
        Ok(done())
    }

    pub(super) fn call_finished(&self, workspace: &mut Workspace, body: &CallFinished) -> Reply {
        let known = self.find(workspace, body.communication_id)?;
        if known.may_repeat(self.json) {
            return Ok(done());
        }
        self.report(order::call_finished(known, &body.external_id));
        known.finished = true;
        self.accept(known);
        Ok(done())
    }

    pub(super) fn call_failed(&self, workspace: &mut Workspace, body: &CallFailed) -> Reply {
        let known = self.find(workspace, body.communication_id)?;
        if known.may_repeat(self.json) {
            return Ok(done());
        }
        self.report(order::call_failed(known));
        known.failed = true;
        self.accept(known);
        workspace.announce("patch", Author::Integration, body.communication_id);
        Ok(done())
    }

    pub(super) fn call_recording(&self, workspace: &mut Workspace, body: &CallRecording) -> Reply {
        let known = self.find(workspace, body.communication_id)?;
        if known.may_repeat(self.json) {
            return Ok(done());
        }
        let item = &body.external_call_item_id;
        self.report(order::call_recording(known, &body.external_id, item));
        self.bind(workspace, &[body.recording_file_id])?;
        let known = self.find(workspace, body.communication_id)?;
        known.recordings.push(body.recording_file_id);
        let entry = json!({"fileId": body.recording_file_id});
        if let Some(item) = known.items.iter_mut().find(|registered| registered["id"] == item.as_str()) {
            match item["recordings"].as_array_mut() {
                Some(recordings) => recordings.push(entry),
                None => item["recordings"] = json!([entry]),
            }
        }
        self.accept(known);
        workspace.announce("patch", Author::Integration, body.communication_id);
        Ok(done())
    }

    pub(super) fn register_call(&self, workspace: &mut Workspace, body: &RegisterCall) -> Reply {
        if let Some(id) = body.communication_id {
            self.find(workspace, id)?;
        }
        self.items(workspace, &body.items);
        let recordings: Vec<Uuid> = body.recordings().map(|recording| recording.file_id).collect();
        self.bind(workspace, &recordings)?;
        let (id, change) = self.to_register(workspace, body)?;
        workspace.communications.name(id, &body.external_id);
        let known = self.find(workspace, id)?;
        known.external_id = Some(body.external_id.clone());
        known.direction = self.json["direction"].as_str().map(str::to_owned);
        known.client_phone = Some(body.client_phone.0.clone());
        known.external_vats_phone = Some(body.external_vats_phone.0.clone());
        known.registered += 1;
        known.items = self.json["items"].as_array().cloned().unwrap_or_default();
        known.recordings = recordings;
        workspace.announce(change, Author::Integration, id);
        Ok(done())
    }

    /// The communication that a register-call is about. One that is registered already is not written over: the
    /// real system is not known to recognise repetitions, so the call appears twice.
    fn to_register(
        &self,
        workspace: &mut Workspace,
        body: &RegisterCall,
    ) -> Result<(Uuid, &'static str), Conflict> {
        let Some(id) = body.communication_id else {
            return Ok((self.new_communication(workspace, &body.external_id, "register-call"), "create"));
        };
        let known = self.find(workspace, id)?;
        self.report(order::register_call(known, &body.external_id));
        if known.registered == 0 {
            return Ok((id, "patch"));
        }
        let double =
            Communication { id: Uuid::new_v4(), created_at: clock::now_text(), ..Communication::default() };
        let id = double.id;
        workspace.communications.add(double);
        Ok((id, "create"))
    }

    /// A communication for a call that came without a communicationId; a known externalId makes it a double.
    fn new_communication(&self, workspace: &mut Workspace, external_id: &str, operation: &str) -> Uuid {
        if let Some(known) = workspace.communications.by_external_id(external_id) {
            let text = format!("{operation} twice for {external_id}: it is known as {}", known.id);
            self.exchange.violation(text);
        }
        let new = Communication {
            id: Uuid::new_v4(),
            external_id: Some(external_id.to_owned()),
            created_at: clock::now_text(),
            ..Communication::default()
        };
        let id = new.id;
        workspace.communications.add(new);
        id
    }

    /// The communication, or the documented 409. One that was never there at all is a violation as well.
    fn find<'w>(&self, workspace: &'w mut Workspace, id: Uuid) -> Result<&'w mut Communication, Conflict> {
        if !workspace.communications.was_known(id) {
            self.exchange.violation(format!("the communication {id} never existed"));
        }
        let missing = || Conflict::new("communicationNotFound", format!("Communication not found. Id: {id}"));
        workspace.communications.get_mut(id).ok_or_else(missing)
    }

    fn accept(&self, known: &mut Communication) {
        if self.repeats_allowed || self.exchange.answer_is_lost() {
            known.repeatable.push(self.json.clone());
        }
    }

    fn items(&self, workspace: &Workspace, items: &[CallItem]) {
        for (index, item) in items.iter().enumerate() {
            self.participants(workspace, &item.from, &item.to);
            self.times(item);
            if items[..index].iter().any(|earlier| earlier.id == item.id) {
                self.exchange.violation(format!("two items with the id {}", item.id));
            }
            for recording in item.recordings.iter().flatten() {
                if let Some(file) = workspace.files.get(&recording.file_id) {
                    self.report(file.contradictions(recording));
                }
            }
        }
    }

    fn times(&self, item: &CallItem) {
        let Some(started) = &item.started_at else { return };
        let moment = |text: &str| chrono::DateTime::parse_from_rfc3339(text).ok();
        if moment(&started.0) > moment(&item.finished_at.0) {
            self.exchange.violation(format!("the item {} ends before it starts", item.id));
        }
    }

    fn participants(&self, workspace: &Workspace, from: &Participant, to: &Participant) {
        if from.kind == ParticipantType::Client && to.kind == ParticipantType::Client {
            self.exchange.violation("a call item between two clients");
        }
        for participant in [from, to] {
            match (participant.kind, participant.user_id) {
                (ParticipantType::Client, Some(_)) => self.exchange.violation("a client with a userId"),
                (ParticipantType::User, Some(user)) if !workspace.knows_user(user) => {
                    self.exchange.violation(format!("the user {user} does not exist in Kontur"));
                }
                _ => {}
            }
        }
    }

    /// Binds all files, or none when one of them does not exist.
    fn bind(&self, workspace: &mut Workspace, files: &[Uuid]) -> Result<(), Conflict> {
        let exists = |id: &Uuid| workspace.files.get(id).is_some_and(|stored| !stored.is_gone());
        if let Some(missing) = files.iter().find(|id| !exists(id)) {
            self.exchange.violation(format!("the file {missing} does not exist"));
            return Err(Conflict::new("fileNotFound", format!("File {missing} not found")));
        }
        for file in files {
            let Some(stored) = workspace.files.get_mut(file) else { continue };
            if stored.bound {
                self.exchange.violation(format!("the file {file} is bound twice"));
            }
            stored.bound = true;
        }
        Ok(())
    }

    fn report(&self, texts: Vec<String>) {
        for text in texts {
            self.exchange.violation(text);
        }
    }
}

fn done() -> Value {
    "OK".into()
}
