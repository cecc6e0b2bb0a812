import { Damaged, challengeMac, fromBase32, fromBase64url, fromHex, openDek, random, toBase64url } from './crypto.js';
import { button, busy, byId, clock, countdown, el, p, show, ui } from './dom.js';
import { choose, passphrase, typedCode } from './factors.js';
import { Failure, api } from './api.js';

const site = document.documentElement.dataset;
const id = ((/\/p\/([0-9a-f]{32})/i.exec(location.pathname) || [])[1] || '').toLowerCase();
/** Where the portal is mounted. */
export const base = new URL('../../', import.meta.url).pathname;

/** What this visit knows. Nothing of it is stored. @type {Portal.App} */
const app = {
  ...api(`${base}p/${id}`),
  grant: fromHex(id),
  l: new Uint8Array(0),
  f: null,
  visit: /** @type {any} */ (null),
  draft: newDraft(),
  knock,
  next,
  fail,
  forget,
  logout,
};

/** @returns {Portal.Draft} */
function newDraft() {
  return { subject: '', text: '', files: [], sent: null };
}

async function knock() {
  busy();
  try {
    const nonce = random(16);
    const mac = await challengeMac(app.l, app.grant, nonce);
    app.visit = await app.post('/challenge', { nonce: toBase64url(nonce), mac: toBase64url(mac) });
    if (!chosen) await language(app.visit.language);
    await next();
  } catch (e) {
    fail(e);
  }
}

/** The next step to the message. */
async function next() {
  const how = app.visit.passphrase;
  if (how && !app.f) return passphrase(app, how);
  if (!app.visit.complete) return choose(app);
  busy();
  try {
    const [r, { openContent }, { message }] = await Promise.all([app.post('/release'), import('./content.js'), import('./letter.js')]);
    const item = fromHex(r.item);
    const dek = await openDek({ s: fromBase64url(r.share), l: app.l, f: app.f, grant: app.grant, item, wrapped: fromBase64url(r.dek) });
    app.visit.views_left = r.views_left;
    const content = await openContent({ dek, item, manifest: fromBase64url(r.manifest), parts: r.parts, fetchPart: app.fetchPart });
    dek.fill(0);
    message(app, content);
  } catch (e) {
    fail(e);
  }
}

/** @param {unknown} e */
function fail(e) {
  const known = e instanceof Failure;
  const kind = known ? e.kind : e instanceof Damaged || e instanceof SyntaxError || e instanceof TypeError ? 'damaged' : 'server';
  const end = Date.now() + (known && e.data.seconds || 0) * 1000;
  if (kind === 'not_found') app.l.fill(0);
  const locked = kind === 'no_session' || kind === 'factor_required';
  if (locked) {
    app.visit = /** @type {any} */ (null);
    app.f = null;
  }
  show(() => {
    const { t } = ui;
    const [title, text] = t.errors[locked ? 'factor_required' : kind] || t.errors.server;
    const retry = button(t.retry, () => (app.visit ? next() : knock()), 'primary');
    const left = el('p', { role: 'timer' });
    if (kind === 'wait') countdown(left, end, (s) => {
      left.textContent = s ? t.waitFor(clock(s)) : '';
      retry.disabled = s > 0;
    });
    return { title, body: [
      el('p', { role: 'alert' }, text), kind === 'wait' && left,
      kind === 'not_found' && button(t.typedTitle, () => typedCode(app), 'primary'),
      (locked || /^(offline|server|busy|wait)$/.test(kind) || !t.errors[kind]) && retry,
    ] };
  });
}

/** Nothing of the message stays behind. */
function forget() {
  app.l.fill(0);
  if (app.f) app.f.fill(0);
  Object.assign(app, { f: null, visit: null, draft: newDraft() });
  onbeforeunload = null;
  dispatchEvent(new Event('forget'));
  show(() => ({ title: ui.t.closed, body: [p(ui.t.closedText)] }));
}

function logout() {
  const gone = app.post('/logout').catch(() => {});
  forget();
  return gone;
}

/** @type {Record<string, string>} */
const names = { en: 'English', es: 'Español' };
let chosen = false;
/** @param {string} lang */
async function language(lang) {
  const offered = (site.languages || '').split(/[\s,]+/).filter((l) => l in names);
  if (!offered.includes(lang)) lang = offered[0] || 'en';
  if (lang === ui.lang) return;
  const t = (await (lang === 'es' ? import('./es.js') : import('./en.js'))).default;
  Object.assign(ui, { t, lang });
  Object.assign(document.documentElement, { lang, dir: t.dir });
  const skip = byId('skip');
  skip.textContent = t.skip;
  skip.hidden = false;
  skip.onclick = (e) => {
    e.preventDefault();
    byId('main').focus();
  };
  const nav = byId('languages');
  nav.hidden = offered.length < 2;
  nav.replaceChildren(...offered.filter((l) => l !== lang).map((l) => Object.assign(button(names[l], async () => {
    chosen = true;
    await language(l);
    ui.draw();
    nav.querySelectorAll('button')[0].focus();
  }, 'link'), { lang: l })));
  byId('footer').replaceChildren(p(t.private), el('p', '', ...(site.contact ? [`${t.help} `, reach(site.contact)] : [])));
}

/** Telephones dial it. @param {string} contact */
function reach(contact) {
  const tel = /^\+?[\d\s().-]{6,}$/.test(contact);
  const href = tel ? 'tel:' + contact.replace(/[^+\d]/g, '') : /^\S+@\S+$/.test(contact) && 'mailto:' + contact;
  return href ? el('a', { href }, contact) : contact;
}

/** @param {string} typed */
function begin(typed) {
  const l = fromBase32(typed);
  if (l && l.length === 20) {
    app.l = l;
    return knock();
  }
  typedCode(app);
}

async function main() {
  window.mailseal.started = true;
  const secret = window.mailseal.take();
  await language(navigator.languages.map((l) => l.slice(0, 2)).find((l) => l in names) || 'en');
  byId('old').remove();
  if (site.logo) byId('brand').prepend(Object.assign(el('img', { src: site.logo, height: 40 }), { alt: '' }));
  if (!window.isSecureContext || !crypto.subtle) return fail(new Failure('old'));
  if (!id) return fail(new Failure('not_found'));
  // Another link of the same message, pasted into this window.
  addEventListener('hashchange', () => {
    const typed = window.mailseal.take();
    if (typed) begin(typed);
  });
  // Neither the back button nor a restored window shows a message again.
  addEventListener('pagehide', forget);
  await begin(secret);
}

main().catch(() => (byId('old').hidden = false));
