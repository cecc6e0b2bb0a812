//! Spanish as it is written to patients in the United States, with "usted".

use super::words::{Moment, Words};
use crate::escrow::Method;

const MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

pub(super) const WORDS: Words = Words {
    lang: "es",
    also_here: "¿Prefiere leer en español? La página también está disponible en español.",
    date,

    subject: "Tiene un nuevo mensaje seguro",
    intro: "{organisation} tiene un mensaje para usted. Para proteger su privacidad, el mensaje no está en este correo.",
    read: "Leer el mensaje",
    asks: "Qué va a necesitar",
    asks_nothing: "Solo necesita este enlace: la página no le pedirá nada más.",
    asks_this: "La página le pedirá lo siguiente:",
    asks_one_of: "La página le pedirá una de estas opciones. Elija la que prefiera:",
    asks_also: "Además, le pedirá lo siguiente:",
    methods,
    no_password: "Ni este correo ni la página le pedirán nunca una contraseña, ni la de su correo electrónico ni la de ninguna otra cuenta.",
    no_mail_password: "Ni este correo ni la página le pedirán nunca la contraseña de su correo electrónico.",
    fallback: "Si el enlace no funciona",
    open_page: "Abra esta página en su navegador:",
    type_code: "Después, escriba este código:",
    typing: "Puede escribirlo en mayúsculas o minúsculas, con guiones o sin ellos.",
    reference: "Referencia:",
    same_reference: "La página muestra la misma referencia. Si muestra otra, ciérrela.",
    until: "Puede leer el mensaje hasta el {date} (zona horaria: UTC).",
    safety: "Por su seguridad",
    no_reply: "Por favor, no responda a este correo: su respuesta no estaría protegida. Puede responder en la página.",
    no_forward: "No reenvíe este correo: es solo para usted.",
    ask_contact: "Si no esperaba este mensaje o tiene alguna pregunta, comuníquese con {organisation}: {contact}",
    ask_otherwise: "Si no esperaba este mensaje o tiene alguna pregunta, comuníquese con {organisation} por un medio que ya conozca, no por un número o un enlace que venga en un correo.",

    code_subject: "Su código para leer un mensaje seguro",
    code_intro: "Usted pidió un código para leer su mensaje de {organisation}.",
    code_is: "Su código es",
    code_valid: "Es válido durante 10 minutos. Escríbalo en la página donde lo pidió y en ningún otro lugar.",
    code_secret: "No le dé este código a nadie, ni siquiera a alguien que diga llamar de parte de {organisation}.",
    code_not_asked_contact: "Si usted no pidió ningún código, es posible que alguien esté intentando leer su mensaje. Comuníquese con {organisation}: {contact}",
    code_not_asked: "Si usted no pidió ningún código, es posible que alguien esté intentando leer su mensaje. Comuníquese con {organisation} por un medio que ya conozca.",
    code_no_reply: "Por favor, no responda a este correo.",
};

fn methods(method: Method) -> &'static str {
    match method {
        Method::EmailCode => {
            "Un código por correo electrónico: la página lo envía a esta misma dirección."
        }
        Method::Passcode => {
            "Un código de acceso: {organisation} se lo da por teléfono, por mensaje de texto o en persona, nunca por correo electrónico."
        }
        Method::Passphrase => "Su frase de acceso: la que usted acordó con {organisation}.",
        Method::SmsCode => {
            "Un código por mensaje de texto: la página lo envía a su teléfono celular."
        }
        Method::Totp => {
            "Un código de su aplicación de autenticación: abra la aplicación y escriba el código que aparece."
        }
        Method::SingleSignOn => "Su cuenta de {organisation}: inicie sesión como lo hace siempre.",
        Method::Passkey => {
            "Su llave de acceso (passkey): su dispositivo le pide la huella digital, el rostro o el bloqueo de pantalla."
        }
    }
}

fn date(at: &Moment) -> String {
    let month = MONTHS.get(at.month).copied().unwrap_or_default();
    let (hour, morning) = at.twelve();
    let half = if morning { "a. m." } else { "p. m." };
    let article = if hour == 1 { "la" } else { "las" };
    let (year, day, minute) = (at.year, at.day, at.minute);
    format!("{day} de {month} de {year} a {article} {hour}:{minute:02} {half}")
}
