// The opened message.
import { Damaged } from './crypto.js';
import { button, el, p, progress, safeName, say, show, size, ui, when } from './dom.js';
import { Failure } from './api.js';
import { addPasskey, report } from './factors.js';
import { policy } from './policy.js';

/** @param {Portal.App} app @param {Portal.Content} content */
export function message(app, content) {
  const { letter, manifest, read } = content;
  /** A download goes on while the screen changes. @type {Map<number, HTMLElement>} */
  const rows = new Map();
  const back = () => show(screen);

  /** @param {Portal.Attachment} of */
  function row(of) {
    const { type } = of;
    const name = safeName(of.name);
    const old = rows.get(of.offset);
    if (old && old.lang === ui.lang) return old;
    const { t } = ui;
    const status = el('span', 'hint');
    /** @param {string} text @param {() => unknown} click */
    const named = (text, click) => {
      const b = button(text, click);
      b.setAttribute('aria-label', `${text}: ${name}`);
      return b;
    };
    const start = named(t.download, async () => {
      const stop = new AbortController();
      const { signal } = stop;
      const bar = progress(name, of.size);
      const cancel = named(t.cancel, () => stop.abort());
      status.replaceChildren(bar);
      start.replaceWith(cancel);
      cancel.focus();
      let end = t.saved;
      status.className = 'hint';
      try {
        const { save } = await import('./save.js');
        await save({
          ...of, read, app, signal,
          progress: (n) => (bar.value = n),
          resume: () => new Promise((go) => {
            const on = () => {
              removeEventListener('online', on);
              status.replaceChildren(bar);
              go();
            };
            addEventListener('online', on);
            signal.addEventListener('abort', on);
            status.replaceChildren(t.stopped, named(t.retry, on));
            say(t.stopped);
          }),
        });
      } catch (e) {
        const kind = e instanceof Failure ? e.kind : '';
        if (signal.aborted || kind === 'aborted') end = t.cancelled;
        else if (e instanceof Damaged) end = t.fileDamaged;
        else if (e instanceof Failure && kind === 'too_large') end = t.tooLarge(size(e.data.limit || 0));
        else if (kind && kind !== 'server') return app.fail(e);
        else end = t.errors.server.join('. ');
        status.className = 'error';
      }
      status.textContent = end;
      say(`${name}: ${end}`);
      const held = document.activeElement === cancel;
      cancel.replaceWith(start);
      if (held) start.focus();
    });
    const e = el('li', { lang: ui.lang }, el('span', 'file', el('bdi', '', name), el('span', 'hint', `${type} · ${size(of.size)}`)), status, start);
    rows.set(of.offset, e);
    return e;
  }

  /** @returns {{title: string, body: Portal.Child[], bare: boolean}} */
  function screen() {
    const { t } = ui;
    const { visit } = app;
    /** @param {Portal.Attachment[]} all */
    const files = (all) => el('ul', 'files', ...all.map(row));
    return {
      title: letter.subject || t.noSubject,
      bare: true,
      body: [
        el('dl', '', ...[[t.from, letter.from], [t.date, letter.date != null && when(letter.date)], [t.referenceName, visit.reference]]
          .map(([k, v]) => v && el('div', '', el('dt', '', k), el('dd', { dir: 'auto' }, v)))),
        el('article', { class: 'card', 'aria-label': t.messageText }, letter.html ? html(letter.html) : el('div', { class: 'text', dir: 'auto' }, ...linked(letter.text || t.emptyText))),
        letter.attachments.length > 0 && el('section', '', el('h2', '', t.attachments), files(letter.attachments)),
        el('div', 'bar',
          visit.replies && manifest.reply && button(t.reply, async () => (await import('./reply.js')).replyForm(app, content, back), 'primary'),
          button(t.print, () => print()),
          button(t.close, app.logout)),
        files([{ name: 'message.eml', type: t.whole, offset: 0, length: manifest.message, size: manifest.message, encoding: 'identity' }]),
        p([visit.views_left != null && t.viewsLeft(visit.views_left), t.until(when(visit.expires))].filter(Boolean).join(' '), 'hint'),
        el('p', 'quiet', button(t.wrongPerson, () => report(app), 'link'),
          visit.floor !== 'p1' && 'PublicKeyCredential' in window && button(t.addPasskey, register, 'link')),
      ],
    };
  }

  function register() {
    const note = el('p', { role: 'alert' });
    /** @param {unknown} [e] */
    const end = (e) => e instanceof Failure ? app.fail(e) : (note.textContent = e ? ui.t.passkeyFailed : ui.t.passkeyAdded);
    show(() => ({
      title: ui.t.addPasskey,
      body: [p(ui.t.addPasskeyText), note, el('div', 'bar', button(ui.t.addPasskey, () => addPasskey(app).then(() => end(), end), 'primary'), button(ui.t.back, back))],
    }));
  }

  back();
  // Large files are streamed by a worker; it is ready when it is wanted.
  if (letter.attachments.length) import('./save.js').then(({ worker }) => worker());
}

