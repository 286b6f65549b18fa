//! Whatever happens in whatever order, and whenever it is pruned: everybody is told the same as if nothing ever was.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::company::Company;

/// What may happen.
#[derive(Debug, Clone)]
enum Step {
    /// A call is missed.
    Call,
    /// A call begins and goes on until [`Step::End`].
    Begin,
    /// The oldest call that goes on ends.
    End,
    /// The telephony sends one of its webhooks again.
    Repeat(usize),
    /// The history tells of all finished calls.
    Sync,
    Pause,
    Resume,
    Days(u32),
    Prune,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Call),
        1 => Just(Step::Begin),
        1 => Just(Step::End),
        3 => (0..100_usize).prop_map(Step::Repeat),
        1 => Just(Step::Sync),
        1 => Just(Step::Pause),
        2 => Just(Step::Resume),
        4 => (1..500_u32).prop_map(Step::Days),
        4 => Just(Step::Prune),
    ]
}

/// Plays `steps`; gives what was told, and how much was pruned.
async fn play(steps: &[Step], may_prune: bool) -> (Vec<(String, &'static str)>, usize) {
    let company = Company::start().await;
    let (mut sent, mut finished, mut open, mut pruned) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for (number, step) in steps.iter().enumerate() {
        let name = format!("c{number}");
        match step {
            Step::Call => {
                let call = company.missed_call(&name);
                finished.push(call.clone());
                sent.push(call);
            }
            Step::Begin => {
                sent.push(format!("{0} {name}-1 {name} call.started", company.second()));
                open.push(name);
            }
            Step::End if !open.is_empty() => {
                let name = open.remove(0);
                sent.push(format!("{0} {name}-9 {name} call.finished", company.second()));
            }
            Step::Repeat(which) if !sent.is_empty() => sent.push(sent[which % sent.len()].clone()),
            Step::End | Step::Repeat(_) => continue,
            Step::Sync => drop(company.sync(&finished).await),
            Step::Pause => {
                company.settle().await;
                company.rig.engine.pause(&company.acme()).await.unwrap();
            }
            Step::Resume => company.rig.engine.resume(&company.acme()).await.unwrap(),
            Step::Days(days) => {
                company.settle().await;
                company.days_pass(*days);
            }
            Step::Prune if may_prune => pruned += company.rig.engine.prune().await.unwrap(),
            Step::Prune => {}
        }
        if matches!(step, Step::Call | Step::Begin | Step::End | Step::Repeat(_)) {
            company.send(sent.last().unwrap()).await;
        }
    }
    company.rig.engine.resume(&company.acme()).await.unwrap();
    company.settle().await;
    (company.told(), pruned)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn pruning_changes_nothing_that_is_told(steps in vec(step(), 5..30)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (kept, _) = runtime.block_on(play(&steps, false));
        let (told, _) = runtime.block_on(play(&steps, true));
        prop_assert_eq!(told, kept);
    }
}

/// The model would prove nothing if it never pruned.
#[tokio::test(flavor = "multi_thread")]
async fn the_model_prunes() {
    let steps = [Step::Call, Step::Days(450), Step::Call, Step::Prune, Step::Repeat(0), Step::Sync];
    let (told, pruned) = play(&steps, true).await;
    assert!(pruned > 0);
    assert_eq!(told, play(&steps, false).await.0);
}
