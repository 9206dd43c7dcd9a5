use super::*;
use crate::lab::model::Model;
use crate::observe::*;

fn judged(asked: u8, offset: i64, verdict: PsyncVerdict) -> Decision {
    Decision {
        asked_id: ReplId([asked; 40]).to_string(),
        asked_offset: Offset(offset),
        replid: ReplId([b'c'; 40]),
        replid2: ReplId([b'8'; 40]),
        second_offset: Offset(1413),
        backlog: Some((Offset(100), 1313)),
        master_offset: Offset(1412),
        verdict,
    }
}

fn plain(why: &Why) -> String {
    why.lines().iter().map(|l| format!("{}\n", l.plain().trim_end())).collect()
}

#[test]
fn the_numbers_of_a_promotion_are_told_in_order() {
    let d = judged(b'8', 1413, PsyncVerdict::Continue { bytes: 0 });
    let why = decision::why("6382", 6381, &d, None);
    let answers: Vec<&str> = why.checks.iter().map(|c| c.answer.as_str()).collect();
    assert_eq!(answers, ["no", "yes", "yes", "yes"]);
    assert!(why.good && why.change.is_empty());
    assert!(why.checks[3].question.contains("100 … 1,412"), "{:?}", why.checks[3]);
    assert!(why.advice.is_some_and(|a| a.contains("1.3 KB to spare")), "the margin is told");
}

#[test]
fn the_failing_comparison_is_the_last_one() {
    for d in [
        judged(b'5', 1, PsyncVerdict::Full(FullReason::UnknownId)),
        judged(b'8', 1500, PsyncVerdict::Full(FullReason::BeyondSecondOffset)),
        judged(b'c', 1, PsyncVerdict::Full(FullReason::BeforeBacklog)),
        judged(b'c', 2000, PsyncVerdict::Full(FullReason::AheadOfMaster)),
    ] {
        let checks = decision::checks(&d);
        let bad: Vec<usize> =
            checks.iter().enumerate().filter(|(_, c)| !c.good).map(|(i, _)| i).collect();
        assert_eq!(bad.last(), Some(&(checks.len() - 1)), "{checks:?}");
    }
}

#[test]
fn a_backlog_that_was_too_small_names_a_size_that_is_not() {
    let mut d = judged(b'c', 1, PsyncVerdict::Full(FullReason::BeforeBacklog));
    d.master_offset = Offset(40_000);
    let why = decision::why("6381", 6380, &d, None);
    assert_eq!(why.change[0].line, "repl-backlog-size 64kb");
    let text = plain(&why);
    assert!(text.contains("6380: repl-backlog-size 64kb"), "{text}");
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
}

#[test]
fn a_refused_write_names_the_rule_and_its_numbers() {
    let command = Preview::of(b"set");
    let rule = Rule::NoReplicas { good: 1, wanted: 2, max_lag_s: 10 };
    let text = plain(&refused::why(6380, &command, &rule, None));
    assert!(text.contains("╳ is 1 ≥ 2? no"), "{text}");
    assert!(text.contains("6380: min-replicas-to-write 1"), "{text}");
    let down = Rule::MasterDown { link: LinkState::Connect, down_s: Some(12) };
    for rule in [Rule::ReadOnlyReplica, down, Rule::Loading, Rule::SaveFailed] {
        let why = refused::why(6381, &command, &rule, None);
        assert!(!why.change.is_empty() && why.verdict.starts_with('-'), "{rule:?}");
        assert!(why.lines().iter().all(|l| l.plain().chars().count() <= 80), "{}", plain(&why));
    }
}

#[test]
fn a_killed_link_names_its_limit() {
    let link = LinkRef { side: Side::Master, peer: Addr::new("127.0.0.1", 6381) };
    let cause =
        LinkLoss::OutputLimit { bytes: 70_000, limit: 65_536, soft: None, raised_from: None };
    let text = plain(&lost::why(6380, &link, "6381", &cause, None));
    assert!(text.contains("is 68.4 KB < 64 KB? no"), "{text}");
    assert!(text.contains("client-output-buffer-limit \"replica 1048576 0 0\""), "{text}");
    let cause = LinkLoss::TimedOut { after_s: 60, silent_s: 61, during: None };
    let why = lost::why(6380, &link, "6381", &cause, None);
    assert_eq!(why.change[0].line, "repl-timeout 122");
    assert!(!why.checks[0].good);
}

#[test]
fn questions_are_raised_by_events_and_answered_by_the_model() {
    let fact =
        Fact::Refused { client: 1, command: Preview::of(b"set"), rule: Rule::ReadOnlyReplica };
    let event = Event {
        seq: 7,
        at: Now::default(),
        source: Source::Instance(6381),
        body: Body::Fact(fact),
    };
    let question = Question::of(&event).expect("a question");
    assert!(question.concerns(6381) && !question.concerns(6380));
    let model = Model::default();
    assert_eq!(question.headline(&model), "6381 refused set: replica-read-only");
    assert!(question.answer(&model).title.contains("refused by 6381"));
    let link = LinkRef { side: Side::Replica, peer: Addr::new("127.0.0.1", 6380) };
    let closed = Fact::LinkLost { link, cause: LinkLoss::ClosedHere };
    assert_eq!(Question::of(&Event { body: Body::Fact(closed), ..event }), None);
}

#[test]
fn a_type_that_is_not_there_yet_is_no_error_of_the_protocol() {
    let link = LinkRef { side: Side::Replica, peer: Addr::new("127.0.0.1", 7000) };
    let why = |what: &str| {
        plain(&lost::why(6381, &link, "7000", &LinkLoss::Protocol(what.to_owned()), None))
    };
    let said = why("values of type list are not supported yet (key 'l')");
    assert!(said.contains("does 7000 hold strings only? no"), "{said}");
    assert!(said.contains("6381 tells: values of type list"), "{said}");
    let said = why("short read: the RDB ends too early");
    assert!(said.contains("can the RDB of 7000 be read whole? no"), "{said}");
    let said = why("inline data from the master");
    assert!(said.contains("does 7000 speak Redis's protocol? no"), "{said}");
}

#[test]
fn a_link_that_the_learner_ended_says_so() {
    let mut model = Model::new();
    let mut seq = 0;
    let mut tell = |model: &mut Model, source, body| {
        model.apply(&Event { seq, at: Now::default(), source, body });
        seq += 1;
    };
    let ports = vec![6380, 6381];
    let began = LabFact::SessionBegan { version: String::new(), ports, bare: true, lesson: None };
    tell(&mut model, Source::Lab, Body::Lab(began));
    for port in [6380, 6381] {
        tell(&mut model, Source::Lab, Body::Lab(LabFact::InstanceUp { port, conf: None }));
    }
    let link = LinkRef { side: Side::Replica, peer: Addr::new("127.0.0.1", 6380) };
    let question = Question::Lost { port: 6381, link, cause: LinkLoss::PeerClosed };
    let asked = |model: &Model| plain(&question.answer(model));
    assert!(!asked(&model).contains(":heal") && !asked(&model).contains("killed"));
    let cut = |on| Body::Lab(LabFact::LinkFault { a: 6380, b: 6381, fault: Fault::Cut, on });
    tell(&mut model, Source::Lab, cut(true));
    assert!(asked(&model).contains(":heal 6380 6381"), "{}", asked(&model));
    tell(&mut model, Source::Lab, cut(false));
    let down = LabFact::InstanceDown { port: 6380, how: ExitHow::Killed };
    tell(&mut model, Source::Lab, Body::Lab(down));
    assert!(asked(&model).contains("6380 was killed"), "{}", asked(&model));
}
