//! The PBXes: what they send of their calls, shuffled, repeated, batched and late, and again until it is taken.

mod trace;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::Engine;
use testkit::{SIGNATURE, SIGNED};

use super::coverage::Class;
use super::dice::Dice;
use super::world::World;

/// A request that a PBX sends until it is acknowledged, and perhaps once or twice more.
pub(super) struct Post {
    pub(super) office: usize,
    due: Duration,
    body: Bytes,
    /// The events in it: their call and their id.
    pub(super) events: Vec<(String, String)>,
    repeats: u64,
}

/// Where a post stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    pub(super) acknowledged: bool,
    repeated: u64,
}

/// All that is sent in a schedule.
pub(super) fn posts(dice: &Dice, offices: usize, hostile: Duration) -> Vec<Post> {
    let mut posts = Vec::new();
    for office in 0..offices {
        let mut events: Vec<_> =
            (0..dice.between(1, 3)).flat_map(|number| trace::call(dice, office, number, hostile)).collect();
        events.sort_by_key(|event| event.due);
        let mut events = events.into_iter().peekable();
        while let Some(first) = events.next() {
            let mut batch = vec![first];
            while let Some(next) =
                events.next_if(|next| next.due < batch[0].due + Duration::from_secs(2) && dice.chance(35))
            {
                batch.push(next);
            }
            if dice.chance(30) {
                dice.shuffle(&mut batch);
            }
            posts.push(Post {
                office,
                due: batch.iter().map(|event| event.due).max().unwrap_or_default(),
                body: batch.iter().map(|event| event.line.as_str()).collect::<Vec<_>>().join("\n").into(),
                events: batch.into_iter().map(|event| (event.call, event.id)).collect(),
                repeats: dice.pick(&[0, 0, 0, 1, 2]),
            });
        }
    }
    posts
}

/// Sends what has not been acknowledged yet. Lives as long as the process that it sends to.
pub(super) fn run(world: &Arc<World>, engine: &Arc<Engine>) {
    for number in 0..world.scenario.posts.len() {
        let (world, engine) = (Arc::clone(world), Arc::clone(engine));
        tokio::spawn(async move { send(&world, &engine, number).await });
    }
}

async fn send(world: &World, engine: &Engine, number: usize) {
    let post = &world.scenario.posts[number];
    world.time.reach(post.due).await;
    loop {
        let sent = world.sent(number);
        if sent.acknowledged && sent.repeated >= post.repeats {
            return;
        }
        tokio::time::sleep(world.dice.millis(0, 60)).await;
        let workspace = &world.scenario.offices[post.office].workspace;
        let header = |name: &str| (name == SIGNATURE).then_some(SIGNED);
        let taken = engine.take_webhook(workspace, "generic", &header, post.body.clone()).await;
        let lost = world.is_hostile() && world.dice.chance(4);
        world.tell(|| {
            format!("pbx {workspace} post {number}: {taken:?}{}", if lost { ", unheard" } else { "" })
        });
        match taken {
            Ok(accepted) if !lost => {
                if accepted.duplicates > 0 {
                    world.cover(Class::Repeat);
                }
                world.change_sent(number, |sent| {
                    sent.repeated += u64::from(sent.acknowledged);
                    sent.acknowledged = true;
                });
            }
            Ok(_) => {}
            Err(_) => world.cover(Class::Refused),
        }
        tokio::time::sleep(world.dice.millis(200, 8_000)).await;
    }
}
