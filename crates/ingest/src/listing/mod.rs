//! Finding out what changed on a card with few questions.

mod matcher;
mod place;

pub(crate) use matcher::{Ask, Matcher, Relation, Verdict};
pub(crate) use place::Places;
