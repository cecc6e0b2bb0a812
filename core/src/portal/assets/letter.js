// The opened message.
import { busy, button, el, say, show, size, ui, when } from './dom.js';
import { Damaged } from './chunks.js';
import { Failure } from './api.js';
import { addPasskey } from './factors.js';
import { policy } from './policy.js';

/** @param {Portal.App} app @param {Portal.Content} content */
export function message(app, content) {
  const { letter, manifest, read } = content;
  /** What is being downloaded goes on while the screen changes. @type {Map<string, HTMLElement>} */
  const rows = new Map();
  const draft = { subject: '', text: '', files: /** @type {File[]} */ ([]) };
  const back = () => show(screen);

  /** @param {string} name @param {string} type @param {Omit<Portal.Attachment, 'name' | 'type'>} of */
  function row(name, type, of) {
    const key = `${of.offset} ${of.length}`;
    const old = rows.get(key);
    if (old && old.dataset.lang === ui.lang) return old;
    const { t } = ui;
    const status = el('span', { class: 'hint' });
    const start = button(t.download, download, { 'aria-label': t.downloadOf(name) });
    const e = el('li', { 'data-lang': ui.lang }, el('span', { class: 'file' }, el('bdi', {}, name), el('span', { class: 'hint' }, [type, of.size >= 0 && size(of.size)].filter(Boolean).join(' · '))), status, start);
    rows.set(key, e);
    async function download() {
      const stop = new AbortController();
      const bar = el('progress', { max: of.size, value: 0, 'aria-label': t.saving(name) });
      const cancel = button(t.cancel, () => stop.abort(), { 'aria-label': `${t.cancel}: ${name}` });
      status.replaceChildren(bar);
      start.replaceWith(cancel);
      const had = document.activeElement === start || document.activeElement === document.body;
      if (had) cancel.focus();
      let end = t.saved;
      let ok = true;
      try {
        const { save } = await import('./save.js');
        await save({
          ...of, name, read, app, signal: stop.signal,
          progress: (n) => (bar.value = n),
          resume: () => new Promise((go) => {
            const on = () => {
              removeEventListener('online', on);
              status.replaceChildren(bar);
              go();
            };
            addEventListener('online', on);
            stop.signal.addEventListener('abort', on);
            const more = button(t.resume, on);
            status.replaceChildren(t.stopped, ' ', more);
            say(t.stopped);
          }),
        });
      } catch (x) {
        ok = false;
        if (stop.signal.aborted) end = t.cancelled;
        else if (x instanceof Failure && x.kind === 'too_large') end = t.tooLarge(size(x.data.limit || 0));
        else if (x instanceof Damaged) end = t.fileDamaged;
        else if (x instanceof Failure && x.kind !== 'server') return app.fail(x);
        else end = t.errors.server.join('. ');
      }
      status.textContent = end;
      status.className = ok ? 'hint' : 'error';
      say(`${name}: ${end}`);
      const focus = document.activeElement === cancel || document.activeElement === document.body;
      cancel.replaceWith(start);
      if (focus) start.focus();
    }
    return e;
  }

  /** @returns {{title: string, body: (Node | null | false)[], bare: boolean}} */
  function screen() {
    const { t } = ui;
    const { visit } = app;
    const facts = [[t.from, letter.from], [t.date, letter.date != null && when(letter.date)], [t.referenceName, visit.reference]];
    const body = letter.html ? html(letter.html) : el('div', { class: 'text', dir: 'auto' }, ...(letter.text ? linked(letter.text) : [t.emptyText]));
    const notes = [visit.views_left != null && t.viewsLeft(visit.views_left), visit.expires && t.until(when(visit.expires))].filter(Boolean).join(' ');
    const canRegister = visit.methods.some((m) => m.id !== 'email') && 'PublicKeyCredential' in window;
    return {
      title: letter.subject || t.noSubject,
      bare: true,
      body: [
        el('dl', {}, ...facts.map(([k, v]) => v && el('div', {}, el('dt', {}, k), el('dd', { dir: 'auto' }, v)))),
        el('article', { class: 'card', 'aria-label': t.messageText }, body),
        letter.attachments.length > 0 && el('section', {}, el('h2', {}, t.attachments), el('ul', { class: 'files' }, ...letter.attachments.map((a) => row(a.name, a.type, a)))),
        el('div', { class: 'bar' },
          visit.replies !== false && manifest.reply && button(t.reply, reply, { class: 'primary' }),
          button(t.print, () => print()),
          button(t.close, app.logout)),
        el('ul', { class: 'files' }, row('message.eml', t.whole, { offset: 0, length: manifest.message, size: manifest.message, encoding: 'identity' })),
        notes ? el('p', { class: 'hint' }, notes) : null,
        el('p', { class: 'quiet' },
          button(t.wrongPerson, report, { class: 'link' }),
          canRegister && button(t.addPasskey, register, { class: 'link' })),
      ],
    };
  }

  async function reply() {
    const { replyForm } = await import('./reply.js');
    replyForm(app, content, draft, back);
  }

  function report() {
    show(() => ({
      title: ui.t.reportTitle,
      body: [el('p', {}, ui.t.reportText), el('div', { class: 'bar' },
        button(ui.t.reportYes, async () => {
          busy(ui.t.checking);
          try {
            await app.post('/report-misdirected');
            app.forget();
            show(() => ({ title: ui.t.reported, body: [el('p', {}, ui.t.reportedText)] }));
          } catch (e) {
            app.fail(e);
          }
        }, { class: 'danger' }), button(ui.t.back, back))],
    }));
  }

  function register() {
    const note = el('p', { role: 'alert' });
    show(() => ({
      title: ui.t.addPasskey,
      body: [el('p', {}, ui.t.addPasskeyText), note, el('div', { class: 'bar' },
        button(ui.t.addPasskey, () => addPasskey(app).then(() => (note.textContent = ui.t.passkeyAdded), (e) => (e instanceof Failure ? app.fail(e) : (note.textContent = ui.t.passkeyFailed))), { class: 'primary' }), button(ui.t.toMessage, back))],
    }));
  }

  show(screen);
  // Large files are streamed by a worker; it is ready when it is wanted.
  if (letter.attachments.length) import('./save.js').then(({ worker }) => worker());
}

