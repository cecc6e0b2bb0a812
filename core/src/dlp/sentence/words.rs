//! Words that tell whether the point behind them, or their line's end, ends a sentence.

use crate::dlp::token::hash;

/// Titles that are written with a point.
pub(super) const TITLES: [u32; 12] = [
    hash(b"dr"),
    hash(b"drs"),
    hash(b"dra"),
    hash(b"mr"),
    hash(b"mrs"),
    hash(b"ms"),
    hash(b"mx"),
    hash(b"mme"),
    hash(b"messrs"),
    hash(b"sra"),
    hash(b"srta"),
    hash(b"prof"),
];
/// Those that in small letters may be words: `the sales rep.`
pub(super) const RANKS: [u32; 20] = [
    hash(b"br"),
    hash(b"capt"),
    hash(b"cmdr"),
    hash(b"col"),
    hash(b"cpl"),
    hash(b"det"),
    hash(b"fr"),
    hash(b"gen"),
    hash(b"gov"),
    hash(b"hon"),
    hash(b"lt"),
    hash(b"maj"),
    hash(b"msgt"),
    hash(b"ofc"),
    hash(b"pvt"),
    hash(b"rep"),
    hash(b"rev"),
    hash(b"sen"),
    hash(b"sgt"),
    hash(b"spc"),
];
/// Other words that are cut short wherever they stand.
pub(super) const CUT: [u32; 8] = [
    hash(b"pt"),
    hash(b"pts"),
    hash(b"hx"),
    hash(b"dx"),
    hash(b"rx"),
    hash(b"tx"),
    hash(b"sx"),
    hash(b"fx"),
];
/// What in capitals may be whole: physical therapy, Texas.
pub(super) const WHOLE: [u32; 2] = [hash(b"pt"), hash(b"tx")];
/// What is told apart by a letter or a number behind it, and is written with a point.
pub(super) const NUMBERED: [u32; 5] = [
    hash(b"apt"),
    hash(b"bldg"),
    hash(b"ste"),
    hash(b"rm"),
    hash(b"fl"),
];
/// Words that are cut short where what stands behind can open no sentence.
pub(super) const CUT_INSIDE: [u32; 32] = [
    hash(b"approx"),
    hash(b"appt"),
    hash(b"appts"),
    hash(b"dept"),
    hash(b"tel"),
    hash(b"ph"),
    hash(b"ext"),
    hash(b"no"),
    hash(b"nos"),
    hash(b"vs"),
    hash(b"incl"),
    hash(b"etc"),
    hash(b"resp"),
    hash(b"min"),
    hash(b"mins"),
    hash(b"hr"),
    hash(b"hrs"),
    hash(b"wk"),
    hash(b"wks"),
    hash(b"mo"),
    hash(b"yr"),
    hash(b"yrs"),
    hash(b"rm"),
    hash(b"fl"),
    hash(b"inc"),
    hash(b"ltd"),
    hash(b"co"),
    hash(b"corp"),
    hash(b"jr"),
    hash(b"sr"),
    hash(b"st"),
    hash(b"ave"),
];
/// `St. Clair` and `Ft. Collins`, but `12 Heron St.` and `12 ft.`
pub(super) const PLACES: [u32; 3] = [hash(b"st"), hash(b"ft"), hash(b"mt")];
/// What is told apart by a letter behind it, and is whole.
pub(super) const LETTERED: [u32; 22] = [
    hash(b"hepatitis"),
    hash(b"hep"),
    hash(b"influenza"),
    hash(b"flu"),
    hash(b"hemophilia"),
    hash(b"strep"),
    hash(b"vitamin"),
    hash(b"type"),
    hash(b"group"),
    hash(b"part"),
    hash(b"plan"),
    hash(b"grade"),
    hash(b"class"),
    hash(b"exhibit"),
    hash(b"room"),
    hash(b"ward"),
    hash(b"wing"),
    hash(b"unit"),
    hash(b"suite"),
    hash(b"building"),
    hash(b"door"),
    hash(b"lot"),
];
/// Behind these `I` is no initial.
pub(super) const SO_DID: [u32; 14] = [
    hash(b"did"),
    hash(b"do"),
    hash(b"am"),
    hash(b"was"),
    hash(b"will"),
    hash(b"would"),
    hash(b"can"),
    hash(b"could"),
    hash(b"should"),
    hash(b"had"),
    hash(b"have"),
    hash(b"may"),
    hash(b"than"),
    hash(b"as"),
];
/// Behind these it may be one: `Pat and I.`
pub(super) const AND_I: [u32; 3] = [hash(b"and"), hash(b"or"), hash(b"but")];
/// What ends no line of its own.
pub(super) const LEADS_ON: [u32; 32] = [
    hash(b"a"),
    hash(b"an"),
    hash(b"the"),
    hash(b"and"),
    hash(b"or"),
    hash(b"but"),
    hash(b"of"),
    hash(b"to"),
    hash(b"in"),
    hash(b"on"),
    hash(b"at"),
    hash(b"by"),
    hash(b"for"),
    hash(b"from"),
    hash(b"with"),
    hash(b"since"),
    hash(b"until"),
    hash(b"till"),
    hash(b"before"),
    hash(b"after"),
    hash(b"between"),
    hash(b"under"),
    hash(b"than"),
    hash(b"as"),
    hash(b"is"),
    hash(b"was"),
    hash(b"are"),
    hash(b"were"),
    hash(b"my"),
    hash(b"your"),
    hash(b"our"),
    hash(b"their"),
];
/// The last letters of `e.g.` and `i.e.`
pub(super) const THAT_IS: [u32; 2] = [hash(b"g"), hash(b"e")];
