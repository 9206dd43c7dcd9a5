use super::{Elem, Tree};
use crate::engine::types::zset::member::Member;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A model of the same order: whole scores, members of text.
type Model = BTreeSet<(i32, String)>;

fn elem(score: i32, member: &str) -> Elem {
    Elem { score: f64::from(score), member: Member::new(member.as_bytes()) }
}

fn pairs<'a>(iter: impl Iterator<Item = &'a Elem>) -> Vec<(i32, String)> {
    iter.map(|e| (e.score as i32, String::from_utf8(e.member.bytes().to_vec()).unwrap())).collect()
}

fn same(tree: &Tree, model: &Model) {
    tree.check();
    let want: Vec<_> = model.iter().cloned().collect();
    assert_eq!(pairs(tree.iter_from(0)), want);
    let down = pairs(tree.iter_down_from(tree.len().wrapping_sub(1)));
    assert_eq!(down, want.into_iter().rev().collect::<Vec<_>>());
}

#[test]
fn grows_and_shrinks_from_either_end() {
    for order in [0, 1, 2] {
        let (mut tree, mut model) = (Tree::default(), Model::new());
        for i in 0..5_000i32 {
            let score = [i, -i, i * 7_919 % 5_000][order];
            tree.insert(elem(score, "m"));
            model.insert((score, "m".into()));
        }
        same(&tree, &model);
        let mut turn = 0;
        while !tree.is_empty() {
            let rank = [0, tree.len() - 1, tree.len() / 2][order];
            let gone = tree.remove_at(rank).unwrap();
            assert!(model.remove(&(gone.score as i32, "m".into())));
            turn += 1;
            if turn % 499 == 0 {
                same(&tree, &model);
            }
        }
        assert!(model.is_empty());
        assert!(tree.remove_at(0).is_none());
    }
}

#[test]
fn a_clone_stays_as_it_was_and_shares_what_is_not_touched() {
    let mut tree = Tree::default();
    for i in 0..100_000 {
        tree.insert(elem(i, "m"));
    }
    let frozen = tree.clone();
    let before = pairs(frozen.iter_from(0));
    tree.insert(elem(50_000, "new"));
    tree.remove_at(3);
    assert_eq!(pairs(frozen.iter_from(0)), before);
    frozen.check();
    tree.check();
    assert_eq!(tree.len(), 100_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn does_what_the_model_does(
        steps in proptest::collection::vec((0u8..10, -40i32..40, "[a-c]{0,3}"), 0..1500),
        keep in 0u8..10,
    ) {
        let (mut tree, mut model) = (Tree::default(), Model::new());
        let mut frozen: Option<(Tree, Model)> = None;
        for (at, (what, score, member)) in steps.into_iter().enumerate() {
            let pair = (score, member.clone());
            let rank = model.range(..&pair).count();
            prop_assert_eq!(tree.rank(f64::from(score), member.as_bytes()), rank);
            if what < keep {
                if model.insert(pair) {
                    tree.insert(elem(score, &member));
                }
            } else {
                prop_assert_eq!(tree.remove(f64::from(score), member.as_bytes()), model.remove(&pair));
            }
            prop_assert_eq!(tree.len(), model.len());
            if at % 200 == 100 {
                frozen = Some((tree.clone(), model.clone()));
            }
            let below = model.range(..&(score, String::new())).count();
            prop_assert_eq!(tree.partition_point(|e| e.score < f64::from(score)), below);
            let here = pairs(tree.iter_from(below).take(3));
            prop_assert_eq!(here, model.iter().skip(below).take(3).cloned().collect::<Vec<_>>());
        }
        same(&tree, &model);
        if let Some((tree, model)) = frozen {
            same(&tree, &model);
        }
    }
}
