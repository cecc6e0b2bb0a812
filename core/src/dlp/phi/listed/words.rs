//! The words by which lists of patients are told from other lists.

use crate::dlp::lexicon::{Flag, Flags};
use crate::dlp::token::hash;

/// What a patient is called.
pub(super) const PATIENT: [u32; 6] = [
    hash(b"patient"),
    hash(b"patients"),
    hash(b"pt"),
    hash(b"pts"),
    hash(b"paciente"),
    hash(b"pacientes"),
];
/// Those that many people are called by, who may be listed below.
pub(super) const PATIENTS: [u32; 3] = [hash(b"patients"), hash(b"pts"), hash(b"pacientes")];
/// What else the heading over a patient's name says.
pub(super) const NAME: [u32; 13] = [
    hash(b"name"),
    hash(b"names"),
    hash(b"full"),
    hash(b"first"),
    hash(b"last"),
    hash(b"legal"),
    hash(b"s"),
    hash(b"of"),
    hash(b"the"),
    hash(b"and"),
    hash(b"nombre"),
    hash(b"del"),
    hash(b"de"),
];
/// Of those, what says that it is a part of the name.
pub(super) const PARTS: [u32; 2] = [hash(b"first"), hash(b"last")];
/// What a heading names besides that is written in the same cell: `Patient & phone`.
pub(super) const BESIDE: [u32; 19] = [
    hash(b"phone"),
    hash(b"tel"),
    hash(b"telephone"),
    hash(b"cell"),
    hash(b"mobile"),
    hash(b"number"),
    hash(b"no"),
    hash(b"id"),
    hash(b"mrn"),
    hash(b"chart"),
    hash(b"dob"),
    hash(b"birth"),
    hash(b"date"),
    hash(b"age"),
    hash(b"sex"),
    hash(b"room"),
    hash(b"bed"),
    hash(b"address"),
    hash(b"edad"),
];
/// Behind one patient this says what is to be done: `Patient to call back:`.
pub(super) const TO: [u32; 2] = [hash(b"to"), hash(b"para")];
/// Before `patients`, these say that others are listed: `Contacts for patients:`,
/// `Volunteers who drive patients:`.
pub(super) const OTHERS: [u32; 20] = [
    hash(b"for"),
    hash(b"from"),
    hash(b"to"),
    hash(b"with"),
    hash(b"by"),
    hash(b"what"),
    hash(b"who"),
    hash(b"that"),
    hash(b"which"),
    hash(b"when"),
    hash(b"where"),
    hash(b"of"),
    hash(b"a"),
    hash(b"see"),
    hash(b"take"),
    hash(b"accept"),
    hash(b"treat"),
    hash(b"para"),
    hash(b"quien"),
    hash(b"quienes"),
];
/// Right before it these say which ones, whatever stands before them, as `Dr. Stone's` does.
pub(super) const THESE: [u32; 6] = [
    hash(b"these"),
    hash(b"those"),
    hash(b"following"),
    hash(b"s"),
    hash(b"estos"),
    hash(b"siguientes"),
];
/// Behind it these make them others, or those who do something.
pub(super) const BEHIND: [u32; 19] = [
    hash(b"and"),
    hash(b"y"),
    hash(b"advisory"),
    hash(b"council"),
    hash(b"committee"),
    hash(b"advisors"),
    hash(b"seen"),
    hash(b"can"),
    hash(b"may"),
    hash(b"must"),
    hash(b"should"),
    hash(b"will"),
    hash(b"love"),
    hash(b"like"),
    hash(b"ask"),
    hash(b"say"),
    hash(b"pueden"),
    hash(b"deben"),
    hash(b"quieren"),
];
/// At the end of an opening these say who it is done by.
pub(super) const BY: [u32; 5] = [
    hash(b"by"),
    hash(b"to"),
    hash(b"from"),
    hash(b"with"),
    hash(b"por"),
];
/// What is `of` patients and lists them.
pub(super) const LISTS: [u32; 5] = [
    hash(b"list"),
    hash(b"lists"),
    hash(b"names"),
    hash(b"lista"),
    hash(b"nombres"),
];
/// Plurals and the like that may stand before it.
pub(super) const WHICH: [u32; 12] = [
    hash(b"list"),
    hash(b"lists"),
    hash(b"names"),
    hash(b"remaining"),
    hash(b"waiting"),
    hash(b"pending"),
    hash(b"missing"),
    hash(b"incoming"),
    hash(b"upcoming"),
    hash(b"previous"),
    hash(b"todays"),
    hash(b"tomorrows"),
];
/// What `PT` stands beside where it is no patient: who works part time, or in therapy.
pub(super) const THERAPISTS: [u32; 6] = [
    hash(b"ot"),
    hash(b"slp"),
    hash(b"ft"),
    hash(b"pta"),
    hash(b"cota"),
    hash(b"dpt"),
];
/// Where a letter ends, and with it a list.
pub(super) const CLOSING: [u32; 9] = [
    hash(b"thanks"),
    hash(b"thank"),
    hash(b"thx"),
    hash(b"regards"),
    hash(b"best"),
    hash(b"sincerely"),
    hash(b"cheers"),
    hash(b"gracias"),
    hash(b"saludos"),
];
/// What those are called who work there.
pub(super) const STAFF: Flags =
    Flags::of(&[Flag::Role, Flag::TitleBefore, Flag::TitleAfter, Flag::Staff]);
pub(super) const CLINICAL: Flags = Flags::of(&[Flag::TitleBefore, Flag::TitleAfter]);
/// Behind it in a heading these say which ones.
pub(super) const WHO: [u32; 16] = [
    hash(b"to"),
    hash(b"who"),
    hash(b"for"),
    hash(b"with"),
    hash(b"without"),
    hash(b"on"),
    hash(b"in"),
    hash(b"at"),
    hash(b"of"),
    hash(b"still"),
    hash(b"not"),
    hash(b"waiting"),
    hash(b"today"),
    hash(b"tomorrow"),
    hash(b"de"),
    hash(b"para"),
];
/// Before `patient` these say that it is how somebody is.
pub(super) const MANNER: [u32; 18] = [
    hash(b"be"),
    hash(b"been"),
    hash(b"being"),
    hash(b"is"),
    hash(b"are"),
    hash(b"was"),
    hash(b"were"),
    hash(b"am"),
    hash(b"very"),
    hash(b"so"),
    hash(b"too"),
    hash(b"more"),
    hash(b"less"),
    hash(b"most"),
    hash(b"how"),
    hash(b"as"),
    hash(b"stay"),
    hash(b"and"),
];
