//! What modules keep: every field says of which kind it is, so it can be walked through without
//! the module.

use super::item::{Clip, What};
use super::tape::{Tape, Walked};
use super::value::Values;
use super::{WalkError, Why};
use crate::wire::rdb::format::module_name;

/// A module's data outside of the keys; the module's name.
pub(super) async fn aux(t: &Tape, parts: bool) -> Walked<String> {
    let id = t.length("the id of a module").await?;
    let at = t.at();
    if t.length("the kind of a module's field").await? != UINT {
        let expected = "an unsigned number that says when the data was saved";
        return Err(WalkError { at, why: Why::Corrupt { expected } });
    }
    t.length("when the data of a module was saved").await?;
    fields(&Values::new(t, parts)).await?;
    Ok(module_name(id))
}

impl Values<'_> {
    pub async fn module(&mut self) -> Walked<()> {
        self.t.begin_part();
        let id = self.t.length("the id of a module").await?;
        let shown = Clip::of(module_name(id).as_bytes());
        self.part(1, || What::ModuleField { kind: "module", shown }).await;
        self.found.size = fields(self).await?;
        Ok(())
    }
}

const SINT: u64 = 1;
const UINT: u64 = 2;
const FLOAT: u64 = 3;
const DOUBLE: u64 = 4;
const STRING: u64 = 5;

/// Fields up to their end mark; how many.
async fn fields(values: &Values<'_>) -> Walked<u64> {
    let t = values.t;
    let mut count = 0;
    loop {
        t.begin_part();
        let at = t.at();
        let (kind, shown) = match t.length("the kind of a module's field").await? {
            0 => {
                values.part(2, || What::ContainerEnd).await;
                return Ok(count);
            }
            SINT => {
                let n = t.length("a number of a module").await?;
                ("signed", Clip::number(n as i64))
            }
            UINT => {
                let n = t.length("a number of a module").await?;
                ("unsigned", Clip::of(n.to_string().as_bytes()))
            }
            FLOAT => {
                let n = f32::from_le_bytes(t.array("a float of a module").await?);
                ("float", Clip::of(n.to_string().as_bytes()))
            }
            DOUBLE => {
                let n = f64::from_le_bytes(t.array("a double of a module").await?);
                ("double", Clip::of(n.to_string().as_bytes()))
            }
            STRING => ("string", t.text("a string of a module").await?.0),
            _ => {
                let expected = "the kind of a module's field, 0 to 5";
                return Err(WalkError { at, why: Why::Corrupt { expected } });
            }
        };
        count += 1;
        values.part(2, || What::ModuleField { kind, shown }).await;
    }
}