/** @param {string} s */
function linked(s) {
  return s.split(/(https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]])/).map((part, i) => (i % 2 ? link(part) : part));
}

/** @param {string} href @param {string} [name] */
const link = (href, name) => el('a', { href, target: '_blank', rel: 'noopener noreferrer' }, name || href);

const TAGS = new Set('A,B,STRONG,I,EM,U,S,P,BR,HR,DIV,SPAN,H1,H2,H3,H4,H5,H6,UL,OL,LI,DL,DT,DD,BLOCKQUOTE,PRE,CODE,TABLE,THEAD,TBODY,TFOOT,TR,TD,TH,CAPTION,CENTER,FONT,SMALL,SUB,SUP'.split(','));

/**
 * HTML is shown in a frame of its own that runs nothing and asks for nothing.
 * Nobody can measure such a frame; so the same text, built anew from what is
 * harmless, lies unseen behind it, gives it its height, and is what is printed.
 * @param {string} source
 */
function html(source) {
  const css = new URL('letter.css', import.meta.url).href;
  const parsed = new DOMParser().parseFromString(policy.createHTML(source), 'text/html');
  const copy = el('div', { class: 'copy', dir: 'auto' });
  // Nobody reads it aloud twice.
  copy.setAttribute('aria-hidden', 'true');
  const root = copy.attachShadow({ mode: 'closed' });
  const inner = el('div', { class: 'letter' });
  root.append(el('link', { rel: 'stylesheet', href: css }), inner);
  /** @type {Map<string, string>} */
  const links = new Map();
  /** @param {Node} from @param {Element} to @param {number} depth */
  const rebuild = (from, to, depth) => {
    for (const n of from.childNodes) {
      if (n.nodeType === 3) to.append(n.nodeValue || '');
      if (!(n instanceof HTMLElement) || depth > 200) continue;
      if (n.tagName === 'IMG') to.append(n.getAttribute('alt') || '');
      const href = n.tagName === 'A' && n.getAttribute('href');
      if (href && /^(https?|mailto|tel):/i.test(href)) links.set(href, (n.textContent || '').trim().slice(0, 80));
      const known = TAGS.has(n.tagName);
      const made = known ? document.createElement(n.tagName) : to;
      if (known) {
        for (const a of ['class', 'dir', 'lang', 'colspan', 'rowspan', 'start', 'align']) if (n.hasAttribute(a)) made.setAttribute(a, n.getAttribute(a) || '');
        to.append(made);
      }
      if (!/^(SCRIPT|STYLE|TEMPLATE|TITLE|NOSCRIPT|TEXTAREA|SELECT|OBJECT|IFRAME)$/.test(n.tagName)) rebuild(n, made, depth + 1);
    }
  };
  rebuild(parsed.body, inner, 0);
  const frame = el('iframe', { sandbox: '', title: ui.t.messageText });
  frame.srcdoc = policy.createHTML(
    `<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><link rel="stylesheet" href="${css}"><body class="letter" dir="auto">${source}`);
  new ResizeObserver(() => (frame.style.blockSize = `${copy.offsetHeight + 8}px`)).observe(copy);
  return el('div', { class: 'html' }, copy, frame,
    links.size > 0 && el('details', {}, el('summary', {}, `${ui.t.links} (${links.size})`), el('p', { class: 'hint' }, ui.t.linksText),
      el('ul', {}, ...[...links].map(([href, name]) => el('li', {}, name && name !== href ? name + ': ' : '', link(href))))));
}
