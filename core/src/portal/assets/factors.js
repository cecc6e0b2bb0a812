// The way to the message: the code of the e-mail, and what shows who it is.
import { button, clock, countdown, el, form, show, ui } from './dom.js';
import { fromBase32, fromBase64url, toBase64url } from './bytes.js';
import { passphraseProof, stretch } from './keys.js';
import { Failure } from './api.js';

/** @param {string} text */
const p = (text) => el('p', {}, text);

/** The secret was lost: it is typed. @param {Portal.App} app */
export function typedCode(app) {
  show(() => {
    const { t } = ui;
    const field = el('textarea', { rows: 3, class: 'code', autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', dir: 'ltr' });
    field.addEventListener('input', () => {
      // In groups of four, as the e-mail shows it; not while something is changed within.
      if (field.selectionEnd !== field.value.length) return;
      const bare = field.value.replace(/[\s-]/g, '').toUpperCase();
      field.value = (bare.match(/.{1,4}/g) || []).join('-');
    });
    return {
      title: t.typedTitle,
      body: [p(t.typedText), form({
        label: t.typedLabel, hint: t.typedHint, field, submit: t.go,
        async send(value) {
          const l = fromBase32(value);
          if (!l || l.length !== 20) return t.typedWrong(value.replace(/[\s-]/g, '').length);
          app.l = l;
          await app.knock();
        },
      })],
    };
  });
}

/** The ways that are left in this browser. @param {Portal.App} app */
const usable = (app) => app.visit.methods.filter(({ id }) => id !== 'passphrase' && (id !== 'passkey' || 'PublicKeyCredential' in window));

/** @param {Portal.App} app */
export function choose(app) {
  const methods = usable(app);
  if (!methods.length) return app.fail(new Failure('no_method'));
  if (methods.length === 1) return factor(app, methods[0]);
  show(() => ({
    title: ui.t.chooseTitle,
    body: [p(ui.t.chooseText), el('ul', { class: 'choices' }, ...methods.map((m) =>
      el('li', {}, button(ui.t.methods[m.id].name + (m.target ? ` (${m.target})` : ''), () => factor(app, m))))), ...below(app)],
  }));
}

/** @param {Portal.App} app */
const below = (app) => [el('p', { class: 'hint' }, ui.t.reference(app.visit.reference) + '. ' + ui.t.sameReference)];

/** What is wrong, or another screen. @param {Portal.App} app @param {unknown} e */
function tell(app, e) {
  if (e instanceof Failure) {
    if (e.kind === 'wrong') return ui.t.wrong(e.data.tries_left);
    if (e.kind === 'no_code') return ui.t.noCode;
    if (e.kind === 'malformed') return ui.t.malformed;
    if (e.kind === 'offline') return ui.t.errors.offline.join('. ');
  }
  app.fail(e);
}

/** @param {Portal.App} app @param {string} id @param {object} body */
async function verify(app, id, body) {
  try {
    const { complete } = await app.post(`/factor/${id}/verify`, body);
    app.visit.complete = complete;
    await app.next();
  } catch (e) {
    return tell(app, e);
  }
}

/** @param {Portal.App} app @param {Portal.Method} m */
function factor(app, m) {
  const other = () => usable(app).length > 1 && button(ui.t.other, () => choose(app), { class: 'link' });
  const texts = () => ui.t.methods[m.id];
  const target = () => [p(texts().text), m.target ? el('p', { class: 'target', dir: 'ltr' }, m.target) : null];
  if (m.id === 'passkey') {
    show(() => ({ title: texts().title, body: [p(texts().text), form({ label: '', field: null, submit: ui.t.usePasskey, send: () => passkey(app) }), other(), ...below(app)] }));
  } else if (m.id === 'sso') {
    show(() => ({
      title: texts().title,
      body: [p(texts().text), el('p', {}, el('a', { class: 'button', href: m.url, target: '_blank', rel: 'noopener' }, ui.t.signIn)),
        form({ label: '', field: null, submit: ui.t.signedIn, async send() {
          return (await verify(app, 'sso', {})) && ui.t.signInMissing;
        } }), other(), ...below(app)],
    }));
  } else if (m.id === 'email' || m.id === 'sms') {
    // Never sent unasked: scanners open links too.
    show(() => ({
      title: texts().title,
      body: [...target(), form({ label: '', field: null, submit: ui.t.send, send: () => start(app, m, other) }), other(), ...below(app)],
    }));
  } else enter(app, m, other);
}

/** @param {Portal.App} app @param {Portal.Method} m @param {() => Node | false} other */
async function start(app, m, other) {
  try {
    enter(app, m, other, await app.post(`/factor/${m.id}/start`));
  } catch (e) {
    return tell(app, e);
  }
}

/** @param {Portal.App} app @param {Portal.Method} m @param {() => Node | false} other @param {{again_in: number, valid: number}} [sent] */
function enter(app, m, other, sent) {
  const end = sent && Date.now() + sent.again_in * 1000;
  show(() => {
    const { t } = ui;
    const typed = m.id === 'passcode';
    const field = el('input', { type: 'text', class: 'code', autocomplete: 'one-time-code', inputmode: typed ? 'text' : 'numeric', autocapitalize: typed ? 'characters' : 'off', spellcheck: 'false', dir: 'ltr' });
    const again = button(t.sendAgain, () => end && start(app, m, other).then((wrong) => wrong && app.fail(new Failure('server'))), { class: 'link' });
    if (end) countdown(again, end, (left) => {
      again.disabled = left > 0;
      again.textContent = left ? t.sendAgainIn(clock(left)) : t.sendAgain;
    });
    return {
      title: sent ? t.sent : t.methods[m.id].title,
      body: [sent ? p(`${m.target || ''} ${t.valid(Math.round(sent.valid / 60))}`) : p(t.methods[m.id].text), form({
        label: typed ? t.methods.passcode.name : t.code,
        hint: typed ? t.anyCase : sent ? t.eightDigits : t.sixDigits, field, submit: t.open,
        async send(value) {
          const code = typed ? value : value.replace(/[\s\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2069\u2212\ufeff-]/g, '');
          return typed || /^\d+$/.test(code) ? verify(app, m.id, { code }) : t.malformed;
        },
      }), !!end && again, other(), ...below(app)],
    };
  });
}

/** @param {Portal.App} app @param {{salt: string, iterations: number}} how */
export function passphrase(app, how) {
  show(() => {
    const { t } = ui;
    const field = el('input', { type: 'password', autocomplete: 'current-password', autocapitalize: 'off', spellcheck: 'false' });
    const bar = el('progress', { max: 100, value: 0, 'aria-label': t.stretching });
    const work = el('div', { hidden: true, role: 'status' }, p(t.stretching), bar);
    const check = el('input', { type: 'checkbox', change: () => (field.type = check.checked ? 'text' : 'password') });
    return {
      title: t.methods.passphrase.title,
      body: [p(t.methods.passphrase.text), form({
        label: t.methods.passphrase.name, field, submit: t.open, extra: [el('label', { class: 'check' }, check, t.showTyped), work],
        async send(value) {
          const salt = fromBase64url(how.salt);
          // A twentieth first, to know how long the whole takes on this device.
          const began = performance.now();
          await stretch('', salt, Math.ceil(how.iterations / 20));
          const whole = (performance.now() - began) * 20;
          work.hidden = false;
          const timer = setInterval(() => (bar.value = Math.min(97, (100 * (performance.now() - began)) / (whole * 1.05))), 60);
          try {
            const f = await stretch(value, salt, how.iterations);
            app.f = f;
            return await verify(app, 'passphrase', { proof: toBase64url(await passphraseProof(app.l, f, app.grant)) });
          } finally {
            clearInterval(timer);
            work.hidden = true;
          }
        },
      }), ...below(app)],
    };
  });
}

/** @param {Portal.App} app */
async function passkey(app) {
  try {
    const { publicKey } = await app.post('/factor/passkey/start');
    const c = /** @type {any} */ (await navigator.credentials.get({ publicKey: bytesIn(publicKey) }));
    return await verify(app, 'passkey', { credential: bytesOut(c) });
  } catch (e) {
    return e instanceof Failure ? tell(app, e) : ui.t.passkeyFailed;
  }
}

/** Registers a passkey for later messages. @param {Portal.App} app */
export async function addPasskey(app) {
  const { publicKey } = await app.post('/passkey/start');
  const c = await navigator.credentials.create({ publicKey: bytesIn(publicKey) });
  await app.post('/passkey/finish', { credential: bytesOut(c) });
}

/** @param {any} o */
function bytesIn(o) {
  o.challenge = fromBase64url(o.challenge);
  if (o.user) o.user.id = fromBase64url(o.user.id);
  for (const c of [...(o.allowCredentials || []), ...(o.excludeCredentials || [])]) c.id = fromBase64url(c.id);
  return o;
}

/** @param {any} c */
function bytesOut(c) {
  /** @type {Record<string, unknown>} */
  const response = {};
  for (const k of ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle', 'attestationObject'])
    if (c.response[k]) response[k] = toBase64url(c.response[k]);
  if (c.response.getTransports) response.transports = c.response.getTransports();
  return { id: c.id, rawId: toBase64url(c.rawId), type: c.type, response, clientExtensionResults: c.getClientExtensionResults() };
}