/** @param {string} s */
const linked = (s) => s.split(/(https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]])/).map((part, i) => (i % 2 ? link(part) : part));

/** @param {string} href */
const link = (href) => el('a', { href, target: '_blank', rel: 'noopener noreferrer' }, href);

const KEPT = /^(A|ABBR|B|BD[IO]|BR|HR|STRONG|I|EM|U|S|STRIKE|P|PRE|DIV|SPAN|H[1-6]|[UOD]L|LI|D[TD]|BLOCKQUOTE|Q|CITE|CODE|DEL|INS|KBD|MARK|SAMP|TABLE|THEAD|TBODY|TFOOT|T[RDHT]|CAPTION|COL|COLGROUP|CENTER|FIGURE|SMALL|SU[BP])$/;
// A field of a form may be called like a property, and stand in its place.
const childNodes = /** @type {() => NodeListOf<ChildNode>} */ (/** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(Node.prototype, 'childNodes')).get);
const DROPPED = /^(SCRIPT|STYLE|TEMPLATE|TITLE|NOSCRIPT|TEXTAREA|SELECT|OBJECT|IFRAME)$/;

/**
 * HTML is built anew from what is harmless and shown in a frame of its own that
 * runs nothing and asks for nothing. Nobody can measure such a frame; so the
 * same lies unseen behind it, gives it its height, and is what is printed.
 * @param {string} source
 */
function html(source) {
  const css = new URL('letter.css', import.meta.url).href;
  const inner = el('div', 'letter');
  /** @type {Map<string, string>} */
  const links = new Map();
  /** @param {Node} from @param {Element} to @param {number} depth */
  const rebuild = (from, to, depth) => {
    for (const n of childNodes.call(from)) {
      if (n.nodeType === 3) to.append(n.nodeValue || '');
      if (!(n instanceof HTMLElement) || depth > 200 || DROPPED.test(n.tagName)) continue;
      const get = (/** @type {string} */ a) => n.getAttribute(a) || '';
      if (n.tagName === 'IMG') to.append(get('alt'));
      if (n.tagName === 'A' && /^(https?|mailto|tel):/i.test(get('href'))) links.set(get('href'), (n.textContent || '').trim().slice(0, 80));
      let made = to;
      if (KEPT.test(n.tagName)) {
        made = document.createElement(n.tagName);
        for (const a of ['class', 'dir', 'lang', 'colspan', 'rowspan', 'start', 'align']) if (get(a)) made.setAttribute(a, get(a));
        to.append(made);
      }
      rebuild(n, made, depth + 1);
    }
  };
  rebuild(new DOMParser().parseFromString(policy.createHTML(source), 'text/html').body, inner, 0);
  const sheet = `<link rel="stylesheet" href="${css}">`;
  const frame = el('iframe', { sandbox: true, title: ui.t.messageText });
  frame.srcdoc = policy.createHTML(`<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">${sheet}<body dir="auto">${inner.outerHTML}`);
  // Nobody hears it twice.
  const copy = el('div', { class: 'copy', dir: 'auto', 'aria-hidden': 'true' });
  copy.attachShadow({ mode: 'closed' }).append(el('link', { rel: 'stylesheet', href: css }), inner);
  new ResizeObserver(() => (frame.style.blockSize = `${copy.offsetHeight + 8}px`)).observe(copy);
  return el('div', 'html', copy, frame,
    links.size > 0 && el('details', '', el('summary', '', `${ui.t.links} (${links.size})`), p(ui.t.linksText, 'hint'),
      el('ul', '', ...[...links].map(([href, name]) => el('li', '', name && name !== href && `${name}: `, link(href))))));
}
