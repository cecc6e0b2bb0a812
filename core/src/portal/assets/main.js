import { button, byId, busy, clock, countdown, el, show, ui } from './dom.js';
import { challengeMac, openDek } from './keys.js';
import { choose, passphrase, typedCode } from './factors.js';
import { fromBase32, fromBase64url, fromHex, random, toBase64url } from './bytes.js';
import { Failure, api } from './api.js';
import { Damaged } from './chunks.js';

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
  knock,
  next,
  fail,
  forget,
  logout,
};

async function knock() {
  busy(ui.t.opening);
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
  busy(ui.t.opening);
  try {
    const [r, { openContent }, { message }] = await Promise.all([app.post('/release'), import('./content.js'), import('./letter.js')]);
    const item = fromBase64url(r.item);
    const dek = await openDek({ s: fromBase64url(r.share), l: app.l, f: app.f, grant: app.grant, item, wrapped: fromBase64url(r.dek) })
      .catch(() => Promise.reject(new Failure('key')));
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
  const kind = e instanceof Failure ? e.kind : e instanceof Damaged || e instanceof SyntaxError || e instanceof TypeError ? 'damaged' : 'server';
  const end = Date.now() + (e instanceof Failure && e.data.seconds || 0) * 1000;
  if (kind === 'not_found') app.l.fill(0);
  if (kind === 'factor_required' && app.visit) {
    app.visit.complete = false;
    app.f = null;
  }
  show(() => {
    const { t } = ui;
    const [title, text] = t.errors[kind] || t.errors.server;
    /** @type {HTMLElement[]} */
    const body = [el('p', { role: 'alert' }, text)];
    if (kind === 'not_found') body.push(button(t.again, () => typedCode(app), { class: 'primary' }));
    if (/^(offline|server|factor_required|wait)$/.test(kind)) {
      const retry = button(t.retry, () => (app.visit ? next() : knock()), { class: 'primary' });
      if (kind === 'wait') {
        const left = el('p', { role: 'timer' });
        body.push(left);
        countdown(left, end, (s) => {
          left.textContent = s ? t.waitFor(clock(s)) : t.waitOver;
          retry.disabled = s > 0;
        });
      }
      body.push(retry);
    }
    const contact = site.contact && el('p', { class: 'hint' }, `${t.help} ${site.contact}`);
    return { title, body: [...body, contact || null] };
  });
}

/** Nothing of the message stays behind. */
function forget() {
  app.l.fill(0);
  if (app.f) app.f.fill(0);
  app.f = null;
  app.visit = /** @type {any} */ (null);
  onbeforeunload = null;
  dispatchEvent(new Event('forget'));
  show(() => ({ title: ui.t.closed, body: [el('p', {}, ui.t.closedText)] }));
}

function logout() {
  const gone = app.post('/logout').catch(() => {});
  forget();
  return gone;
}

/** @type {Record<string, string>} */
const names = { en: 'English', es: 'Español' };
let chosen = '';
/** @param {string} lang */
async function language(lang) {
  const offered = (site.languages || '').split(/[\s,]+/).filter((l) => l in names);
  if (!offered.includes(lang)) lang = offered[0] || 'en';
  if (lang === ui.lang && ui.t) return;
  const t = (await (lang === 'es' ? import('./es.js') : import('./en.js'))).default;
  Object.assign(ui, { t, lang });
  Object.assign(document.documentElement, { lang, dir: t.dir });
  const skip = byId('skip');
  skip.textContent = t.skip;
  skip.hidden = false;
  const nav = byId('languages');
  nav.hidden = offered.length < 2;
  nav.setAttribute('aria-label', t.languages);
  nav.replaceChildren(...offered.map((l) => button(names[l], async () => {
    chosen = l;
    await language(l);
    ui.draw();
    byId(`lang-${l}`).focus();
  }, { id: `lang-${l}`, class: 'link', lang: l, 'aria-pressed': String(l === lang) })));
  byId('footer').replaceChildren(el('p', {}, t.private), site.contact ? el('p', {}, `${t.help} ${site.contact}`) : '');
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
  const secret = window.mailseal.take();
  document.body.append(el('div', { id: 'live', role: 'status', class: 'hidden' }));
  await language(navigator.languages.map((l) => l.slice(0, 2)).find((l) => l in names) || 'en');
  window.mailseal.started = true;
  byId('old').remove();
  if (site.logo) byId('brand').prepend(el('img', { src: site.logo, alt: '', height: 40 }));
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

main();
