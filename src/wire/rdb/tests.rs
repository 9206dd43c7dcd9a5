//! Writer and decoder against each other, against captured bytes, and against garbage.
