//! How much of what the store has is in memory: a prefix by row. The store is read while deliveries go on being planned.

use domain::id::DeliveryId;
use storage::deliveries::PendingDelivery;

/// Before any row.
const START: DeliveryId = DeliveryId(0);

/// What the store has for a queue that is not in memory.
#[derive(Debug)]
pub(crate) struct Refill {
    /// It was asked for rows after this one.
    pub(crate) after: DeliveryId,
    /// There are more.
    pub(crate) has_more: bool,
    /// In order.
    pub(crate) pending: Vec<PendingDelivery>,
}

/// What of a queue is in memory where other processes plan deliveries as well: the store gives no order in which all of them
/// can be told of. Each lane in memory is a prefix of what is pending in it.
#[derive(Debug)]
pub(super) struct Coverage {
    /// The store may have something that is not in memory.
    behind: bool,
    asked: bool,
    /// Something came up while the store was asked.
    again: bool,
}

impl Coverage {
    /// Nothing is in memory, and nobody knows what the store has.
    pub(super) fn behind() -> Self {
        Self { behind: true, asked: false, again: false }
    }

    /// The store has something that is not in memory.
    pub(super) fn fell_behind(&mut self) {
        self.behind = true;
        self.again = self.asked;
    }

    /// Whether all that is pending is in memory, but for what others have planned just now.
    pub(super) fn is_whole(&self) -> bool {
        !self.behind
    }

    /// Whether the store has more, and was not asked for it yet.
    pub(super) fn is_to_be_asked(&self) -> bool {
        self.behind && !self.asked
    }

    /// The store is asked from the first row on: what is in memory need not come first.
    pub(super) fn ask(&mut self) -> DeliveryId {
        self.asked = true;
        START
    }

    /// The store has answered; `has_more`: not with all that it has.
    pub(super) fn answered(&mut self, has_more: bool) {
        self.asked = false;
        self.behind = has_more || std::mem::take(&mut self.again);
    }
}

/// Where the prefix ends.
#[derive(Debug)]
pub(super) struct Prefix {
    /// The largest row that memory has seen; everything pending up to it is here.
    last_known: DeliveryId,
    /// The store has rows beyond `last_known` that are not here.
    behind: bool,
    asked: Asked,
}

/// What has become of a question to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// There is none.
    Not,
    /// It is on its way; the largest row that was planned meanwhile.
    Open(DeliveryId),
    /// It is on its way, and its answer may lack a row: it has to be asked again.
    Outdated,
}

impl Prefix {
    /// Nothing is in memory, and nobody knows what the store has.
    pub(super) fn behind() -> Self {
        Self { last_known: START, behind: true, asked: Asked::Not }
    }

    /// Whether a delivery that was just planned belongs into memory. If not, it was read from the store before the news
    /// of its planning came, or is read when its turn comes.
    pub(super) fn takes(&mut self, planned: DeliveryId, has_room: bool) -> bool {
        if planned <= self.last_known {
            return false;
        }
        self.behind |= !has_room;
        if let (true, Asked::Open(latest)) = (self.behind, &mut self.asked) {
            *latest = planned.max(*latest);
        }
        !self.behind
    }

    /// A row is in memory.
    pub(super) fn saw(&mut self, row: DeliveryId) {
        self.last_known = self.last_known.max(row);
    }

    /// Whether the row of a revived delivery has been seen. If not, it is pending in the store again: read from there.
    pub(super) fn knows(&mut self, revived: DeliveryId) -> bool {
        let is_known = revived <= self.last_known;
        if !is_known {
            self.behind = true;
            if self.asked != Asked::Not {
                self.asked = Asked::Outdated;
            }
        }
        is_known
    }

    /// Whether the store has more, and was not asked for it yet.
    pub(super) fn is_to_be_asked(&self) -> bool {
        self.behind && self.asked == Asked::Not
    }

    /// After which row the store is asked.
    pub(super) fn ask(&mut self) -> DeliveryId {
        self.asked = Asked::Open(START);
        self.last_known
    }

    /// What of the store's answer belongs into memory.
    pub(super) fn take(&mut self, answer: Refill) -> Vec<PendingDelivery> {
        if answer.after != self.last_known {
            return Vec::new(); // asked by lanes that were forgotten meanwhile
        }
        let Asked::Open(latest) = std::mem::replace(&mut self.asked, Asked::Not) else { return Vec::new() };
        answer.pending.iter().for_each(|delivery| self.saw(delivery.id));
        self.behind = answer.has_more || latest > self.last_known;
        answer.pending
    }
}
