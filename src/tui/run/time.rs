//! What the keys ask of time, done by the lab at once: the console's thread may be busy with a line
//! that waits for the very step.

use crate::lab::Lab;
use crate::tui::app::TimeAsk;

/// Does it, or says why not.
pub(super) fn perform(lab: &Lab, ask: TimeAsk) -> Result<(), String> {
    match ask {
        TimeAsk::Step(steps) => lab.step(steps),
        TimeAsk::Stepping(on) => lab.set_stepping(on),
        TimeAsk::Run => lab.run(),
        TimeAsk::Break(on) => lab.break_on(on),
        TimeAsk::Clear(on) => {
            lab.clear_break(on);
        }
        TimeAsk::Slow(factor) => lab.slow(factor).map_err(|e| e.to_string())?,
    }
    Ok(())
}
