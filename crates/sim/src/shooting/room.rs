//! How many pictures the card still takes: by number, or by the bytes that are free.

use filmwire_codec::DevicePropCode as Prop;

use crate::camera::Camera;

impl Camera {
    /// D229.
    pub(crate) fn pictures_left(&self) -> u32 {
        let switch = Some(self.persona.shooting.pictures_remaining).filter(|&count| count > 0);
        let told = self.shooting.room.or(switch);
        let told = told.or_else(|| self.listed(Prop::PICTURES_REMAINING)).unwrap_or(u32::MAX);
        let room = self.pictures_that_fit().unwrap_or(told);
        self.faults.card_room().map_or(room, |fault| fault.min(room))
    }

    /// Counts what the card holds, where that decides what it still takes.
    pub(super) fn weigh_card(&mut self) {
        if self.persona.shooting.card_bytes > 0 {
            self.shooting.used_bytes = self.card.used_bytes();
        }
    }

    /// Whether another film fits; it is as long as the card's films are at the most.
    pub(super) fn film_fits(&self) -> bool {
        self.free_bytes().is_none_or(|free| free >= self.card.recipe().most_film_bytes())
    }

    fn free_bytes(&self) -> Option<u64> {
        let holds = Some(self.persona.shooting.card_bytes).filter(|&bytes| bytes > 0)?;
        Some(holds.saturating_sub(self.shooting.used_bytes))
    }

    /// Counted with the largest a picture may become, as bodies do: more than one may come of it.
    fn pictures_that_fit(&self) -> Option<u32> {
        let most = self.card.recipe().most_picture_bytes(self.keeps_raw());
        let count = self.free_bytes()? / most.max(1);
        Some(u32::try_from(count).unwrap_or(u32::MAX))
    }
}
