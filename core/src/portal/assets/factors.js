// The way to the message: the code of the e-mail, and what shows who it is.
import { FILLER, fromBase32, fromBase64url, passphraseProof, stretch, toBase64url } from './crypto.js';
import { busy, button, clock, countdown, el, form, p, progress, show, ui } from './dom.js';
import { Failure } from './api.js';

/** The secret was lost: it is typed. @param {Portal.App} app */
export function typedCode(app) {
  show(() => {
    const { t } = ui;
    const field = el('textarea', { rows: '3', class: 'code', autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', dir: 'ltr' });
    /** @param {string} s */
    const bare = (s) => s.replace(FILLER, '').toUpperCase();
    field.addEventListener('input', () => {
      // In groups of four, as the e-mail shows it; not while something is changed within.
      if (field.selectionEnd === field.value.length) field.value = (bare(field.value).match(/.{1,4}/g) || []).join('-');
    });
    return {
      title: t.typedTitle,
      body: [p(t.typedText), form(t.go, async (value) => {
        const l = fromBase32(value);
        if (!l || l.length !== 20) return t.typedWrong(bare(value).length);
        app.l = l;
        await app.knock();
      }, { label: t.code, hint: `${t.typedHint} ${t.anyCase}`, field })],
    };
  });
}

/** The ways that are left in this browser. @param {Portal.App} app */
const usable = ({ visit }) => visit.methods.filter(({ id }) => id !== 'passphrase' && (id !== 'passkey' || 'PublicKeyCredential' in window));

/** A screen on the way. @param {Portal.App} app @param {(t: Portal.Strings) => [string, ...Portal.Child[]]} build @param {boolean} [single] */
const step = (app, build, single) => show(() => {
  const { t } = ui;
  const [title, ...body] = build(t);
  return { title, body: [...body, !single && usable(app).length > 1 && button(t.other, () => choose(app), 'link'), p(`${t.reference(app.visit.reference)}. ${t.sameReference}`, 'hint'), button(t.wrongPerson, () => report(app), 'link')] };
});

/** The message is for somebody else. Who could open it, by more than the link, locks it; of others the sender hears. @param {Portal.App} app */
export function report(app) {
  const { draw } = ui;
  const { complete, floor, passphrase } = app.visit;
  /** @param {boolean} locked */
  const words = (locked) => ui.t[locked ? 'report' : 'claim'];
  show(() => {
    const { t } = ui;
    const [text, yes] = words(complete && (floor !== 'p0' || !!passphrase));
    return { title: t.reportTitle, body: [p(text), el('div', 'bar', button(yes, async () => {
      busy();
      try {
        const { locked } = await app.post('/report-misdirected');
        app.forget();
        show(() => ({ title: ui.t.reported, body: [p(words(locked)[2])] }));
      } catch (e) {
        app.fail(e);
      }
    }, 'danger'), button(t.back, () => (ui.draw = draw)()))] };
  });
}

/** @param {Portal.App} app */
export function choose(app) {
  const methods = usable(app);
  if (!methods.length) return app.fail(new Failure('old'));
  if (methods.length === 1) return factor(app, methods[0]);
  step(app, (t) => [t.chooseTitle, p(t.chooseText), el('ul', 'choices', ...methods.map((m) =>
    el('li', '', button(t.methods[m.id][0] + (m.target ? ` (${m.target.replace(/ /g, '\u00a0')})` : ''), () => factor(app, m)))))], true);
}

/** What is wrong, or another screen. @param {Portal.App} app @param {unknown} e */
function tell(app, e) {
  const { t } = ui;
  if (e instanceof Failure) {
    if (e.kind === 'wrong') return t.wrong(e.data.tries_left);
    if (e.kind === 'no_code') return t.noCode;
    if (e.kind === 'malformed') return t.malformed;
    if (e.kind === 'offline') return t.errors.offline.join('. ');
  }
  app.fail(e);
}

/** @param {Portal.App} app @param {string} id @param {object} body */
async function verify(app, id, body) {
  try {
    app.visit.complete = (await app.post(`/factor/${id}/verify`, body)).complete;
    await app.next();
  } catch (e) {
    return tell(app, e);
  }
}

/** @param {Portal.App} app @param {Portal.Method} m */
function factor(app, m) {
  const { id, target, url } = m;
  if (id === 'passcode' || id === 'totp') return enter(app, m);
  step(app, (t) => {
    const [name, title, text] = t.methods[id];
    if (id === 'passkey') return [title, p(text), form(name, () => passkey(app))];
    if (id === 'sso')
      return [title, p(text), el('p', '', el('a', { class: 'button', href: url, target: '_blank', rel: 'noopener' }, t.signIn)),
        form(t.signedIn, async () => (await verify(app, id, {})) && t.signInMissing)];
    // Never sent unasked: scanners open links too.
    return [title, p(text), el('p', { class: 'target', dir: 'ltr' }, target), form(t.send, () => start(app, m))];
  });
}

/** @param {Portal.App} app @param {Portal.Method} m */
async function start(app, m) {
  try {
    enter(app, m, await app.post(`/factor/${m.id}/start`));
  } catch (e) {
    return tell(app, e);
  }
}

/** @param {Portal.App} app @param {Portal.Method} m @param {{again_in: number, valid: number}} [sent] */
function enter(app, m, sent) {
  const { id, target } = m;
  const typed = id === 'passcode';
  const end = sent && Date.now() + sent.again_in * 1000;
  step(app, (t) => {
    const [name, title, text] = t.methods[id];
    const field = el('input', { class: 'code', autocomplete: 'one-time-code', inputmode: typed ? 'text' : 'numeric', autocapitalize: typed ? 'characters' : 'off', spellcheck: 'false', dir: 'ltr' });
    const again = button(t.sendAgain, () => start(app, m).then((wrong) => wrong && app.fail(new Failure('offline'))), 'link');
    if (end) countdown(again, end, (left) => {
      again.disabled = left > 0;
      again.textContent = t.sendAgain + (left ? ` (${clock(left)})` : '');
    });
    return [sent ? t.sent : title, p(sent ? `${target} – ${t.valid(Math.round(sent.valid / 60))}` : text),
      form(t.open, async (value) => {
        const code = typed ? value : value.replace(FILLER, '');
        return typed || /^\d+$/.test(code) ? verify(app, id, { code }) : t.malformed;
      }, { label: typed ? name : t.code, hint: typed ? t.anyCase : t.digits(sent ? 8 : 6), field }), sent && again];
  });
}

/** @param {Portal.App} app @param {{salt: string, iterations: number}} how */
export function passphrase(app, { salt, iterations }) {
  step(app, (t) => {
    const [label, title, text] = t.methods.passphrase;
    const field = el('input', { type: 'password', autocomplete: 'current-password', autocapitalize: 'off', spellcheck: 'false' });
    const bar = progress(t.working, 100);
    const work = el('div', { hidden: true }, p(t.working), bar);
    const check = el('input', { type: 'checkbox', change: () => (field.type = check.checked ? 'text' : 'password') });
    return [title, p(text), form(t.open, async (value) => {
      const bytes = fromBase64url(salt);
      // A twentieth first, to know how long the whole takes on this device.
      const began = performance.now();
      await stretch('', bytes, Math.ceil(iterations / 20));
      const whole = (performance.now() - began) * 21;
      work.hidden = false;
      const timer = setInterval(() => (bar.value = Math.min(97, (100 * (performance.now() - began)) / whole)), 60);
      app.f = await stretch(value, bytes, iterations);
      clearInterval(timer);
      work.hidden = true;
      const wrong = await verify(app, 'passphrase', { proof: toBase64url(await passphraseProof(app.l, app.f, app.grant)) });
      if (wrong) app.f = null;
      return wrong;
    }, { label, field }, el('label', 'check', check, t.showTyped), work)];
  }, true);
}

/** @param {Portal.App} app */
async function passkey(app) {
  try {
    const { publicKey } = await app.post('/factor/passkey/start');
    return await verify(app, 'passkey', { credential: bytesOut(await navigator.credentials.get({ publicKey: bytesIn(publicKey) })) });
  } catch (e) {
    return e instanceof Failure ? tell(app, e) : ui.t.passkeyFailed;
  }
}

/** Registers a passkey for later messages. @param {Portal.App} app */
export async function addPasskey(app) {
  const { publicKey } = await app.post('/passkey/start');
  await app.post('/passkey/finish', { credential: bytesOut(await navigator.credentials.create({ publicKey: bytesIn(publicKey) })) });
}

/** @param {any} o */
function bytesIn(o) {
  o.challenge = fromBase64url(o.challenge);
  for (const c of [o.user || {}, ...(o.allowCredentials || []), ...(o.excludeCredentials || [])]) if (c.id) c.id = fromBase64url(c.id);
  return o;
}

/** @param {any} c */
function bytesOut({ id, rawId, type, response: r }) {
  /** @type {Record<string, unknown>} */
  const response = {};
  for (const k of ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle', 'attestationObject']) if (r[k]) response[k] = toBase64url(r[k]);
  if (r.getTransports) response.transports = r.getTransports();
  return { id, rawId: toBase64url(rawId), type, response };
}
